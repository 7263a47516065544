package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// Open speaks first, and gives each connection its own Handler.
func TestOpen_SpeaksFirst(t *testing.T) {
	n := 0
	s := &server.Server{Open: func(c *server.Conn) (server.Handler, error) {
		n++
		name := fmt.Sprint("session ", n)
		return func(c *server.Conn, payload []byte) error { return c.Reply([]byte(name)) }, c.Reply([]byte("hello"))
	}}
	onFake(t, s, func(f *fake) {
		a, b := f.dial(""), f.dial("x\n")
		f.send(a, "x\n")
		synctest.Wait()
		require.NoError(t, s.Shutdown(background))
		f.wantFIN(a, "hello\nsession 1\n", 0)
		f.wantFIN(b, "hello\nsession 2\n", 0)
		assert.EqualValues(t, 4, s.Stats().FramesOut)
	})
}

// C19: a client that is accepted at T0 gets its greeting and the answer to what it
// sends at once.
func TestC19_Greeting(t *testing.T) {
	s := &server.Server{Open: func(c *server.Conn) (server.Handler, error) { return nil, c.Reply([]byte("hello")) }}
	onFake(t, s, func(f *fake) {
		c := f.dial("")
		f.sendLater(400*ms, c, "first\n")
		require.NoError(t, s.Shutdown(background))
		f.wantFIN(c, "hello\nfirst\n", 400*ms)
	})
}

// An error of Open ends the connection after what it has replied, as does a panic
// with a reset; without any Handler there is nobody to answer.
func TestOpen_Fails(t *testing.T) {
	for name, test := range map[string]struct {
		open   func(c *server.Conn) (server.Handler, error)
		want   string
		rst    bool
		reason server.CloseReason
		log    string
	}{
		"EOF": {open: func(c *server.Conn) (server.Handler, error) { return nil, errors.Join(c.Reply([]byte("busy")), io.EOF) },
			want: "busy\n", reason: server.CloseHandlerError, log: "handler failed"},
		"io.EOF itself": {open: func(c *server.Conn) (server.Handler, error) { c.Reply([]byte("busy")); return nil, io.EOF },
			want: "busy\n", reason: server.CloseDone},
		"panic": {open: func(c *server.Conn) (server.Handler, error) { panic("in Open") },
			rst: true, reason: server.ClosePanic, log: "in Open"},
	} {
		t.Run(name, func(t *testing.T) {
			var reasons reasonLog
			s := &server.Server{Open: test.open, Closed: reasons.add}
			onFake(t, s, func(f *fake) {
				c := f.dial("")
				if test.rst {
					f.wantRST(c, test.want, 0)
				} else {
					f.wantFIN(c, test.want, 0)
				}
				c.Close()
				synctest.Wait()
				assert.Equal(t, []server.CloseReason{test.reason}, reasons.get())
				assert.Contains(t, f.log.String(), test.log)
			})
		})
	}
}

func TestOpen_NoHandler(t *testing.T) {
	s := &server.Server{Framer: lines, Open: func(*server.Conn) (server.Handler, error) { return nil, nil }}
	here, there := net.Pipe()
	defer here.Close()
	err := s.ServeConn(there)
	assert.ErrorContains(t, err, "Open has returned no handler")
}

// Goodbye has the last word when the server ends a connection in order, whatever the
// reason, and is not called otherwise.
func TestGoodbye(t *testing.T) {
	s := &server.Server{
		MaxPayload:   100,
		IdleTimeout:  100 * ms,
		FrameTimeout: 50 * ms,
		Goodbye:      func(c *server.Conn, reason server.CloseReason, _ error) { c.Reply([]byte("bye " + reason.String())) },
		Handler: func(c *server.Conn, payload []byte) error {
			switch string(payload) {
			case "kick":
				c.Close(errors.New("kicked"))
			case "done":
				return io.EOF
			case "later":
				return c.Go(payload, func(payload []byte) error {
					time.Sleep(10 * ms)
					return c.WriteFrame(payload)
				})
			}
			return server.Echo(c, payload)
		},
	}
	onFake(t, s, func(f *fake) {
		f.wantFIN(f.dial(""), "bye idle_timeout\n", 100*ms)
		f.wantFIN(f.dial("kick\nnot handled\n"), "kick\nbye kicked\n", 100*ms)
		f.wantFIN(f.dial("later\nkick\n"), "kick\nlater\nbye kicked\n", 110*ms)
		f.wantFIN(f.dial("done\n"), "", 110*ms)
		f.wantFIN(f.dial("x\n"+strings.Repeat("x", 200)+"\n"), "x\nbye too_large\n", 110*ms)
		f.wantFIN(f.dial("half"), "bye frame_timeout\n", 160*ms)
		half := f.dial("x\n")
		require.NoError(t, half.CloseWrite())
		f.wantFIN(half, "x\n", 160*ms)
		c := f.dial("later\nx\n")
		require.NoError(t, s.Shutdown(background))
		f.wantFIN(c, "x\nlater\nbye drained\n", 170*ms)
	})
}

// C26: Goodbye is not called for a connection that is then reset: the peer could take
// it for the promise that no frame without an answer was handled.
func TestC26_NoGoodbyeBeforeReset(t *testing.T) {
	for name, text := range map[string]string{
		"broken promise, kicked":        "bad\nkick\n",
		"broken promise, frame timeout": "bad\nhalf",
		"broken promise, too large":     "bad\n" + strings.Repeat("x", 200) + "\n",
		"torn reply, kicked":            "torn\nkick\n",
		"missing push, kicked":          "push\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := &server.Server{
				MaxPayload:   100,
				MaxQueue:     10,
				FrameTimeout: 10 * ms,
				WriteTimeout: 10 * ms,
				Goodbye: func(c *server.Conn, reason server.CloseReason, _ error) {
					t.Errorf("Goodbye was called with %v", reason)
					c.Reply([]byte("bye"))
				},
				Handler: func(c *server.Conn, payload []byte) error {
					switch string(payload) {
					case "bad":
						return c.Go(payload, func([]byte) error { time.Sleep(20 * ms); return errors.New("no answer") })
					case "torn":
						for range 5 {
							c.Reply(make([]byte, 100))
						}
						c.Flush()
						return nil
					}
					c.Close(nil)
					if string(payload) == "kick" {
						return nil
					}
					return c.Go(payload, func([]byte) error {
						time.Sleep(time.Millisecond)
						for c.Push(make([]byte, 10)) == nil {
						}
						return nil
					})
				},
			}
			onFake(t, s, func(f *fake) {
				c := f.dial(text, fakenet.Buffers(150))
				time.Sleep(time.Second)
				assert.NotZero(t, c.RST())
			})
		})
	}
}

// A Goodbye that panics harms nothing; one that does not return is stuck.
func TestGoodbye_Fails(t *testing.T) {
	t.Run("panics", func(t *testing.T) {
		s := &server.Server{Goodbye: func(*server.Conn, server.CloseReason, error) { panic("in Goodbye") }}
		onFake(t, s, func(f *fake) {
			c := f.dial("x\n")
			require.NoError(t, s.Shutdown(background))
			f.wantFIN(c, "x\n", 0)
			assert.Contains(t, f.log.String(), "in Goodbye")
		})
	})
	t.Run("blocks", func(t *testing.T) {
		var release chan struct{}
		s := &server.Server{Grace: 100 * ms, Goodbye: func(*server.Conn, server.CloseReason, error) { <-release }}
		onFake(t, s, func(f *fake) {
			release = make(chan struct{})
			c := f.dial("x\n")
			wantReport(t, s.Shutdown(background), server.Report{Forced: 1, Stuck: []string{c.LocalAddr().String()}}, context.DeadlineExceeded)
			assert.Equal(t, 1100*ms, f.now())
			f.wantRST(c, "x\n", 1100*ms)
			close(release)
		})
	})
	t.Run("peer does not read", func(t *testing.T) {
		s := &server.Server{Grace: 100 * ms, Goodbye: func(c *server.Conn, _ server.CloseReason, _ error) { c.Reply(make([]byte, 1<<20)) }}
		onFake(t, s, func(f *fake) {
			c := f.dial("")
			time.Sleep(time.Second)
			assert.NoError(t, s.Shutdown(background), "no answer is lost")
			assert.Equal(t, 1100*ms, f.at(c.RST()))
		})
	})
}

// Closed is called once for each connection, with its reason and cause, and may
// panic.
func TestClosed(t *testing.T) {
	var reasons reasonLog
	cause := errors.New("spam")
	s := &server.Server{
		Closed: func(c *server.Conn, reason server.CloseReason, err error) {
			reasons.add(c, reason, err)
			panic("in Closed")
		},
		Handler: func(c *server.Conn, payload []byte) error { c.Close(cause); c.Close(nil); return nil },
	}
	onFake(t, s, func(f *fake) {
		f.dial("").Close()
		f.dial("spam\n").Close()
		synctest.Wait()
		assert.Equal(t, []server.CloseReason{server.ClosePeer, server.CloseKicked}, reasons.get())
		assert.Equal(t, cause, reasons.errs[1])
		assert.Contains(t, f.log.String(), "in Closed")
	})
}

// Close ends a connection from any goroutine: an idle one at once, a busy one after
// the frame that is being handled.
func TestConnClose_FromAnywhere(t *testing.T) {
	s := &server.Server{Handler: slowly(30 * ms)}
	onFake(t, s, func(f *fake) {
		idle, busy := f.dial(""), f.dial("a\nb\n")
		time.Sleep(10 * ms)
		for c := range s.Conns() {
			c.Close(nil)
		}
		f.wantFIN(idle, "", 10*ms)
		f.wantFIN(busy, "a\n", 30*ms)
	})
}

// A frame of the new framing may have arrived with the last one of the old, in part
// or whole.
func TestSetFramer_BufferedBytes(t *testing.T) {
	s := &server.Server{Handler: func(c *server.Conn, payload []byte) error {
		if string(payload) == "binary" {
			c.SetHandler(server.Echo)
			return c.SetFramer(lengthprefix.Uint8())
		}
		return server.Echo(c, payload)
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("text\nbinary\n\x02a\n\x03b")
		f.send(c, "\n\n")
		synctest.Wait()
		require.NoError(t, s.Shutdown(background))
		f.wantFIN(c, "text\n\x02a\n\x03b\n\n", 0)
	})
}

// Reading and writing may use different framers.
func TestSetWriteFramer(t *testing.T) {
	s := &server.Server{Open: func(c *server.Conn) (server.Handler, error) {
		c.SetWriteFramer(lengthprefix.Uint8())
		return nil, c.WriteFrame([]byte("hello"))
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("a\nb\n")
		require.NoError(t, s.Shutdown(background))
		f.wantFIN(c, "\x05hello\x01a\x01b", 0)
	})
}

// A limit that is changed holds for the next frame, also if that is buffered.
func TestSetMaxPayload_BelowWhatIsBuffered(t *testing.T) {
	var reasons reasonLog
	s := &server.Server{Closed: reasons.add, Handler: func(c *server.Conn, payload []byte) error {
		if string(payload) == "less" {
			c.SetMaxPayload(5)
		}
		return server.Echo(c, payload)
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("larger\nless\nsmall\nlarger\nx\n")
		f.wantFIN(c, "larger\nless\nsmall\n", 0)
		c.Close()
		synctest.Wait()
		assert.Equal(t, []server.CloseReason{server.CloseTooLarge}, reasons.get())
	})
}

// Zero is the limit of the server, and a negative number none.
func TestSetMaxPayload_OfTheServer(t *testing.T) {
	var reasons reasonLog
	s := &server.Server{MaxPayload: 5, Closed: reasons.add, Handler: func(c *server.Conn, payload []byte) error {
		switch string(payload) {
		case "any":
			c.SetMaxPayload(-1)
		case "usual":
			c.SetMaxPayload(0)
		}
		return server.Echo(c, payload)
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("any\nlarger\nusual\nlarger\n")
		f.wantFIN(c, "any\nlarger\nusual\n", 0)
		c.Close()
		synctest.Wait()
		assert.Equal(t, []server.CloseReason{server.CloseTooLarge}, reasons.get())
	})
}

// The idle timeout of a connection is its own.
func TestSetIdleTimeout(t *testing.T) {
	s := &server.Server{IdleTimeout: time.Second, Handler: func(c *server.Conn, payload []byte) error {
		d, err := time.ParseDuration(string(payload))
		c.SetIdleTimeout(d)
		return err
	}}
	onFake(t, s, func(f *fake) {
		short, usual, none := f.dial("100ms\n"), f.dial("0\n"), f.dial("-1s\n")
		f.wantFIN(short, "", 100*ms)
		f.wantFIN(usual, "", time.Second)
		time.Sleep(time.Hour)
		assert.Zero(t, none.FIN())
	})
}

// ServeConn serves one connection and tells how it has ended.
func TestServeConn(t *testing.T) {
	s := &server.Server{Framer: lines, Handler: func(c *server.Conn, payload []byte) error {
		if string(payload) == "fail" {
			return errors.New("failed")
		}
		return server.Echo(c, payload)
	}}
	serve := func(text string) error {
		here, there := net.Pipe()
		served := make(chan error)
		go func() { served <- s.ServeConn(there) }()
		io.WriteString(here, text)
		go io.Copy(io.Discard, here)
		time.AfterFunc(10*ms, func() { here.Close() })
		return <-served
	}
	synctest.Test(t, func(t *testing.T) {
		assert.NoError(t, serve("a\n"))
		assert.EqualError(t, serve("fail\n"), "failed")
		assert.ErrorContains(t, serve("half"), "unexpected EOF")
		require.NoError(t, s.Shutdown(background))
		_, there := net.Pipe()
		assert.Equal(t, server.ErrServerClosed, s.ServeConn(there))
		_, err := there.Write(nil)
		assert.ErrorIs(t, err, io.ErrClosedPipe)
	})
	var config *server.ConfigError
	_, there := net.Pipe()
	assert.ErrorAs(t, new(server.Server).ServeConn(there), &config)
}

// C19: the time of a client that waits for its greeting begins with that.
func TestC19_LateGreeting(t *testing.T) {
	s := &server.Server{Open: func(c *server.Conn) (server.Handler, error) {
		time.Sleep(400 * ms)
		return nil, c.Reply([]byte("hello"))
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("")
		time.Sleep(450 * ms)
		f.sendLater(200*ms, c, "first\n")
		require.NoError(t, s.Shutdown(background))
		f.wantFIN(c, "hello\nfirst\n", 650*ms)
	})
}

// In Goodbye nothing may begin that the connection would have to wait for.
func TestGoodbye_OnlyReplies(t *testing.T) {
	var errs []error
	s := &server.Server{Goodbye: func(c *server.Conn, _ server.CloseReason, _ error) {
		_, _, err := c.Hijack()
		errs = []error{c.Go(nil, func([]byte) error { time.Sleep(time.Second); return c.WriteFrame(nil) }), c.StartTLS(nil, serverTLS), err}
		c.Reply([]byte("bye"))
	}, IdleTimeout: 10 * ms}
	onFake(t, s, func(f *fake) {
		c := f.dial("")
		f.wantFIN(c, "bye\n", 10*ms)
		assert.Equal(t, []error{server.ErrNotHandling, server.ErrNotHandling, server.ErrNotHandling}, errs)
	})
}

// A last word that the peer's system does not acknowledge is no loss.
func TestGoodbye_Unacknowledged(t *testing.T) {
	s := &server.Server{Grace: time.Second, Goodbye: func(c *server.Conn, _ server.CloseReason, _ error) { c.Reply([]byte("bye")) }}
	onFake(t, s, func(f *fake) {
		c := f.dial("x\n")
		expect(t, c, "x\n")
		time.Sleep(time.Second)
		c.StopAck(true)
		assert.NoError(t, s.Shutdown(background))
		assert.Equal(t, 2*time.Second, f.at(c.Peer().Closed()))
		assert.Zero(t, c.FIN())
	})
}
