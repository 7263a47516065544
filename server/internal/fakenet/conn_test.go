package fakenet_test

import (
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

func TestBytesThenFIN(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		c, s := dial(t)
		wantWrite(t, c, "hello", 5, "ok")
		wantQueues(t, s, 5, 0)
		time.Sleep(3 * time.Millisecond)
		c.CloseWrite()
		wantQueues(t, s, 5, 0)
		wantQueues(t, c, 0, 0)
		clock.wantAt(t, "s.FIN", s.FIN(), 3)
		wantRead(t, s, 3, "hel", "ok")
		wantRead(t, s, 3, "lo", "ok")
		wantRead(t, s, 3, "", "EOF")
		wantRead(t, s, 3, "", "EOF")

		// The other direction is open still.
		wantWrite(t, c, "x", 0, "EPIPE")
		wantWrite(t, s, "bye", 3, "ok")
		s.Close()
		got, err := io.ReadAll(c)
		if string(got) != "bye" || err != nil {
			t.Errorf("ReadAll = %q, %v", got, err)
		}
		c.Close()
		clock.wantAt(t, "c.RST", c.RST(), -1)
		clock.wantAt(t, "s.RST", s.RST(), -1)
		if c.Sent() != 5 || s.Received() != 5 || s.Sent() != 3 || c.Received() != 3 {
			t.Errorf("sent, received: %d %d, %d %d", c.Sent(), s.Received(), s.Sent(), c.Received())
		}
	})
}

func TestReadWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		c, s := dial(t)
		in(7, func() { c.Write([]byte("a")) })
		in(11, func() { c.Close() })
		wantRead(t, s, 9, "a", "ok")
		clock.want(t, 7)
		wantRead(t, s, 9, "", "EOF")
		clock.want(t, 11)
	})
}

func TestWriteWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		c, s := dial(t, fakenet.Buffers(10))
		text := pattern(25)
		wantWrite(t, c, text[:20], 20, "ok")
		wantQueues(t, c, 0, 10)
		wantQueues(t, s, 10, 0)
		in(2, func() { wantRead(t, s, 4, text[:4], "ok") })
		in(5, func() { wantRead(t, s, 4, text[4:8], "ok") })
		wantWrite(t, c, text[20:], 5, "ok")
		clock.want(t, 5)
		wantQueues(t, c, 0, 7)
		c.Close()
		got, err := io.ReadAll(s)
		if string(got) != text[8:] || err != nil {
			t.Errorf("ReadAll = %q, %v", got, err)
		}
	})
}

func TestUnsentCountsFIN(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		c, s := dial(t, fakenet.Buffers(4))
		wantWrite(t, c, "abcdef", 6, "ok")
		c.CloseWrite()
		c.CloseWrite()
		wantQueues(t, c, 0, 3)
		clock.wantAt(t, "s.FIN before its turn", s.FIN(), -1)
		wantRead(t, s, 1, "a", "ok")
		wantQueues(t, c, 0, 2)
		time.Sleep(time.Millisecond)
		wantRead(t, s, 1, "b", "ok")
		wantQueues(t, c, 0, 0)
		clock.wantAt(t, "s.FIN", s.FIN(), 1)
		wantQueues(t, s, 4, 0)
	})
}

func TestReadDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		c, s := dial(t)
		c.SetReadDeadline(clock.at(5))
		wantRead(t, c, 9, "", "timeout")
		clock.want(t, 5)

		// The trap of real sockets: bytes are there, and Read does not look.
		wantWrite(t, s, "there", 5, "ok")
		wantRead(t, c, 9, "", "timeout")
		wantRead(t, c, 0, "", "ok")
		c.SetReadDeadline(clock.at(6))
		wantRead(t, c, 9, "there", "ok")
		clock.want(t, 5)

		// EOF is not looked at either.
		s.Close()
		c.SetReadDeadline(clock.at(4))
		wantRead(t, c, 9, "", "timeout")
		c.SetReadDeadline(time.Time{})
		wantRead(t, c, 9, "", "EOF")
	})
}

func TestDeadlineWinsItsInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		c, s := dial(t)
		in(5, func() { s.Write([]byte("late")) })
		c.SetReadDeadline(clock.at(5))
		wantRead(t, c, 9, "", "timeout")
		clock.want(t, 5)
	})
}

func TestDeadlineWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		c, _ := dial(t, fakenet.Buffers(2))
		wantWrite(t, c, "full", 4, "ok")

		c.SetDeadline(clock.at(1000))
		in(3, func() { c.SetReadDeadline(clock.at(0)) })
		wantRead(t, c, 9, "", "timeout")
		clock.want(t, 3)

		in(3, func() { c.SetWriteDeadline(clock.at(8)) })
		wantWrite(t, c, "x", 0, "timeout")
		clock.want(t, 8)

		// Put off while somebody waits: the old time must not wake.
		c.SetReadDeadline(clock.at(10))
		in(1, func() { c.SetReadDeadline(clock.at(20)) })
		wantRead(t, c, 9, "", "timeout")
		clock.want(t, 20)
	})
}

func TestWriteDeadlineTellsWhatWasTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		c, s := dial(t, fakenet.Buffers(10))
		text := pattern(30)
		c.SetWriteDeadline(clock.at(5))
		in(2, func() { wantRead(t, s, 3, text[:3], "ok") })
		wantWrite(t, c, text, 23, "timeout")
		clock.want(t, 5)
		wantWrite(t, c, text[23:], 0, "timeout")
		wantWrite(t, c, "", 0, "timeout")

		c.SetWriteDeadline(clock.at(6))
		in(0, func() { wantRead(t, s, 10, text[3:13], "ok") })
		wantWrite(t, c, text[23:], 7, "ok")
		c.Close()
		got, err := io.ReadAll(s)
		if string(got) != text[13:] || err != nil {
			t.Errorf("ReadAll = %q, %v", got, err)
		}
	})
}

func TestCloseWithUnreadBytesResets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		c, s := dial(t, fakenet.Buffers(10))
		wantWrite(t, s, pattern(15), 15, "ok")
		wantWrite(t, c, "half", 4, "ok")
		time.Sleep(time.Millisecond)
		s.Close()
		clock.wantAt(t, "c.RST", c.RST(), 1)
		clock.wantAt(t, "c.FIN", c.FIN(), -1)
		clock.wantAt(t, "s.RST", s.RST(), -1)
		clock.wantAt(t, "s.Closed", s.Closed(), 1)

		// What was in c's receive buffer is there still; what was in s's send buffer is lost.
		wantRead(t, c, 20, pattern(10), "ok")
		wantRead(t, c, 20, "", "ECONNRESET")
		wantRead(t, c, 20, "", "EOF")
		wantWrite(t, c, "x", 0, "EPIPE")
		wantOutcome(t, "CloseWrite", c.CloseWrite(), "ENOTCONN")
	})
}

func TestFlushOnReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := dial(t, fakenet.FlushOnReset())
		wantWrite(t, s, "answer", 6, "ok")
		s.Reset()
		wantRead(t, c, 9, "", "ECONNRESET")
		wantRead(t, c, 9, "", "EOF")

		// A FIN that was not read yet is lost with the bytes before it.
		c, s = dial(t, fakenet.FlushOnReset())
		wantWrite(t, s, "answer", 6, "ok")
		s.CloseWrite()
		s.Reset()
		wantRead(t, c, 9, "", "ECONNRESET")
	})
}

func TestDrainBeforeClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		c, s := dial(t, fakenet.Buffers(10))
		wantWrite(t, s, pattern(15), 15, "ok")
		wantWrite(t, c, "half", 4, "ok")
		s.CloseWrite()
		in(1, func() {
			got, err := io.ReadAll(c)
			if string(got) != pattern(15) || err != nil {
				t.Errorf("ReadAll = %q, %v", got, err)
			}
			c.Close()
		})
		wantRead(t, s, 9, "half", "ok")
		wantRead(t, s, 9, "", "EOF")
		clock.want(t, 1)
		s.Close()
		clock.wantAt(t, "c.RST", c.RST(), -1)
	})
}

func TestReset(t *testing.T) {
	for name, reset := range map[string]func(*fakenet.Conn) error{
		"Reset":   (*fakenet.Conn).Reset,
		"linger0": func(c *fakenet.Conn) error { return errors.Join(c.SetLinger(0), c.Close()) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clock := newClock()
				c, s := dial(t, fakenet.Buffers(4))
				in(3, func() { wantOutcome(t, "reset", reset(s), "ok") })
				wantRead(t, c, 9, "", "ECONNRESET")
				clock.want(t, 3)
				clock.wantAt(t, "c.RST", c.RST(), 3)

				c, s = dial(t, fakenet.Buffers(4))
				in(3, func() { wantOutcome(t, "reset", reset(s), "ok") })
				wantWrite(t, c, pattern(10), 8, "ECONNRESET")
				clock.want(t, 6)
				wantWrite(t, c, "x", 0, "EPIPE")
				wantRead(t, c, 9, "", "EOF")
				// As Linux has it: an RST does not take anything off SIOCOUTQ.
				wantQueues(t, c, 0, 4)

				// FIN came first: the program sees an orderly end, and a broken pipe.
				c, s = dial(t)
				wantWrite(t, s, "bye", 3, "ok")
				s.CloseWrite()
				wantOutcome(t, "reset", reset(s), "ok")
				wantRead(t, c, 9, "bye", "ok")
				wantRead(t, c, 9, "", "EOF")
				wantWrite(t, c, "x", 0, "EPIPE")
				clock.wantAt(t, "c.FIN", c.FIN(), 6)
				clock.wantAt(t, "c.RST", c.RST(), 6)
			})
		})
	}
}

func TestSetLingerBackToFIN(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := dial(t)
		s.SetLinger(0)
		s.SetLinger(-1)
		if err := s.SetLinger(3); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("SetLinger(3) = %v", err)
		}
		s.Close()
		wantRead(t, c, 9, "", "EOF")
	})
}

func TestWriteToClosedPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		c, s := dial(t, fakenet.Buffers(10))
		wantWrite(t, s, pattern(15), 15, "ok")
		s.Close()
		clock.wantAt(t, "c.RST", c.RST(), -1)
		time.Sleep(time.Millisecond)
		wantWrite(t, c, "late", 4, "ok")
		clock.wantAt(t, "c.RST", c.RST(), 1)
		wantWrite(t, c, "later", 0, "ECONNRESET")
		wantWrite(t, c, "later", 0, "EPIPE")
		// The write has cost what s had yet to send, its FIN included.
		wantRead(t, c, 20, pattern(10), "ok")
		wantRead(t, c, 20, "", "EOF")
		clock.wantAt(t, "c.FIN", c.FIN(), -1)
		clock.wantAt(t, "s.RST", s.RST(), -1)

		// To a peer that has only half closed it is fine.
		c, s = dial(t)
		s.CloseWrite()
		wantWrite(t, c, "late", 4, "ok")
		wantRead(t, s, 9, "late", "ok")
		clock.wantAt(t, "c.RST", c.RST(), -1)
	})
}

// A closed end goes on sending what was written, as a kernel does for a program that is gone.
func TestCloseDoesNotLoseWhatWasWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := dial(t, fakenet.Buffers(4))
		wantWrite(t, s, "12345678", 8, "ok")
		s.Close()
		got, err := io.ReadAll(c)
		if string(got) != "12345678" || err != nil {
			t.Errorf("ReadAll = %q, %v", got, err)
		}
		// A FIN may come to a closed end.
		c.CloseWrite()
		newClock().wantAt(t, "c.RST", c.RST(), -1)
	})
}

// After FINs both ways there is no connection any more that an RST could end.
func TestResetAfterBothFINs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		c, s := dial(t)
		wantWrite(t, s, "bye", 3, "ok")
		wantOutcome(t, "CloseWrite", c.CloseWrite(), "ok")
		wantOutcome(t, "CloseWrite", s.CloseWrite(), "ok")
		wantOutcome(t, "CloseWrite again", c.CloseWrite(), "ENOTCONN")
		s.Reset()
		wantRead(t, c, 9, "bye", "ok")
		wantRead(t, c, 9, "", "EOF")
		wantWrite(t, c, "x", 0, "EPIPE")
		clock.wantAt(t, "c.RST", c.RST(), -1)
	})
}

func TestClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := dial(t)
		c.SetDeadline(time.Now().Add(time.Second))
		wantOutcome(t, "Close", c.Close(), "ok")
		wantRead(t, c, 9, "", "closed")
		wantRead(t, c, 0, "", "closed")
		wantWrite(t, c, "x", 0, "closed")
		wantWrite(t, c, "", 0, "closed")
		wantOutcome(t, "Close", c.Close(), "closed")
		wantOutcome(t, "Reset", c.Reset(), "closed")
		wantOutcome(t, "CloseWrite", c.CloseWrite(), "closed")
		wantOutcome(t, "SetLinger", c.SetLinger(0), "closed")
		wantOutcome(t, "SetDeadline", c.SetDeadline(time.Time{}), "closed")
		_, err := c.Unread()
		wantOutcome(t, "Unread", err, "closed")
		_, err = c.Unsent()
		wantOutcome(t, "Unsent", err, "closed")
	})
}

func TestCloseWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		c, _ := dial(t, fakenet.Buffers(2))
		var wg sync.WaitGroup
		wg.Go(func() { wantRead(t, c, 9, "", "closed") })
		wg.Go(func() { wantWrite(t, c, pattern(9), 4, "closed") })
		synctest.Wait()
		wg.Go(func() { wantWrite(t, c, "second in line", 0, "closed") })
		in(5, func() { c.Close() })
		wg.Wait()
		clock.want(t, 5)
	})
}

func TestCloseWriteWakesWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		c, s := dial(t, fakenet.Buffers(2))
		in(5, func() { c.CloseWrite() })
		wantWrite(t, c, "abcdef", 4, "EPIPE")
		clock.want(t, 5)
		got, err := io.ReadAll(s)
		if string(got) != "abcd" || err != nil {
			t.Errorf("ReadAll = %q, %v", got, err)
		}

		c, _ = dial(t, fakenet.Buffers(2))
		c.StopAck(true)
		in(5, func() { c.CloseWrite() })
		wantWrite(t, c, "abcdef", 2, "EPIPE")
		clock.want(t, 10)
	})
}

// Writes of several goroutines come one after the other, however often each of them waits.
func TestWritesDoNotInterleave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := dial(t, fakenet.Buffers(3))
		const each = 100
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				p := make([]byte, each)
				for j := range p {
					p[j] = byte(i)
				}
				if n, err := c.Write(p); n != each || err != nil {
					t.Errorf("Write = %d, %v", n, err)
				}
			})
		}
		for range 8 {
			var first byte
			for i := range each {
				synctest.Wait() // everyone who is free to write has written what he can
				var p [1]byte
				s.Read(p[:])
				if i == 0 {
					first = p[0]
				} else if p[0] != first {
					t.Fatalf("a byte of %d inside the Write of %d", p[0], first)
				}
			}
		}
		wg.Wait()
	})
}

func TestStopAck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		c, s := dial(t)
		c.StopAck(true)
		wantWrite(t, s, "answer", 6, "ok")
		wantWrite(t, c, "more", 4, "ok")
		s.CloseWrite()
		wantQueues(t, s, 0, 7)
		wantQueues(t, c, 0, 4)
		in(9, func() { c.StopAck(false) })
		wantRead(t, c, 9, "answer", "ok")
		clock.want(t, 9)
		clock.wantAt(t, "c.FIN", c.FIN(), 9)
		wantQueues(t, s, 4, 0)
	})
}

func TestRSTIsLostInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		c, s := dial(t)
		c.StopAck(true)
		wantWrite(t, s, "answer", 6, "ok")
		s.Reset()
		time.Sleep(time.Millisecond)
		s.StopAck(false)
		clock.wantAt(t, "c.RST", c.RST(), -1)
		wantQueues(t, c, 0, 0)
		time.Sleep(time.Millisecond)
		// Only the answer to what c sends tells it, be it FIN alone.
		c.CloseWrite()
		clock.wantAt(t, "c.RST", c.RST(), 2)
		wantRead(t, c, 9, "", "ECONNRESET")
	})
}

// A gracefully closed end that is cut off finds, when the network is back, that bytes came for it.
func TestOutageAcrossClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := dial(t)
		c.StopAck(true)
		wantWrite(t, s, "answer", 6, "ok")
		wantWrite(t, c, "half", 4, "ok")
		s.Close()
		s.StopAck(false)
		wantRead(t, c, 9, "answer", "ok")
		wantRead(t, c, 9, "", "EOF")
		wantWrite(t, c, "x", 0, "EPIPE")
		if c.RST().IsZero() {
			t.Error("no RST")
		}
	})
}
