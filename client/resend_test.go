package client_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wholeframe/wholeframe/client"
)

// A request that was surely not handled is sent again, to another server.
func TestResend(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(c *fakeConn)
		set  func(c *client.Client)
	}{
		{"FIN, trusted", func(c *fakeConn) { c.Close() }, func(c *client.Client) { c.TrustFIN = true }},
		{"goodbye", func(c *fakeConn) { c.reply(goodbye); c.Close() }, func(c *client.Client) {
			c.Goodbye = func(payload []byte) bool { return string(payload) == goodbye }
		}},
		{"RST, repeatable", (*fakeConn).reset, func(c *client.Client) {
			c.Repeatable = func(request []byte) bool { return true }
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n fakeNet
				n.listen("a", func(c *fakeConn) {
					for range 5 {
						c.read()
					}
					n.listen("a", nil)
					test.end(c)
				})
				c := newFakeClient(t, &n, "a", "b")
				c.Resend = true
				test.set(c)
				var callers sync.WaitGroup
				for i := range 5 {
					callers.Go(func() { mustCall(t, c, fmt.Sprint(i), fmt.Sprint(i)) })
					synctest.Wait()
				}
				n.listen("b", echo)
				callers.Wait()
				if got := c.Stats().Resent; got != 5 {
					t.Errorf("%d resent; want 5", got)
				}
			})
		})
	}
}

// Requests that are sent again keep their order, and go before those that waited.
func TestResend_Order(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			c.read()
			c.read()
			n.listen("a", echo)
			c.Close()
		})
		c := newFakeClient(t, &n, "a")
		c.Resend, c.TrustFIN, c.MaxInFlight = true, true, 2
		var mu sync.Mutex
		var order []string
		for i := range 4 {
			go func() {
				c.Go(context.Background(), []byte(fmt.Sprint(i)), func(reply []byte, err error) {
					mu.Lock()
					defer mu.Unlock()
					order = append(order, fmt.Sprint(string(reply), err))
				})
			}()
			synctest.Wait()
		}
		if err := c.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := []string{"0<nil>", "1<nil>", "2<nil>", "3<nil>"}; !slices.Equal(order, want) {
			t.Errorf("replies %v; want %v", order, want)
		}
	})
}

// A request that may have been handled is not sent again without leave, nor is a
// frame of Send.
func TestResend_Unknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		var requests []string
		n.listen("a", func(c *fakeConn) {
			requests = append(requests, c.read())
			c.reset()
		})
		n.listen("b", func(c *fakeConn) {
			requests = append(requests, c.read())
			c.reset()
		})
		c := newFakeClient(t, &n, "a", "b")
		c.Resend, c.TrustFIN = true, true
		c.Repeatable = func(request []byte) bool { return string(request) == "repeatable" }
		_, err := call(t.Context(), c, "request")
		wantError(t, err, client.Unknown, syscall.ECONNRESET)
		synctest.Wait()
		if err := c.Send(t.Context(), []byte("sent")); err != nil {
			t.Errorf("Send = %v; want nil", err)
		}
		synctest.Wait()
		if want := []string{"request", "sent"}; !slices.Equal(requests, want) {
			t.Errorf("the servers have read %q; want %q", requests, want)
		}
	})
}

// A request that was sent and may have been handled keeps that outcome, wherever its
// call fails later.
func TestResend_OutcomeOfEarlierAttempts(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(*fakeConn)
		want client.Outcome
	}{
		{"unknown", (*fakeConn).reset, client.Unknown},
		{"not handled", func(c *fakeConn) { c.Close() }, client.NotHandled},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n fakeNet
				n.listen("a", func(c *fakeConn) {
					c.read()
					n.listen("a", nil)
					test.end(c)
				})
				c := newFakeClient(t, &n, "a")
				c.Resend, c.TrustFIN = true, true
				c.Repeatable = func([]byte) bool { return true }
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_, err := call(ctx, c, "request")
				wantError(t, err, test.want, context.DeadlineExceeded)
				wantError(t, err, test.want, syscall.ECONNREFUSED)
			})
		})
	}
}

// A call whose context has ended while its connection ended is not sent again.
func TestResend_ContextOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			c.read()
			c.reset()
		})
		c := newFakeClient(t, &n, "a")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		c.Resend = true
		c.Repeatable = func([]byte) bool {
			cancel()
			synctest.Wait()
			return true
		}
		_, err := call(ctx, c, "request")
		wantError(t, err, client.Unknown, context.Canceled)
		if got := n.dials("a"); got != 1 {
			t.Errorf("%d connections; want 1", got)
		}
	})
}

// Without Resend, a call fails at once if no server can be reached; with it, the call
// waits.
func TestResend_NoServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		c := newFakeClient(t, &n, "a", "b")
		start := time.Now()
		for range 3 {
			_, err := call(t.Context(), c, "request")
			wantError(t, err, client.NotSent, syscall.ECONNREFUSED)
		}
		if got := time.Since(start); got != 0 {
			t.Errorf("the calls took %v; want 0s", got)
		}
		if a, b := n.dials("a"), n.dials("b"); a != 1 || b != 1 {
			t.Errorf("%d and %d attempts; want 1 each", a, b)
		}

		c = newFakeClient(t, &n, "a", "b")
		c.Resend = true
		time.AfterFunc(time.Minute, func() { n.listen("b", echo) })
		mustCall(t, c, "request", "request")
		if got := time.Since(start); got < time.Minute || got > time.Minute+5*time.Second {
			t.Errorf("the call took %v; want 1m, and at most the longest pause", got)
		}
	})
}

// A server that is being dialed again, or that has been reached again and has not
// answered yet, is one that can be reached.
func TestResend_ServerIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		c := newFakeClient(t, &n, "a")
		c.MaxInFlight = 1
		c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			time.Sleep(time.Second)
			return n.dial(ctx, network, addr)
		}
		_, err := call(t.Context(), c, "request")
		wantError(t, err, client.NotSent, syscall.ECONNREFUSED)
		time.Sleep(time.Minute)
		n.listen("a", func(c *fakeConn) {
			for request := c.read(); request != ""; request = c.read() {
				time.Sleep(time.Second)
				c.reply(request)
			}
			c.Close()
		})
		var callers sync.WaitGroup
		for range 3 {
			callers.Go(func() { mustCall(t, c, "request", "request") })
			time.Sleep(700 * time.Millisecond)
		}
		callers.Wait()
	})
}

// One server that cannot be reached does not delay the calls that others can take.
func TestRoundRobin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		var mu sync.Mutex
		counts := map[string]int{}
		for _, addr := range []string{"a", "b", "c"} {
			n.listen(addr, func(c *fakeConn) {
				for request := c.read(); request != ""; request = c.read() {
					mu.Lock()
					counts[addr]++
					mu.Unlock()
					c.reply(request)
				}
				c.Close()
			})
		}
		c := newFakeClient(t, &n, "a", "b", "c", "dead")
		mustCall(t, c, "first", "first")
		time.Sleep(time.Second) // connections to the others are open; the dead one is not dialed
		clear(counts)
		for range 300 {
			mustCall(t, c, "request", "request")
		}
		if counts["a"] != 100 || counts["b"] != 100 || counts["c"] != 100 {
			t.Errorf("requests %v; want 100 each", counts)
		}
		if got := n.dials("a"); got != 1 {
			t.Errorf("%d connections to a live server; want 1", got)
		}
		if got := n.dials("dead"); got < 2 || got > 3 {
			t.Errorf("%d attempts to reach the dead server; want 2 or 3, one of them for the last calls", got)
		}
	})
}

// Pauses between attempts double up to MaxBackoff; half of each is random. A server
// that ends connections before a reply counts as one that cannot be reached.
func TestBackoff(t *testing.T) {
	for _, test := range []struct {
		name    string
		serve   func(*fakeConn)
		outcome client.Outcome
	}{
		{"refused", nil, client.NotSent},
		{"ended by a request", func(c *fakeConn) { c.read(); c.Close() }, client.NotHandled},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n fakeNet
				n.listen("a", test.serve)
				c := newFakeClient(t, &n, "a")
				c.Resend, c.TrustFIN, c.MaxBackoff = true, true, time.Second
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_, err := call(ctx, c, "request")
				wantError(t, err, test.outcome, context.DeadlineExceeded)
				pause := 50 * time.Millisecond
				different := map[time.Duration]bool{}
				for i := range n.dialed[1:] {
					got := n.dialed[i+1].at.Sub(n.dialed[i].at)
					if got < pause/2 || got > pause {
						t.Errorf("pause %d is %v; want %v to %v", i+1, got, pause/2, pause)
					}
					different[got] = true
					pause = min(2*pause, time.Second)
				}
				if got := len(n.dialed); got < 60 || got > 130 {
					t.Errorf("%d attempts in a minute; want 60 to 130", got)
				}
				if len(different) < len(n.dialed)/2 {
					t.Errorf("%d different pauses of %d; want more", len(different), len(n.dialed))
				}
			})
		})
	}
}

// A server that has answered before it ended a connection with calls in flight may be
// draining: the pauses are the shortest.
func TestBackoff_Draining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			first := c.read()
			time.Sleep(time.Millisecond) // until the others have come
			c.reply(first)
			c.CloseWrite()
			drain(c)
		})
		c := newFakeClient(t, &n, "a")
		c.Resend, c.TrustFIN = true, true
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() { mustCall(t, c, "request", "request") })
		}
		callers.Wait()
		for i := range n.dialed[1:] {
			if got := n.dialed[i+1].at.Sub(n.dialed[i].at); got < 26*time.Millisecond || got > 51*time.Millisecond {
				t.Errorf("dialed %v after attempt %d; want a pause of 25ms to 50ms after 1ms", got, i+1)
			}
		}
		if got := len(n.dialed); got != 50 {
			t.Errorf("%d connections; want 50", got)
		}
	})
}

// The end of a server is one failure, however many connections it had.
func TestBackoff_ManyConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			c.reply(c.read())
			time.Sleep(time.Second)
			c.reset()
		})
		c := newFakeClient(t, &n, "a")
		c.MaxInFlight, c.MaxConns, c.Resend = 1, 16, true
		c.Repeatable = func([]byte) bool { return true }
		start := time.Now()
		var callers sync.WaitGroup
		for range 32 {
			callers.Go(func() { mustCall(t, c, "request", "request") })
			synctest.Wait()
		}
		n.listen("a", echo)
		callers.Wait()
		if got := time.Since(start); got > time.Second+50*time.Millisecond {
			t.Errorf("the calls took %v; want 1s and one short pause", got)
		}
	})
}

// A server that closes each connection in good order, when it has answered, works.
func TestBackoff_OneCallPerConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		c := newFakeClient(t, &n, "a")
		c.Resend, c.MaxInFlight = true, 1
		time.AfterFunc(time.Minute, func() {
			n.listen("a", func(c *fakeConn) {
				c.reply(c.read())
				c.Close()
			})
		})
		mustCall(t, c, "first", "first")
		start := time.Now()
		for range 10 {
			synctest.Wait() // until FIN is read
			mustCall(t, c, "request", "request")
		}
		if got := time.Since(start); got != 0 {
			t.Errorf("the calls took %v; want 0s", got)
		}
	})
}

// A connection that has lasted is no failure, though nothing came on it.
func TestBackoff_LongConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			c.read()
			time.Sleep(6 * time.Second)
			c.Close()
		})
		c := newFakeClient(t, &n, "a")
		for range 3 {
			if err := c.Send(t.Context(), []byte("log")); err != nil {
				t.Errorf("Send = %v; want nil", err)
			}
			time.Sleep(6 * time.Second)
			synctest.Wait()
		}
		if got := n.dials("a"); got != 3 {
			t.Errorf("%d connections; want 3", got)
		}
	})
}

// A connection that got FIN is not used again.
func TestFIN_Idle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			c.reply(c.read())
			c.CloseWrite()
			_, err := c.conn.ReadFrame()
			if err != io.EOF {
				t.Errorf("after FIN, the server reads %v; want EOF", err)
			}
			c.Close()
		})
		c := newFakeClient(t, &n, "a")
		for i := range 5 {
			mustCall(t, c, fmt.Sprint(i), fmt.Sprint(i))
			synctest.Wait()
		}
		if got := n.dials("a"); got != 5 {
			t.Errorf("%d connections; want 5", got)
		}
	})
}
