package fakenet_test

import (
	"io"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// call is one Read or Write: what it moved, its error, the millisecond when it returned.
type call struct {
	n   int
	err string
	at  int64
}

const text = "abcdef"

// TestReadFaults reads text and EOF, 4 bytes at a time.
func TestReadFaults(t *testing.T) {
	ms := time.Millisecond
	for _, test := range []struct {
		do   Effect
		at   int64
		want []call
	}{
		{Short(), 0, []call{{4, "ok", 0}, {2, "ok", 0}, {0, "EOF", 0}}},
		{Short(), 1, []call{{1, "ok", 0}, {4, "ok", 0}, {1, "ok", 0}, {0, "EOF", 0}}},
		{Short(), 4, []call{{4, "ok", 0}, {2, "ok", 0}, {0, "EOF", 0}}},
		{Short(), 6, []call{{4, "ok", 0}, {2, "ok", 0}, {0, "EOF", 0}}},
		{Zero(), 0, []call{{0, "ok", 0}, {4, "ok", 0}, {2, "ok", 0}, {0, "EOF", 0}}},
		{Zero(), 3, []call{{3, "ok", 0}, {0, "ok", 0}, {3, "ok", 0}, {0, "EOF", 0}}},
		{Zero(), 6, []call{{4, "ok", 0}, {2, "ok", 0}, {0, "ok", 0}, {0, "EOF", 0}}},
		{With(syscall.EIO), 0, []call{{0, "EIO", 0}, {4, "ok", 0}, {2, "ok", 0}, {0, "EOF", 0}}},
		{With(syscall.EIO), 3, []call{{3, "EIO", 0}, {3, "ok", 0}, {0, "EOF", 0}}},
		{With(io.EOF), 6, []call{{4, "ok", 0}, {2, "EOF", 0}}},
		{Fail(syscall.EIO), 3, []call{{3, "ok", 0}, {0, "EIO", 0}, {3, "ok", 0}, {0, "EOF", 0}}},
		{Delay(7 * ms), 0, []call{{4, "ok", 7}, {2, "ok", 7}, {0, "EOF", 7}}},
		{Delay(7 * ms), 4, []call{{4, "ok", 0}, {2, "ok", 7}, {0, "EOF", 7}}},
		{Delay(7 * ms), 6, []call{{4, "ok", 0}, {2, "ok", 0}, {0, "EOF", 7}}},
		{Reset(), 0, []call{{0, "ECONNRESET", 0}, {0, "EOF", 0}}},
		{Reset(), 5, []call{{4, "ok", 0}, {1, "ok", 0}, {0, "ECONNRESET", 0}, {0, "EOF", 0}}},
		{Block(), 5, []call{{4, "ok", 0}, {1, "ok", 0}, {0, "timeout", 99}}},
	} {
		f := Fault{Dir: Read, At: test.at, Do: test.do}
		t.Run(f.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clock := newClock()
				c, s := dial(t, ServerFaults(f))
				wantWrite(t, c, text, len(text), "ok")
				c.CloseWrite()
				s.SetReadDeadline(clock.at(99))
				left := text
				for _, want := range test.want {
					wantRead(t, s, 4, left[:want.n], want.err)
					clock.want(t, want.at)
					left = left[want.n:]
				}
				if reset := strings.Contains(f.String(), "reset"); reset == c.RST().IsZero() {
					t.Errorf("client's RST at %v", c.RST())
				}
			})
		})
	}
}

// TestWriteFaults writes text, 4 bytes at a time, and what a call left goes with the next.
func TestWriteFaults(t *testing.T) {
	ms := time.Millisecond
	for _, test := range []struct {
		do   Effect
		at   int64
		want []call
	}{
		{Short(), 0, []call{{4, "ok", 0}, {2, "ok", 0}}},
		{Short(), 3, []call{{3, "ok", 0}, {3, "ok", 0}}},
		{Short(), 4, []call{{4, "ok", 0}, {2, "ok", 0}}},
		{Zero(), 0, []call{{0, "ok", 0}, {4, "ok", 0}, {2, "ok", 0}}},
		{Zero(), 3, []call{{0, "ok", 0}, {4, "ok", 0}, {2, "ok", 0}}},
		{Zero(), 4, []call{{4, "ok", 0}, {0, "ok", 0}, {2, "ok", 0}}},
		{With(syscall.EIO), 0, []call{{0, "EIO", 0}, {4, "ok", 0}, {2, "ok", 0}}},
		{With(syscall.EIO), 3, []call{{3, "EIO", 0}, {3, "ok", 0}}},
		{With(syscall.EIO), 4, []call{{4, "EIO", 0}, {2, "ok", 0}}},
		{Fail(syscall.EIO), 3, []call{{3, "EIO", 0}, {3, "ok", 0}}},
		{Fail(syscall.EIO), 4, []call{{4, "ok", 0}, {0, "EIO", 0}, {2, "ok", 0}}},
		{Delay(7 * ms), 3, []call{{4, "ok", 7}, {2, "ok", 7}}},
		{Reset(), 3, []call{{3, "ECONNRESET", 0}, {0, "EPIPE", 0}}},
		{Block(), 3, []call{{3, "timeout", 99}, {0, "timeout", 99}}},
	} {
		f := Fault{Dir: Write, At: test.at, Do: test.do}
		t.Run(f.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clock := newClock()
				c, s := dial(t, ClientFaults(f))
				c.SetWriteDeadline(clock.at(99))
				left := text
				for _, want := range test.want {
					wantWrite(t, c, left[:min(4, len(left))], want.n, want.err)
					clock.want(t, want.at)
					left = left[want.n:]
				}
				if unread, _ := s.Unread(); unread != len(text)-len(left) {
					t.Errorf("%d bytes arrived, want %d", unread, len(text)-len(left))
				}
				if reset := strings.Contains(f.String(), "reset"); reset == s.RST().IsZero() {
					t.Errorf("server's RST at %v", s.RST())
				}
			})
		})
	}
}

// A Delay goes on while a deadline interrupts it, and is measured from the first call that came to it.
func TestDelayOutlivesDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		c, s := dial(t, ClientFaults(Fault{Write, 2, Delay(10 * time.Millisecond)}, Fault{Read, 0, Delay(5 * time.Millisecond)}))
		time.Sleep(time.Millisecond)
		c.SetWriteDeadline(clock.at(4))
		wantWrite(t, c, "abcd", 2, "timeout")
		clock.want(t, 4)
		c.SetWriteDeadline(time.Time{})
		wantWrite(t, c, "cd", 2, "ok")
		clock.want(t, 11)
		wantRead(t, s, 9, "abcd", "ok")

		s.Write([]byte("x"))
		c.SetReadDeadline(clock.at(12))
		wantRead(t, c, 9, "", "timeout")
		c.SetReadDeadline(time.Time{})
		wantRead(t, c, 9, "x", "ok")
		clock.want(t, 16)
	})
}

func TestFaultsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		c, s := dial(t, ServerFaults(
			Fault{Read, 4, With(syscall.EIO)},
			Fault{Read, 2, Zero()},
			Fault{Read, 2, Delay(2 * time.Millisecond)},
			Fault{Read, 2, Delay(time.Millisecond)},
			Fault{Read, 2, Fail(syscall.EIO)},
			Fault{Write, 1, Short()},
		))
		wantWrite(t, c, text, len(text), "ok")
		wantRead(t, s, 9, "ab", "ok")
		wantRead(t, s, 9, "", "ok")
		clock.want(t, 0)
		wantRead(t, s, 9, "", "EIO")
		clock.want(t, 3)
		wantRead(t, s, 9, "cd", "EIO")
		wantRead(t, s, 9, "ef", "ok")
		wantWrite(t, s, "xy", 1, "ok")
		wantRead(t, c, 9, "x", "ok")
	})
}

// A Zero after a fault that stopped the same Write ends it, and is seen by the next.
func TestZeroBehindDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := dial(t, ClientFaults(Fault{Write, 1, Delay(time.Millisecond)}, Fault{Write, 2, Zero()}))
		wantWrite(t, c, "abcd", 2, "ok")
		wantWrite(t, c, "cd", 0, "ok")
		wantWrite(t, c, "cd", 2, "ok")
	})
}

func TestResetFaultWakesPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		c, s := dial(t, ServerFaults(Fault{Read, 0, Reset()}))
		in(3, func() { wantRead(t, s, 1, "", "ECONNRESET") })
		wantRead(t, c, 1, "", "ECONNRESET")
		clock.want(t, 3)
		clock.wantAt(t, "s.RST", s.RST(), 3)
	})
}

func TestCloseAndResetEndBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		blocked := []Fault{{Read, 0, Block()}, {Write, 0, Block()}}
		c, s := dial(t, ClientFaults(blocked...))
		wantWrite(t, s, "x", 1, "ok")
		in(2, func() { s.Reset() })
		wantWrite(t, c, "x", 0, "ECONNRESET")
		clock.want(t, 2)
		in(2, func() { c.Close() })
		wantRead(t, c, 1, "", "closed")
		clock.want(t, 4)
	})
}

func TestIncompleteFaultPanics(t *testing.T) {
	for _, f := range []Fault{{}, {Dir: Read}, {At: 1, Do: Short()}, {Dir: Read, At: -1, Do: Short()}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("no panic for %+v", f)
				}
			}()
			ServerFaults(f)
		}()
	}
}

func TestBuffersPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Buffers(0)
}
