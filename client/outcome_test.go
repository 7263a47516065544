package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wholeframe/wholeframe/client"
	"github.com/wholeframe/wholeframe/framing"
)

// goodbye is the frame with which servers of the tests say goodbye.
const goodbye = "goodbye-"

// However a connection ends, in whatever state, each call that it concerns fails with
// the outcome that is known, and no other does.
func TestOutcome(t *testing.T) {
	wraps := func(reason error) func(error) bool {
		return func(err error) bool { return errors.Is(err, reason) }
	}
	tooLarge := func(err error) bool { var e *framing.TooLargeError; return errors.As(err, &e) }
	format := func(err error) bool { var e *framing.FormatError; return errors.As(err, &e) }
	half := func(c *fakeConn) { io.WriteString(c, "\x00\x00\x00\x05hal") }
	for _, test := range []struct {
		name    string
		end     func(c *fakeConn) // after one of three requests was answered
		set     func(c *client.Client)
		outcome client.Outcome
		reason  func(error) bool
	}{
		{"FIN", func(c *fakeConn) { c.Close() }, nil, client.Unknown, wraps(io.EOF)},
		{"FIN, trusted", func(c *fakeConn) { c.Close() },
			func(c *client.Client) { c.TrustFIN = true }, client.NotHandled, wraps(io.EOF)},
		{"half close, trusted", func(c *fakeConn) { c.CloseWrite(); drain(c) },
			func(c *client.Client) { c.TrustFIN = true }, client.NotHandled, wraps(io.EOF)},
		{"RST", (*fakeConn).reset, func(c *client.Client) { c.TrustFIN = true }, client.Unknown, wraps(syscall.ECONNRESET)},
		{"goodbye and FIN", func(c *fakeConn) { c.reply(goodbye); c.Close() }, nil, client.NotHandled, wraps(client.ErrGoodbye)},
		{"goodbye and RST", func(c *fakeConn) { c.reply(goodbye); c.reset() }, nil, client.NotHandled, wraps(client.ErrGoodbye)},
		{"goodbye and no end", func(c *fakeConn) { c.reply(goodbye); drain(c) }, nil, client.NotHandled, wraps(client.ErrGoodbye)},
		{"half a reply and FIN", func(c *fakeConn) { half(c); c.Close() },
			func(c *client.Client) { c.TrustFIN = true }, client.Unknown, wraps(io.ErrUnexpectedEOF)},
		{"half a reply and RST", func(c *fakeConn) { half(c); c.reset() }, nil, client.Unknown, wraps(syscall.ECONNRESET)},
		{"half a reply and nothing", func(c *fakeConn) { half(c); drain(c) }, nil, client.Unknown, wraps(client.ErrReplyTimeout)},
		{"no reply", drain, nil, client.Unknown, wraps(client.ErrReplyTimeout)},
		{"garbage", func(c *fakeConn) { io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n"); drain(c) },
			func(c *client.Client) { c.RequestKey, c.ReplyKey = lastByte, lastByte }, client.Unknown, tooLarge},
		{"too large, with keys", func(c *fakeConn) { c.reply(strings.Repeat("x", 101)); drain(c) },
			func(c *client.Client) { c.RequestKey, c.ReplyKey = lastByte, lastByte }, client.Unknown, tooLarge},
		{"too large, with pushes in order", func(c *fakeConn) { c.reply(strings.Repeat("x", 101)); drain(c) },
			func(c *client.Client) { c.ReplyKey = lastByte }, client.Unknown, tooLarge},
		{"wrong key", func(c *fakeConn) { c.reply("?"); drain(c) },
			func(c *client.Client) { c.RequestKey, c.ReplyKey = lastByte, lastByte }, client.Unknown, wraps(client.ErrReplyTimeout)},
		{"invalid frame", func(c *fakeConn) { io.WriteString(c, "\x7f"); drain(c) },
			func(c *client.Client) { c.Framer = marked{c.Framer} }, client.Unknown, format},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n fakeNet
				n.listen("a", func(c *fakeConn) {
					first := c.read()
					c.read()
					c.read()
					c.reply(first)
					time.Sleep(time.Second)
					test.end(c)
				})
				c := newFakeClient(t, &n, "a")
				c.MaxPayload = 100
				c.Goodbye = func(payload []byte) bool { return string(payload) == goodbye }
				if test.set != nil {
					test.set(c)
				}
				var callers sync.WaitGroup
				callers.Go(func() { mustCall(t, c, "1", "1") })
				synctest.Wait()
				for _, request := range []string{"2", "3"} {
					callers.Go(func() {
						_, err := call(t.Context(), c, request)
						var e *client.CallError
						if !errors.As(err, &e) || e.Outcome != test.outcome || e.Addr != "a" {
							t.Errorf("error %v; want outcome: %v, address: a", err, test.outcome)
						}
						if !test.reason(err) {
							t.Errorf("error %v; want another reason", err)
						}
					})
				}
				callers.Wait()
				if got := n.dials("a"); got != 1 {
					t.Errorf("%d connections; want 1", got)
				}
			})
		})
	}
}

// marked is a Framer whose frames must not begin with 0x7f.
type marked struct{ framing.Framer }

func (m marked) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if data[0] == 0x7f {
		return framing.Frame{}, framing.Resume{}, errors.New("a mark")
	}
	return m.Framer.Split(data, r)
}

// In order, a reply that is too large fails its call, and no other.
func TestOutcome_LostReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			c.read()
			second := c.read()
			c.reply(strings.Repeat("x", 101))
			c.reply(second)
			echo(c)
		})
		c := newFakeClient(t, &n, "a")
		c.MaxPayload = 100
		var callers sync.WaitGroup
		callers.Go(func() {
			_, err := call(t.Context(), c, "1")
			wantError(t, err, client.Unknown, framing.ErrFrame)
		})
		synctest.Wait()
		callers.Go(func() { mustCall(t, c, "2", "2") })
		callers.Wait()
		mustCall(t, c, "3", "3")
		if got := n.dials("a"); got != 1 {
			t.Errorf("%d connections; want 1", got)
		}
	})
}

// In order, a reply without a request ends the connection, for the replies that follow
// it could be those of other requests.
func TestOutcome_UnexpectedReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			request := c.read()
			c.reply(request)
			c.reply(request)
			drain(c)
		})
		c := newFakeClient(t, &n, "a")
		mustCall(t, c, "1", "1")
		synctest.Wait()
		if s := c.Stats(); s.Conns != 0 || s.Unmatched != 1 {
			t.Errorf("Stats() = %+v; want no connection, 1 unmatched", s)
		}
		mustCall(t, c, "2", "2")
	})
}

// Of the requests on a connection that is reset, those of which nothing was passed to
// it are not sent.
func TestOutcome_PartlyWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			time.Sleep(time.Second)
			c.reset()
		})
		c := newFakeClient(t, &n, "a")
		var callers sync.WaitGroup
		for i, want := range []client.Outcome{client.Unknown, client.Unknown, client.NotSent} {
			callers.Go(func() {
				_, err := call(t.Context(), c, strings.Repeat("x", fakeBuffer*2/3))
				wantError(t, err, want, syscall.ECONNRESET)
				if t.Failed() {
					t.Log("request", i)
				}
			})
			synctest.Wait()
		}
		callers.Wait()
	})
}

// A write that makes no progress ends the connection.
func TestOutcome_WriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			time.Sleep(time.Minute)
			c.Close()
		})
		c := newFakeClient(t, &n, "a")
		start := time.Now()
		var callers sync.WaitGroup
		callers.Go(func() {
			_, err := call(t.Context(), c, strings.Repeat("x", 2*fakeBuffer))
			wantError(t, err, client.Unknown, client.ErrWriteTimeout)
		})
		synctest.Wait()
		_, err := call(t.Context(), c, "not begun")
		wantError(t, err, client.NotSent, client.ErrWriteTimeout)
		callers.Wait()
		if got := time.Since(start); got != 10*time.Second {
			t.Errorf("the calls took %v; want 10s", got)
		}
	})
}

// After a write has failed, what the server sent before is still read.
func TestOutcome_RepliesBeforeWriteError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			request := c.read()
			c.in.mu.Lock()
			c.in.gone = true // writing fails, reading does not
			c.in.mu.Unlock()
			time.Sleep(time.Second / 2)
			c.reply(request)
			c.Close()
		})
		c := newFakeClient(t, &n, "a")
		c.TrustFIN = true
		var callers sync.WaitGroup
		callers.Go(func() { mustCall(t, c, "1", "1") })
		synctest.Wait()
		_, err := call(t.Context(), c, "2")
		wantError(t, err, client.NotSent, io.EOF)
		callers.Wait()
	})
}

// After a reset, Linux tells of it once. If Write was told, Read returns io.EOF, which
// is not that of a server in good order.
func TestOutcome_ResetSeenByWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			c.read()
			c.in.mu.Lock()
			c.in.eaten = true
			c.in.mu.Unlock()
		})
		c := newFakeClient(t, &n, "a")
		c.TrustFIN = true
		var callers sync.WaitGroup
		for _, test := range []struct {
			request string
			want    client.Outcome
		}{{"read by the server", client.Unknown}, {"after the reset", client.NotSent}} {
			callers.Go(func() {
				_, err := call(t.Context(), c, test.request)
				wantError(t, err, test.want, io.EOF)
			})
			synctest.Wait()
		}
		callers.Wait()
	})
}

// If no end of the stream follows a failed write, the connection ends after a second.
func TestOutcome_WriteErrorAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n fakeNet
		n.listen("a", func(c *fakeConn) {
			time.Sleep(time.Minute)
			c.Close()
		})
		c := newFakeClient(t, &n, "a")
		c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := n.dial(ctx, network, addr)
			nc.(*fakeConn).out.gone = true // writing fails, reading does not
			return nc, err
		}
		start := time.Now()
		_, err := call(t.Context(), c, "1")
		wantError(t, err, client.NotSent, syscall.EPIPE)
		if got := time.Since(start); got != time.Second {
			t.Errorf("Call took %v; want 1s", got)
		}
	})
}

// An error message names the server, the outcome and the reason.
func TestCallError(t *testing.T) {
	for _, test := range []struct {
		err  client.CallError
		want string
	}{
		{client.CallError{Addr: "a", Err: io.EOF}, "client: request to a may have been handled: EOF"},
		{client.CallError{Outcome: client.NotHandled, Addr: "a", Err: client.ErrGoodbye}, "client: request to a not handled: the server said goodbye"},
		{client.CallError{Outcome: client.NotSent, Err: client.ErrClosed}, "client: request not sent: client closed"},
	} {
		if got := fmt.Sprint(&test.err); got != test.want {
			t.Errorf("message %q; want %q", got, test.want)
		}
	}
}

// failingConn is a connection whose second write fails, ten seconds after dialing.
type failingConn struct {
	net.Conn
	dialed time.Time
	writes int
}

func (c *failingConn) Write(p []byte) (int, error) {
	if c.writes++; c.writes == 1 {
		return c.Conn.Write(p)
	}
	time.Sleep(time.Until(c.dialed.Add(10 * time.Second)))
	return 0, syscall.EPIPE
}

// A reply that comes within a second after a write has failed is read, also if the timer
// of the connection fires just when the write fails.
func TestOutcome_ReplyAfterFailedWrite(t *testing.T) {
	for range 20 { // the two have no order
		synctest.Test(t, func(t *testing.T) {
			var n fakeNet
			n.listen("a", func(c *fakeConn) {
				request := c.read()
				time.Sleep(10500 * time.Millisecond)
				c.reply(request)
				c.Close()
			})
			c := newFakeClient(t, &n, "a")
			c.WriteTimeout = 10 * time.Second // after which the timer fires
			c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
				nc, err := n.dial(ctx, network, addr)
				return &failingConn{Conn: nc, dialed: time.Now()}, err
			}
			var callers sync.WaitGroup
			callers.Go(func() { mustCall(t, c, "1", "1") })
			time.Sleep(5 * time.Second)
			_, err := call(t.Context(), c, "2")
			wantError(t, err, client.NotSent, io.EOF)
			callers.Wait()
		})
	}
}
