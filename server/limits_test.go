package server_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/slip"
	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// These tests hold what one peer may cost, on a fake clock.

const never = -1

// T1: the wait for a message's first byte is limited, and the clock runs only
// while the server waits.
func TestT1IdleTimeout(t *testing.T) {
	for _, test := range []struct {
		timeout, want time.Duration
	}{
		{0, 2 * time.Minute},
		{3 * time.Second, 3 * time.Second},
		{1, 1},
		{-1, never},
		{math.MinInt64, never},
		{math.MaxInt64, never},
	} {
		t.Run(test.timeout.String(), func(t *testing.T) {
			s := &server.Server{IdleTimeout: test.timeout, Handler: slowly(10 * time.Second)}
			onFake(t, s, func(f *fake) {
				c, silent := f.dial("a\nb\n"), f.dial("")
				time.Sleep(24 * time.Hour)
				if test.want == never {
					assert.Zero(t, c.FIN())
					assert.Zero(t, silent.FIN())
					return
				}
				f.wantFIN(c, "a\nb\n", 20*time.Second+test.want)
				f.wantFIN(silent, "", test.want)
				assert.Empty(t, f.log.String(), "nothing went wrong")
			})
		})
	}
}

// T1: the clock of a message runs from its first byte to its last, and is not
// wound up again by every byte.
func TestT1FrameTimeout(t *testing.T) {
	for _, test := range []struct {
		timeout, want time.Duration
	}{
		{0, 10 * time.Second},
		{3 * time.Second, 3 * time.Second},
		{-1, never},
	} {
		t.Run(test.timeout.String(), func(t *testing.T) {
			s := &server.Server{FrameTimeout: test.timeout}
			onFake(t, s, func(f *fake) {
				c, drip := f.dial("a\n"), f.dial("")
				f.sendLater(time.Minute, c, "b\nhalf")
				for i := range 60 {
					f.sendLater(time.Duration(i)*500*ms, drip, ".")
				}
				time.Sleep(24 * time.Hour)
				if test.want == never {
					assert.Zero(t, c.FIN())
					assert.Zero(t, drip.FIN())
					return
				}
				assert.Equal(t, test.want, f.at(drip.FIN()))
				f.wantFIN(c, "a\nb\n", time.Minute+test.want)
				log := f.log.String()
				assert.Equal(t, 2, strings.Count(log, `level=WARN msg="connection stalled"`), log)
				assert.Contains(t, log, `bytes="\"half\""`)
			})
		})
	}
}

// T1: a handler's time is not the peer's.
func TestT1HandlerTimeIsFree(t *testing.T) {
	s := &server.Server{FrameTimeout: time.Second, IdleTimeout: 2 * time.Second, Handler: slowly(time.Minute)}
	onFake(t, s, func(f *fake) {
		c := f.dial("a\nha")
		f.sendLater(time.Minute+999*ms, c, "lf\n") // 999 ms were waited for it
		f.sendLater(2*time.Minute+999*ms+1999*ms, c, "c\n")
		time.Sleep(time.Hour)
		f.wantFIN(c, "a\nhalf\nc\n", 3*time.Minute+2998*ms+2*time.Second)
	})
}

// T1: a large message has a second more for each 64 KiB that have come.
func TestT1LargeFrame(t *testing.T) {
	s := &server.Server{FrameTimeout: time.Second}
	onFake(t, s, func(f *fake) {
		c := f.dial("")
		piece := strings.Repeat("x", 32<<10)
		for i := range 16 { // 512 KiB in 8 seconds
			f.sendLater(time.Duration(i)*510*ms, c, piece)
		}
		time.Sleep(time.Minute)
		assert.Equal(t, 9*time.Second, f.at(c.FIN()))
	})
}

// T1: each message has a clock of its own, also one that begins in the packet in
// which the last one ends.
func TestT1ClockOfEachMessage(t *testing.T) {
	onFake(t, &server.Server{}, func(f *fake) {
		c := f.dial("o")
		for i := range 5 {
			f.sendLater(time.Duration(i+1)*9*time.Second, c, "ne\no")
		}
		time.Sleep(time.Minute)
		f.wantFIN(c, strings.Repeat("one\n", 5), 55*time.Second)
	})
}

// T5: a peer that takes nothing is cut off, with a reset, when there was no
// progress for WriteTimeout; and it is not read from meanwhile.
func TestT5WriteTimeout(t *testing.T) {
	for _, test := range []struct {
		timeout, want time.Duration
	}{
		{0, 10 * time.Second},
		{3 * time.Second, 3 * time.Second},
		{-1, never},
	} {
		t.Run(test.timeout.String(), func(t *testing.T) {
			s := &server.Server{WriteTimeout: test.timeout}
			onFake(t, s, func(f *fake) {
				line := strings.Repeat("x", 9999) + "\n"
				c := f.dial("", fakenet.Buffers(15000))
				done := make(chan int)
				go func() {
					n, _ := io.WriteString(c, strings.Repeat(line, 10))
					done <- n
				}()
				time.Sleep(24 * time.Hour)
				if test.want == never {
					assert.Zero(t, c.RST())
					assert.Less(t, c.Sent(), int64(100_000))
					c.Close()
					<-done
					return
				}
				assert.Equal(t, test.want, f.at(c.RST()))
				assert.Zero(t, c.FIN())
				assert.Less(t, <-done, 100_000, "read on while a write was blocked")
				assert.Equal(t, 1, strings.Count(f.log.String(), "write timeout"), f.log)
			})
		})
	}
}

// T5: a peer that reads a little now and then lives, however long it takes.
func TestT5SlowReader(t *testing.T) {
	s := &server.Server{WriteTimeout: time.Second}
	onFake(t, s, func(f *fake) {
		line := strings.Repeat("x", 999) + "\n"
		c := f.dial("", fakenet.Buffers(4000))
		go io.WriteString(c, strings.Repeat(line, 100))
		var got bytes.Buffer
		for got.Len() < 100*len(line) {
			time.Sleep(800 * ms)
			_, err := io.CopyN(&got, c, 100)
			require.NoError(t, err, "after %d bytes", got.Len())
		}
		assert.Equal(t, strings.Repeat(line, 100), got.String())
		assert.Greater(t, f.now(), 13*time.Minute)
	})
}

// A lumpy connection takes more only when all before it is acknowledged, as the
// kernel takes more only when much of its queue is free.
type lumpy struct {
	net.Conn
	mu sync.Mutex
	by time.Time
}

func (c *lumpy) Unsent() (int, error) { return c.Conn.(*fakenet.Conn).Unsent() }

func (c *lumpy) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by = t
	return nil
}

func (c *lumpy) late() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.by.IsZero() && !time.Now().Before(c.by)
}

func (c *lumpy) Write(p []byte) (n int, err error) {
	for n < len(p) {
		switch unsent, err := c.Unsent(); {
		case err != nil || c.late():
			return n, os.ErrDeadlineExceeded
		case unsent > 0:
			time.Sleep(ms)
		default:
			m, err := c.Conn.Write(p[n:min(n+4000, len(p))])
			n += m
			if err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// T5: what a slow reader has acknowledged is progress, although its system does
// not make room for a write.
func TestT5AcknowledgedIsProgress(t *testing.T) {
	wrap := func(c net.Conn) net.Conn { return &lumpy{Conn: c} }
	onFakeWrapped(t, &server.Server{WriteTimeout: time.Second}, wrap, func(f *fake) {
		line := strings.Repeat("x", 19_999) + "\n"
		c := f.dial("", fakenet.Buffers(4000))
		go io.WriteString(c, line)
		var got bytes.Buffer
		for got.Len() < len(line) {
			time.Sleep(100 * ms)
			_, err := io.CopyN(&got, c, 100)
			require.NoError(t, err, "after %d bytes", got.Len())
		}
		assert.Equal(t, line, got.String())
		c.Close()
	})
}

// T12: a handshake that stalls ends in time, and nobody waits for it.
func TestT12Handshake(t *testing.T) {
	for _, test := range []struct {
		timeout, want time.Duration
	}{
		{0, 5 * time.Second},
		{time.Second, time.Second},
		{-1, never},
	} {
		t.Run(test.timeout.String(), func(t *testing.T) {
			s := &server.Server{TLSConfig: serverTLS, HandshakeTimeout: test.timeout}
			onFake(t, s, func(f *fake) {
				var stalled []*fakenet.Conn
				for range 100 {
					stalled = append(stalled, f.dial("\x16\x03\x01\x02\x00\x01"))
				}
				drip := f.dial("\x16\x03\x01\x02\x00")
				for i := range 100 {
					f.sendLater(time.Duration(i)*100*ms, drip, "\x01")
				}
				good := tls.Client(f.dial(""), clientTLS)
				_, err := io.WriteString(good, "hello\n")
				require.NoError(t, err)
				got := make([]byte, 6)
				_, err = io.ReadFull(good, got)
				require.NoError(t, err)
				assert.Equal(t, "hello\n", string(got))
				assert.Zero(t, f.now(), "a good client waits for nobody")

				time.Sleep(time.Minute)
				for _, c := range append(stalled, drip) {
					if test.want == never && c != drip {
						assert.Zero(t, c.FIN())
					} else if test.want != never {
						assert.Equal(t, test.want, f.at(c.FIN()))
					}
				}
				good.Close()
			})
		})
	}
}

// T12: who does not speak TLS is told, and logged once.
func TestT12PlaintextToTLS(t *testing.T) {
	s := &server.Server{TLSConfig: serverTLS}
	onFake(t, s, func(f *fake) {
		c := f.dial("GET / HTTP/1.1\r\n\r\n")
		_, err := io.ReadAll(c)
		assert.NoError(t, err)
		assert.Zero(t, f.at(c.FIN()))
		time.Sleep(time.Second)
		log := f.log.String()
		assert.Equal(t, 1, strings.Count(log, "\n"), log)
		assert.Contains(t, log, "first record does not look like a TLS handshake")
	})
}

// T12, T27: a panic in the handshake ends the connection, although the handshake
// has no timeout and what the peer has not acknowledged is unknown.
func TestT12_HandshakePanic(t *testing.T) {
	config := &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { panic("no certificate") }}
	s := &server.Server{TLSConfig: config, HandshakeTimeout: -1}
	opaque := func(c net.Conn) net.Conn { return struct{ net.Conn }{c} }
	onFakeWrapped(t, s, opaque, func(f *fake) {
		c := f.dial("")
		go tls.Client(c, clientTLS).Handshake()
		time.Sleep(time.Minute)
		assert.EqualValues(t, 1, s.Stats().Closed[server.ClosePanic], "connections with ClosePanic")
		assert.Contains(t, f.log.String(), "no certificate")
		c.Close()
	})
}

// T12: a handshake that runs when Shutdown is called may finish, as long as it
// might have otherwise; and what is sent in it is answered.
func TestT12HandshakeWhileClosing(t *testing.T) {
	s := &server.Server{TLSConfig: serverTLS, HandshakeTimeout: 3 * time.Second}
	onFake(t, s, func(f *fake) {
		stalled, raw := f.dial("\x16\x03\x01"), f.dial("")
		client := tls.Client(raw, clientTLS)
		var text []byte
		var failed error
		done := make(chan struct{})
		go func() {
			defer close(done)
			time.Sleep(2 * time.Second)
			if failed = client.Handshake(); failed == nil {
				text, failed = io.ReadAll(client)
			}
		}()
		time.Sleep(time.Second)
		require.NoError(t, s.Shutdown(background))
		<-done
		assert.NoError(t, failed)
		assert.Empty(t, text)
		assert.Equal(t, 2500*ms, f.at(raw.FIN()), "it is fresh when the handshake ends")
		assert.Equal(t, 3*time.Second, f.at(stalled.FIN()))
	})
}

// T6: whatever accept says, the server waits a little, then longer, and goes on.
func TestT6AcceptBackoff(t *testing.T) {
	for _, fail := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EPERM,
		syscall.EPROTO, syscall.EINTR, syscall.ENETDOWN, syscall.EHOSTUNREACH, syscall.ETIMEDOUT, io.ErrUnexpectedEOF,
	} {
		t.Run(fail.Error(), func(t *testing.T) {
			s := &server.Server{}
			onFake(t, s, func(f *fake) {
				old := f.dial("")
				time.Sleep(time.Second)
				begin := len(f.AcceptCalls()) - 1 // that one waits already
				for range 11 {
					f.FailAccept(fail)
				}
				synctest.Wait()
				c := f.dial("hello\n")
				f.send(old, "old\n")
				time.Sleep(time.Minute)

				var waits []time.Duration
				calls := f.AcceptCalls()[begin+1:]
				for i, call := range calls {
					if i == 0 {
						waits = append(waits, f.at(call)-time.Second)
					} else {
						waits = append(waits, call.Sub(calls[i-1]))
					}
				}
				second := time.Second
				want := []time.Duration{5 * ms, 10 * ms, 20 * ms, 40 * ms, 80 * ms, 160 * ms, 320 * ms, 640 * ms, second, second, second, 0}
				if fail == syscall.EMFILE || fail == syscall.ENFILE {
					want = append(want[:9], 0, second, 0) // then also with the descriptor in reserve
				}
				assert.Equal(t, want, waits, "the last accepts, the next waits")
				for c, want := range map[*fakenet.Conn]string{old: "old\n", c: "hello\n"} {
					c.CloseWrite()
					got, err := io.ReadAll(c)
					assert.NoError(t, err)
					assert.Equal(t, want, string(got))
				}

				// After a success the waits begin from anew, and Shutdown ends them.
				begin = len(f.AcceptCalls())
				f.FailAccept(fail, fail, fail, fail, fail, fail, fail, fail, fail, fail)
				time.Sleep(2 * time.Second)
				assert.Len(t, f.AcceptCalls()[begin:], 8, "within 1.275 s; the next is a second later")
				before := f.now()
				queued := f.dial("queued\n")
				f.FailAccept(syscall.EMFILE)
				require.NoError(t, s.Shutdown(background))
				got, err := io.ReadAll(queued)
				assert.NoError(t, err)
				assert.Equal(t, "queued\n", string(got))
				assert.Less(t, f.now()-before, 50*ms+quiet)
			})
		})
	}
}

// T6: a listener that is closed or dead ends Serve, with its error.
func TestT6DeadListener(t *testing.T) {
	for _, dead := range []error{net.ErrClosed, syscall.EBADF, syscall.EINVAL, syscall.ENOTSOCK} {
		t.Run(dead.Error(), func(t *testing.T) {
			s := &server.Server{}
			onFake(t, s, func(f *fake) {
				c := f.dial("")
				f.FailAccept(dead)
				assert.ErrorIs(t, <-f.served, dead)
				f.send(c, "still served\n")
				time.Sleep(time.Second)
				require.NoError(t, s.Close())
				f.wantFIN(c, "still served\n", time.Second)
				f.served <- server.ErrServerClosed
			})
		})
	}
}

// T7: no more than MaxConns are served at a time, over all listeners; the
// others wait and are served when there is room.
func TestT7MaxConns(t *testing.T) {
	var (
		mu         sync.Mutex
		open, most int
	)
	s := &server.Server{MaxConns: 3, Framer: lines, Handler: slowly(time.Second), Logger: new(log).logger(), ConnState: func(_ net.Conn, state server.State) {
		mu.Lock()
		defer mu.Unlock()
		switch state {
		case server.StateNew:
			open++
			most = max(most, open)
		case server.StateClosed:
			open--
		}
	}}
	synctest.Test(t, func(t *testing.T) {
		ls := []*fakenet.Listener{fakenet.Listen(), fakenet.Listen()}
		served := make(chan error)
		for _, l := range ls {
			go func() { served <- s.Serve(l) }()
		}
		var cs []*fakenet.Conn
		for i := range 20 {
			if i == 2 {
				synctest.Wait() // both wait in Accept, and there is room for one
			}
			c, err := ls[i%2].Dial()
			require.NoError(t, err)
			fmt.Fprintf(c, "%d\n", i)
			c.CloseWrite()
			cs = append(cs, c)
		}
		time.Sleep(10 * time.Second)
		for i, c := range cs {
			got, err := io.ReadAll(c)
			assert.NoError(t, err)
			assert.Equal(t, fmt.Sprintln(i), string(got))
		}
		require.NoError(t, s.Shutdown(background))
		for range ls {
			assert.ErrorIs(t, <-served, server.ErrServerClosed)
		}
		assert.Equal(t, 3, most)
		assert.Zero(t, open)
	})
}

// T7: those above the limit are not accepted.
func TestT7Backlog(t *testing.T) {
	onFake(t, &server.Server{MaxConns: 3}, func(f *fake) {
		var cs []*fakenet.Conn
		for range 20 {
			cs = append(cs, f.dial("a\n"))
		}
		assert.Equal(t, 3, f.Accepted())
		assert.Equal(t, 17, f.Queued())
		cs[1].Close()
		synctest.Wait()
		assert.Equal(t, 4, f.Accepted())
	})
}

// C1: those that wait for room in the backlog are served when Shutdown is
// called, beyond MaxConns.
func TestT7MaxConnsWhileClosing(t *testing.T) {
	s := &server.Server{MaxConns: 1, Handler: slowly(time.Second)}
	onFake(t, s, func(f *fake) {
		var cs []*fakenet.Conn
		for range 50 {
			cs = append(cs, f.dial("a\n"))
		}
		require.NoError(t, s.Shutdown(background))
		for _, c := range cs {
			f.wantFIN(c, "a\n", time.Second)
		}
	})
}

// MaxConns below zero is no limit.
func TestT7NoMaxConns(t *testing.T) {
	s := &server.Server{MaxConns: -1}
	onFake(t, s, func(f *fake) {
		for range 200 {
			f.dial("")
		}
		assert.Equal(t, 200, f.Open())
	})
}

// T3: MaxPayload holds in both directions.
func TestT3MaxPayload(t *testing.T) {
	for _, test := range []struct{ limit, announced, allowed int }{
		{0, 1<<20 + 1, 1 << 20},
		{100, 101, 100},
		{-1, 0, 3 << 20},
	} {
		t.Run(fmt.Sprint(test.limit), func(t *testing.T) {
			s := &server.Server{Framer: lengthprefix.Uint32(), MaxPayload: test.limit}
			onFake(t, s, func(f *fake) {
				frame := func(n int) string {
					return string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + strings.Repeat("x", n)
				}
				c := f.dial("", fakenet.Buffers(8<<20))
				f.send(c, frame(test.allowed))
				if test.announced > 0 {
					f.send(c, frame(test.announced)[:4])
					time.Sleep(time.Second)
					f.wantFIN(c, frame(test.allowed), 0)
					assert.Contains(t, f.log.String(), "connection broke the framing")
					return
				}
				c.CloseWrite()
				time.Sleep(time.Second)
				f.wantFIN(c, frame(test.allowed), 0)
				assert.Empty(t, f.log.String())
			})
		})
	}
}

// Linger is how long a peer that goes on sending is listened to.
func TestLinger(t *testing.T) {
	for _, test := range []struct {
		linger, want time.Duration
	}{
		{0, 2 * time.Second},
		{300 * ms, 300 * ms},
		{-1, 10*time.Second - 50*ms}, // as long as it sends
	} {
		t.Run(test.linger.String(), func(t *testing.T) {
			s := &server.Server{Linger: test.linger, Handler: func(c *server.Conn, m []byte) error {
				c.Reply(m)
				return io.EOF
			}}
			onFake(t, s, func(f *fake) {
				c := f.dial("bye\n")
				for i := 1; i < 200; i++ {
					f.sendLater(time.Duration(i)*50*ms, c, "more\n")
				}
				time.Sleep(time.Minute)
				closed := test.want
				if test.linger < 0 {
					closed += quiet
				}
				assert.Equal(t, closed, f.at(c.Peer().Closed()))
				got := make([]byte, 9)
				n, _ := c.Read(got)
				assert.Equal(t, "bye\n", string(got[:n]))
				assert.Zero(t, f.at(c.FIN()))
			})
		})
	}
}

// T28: what lies between frames and says nothing begins the wait for a frame
// again, and never the clock of a frame.
func TestT28Fill(t *testing.T) {
	s := &server.Server{Framer: slip.New(), IdleTimeout: 30 * time.Second, FrameTimeout: time.Second}
	onFake(t, s, func(f *fake) {
		const end = "\xc0"
		c := f.dial("")
		for i := range 10 {
			f.sendLater(time.Duration(i)*20*time.Second, c, end)
		}
		f.sendLater(200*time.Second, c, "a"+end+end)
		f.sendLater(220*time.Second, c, end+"b")
		time.Sleep(time.Hour)
		f.wantFIN(c, "a"+end, 221*time.Second)
		assert.Contains(t, f.log.String(), "frame timeout")

		idle := f.dial("")
		start := f.now()
		f.sendLater(20*time.Second, idle, end)
		time.Sleep(time.Hour)
		assert.Equal(t, start+50*time.Second, f.at(idle.FIN()))
	})
}

// T30: replies to many frames that have arrived leave while the others are
// handled.
func TestT30RepliesLeave(t *testing.T) {
	onFake(t, &server.Server{Handler: slowly(5 * ms)}, func(f *fake) {
		c := f.dial(strings.Repeat("a\n", 1000))
		for i := range 62 {
			_, err := io.ReadFull(c, make([]byte, 16*2))
			require.NoError(t, err)
			assert.Equal(t, time.Duration(i+1)*80*ms, f.now(), "time of the replies to another 16 frames")
		}
	})
}

// T30: fast replies gather until all that has arrived is answered.
func TestT30FastRepliesGather(t *testing.T) {
	var conn *counted
	onFakeWrapped(t, &server.Server{}, func(c net.Conn) net.Conn {
		conn = &counted{Conn: c.(*fakenet.Conn)}
		return conn
	}, func(f *fake) {
		f.dial("")
		time.Sleep(5 * ms)
		conn.Peer().Write(bytes.Repeat([]byte("a\n"), 1000))
		synctest.Wait()
		assert.EqualValues(t, 1, conn.writes.Load())
	})
}

// T30: a connection that never has to wait lets others have the processor after
// 256 KiB.
func TestT30Yields(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const most = 256<<10 + 64<<10 // one read more
	busy := &endlessConn{treadmill: treadmill{messages: bytes.Repeat([]byte("a\n"), 1000), reads: 4_000}}
	s := &server.Server{Framer: lines, Handler: server.Echo, Logger: new(log).logger()}
	served := make(chan error)
	go func() { served <- s.Serve(listenOnce(busy)) }()
	for busy.taken.Load() == 0 {
		runtime.Gosched()
	}
	turns := 0
	for last := int64(0); !busy.over.Load(); turns++ {
		now := busy.taken.Load()
		if now-last > most {
			t.Fatalf("%d bytes were read before another goroutine had its turn; want at most %d", now-last, most)
		}
		last = now
		runtime.Gosched()
	}
	assert.Greater(t, turns, 4_000*2000/most/2)
	s.Close()
	<-served
}

// An endlessConn counts what was read of it.
type endlessConn struct {
	treadmill
	taken atomic.Int64
	over  atomic.Bool
}

func (c *endlessConn) Read(p []byte) (int, error) {
	n, err := c.treadmill.Read(p)
	c.taken.Add(int64(n))
	c.over.Store(err != nil)
	return n, err
}

// T31: a timeout that is all but endless is so.
func TestT31HugeTimeouts(t *testing.T) {
	for _, huge := range []time.Duration{math.MaxInt64, math.MaxInt64 - 1, math.MaxInt64 / 2, 200 * 365 * 24 * time.Hour} {
		s := &server.Server{IdleTimeout: huge, FrameTimeout: huge, WriteTimeout: huge, HandshakeTimeout: huge, Grace: huge, Linger: huge}
		onFake(t, s, func(f *fake) {
			c := f.dial("ha")
			f.send(c, strings.Repeat("x", 200<<10))
			time.Sleep(24 * time.Hour)
			f.send(c, "lf\n")
			c.CloseWrite()
			got, err := io.ReadAll(c)
			assert.NoError(t, err)
			assert.Len(t, got, 5+200<<10)
			f.dial("a\n").CloseWrite()
			assert.NoError(t, s.Shutdown(background))
		})
	}
}
