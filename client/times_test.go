package client_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wholeframe/wholeframe/client"
	"github.com/wholeframe/wholeframe/framing"
)

// A connection without calls is closed after IdleTimeout, with FIN.
func TestIdleTimeout(t *testing.T) {
	for _, test := range []struct{ set, want time.Duration }{
		{0, 90 * time.Second}, {time.Second, time.Second}, {-1, time.Hour},
	} {
		t.Run(test.set.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n fakeNet
				start := time.Now()
				n.listen("a", func(c *fakeConn) {
					c.reply(c.read())
					if _, err := c.conn.ReadFrame(); err != io.EOF {
						t.Errorf("the server reads %v; want EOF", err)
					}
					if got := time.Since(start); got != test.want {
						t.Errorf("the connection ended after %v; want %v", got, test.want)
					}
					c.Close()
				})
				c := newFakeClient(t, &n, "a")
				c.IdleTimeout = test.set
				mustCall(t, c, "request", "request")
				time.Sleep(time.Hour)
			})
		})
	}
}

// A connection in use is not idle, whatever the intervals of checking are.
func TestIdleTimeout_Used(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", echo)
		c := newFakeClient(t, &n, "a")
		for range 100 {
			mustCall(t, c, "request", "request")
			time.Sleep(89 * time.Second)
		}
		if got := n.dials("a"); got != 1 {
			t.Errorf("%d connections; want 1", got)
		}
	})
}

// A connection that carries nothing is asked whether it still works.
func TestPing(t *testing.T) {
	for _, keys := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var n fakeNet
			start := time.Now()
			var pings []time.Duration
			n.listen("a", func(c *fakeConn) {
				for request := c.read(); request != ""; request = c.read() {
					if request == "ping" {
						pings = append(pings, time.Since(start))
					}
					c.reply(request)
				}
				c.Close()
			})
			c := newFakeClient(t, &n, "a")
			c.Ping = []byte("ping")
			if keys {
				c.RequestKey, c.ReplyKey = lastByte, lastByte
			}
			mustCall(t, c, "request", "request")
			time.Sleep(45 * time.Second)
			mustCall(t, c, "request", "request")
			time.Sleep(2 * time.Hour)
			synctest.Wait()
			// 90 s after the last call the connection is idle.
			want := []time.Duration{30 * time.Second, 75 * time.Second, 105 * time.Second}
			if !slices.Equal(pings, want) {
				t.Errorf("keys=%t: pings at %v; want %v", keys, pings, want)
			}
		})
	}
}

// A call with the key of a ping in flight waits for the reply to the ping.
func TestPing_SameKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			for request := c.read(); request != ""; request = c.read() {
				time.Sleep(time.Second)
				c.reply(request)
			}
			c.Close()
		})
		c := newFakeClient(t, &n, "a")
		c.Ping, c.RequestKey, c.ReplyKey = []byte("ping 0"), lastByte, lastByte
		mustCall(t, c, "1", "1")
		time.Sleep(30*time.Second + time.Second/2) // the ping is in flight
		start := time.Now()
		mustCall(t, c, "call 0", "call 0")
		if got := time.Since(start); got != 3*time.Second/2 {
			t.Errorf("the call took %v; want 1.5s", got)
		}
	})
}

// A connection on which a ping is not answered is reset.
func TestPing_Unanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		start := time.Now()
		n.listen("a", func(c *fakeConn) {
			c.reply(c.read())
			c.read()
			if _, err := c.conn.ReadFrame(); err == nil || err == io.EOF {
				t.Errorf("the server reads %v; want a reset", err)
			}
			if got := time.Since(start); got != 6*time.Second {
				t.Errorf("the connection ended after %v; want 6s", got)
			}
			c.Close()
		})
		c := newFakeClient(t, &n, "a")
		c.Ping, c.PingInterval, c.ReplyTimeout = []byte("ping"), time.Second, 5*time.Second
		mustCall(t, c, "request", "request")
		time.Sleep(time.Minute)
		if got := c.Stats(); got.Conns != 0 || got.InFlight != 0 {
			t.Errorf("Stats() = %+v; want no connection, no call", got)
		}
	})
}

// ReplyTimeout is the time without a frame, not that of a call.
func TestReplyTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			for request := c.read(); request != ""; request = c.read() {
				if request == "last" {
					continue
				}
				time.Sleep(40 * time.Second)
				c.reply(request)
			}
			c.Close()
		})
		c := newFakeClient(t, &n, "a")
		start := time.Now()
		var callers sync.WaitGroup
		for range 3 {
			callers.Go(func() { mustCall(t, c, "request", "request") })
		}
		synctest.Wait()
		_, err := call(t.Context(), c, "last")
		wantError(t, err, client.Unknown, client.ErrReplyTimeout)
		callers.Wait()
		if got := time.Since(start); got != 3*time.Minute {
			t.Errorf("the last call took %v; want 3m", got)
		}
	})
}

// A frame counts from when it comes, however long what is called with it takes.
func TestReplyTimeout_SlowDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			first, second := c.read(), c.read()
			time.Sleep(59 * time.Second)
			c.reply(first)
			time.Sleep(10 * time.Second)
			c.reply(second)
			drain(c)
		})
		c := newFakeClient(t, &n, "a")
		c.Go(t.Context(), []byte("1"), func([]byte, error) { time.Sleep(2 * time.Second) })
		mustCall(t, c, "2", "2")
	})
}

// Frames that are not replies do not put off ReplyTimeout.
func TestReplyTimeout_Pushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			for c.conn.WriteFrame([]byte("news-")) == nil {
				time.Sleep(time.Second)
			}
			c.Close()
		})
		c := newFakeClient(t, &n, "a")
		c.RequestKey, c.ReplyKey = lastByte, lastByte
		start := time.Now()
		_, err := call(t.Context(), c, "1")
		wantError(t, err, client.Unknown, client.ErrReplyTimeout)
		if got := time.Since(start); got != time.Minute {
			t.Errorf("the call took %v; want 1m0s", got)
		}
	})
}

// readSlowly reads size bytes, 32 KiB every 2 seconds.
func readSlowly(c *fakeConn, size int) {
	for read := 0; read < size; read += 32 << 10 {
		time.Sleep(2 * time.Second)
		io.CopyN(io.Discard, c, int64(min(32<<10, size-read)))
	}
}

// The time that a long request takes counts for neither WriteTimeout nor ReplyTimeout
// while the server reads.
func TestLongWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 2 << 20 // takes 128 s
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			readSlowly(c, 4+size)
			time.Sleep(50 * time.Second)
			c.reply("reply")
			drain(c)
		})
		c := newFakeClient(t, &n, "a")
		c.MaxPayload = size
		reply, err := call(t.Context(), c, strings.Repeat("x", size))
		if reply != "reply" || err != nil {
			t.Errorf("Call() = %q, %v; want reply, nil", reply, err)
		}
	})
}

// ReplyTimeout counts for a request that is written while another is being written, in
// the same batch or in the next.
func TestLongWrite_ReplyTimeout(t *testing.T) {
	for _, test := range []struct{ dial, want time.Duration }{
		{0, 60 * time.Second},           // each call is a batch
		{time.Second, 65 * time.Second}, // one batch: the first 64 KiB take 4 s
	} {
		synctest.Test(t, func(t *testing.T) {
			const size = 2 << 20
			var n fakeNet
			n.listen("a", func(c *fakeConn) {
				c.read()
				readSlowly(c, 4+size)
				c.Close()
			})
			c := newFakeClient(t, &n, "a")
			c.MaxPayload = size
			c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
				time.Sleep(test.dial)
				return n.dial(ctx, network, addr)
			}
			start := time.Now()
			var first sync.WaitGroup
			first.Go(func() {
				_, err := call(t.Context(), c, "request")
				wantError(t, err, client.Unknown, client.ErrReplyTimeout)
			})
			synctest.Wait()
			_, err := call(t.Context(), c, strings.Repeat("x", size))
			wantError(t, err, client.Unknown, client.ErrReplyTimeout)
			first.Wait()
			if got := time.Since(start); got != test.want {
				t.Errorf("the calls took %v; want %v", got, test.want)
			}
		})
	}
}

// DialTimeout limits connecting and Open together.
func TestDialTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", drain)
		c := newFakeClient(t, &n, "a")
		c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if network != "tcp" || addr != "a" {
				t.Errorf("Dial(%q, %q); want tcp, a", network, addr)
			}
			time.Sleep(3 * time.Second)
			return n.dial(ctx, network, addr)
		}
		c.Open = func(_ context.Context, conn *framing.Conn) error {
			_, err := conn.ReadFrame()
			return err
		}
		start := time.Now()
		_, err := call(t.Context(), c, "request")
		wantError(t, err, client.NotSent, context.DeadlineExceeded)
		if got := time.Since(start); got != 5*time.Second {
			t.Errorf("the call took %v; want 5s", got)
		}
	})
}

// Open talks to the server before the first call.
func TestOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			c.reply("hello")
			if c.read() == "password" {
				echo(c)
			}
			c.Close()
		})
		c := newFakeClient(t, &n, "a")
		c.Open = func(_ context.Context, conn *framing.Conn) error {
			greeting, err := conn.ReadFrame()
			if err != nil || string(greeting) != "hello" {
				t.Errorf("greeting %q, %v; want hello, nil", greeting, err)
			}
			return conn.WriteFrame([]byte("password"))
		}
		mustCall(t, c, "request", "request")

		refused := errors.New("refused")
		c = newFakeClient(t, &n, "a")
		c.Open = func(context.Context, *framing.Conn) error { return refused }
		_, err := call(t.Context(), c, "request")
		wantError(t, err, client.NotSent, refused)
	})
}

// Close ends what Open waits for.
func TestOpen_Close(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", drain)
		c := newFakeClient(t, &n, "a")
		c.DialTimeout = -1
		c.Open = func(_ context.Context, conn *framing.Conn) error {
			_, err := conn.ReadFrame()
			return err
		}
		time.AfterFunc(time.Second, func() { c.Close() })
		_, err := call(t.Context(), c, "request")
		wantError(t, err, client.NotSent, client.ErrClosed)
	})
}
