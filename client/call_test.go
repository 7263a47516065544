package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wholeframe/wholeframe/client"
	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// Each of many goroutines gets the replies to its own requests, over one connection.
func TestCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", echo)
		c := newFakeClient(t, &n, "a")
		var callers sync.WaitGroup
		for i := range 64 {
			callers.Go(func() {
				for j := range 10 {
					request := fmt.Sprintf("%d of %d", j, i)
					if got, err := call(t.Context(), c, request); got != request || err != nil {
						t.Errorf("Call(%q) = %q, %v; want the request, nil", request, got, err)
					}
				}
			})
		}
		callers.Wait()
		if got := n.dials("a"); got != 1 {
			t.Errorf("%d connections; want 1", got)
		}
	})
}

// The reply belongs to the caller.
func TestCall_ReplyIsACopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", echo)
		c := newFakeClient(t, &n, "a")
		first, err := c.Call(t.Context(), []byte("first"))
		if err != nil {
			t.Fatal(err)
		}
		mustCall(t, c, "other", "other")
		if string(first) != "first" {
			t.Errorf("the first reply is %q after the second; want %q", first, "first")
		}
	})
}

// lastByte is a key: the last byte of a payload. A payload that ends in '-' has none.
func lastByte(payload []byte) (key uint64, ok bool) {
	if len(payload) == 0 || payload[len(payload)-1] == '-' {
		return 0, false
	}
	return uint64(payload[len(payload)-1]), true
}

// With keys, replies come in any order, and what is not a reply goes to Push.
func TestCall_Keys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			first, second := c.read(), c.read()
			c.reply("news-")
			c.reply("to " + second)
			c.reply("unknown ?")
			c.reply("to " + first)
			drain(c)
		})
		c := newFakeClient(t, &n, "a")
		c.RequestKey, c.ReplyKey = lastByte, lastByte
		var pushed []string
		c.Push = func(payload []byte) { pushed = append(pushed, string(payload)) }
		var callers sync.WaitGroup
		for _, request := range []string{"a1", "b2"} {
			callers.Go(func() {
				if got, err := call(t.Context(), c, request); got != "to "+request || err != nil {
					t.Errorf("Call(%q) = %q, %v; want %q, nil", request, got, err, "to "+request)
				}
			})
		}
		callers.Wait()
		if got, want := fmt.Sprint(pushed), "[news- unknown ?]"; got != want {
			t.Errorf("pushed %v; want %v", got, want)
		}
	})
}

// Without Push, frames that match no call are dropped and counted if there are keys.
func TestCall_KeysWithoutPush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			request := c.read()
			c.reply("news-")
			c.reply("unknown ?")
			c.reply(request)
			c.reply(request) // the key twice
			drain(c)
		})
		c := newFakeClient(t, &n, "a")
		c.RequestKey, c.ReplyKey = lastByte, lastByte
		mustCall(t, c, "1", "1")
		synctest.Wait()
		if s := c.Stats(); s.Unmatched != 3 || s.Conns != 1 {
			t.Errorf("Stats() = %+v; want 3 unmatched, 1 connection", s)
		}
	})
}

// Replies in order with pushes between them: ReplyKey tells them apart.
func TestCall_PushInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			c.reply("early-")
			request := c.read()
			c.reply("middle-")
			c.reply(request)
			c.reply("late")
			drain(c)
		})
		c := newFakeClient(t, &n, "a")
		c.ReplyKey = lastByte
		var pushed []string
		c.Push = func(payload []byte) { pushed = append(pushed, string(payload)) }
		mustCall(t, c, "request", "request")
		synctest.Wait()
		if got, want := fmt.Sprint(pushed), "[early- middle- late]"; got != want {
			t.Errorf("pushed %v; want %v", got, want)
		}
	})
}

// A call returns when its context ends. Its reply is dropped when it comes, in order
// or by key, and the calls after it get theirs.
func TestCall_Late(t *testing.T) {
	for _, keys := range []bool{false, true} {
		t.Run(fmt.Sprintf("keys=%t", keys), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n fakeNet
				n.listen("a", func(c *fakeConn) {
					for request := c.read(); request != ""; request = c.read() {
						time.Sleep(time.Second)
						c.reply("to " + request)
					}
					c.Close()
				})
				c := newFakeClient(t, &n, "a")
				if keys {
					c.RequestKey, c.ReplyKey = lastByte, lastByte
				}
				c.MaxInFlight = 2
				for _, request := range []string{"1", "3"} {
					ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
					start := time.Now()
					_, err := call(ctx, c, request)
					cancel()
					wantError(t, err, client.Unknown, context.DeadlineExceeded)
					if got := time.Since(start); got != 100*time.Millisecond {
						t.Errorf("Call took %v; want 100ms", got)
					}
					mustCall(t, c, "2", "to 2")
				}
				if s := c.Stats(); s.Late != 2 || s.Dialed != 1 {
					t.Errorf("Stats() = %+v; want 2 late, 1 dialed", s)
				}
			})
		})
	}
}

// A connection on which no call has a place, because all that have one have ended
// without a reply, is replaced.
func TestCall_Abandoned(t *testing.T) {
	for _, keys := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var n fakeNet
			resets := 0
			n.listen("a", func(c *fakeConn) {
				for request := c.read(); request != ""; request = c.read() {
					if request != "1" && request != "2" {
						c.reply(request)
					}
				}
				if _, err := c.Read(make([]byte, 1)); err == syscall.ECONNRESET {
					resets++
				}
				c.Close()
			})
			c := newFakeClient(t, &n, "a")
			c.MaxInFlight = 2
			if keys {
				c.RequestKey, c.ReplyKey = lastByte, lastByte
			}
			start := time.Now()
			for _, request := range []string{"1", "2"} {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				_, err := call(ctx, c, request)
				wantError(t, err, client.Unknown, context.DeadlineExceeded)
				cancel()
			}
			mustCall(t, c, "3", "3")
			if got := time.Since(start); got != 2*time.Second {
				t.Errorf("keys=%t: the calls took %v; want 2s", keys, got)
			}
			synctest.Wait()
			if resets != 1 || n.dials("a") != 2 {
				t.Errorf("keys=%t: %d resets, %d connections; want 1, 2", keys, resets, n.dials("a"))
			}
		})
	}
}

// The cause of a context is the reason.
func TestCall_Cause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", drain)
		c := newFakeClient(t, &n, "a")
		cause := errors.New("cause")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		_, err := call(ctx, c, "request")
		wantError(t, err, client.Unknown, cause)
		_, err = call(ctx, c, "request")
		wantError(t, err, client.NotSent, cause)
	})
}

// What cannot be sent is refused, and fails no other call.
func TestCall_Refused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			first := c.read()
			time.Sleep(time.Second)
			c.reply(first)
			echo(c)
		})
		c := newFakeClient(t, &n, "a")
		c.MaxPayload = 10
		c.RequestKey, c.ReplyKey = lastByte, lastByte
		var first sync.WaitGroup
		first.Go(func() { mustCall(t, c, "1", "1") })
		synctest.Wait()

		_, err := call(t.Context(), c, "no key-")
		wantError(t, err, client.NotSent, client.ErrNoKey)
		_, err = call(t.Context(), c, "another 1")
		wantError(t, err, client.NotSent, client.ErrDuplicateKey)
		_, err = call(t.Context(), c, "more than 10 bytes")
		var refused *framing.PayloadError
		if !errors.As(err, &refused) {
			t.Errorf("error %v; want a *framing.PayloadError", err)
		}
		err = c.Send(t.Context(), []byte("more than 10 bytes"))
		if want := "client: request not sent: framing: payload of 18 bytes refused: it exceeds the limit of 10 bytes"; err == nil || err.Error() != want {
			t.Errorf("error %v; want %v", err, want)
		}
		mustCall(t, c, "2", "2")
		first.Wait()
	})
}

// A call whose key is in flight on one connection waits for another that has no room,
// and does not hold up calls with other keys.
func TestCall_KeyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		serve := func(c *fakeConn) {
			for request := c.read(); request != ""; request = c.read() {
				wait := 30 * time.Second
				if strings.HasPrefix(request, "short") {
					wait = time.Second
				}
				time.AfterFunc(wait, func() { c.reply(request) })
			}
			c.Close()
		}
		n.listen("a", serve)
		n.listen("b", serve)
		c := newFakeClient(t, &n, "a", "b")
		c.MaxInFlight, c.RequestKey, c.ReplyKey = 2, lastByte, lastByte
		start := time.Now()
		var callers sync.WaitGroup
		for _, test := range []struct {
			request string
			want    time.Duration
		}{
			{"long 1", 30 * time.Second},  // on one connection
			{"long 3", 30 * time.Second},  // on the other
			{"short 2", time.Second},      // on the first
			{"long 5", 30 * time.Second},  // on the other
			{"again 1", 60 * time.Second}, // waits for the other
			{"short 4", 2 * time.Second},  // waits for the first
		} {
			callers.Go(func() {
				mustCall(t, c, test.request, test.request)
				if got := time.Since(start); got != test.want {
					t.Errorf("the reply to %q came after %v; want %v", test.request, got, test.want)
				}
			})
			synctest.Wait()
		}
		callers.Wait()
	})
}

// A Client that cannot work says which field is wrong.
func TestConfigError(t *testing.T) {
	f := lengthprefix.Uint32()
	noKey := func([]byte) (uint64, bool) { return 0, false }
	for _, test := range []struct {
		c    *client.Client
		want string
	}{
		{&client.Client{Addrs: []string{"a"}}, "client: request not sent: Framer: it must be set"},
		{&client.Client{Framer: f}, "client: request not sent: Addrs: there must be an address"},
		{&client.Client{Framer: f, Addrs: []string{"a", ""}}, "client: request not sent: Addrs: an address is empty"},
		{&client.Client{Framer: f, Addrs: []string{"a"}, RequestKey: lastByte}, "client: request not sent: ReplyKey: it must be set with RequestKey"},
		{&client.Client{Framer: f, Addrs: []string{"a"}, RequestKey: noKey, ReplyKey: lastByte, Ping: []byte("p")}, "client: request not sent: Ping: RequestKey must find a key in it"},
	} {
		err := test.c.Send(t.Context(), []byte("1"))
		var config *client.ConfigError
		if !errors.As(err, &config) || err.Error() != test.want {
			t.Errorf("error %v; want %v", err, test.want)
		}
		if err := test.c.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown() = %v; want nil", err)
		}
	}
}

// Send returns when its frame is written, or when its context ends.
func TestSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		received := make(chan string, 10)
		n.listen("a", func(c *fakeConn) {
			received <- c.read()
			time.Sleep(5 * time.Second)
			received <- c.read()
			drain(c)
		})
		c := newFakeClient(t, &n, "a")
		c.WriteTimeout = -1
		start := time.Now()
		if err := c.Send(t.Context(), []byte("first")); err != nil || time.Since(start) != 0 {
			t.Errorf("Send = %v after %v; want nil at once", err, time.Since(start))
		}
		large := []byte(strings.Repeat("x", 2*fakeBuffer))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := c.Send(ctx, large)
		wantError(t, err, client.Unknown, context.DeadlineExceeded)
		if err := c.Send(t.Context(), large); err != nil || time.Since(start) != 5*time.Second {
			t.Errorf("Send = %v after %v; want nil after 5s", err, time.Since(start))
		}
		if got := <-received; got != "first" {
			t.Errorf("received %q; want %q", got, "first")
		}
		if got := <-received; got != string(large) {
			t.Errorf("received %d bytes; want %d", len(got), len(large))
		}
	})
}

// While a server does not read, requests beyond 64 KiB wait, unsent, and are sent when
// it reads again.
func TestSend_Batch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		received := 0
		n.listen("a", func(c *fakeConn) {
			time.Sleep(5 * time.Second)
			for c.read() != "" {
				received++
			}
			c.Close()
		})
		c := newFakeClient(t, &n, "a")
		frame := make([]byte, 8<<10-4)
		start := time.Now()
		var callers sync.WaitGroup
		counts := map[client.Outcome]int{}
		var mu sync.Mutex
		for i := range 30 {
			callers.Go(func() {
				ctx := t.Context()
				if i < 20 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, time.Second)
					defer cancel()
				}
				var e *client.CallError
				if err := c.Send(ctx, frame); errors.As(err, &e) {
					mu.Lock()
					counts[e.Outcome]++
					mu.Unlock()
				} else if err != nil || i < 20 {
					t.Errorf("Send %d = %v; want success of the last 10", i, err)
				}
			})
			synctest.Wait()
		}
		callers.Wait()
		if counts[client.Unknown] != 9 || counts[client.NotSent] != 11 {
			t.Errorf("outcomes %v; want 9 unknown, 11 not sent", counts)
		}
		if got := time.Since(start); got != 5*time.Second {
			t.Errorf("sending took %v; want 5s", got)
		}
		c.Shutdown(t.Context())
		n.serving.Wait()
		if received != 19 {
			t.Errorf("%d frames received; want 19", received)
		}
	})
}

// Go does not wait for the reply, and calls done exactly once.
func TestGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", echo)
		c := newFakeClient(t, &n, "a")
		c.MaxInFlight = 10 // Go has to wait
		counts := make([]int, 100)
		var mu sync.Mutex
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for i := range counts {
			request := fmt.Sprint(i)
			ctx := ctx
			if i%2 == 0 {
				ctx = context.Background()
			}
			c.Go(ctx, []byte(request), func(reply []byte, err error) {
				mu.Lock()
				defer mu.Unlock()
				counts[i]++
				if string(reply) != request || err != nil {
					t.Errorf("done(%q, %v); want %q, nil", reply, err, request)
				}
			})
		}
		if err := c.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown() = %v; want nil", err)
		}
		for i, n := range counts {
			if n != 1 {
				t.Errorf("done of call %d was called %d times; want once", i, n)
			}
		}
	})
}

// afterFuncs is a context that counts what watches it.
type afterFuncs struct {
	context.Context
	watching *int
}

func (ctx afterFuncs) Done() <-chan struct{} { return make(chan struct{}) }

func (ctx afterFuncs) AfterFunc(func()) (stop func() bool) {
	*ctx.watching++
	return func() bool {
		*ctx.watching--
		return true
	}
}

// A call that has ended no longer watches its context.
func TestGo_Unwatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", echo)
		c := newFakeClient(t, &n, "a")
		watching := 0
		c.Go(afterFuncs{context.Background(), &watching}, []byte("request"), func([]byte, error) {})
		c.Shutdown(t.Context())
		if watching != 0 {
			t.Errorf("%d functions watch the context; want none", watching)
		}
	})
}

// The end of a context ends Go while it waits for its turn, and a call that it has
// started.
func TestGo_Context(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", drain)
		c := newFakeClient(t, &n, "a")
		c.MaxInFlight = 1
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		outcomes := make(chan error, 3)
		done := func(_ []byte, err error) { outcomes <- err }
		start := time.Now()
		c.Go(ctx, []byte("1"), done)
		c.Go(ctx, []byte("2"), done)
		if got := time.Since(start); got != time.Second {
			t.Errorf("Go returned after %v; want 1s", got)
		}
		c.Go(ctx, []byte("3"), done)
		got := map[client.Outcome]int{}
		for range 3 {
			var e *client.CallError
			if err := <-outcomes; errors.As(err, &e) && errors.Is(err, context.DeadlineExceeded) {
				got[e.Outcome]++
			}
		}
		if got[client.Unknown] != 1 || got[client.NotSent] != 2 {
			t.Errorf("outcomes %v; want 1 unknown, 2 not sent", got)
		}
	})
}

// An overCtx ends, and nobody has been told of it yet.
type overCtx struct {
	context.Context
	over *atomic.Bool
}

func (c overCtx) Err() error {
	if c.over.Load() {
		return context.Canceled
	}
	return nil
}

// A call that waits is not sent when its context has ended, although a connection has
// room for it before the goroutine runs that is to abandon it.
func TestContextEndsAsRoomComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		var over atomic.Bool
		n.listen("a", func(c *fakeConn) {
			first := c.read()
			time.Sleep(time.Second)
			over.Store(true)
			c.reply(first)
			if got := c.read(); got != "" {
				t.Errorf("the server got %q", got)
			}
			c.Close()
		})
		c := newFakeClient(t, &n, "a")
		c.MaxInFlight = 1
		var caller sync.WaitGroup
		caller.Go(func() { mustCall(t, c, "1", "1") })
		synctest.Wait()
		_, err := c.Call(overCtx{t.Context(), &over}, []byte("2"))
		var e *client.CallError
		if !errors.As(err, &e) || e.Outcome != client.NotSent || !errors.Is(err, context.Canceled) {
			t.Errorf("Call() = %v; want not sent, context canceled", err)
		}
		caller.Wait()
	})
}

// MaxInFlight limits the calls on a connection, MaxConns the connections to each
// address; calls beyond both wait.
func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		var mu sync.Mutex
		most := 0
		serve := func(c *fakeConn) {
			open := 0
			for request := c.read(); request != ""; request = c.read() {
				mu.Lock()
				open++
				most = max(most, open)
				mu.Unlock()
				time.AfterFunc(time.Second, func() {
					mu.Lock()
					open--
					mu.Unlock()
					c.reply("reply")
				})
			}
			c.Close()
		}
		n.listen("a", serve)
		n.listen("b", serve)
		c := newFakeClient(t, &n, "a", "b")
		c.MaxInFlight, c.MaxConns = 3, 2
		start := time.Now()
		var callers sync.WaitGroup
		for i := range 24 {
			callers.Go(func() { mustCall(t, c, fmt.Sprint(i), "reply") })
		}
		callers.Wait()
		if got := time.Since(start); got != 2*time.Second {
			t.Errorf("24 calls of 1s, 12 at a time, took %v; want 2s", got)
		}
		if most != 3 {
			t.Errorf("%d calls in flight on one connection; want 3", most)
		}
		if a, b := n.dials("a"), n.dials("b"); a != 2 || b != 2 {
			t.Errorf("%d and %d connections; want 2 each", a, b)
		}
	})
}

// Shutdown waits for the calls, and ends the connections with FIN.
func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		ends := make(chan error, 1)
		n.listen("a", func(c *fakeConn) {
			request := c.read()
			time.Sleep(time.Second)
			c.reply(request)
			_, err := c.conn.ReadFrame()
			ends <- err
			c.Close()
		})
		c := newFakeClient(t, &n, "a")
		var caller sync.WaitGroup
		caller.Go(func() { mustCall(t, c, "request", "request") })
		synctest.Wait()
		start := time.Now()
		if err := c.Shutdown(t.Context()); err != nil || time.Since(start) != time.Second {
			t.Errorf("Shutdown() = %v after %v; want nil after 1s", err, time.Since(start))
		}
		caller.Wait()
		if err := <-ends; err != io.EOF {
			t.Errorf("the server reads %v; want EOF", err)
		}
		_, err := call(t.Context(), c, "request")
		wantError(t, err, client.NotSent, client.ErrClosed)
		if err := c.Shutdown(t.Context()); err != nil {
			t.Errorf("second Shutdown() = %v; want nil", err)
		}
	})
}

// If its context ends first, Shutdown ends the calls.
func TestShutdown_Context(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", drain)
		c := newFakeClient(t, &n, "a")
		var caller sync.WaitGroup
		caller.Go(func() {
			_, err := call(t.Context(), c, "request")
			wantError(t, err, client.Unknown, client.ErrClosed)
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Shutdown(ctx); err != context.DeadlineExceeded {
			t.Errorf("Shutdown() = %v; want %v", err, context.DeadlineExceeded)
		}
		caller.Wait()
	})
}

// Shutdown returns nil if there is nothing to wait for, even if its context has ended.
func TestShutdown_ContextOver(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		var c client.Client
		if err := c.Shutdown(ctx); err != nil {
			t.Fatalf("Shutdown() = %v; want nil", err)
		}
	}
}

// panicking is a Framer that panics when it builds a frame from "panic".
type panicking struct{ framing.Framer }

func (f panicking) Append(dst, payload []byte) ([]byte, error) {
	if string(payload) == "panic" {
		panic("payload")
	}
	return f.Framer.Append(dst, payload)
}

// Shutdown does not wait for a call that has panicked.
func TestShutdown_FramerPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", echo)
		c := newFakeClient(t, &n, "a")
		c.Framer = panicking{c.Framer}
		mustCall(t, c, "request", "request")
		func() {
			defer func() {
				if got := recover(); got != "payload" {
					t.Errorf("Call panics with %v; want payload", got)
				}
			}()
			call(t.Context(), c, "panic")
		}()
		mustCall(t, c, "request", "request")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown() = %v; want nil", err)
		}
	})
}

// Close ends calls in flight and calls that wait.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", drain)
		c := newFakeClient(t, &n, "a")
		c.MaxInFlight = 1
		var callers sync.WaitGroup
		for _, want := range []client.Outcome{client.Unknown, client.NotSent} {
			callers.Go(func() {
				_, err := call(t.Context(), c, "request")
				wantError(t, err, want, client.ErrClosed)
			})
			synctest.Wait()
		}
		if got := c.Stats(); got.InFlight != 2 || got.Conns != 1 {
			t.Errorf("Stats() = %+v; want 2 in flight on 1 connection", got)
		}
		if err := c.Close(); err != nil {
			t.Errorf("Close() = %v; want nil", err)
		}
		callers.Wait()
		if err := c.Close(); err != nil {
			t.Errorf("second Close() = %v; want nil", err)
		}
	})
}
