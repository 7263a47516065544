package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// answerLater promises an echo of each frame, which comes after
// the time that the frame names, such as "20ms".
func answerLater(c *server.Conn, payload []byte) error {
	return c.Go(payload, func(payload []byte) error {
		d, err := time.ParseDuration(string(payload))
		if err != nil {
			return err
		}
		time.Sleep(d)
		return c.WriteFrame(payload)
	})
}

// C20: promised answers come in the order in which they are ready, also after the
// peer has ended its side, and the end of the stream comes last.
func TestC20_PromisedAnswersAfterHalfClose(t *testing.T) {
	onFake(t, &server.Server{Handler: answerLater, IdleTimeout: 10 * ms}, func(f *fake) {
		c := f.dial("30ms\n10ms\n20ms\n")
		require.NoError(t, c.CloseWrite())
		f.wantFIN(c, "10ms\n20ms\n30ms\n", 30*ms)
	})
}

// C20: at any moment of a drain, what was promised is answered, and counted once.
func TestC20_PromisedAnswersAreDrained(t *testing.T) {
	s := &server.Server{Handler: func(c *server.Conn, payload []byte) error {
		if string(payload) == "now" {
			return server.Echo(c, payload)
		}
		return answerLater(c, payload)
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("40ms\nnow\n10ms\n20ms\n")
		time.Sleep(15 * ms) // one of the promises is kept
		f.send(c, "50ms\nnow\n")
		assert.Equal(t, 2, s.Stats().Pending, "before the last frames are read")
		require.NoError(t, s.Shutdown(background))
		f.wantFIN(c, "now\n10ms\nnow\n20ms\n40ms\n50ms\n", 65*ms)
		assert.Zero(t, s.Stats().Pending)
	})
}

// C20, C10: what was promised and did not come until Grace is unanswered.
func TestC20_PromisesBrokenByForce(t *testing.T) {
	s := &server.Server{Grace: 100 * ms, Handler: func(c *server.Conn, payload []byte) error {
		return c.Go(payload, func([]byte) error {
			if string(payload) == "never" {
				<-c.Context().Done()
				return context.Cause(c.Context())
			}
			return c.WriteFrame(payload)
		})
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("a\n")
		f.send(c, "never\nb\nnever\n")
		err := s.Shutdown(background)
		wantReport(t, err, server.Report{Answered: 1, Unanswered: 2, Forced: 1}, context.DeadlineExceeded)
		f.wantRST(c, "a\nb\n", 100*ms)
	})
}

// C22: a promise whose function never returns is reported, and named.
func TestC22_StuckPromise(t *testing.T) {
	var release chan struct{}
	s := &server.Server{Grace: 100 * ms, Handler: func(c *server.Conn, payload []byte) error {
		return c.Go(payload, func([]byte) error { <-release; return nil })
	}}
	onFake(t, s, func(f *fake) {
		release = make(chan struct{})
		c := f.dial("a\nb\n")
		err := s.Shutdown(background)
		wantReport(t, err, server.Report{Unanswered: 2, Forced: 1, Stuck: []string{c.LocalAddr().String()}}, context.DeadlineExceeded)
		close(release)
	})
}

// C22: an answer that Open promises is to no frame: the first frame is counted too.
func TestC22_PromiseOfOpen(t *testing.T) {
	s := &server.Server{Grace: time.Second, Open: func(c *server.Conn) (server.Handler, error) {
		return nil, c.Go([]byte("hello"), c.WriteFrame)
	}, Handler: func(c *server.Conn, payload []byte) error {
		time.Sleep(10 * ms)
		if string(payload) == "never" {
			<-c.Context().Done()
			return c.Context().Err()
		}
		return errors.Join(c.Reply(payload), c.Flush())
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("a\nb\nnever\n")
		wantReport(t, s.Shutdown(background), server.Report{Answered: 2, Unanswered: 1, Forced: 1}, context.DeadlineExceeded)
		f.wantRST(c, "hello\na\nb\n", time.Second)
	})
}

// C22: a promise that answers and then returns io.EOF is kept.
func TestC22_PromiseWithEOF(t *testing.T) {
	s := &server.Server{Grace: 100 * ms, Handler: func(c *server.Conn, payload []byte) error {
		return c.Go(payload, func(payload []byte) error {
			if string(payload) == "never" {
				<-c.Context().Done()
				return c.Context().Err()
			}
			time.Sleep(10 * ms)
			c.WriteFrame(payload)
			return io.EOF
		})
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("never\nbye\n")
		wantReport(t, s.Shutdown(background), server.Report{Answered: 1, Unanswered: 1, Forced: 1}, context.DeadlineExceeded)
		f.wantRST(c, "bye\n", 100*ms)
	})
}

// C17, C26: a promise that panics, or fails, ends its connection with a reset after
// the other answers.
func TestC26_BrokenPromise(t *testing.T) {
	for name, test := range map[string]struct {
		fail   func() error
		reason server.CloseReason
		log    string
	}{
		"panic":  {func() error { panic("no answer") }, server.ClosePanic, "no answer"},
		"Goexit": {func() error { runtime.Goexit(); return nil }, server.ClosePanic, "handler panicked"},
		"error":  {func() error { return errors.New("no answer") }, server.CloseHandlerError, "no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			var reasons reasonLog
			s := &server.Server{Closed: reasons.add, Handler: func(c *server.Conn, payload []byte) error {
				return c.Go(payload, func(payload []byte) error {
					if string(payload) == "bad" {
						time.Sleep(10 * ms)
						return test.fail()
					}
					time.Sleep(20 * ms)
					return c.WriteFrame(payload)
				})
			}}
			onFake(t, s, func(f *fake) {
				c, other := f.dial("good\nbad\n"), f.dial("")
				f.wantRST(c, "good\n", 20*ms)
				synctest.Wait()
				assert.Equal(t, []server.CloseReason{test.reason}, reasons.get())
				assert.Contains(t, f.log.String(), test.log)
				f.send(other, "good\n")
				require.NoError(t, other.CloseWrite())
				f.wantFIN(other, "good\n", 40*ms)
			})
		})
	}
}

// A promise that returns io.EOF ends the connection in order.
func TestGo_EOF(t *testing.T) {
	var reasons reasonLog
	s := &server.Server{Closed: reasons.add, Handler: func(c *server.Conn, payload []byte) error {
		return c.Go(payload, func(payload []byte) error {
			c.WriteFrame(payload)
			return io.EOF
		})
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("bye\n")
		f.wantFIN(c, "bye\n", 0)
		c.Close()
		synctest.Wait()
		assert.Equal(t, []server.CloseReason{server.CloseDone}, reasons.get())
	})
}

// The idle clock does not run while an answer is promised, and begins again when
// the last one is given.
func TestGo_IsNotIdle(t *testing.T) {
	onFake(t, &server.Server{Handler: answerLater, IdleTimeout: 100 * ms}, func(f *fake) {
		c := f.dial("1s\n30ms\n")
		f.wantFIN(c, "30ms\n1s\n", 1100*ms)
	})
}

// At MaxPending, and when the payloads exceed MaxPayload, nothing more is read until
// a promise is kept, and what the handler has replied is not held back.
func TestGo_Waits(t *testing.T) {
	for name, s := range map[string]*server.Server{
		"MaxPending": {MaxPending: 2},
		"MaxPayload": {MaxPayload: 8},
	} {
		t.Run(name, func(t *testing.T) {
			s.Handler = func(c *server.Conn, payload []byte) error {
				if err := c.Reply([]byte("got")); err != nil {
					return err
				}
				return answerLater(c, payload)
			}
			onFake(t, s, func(f *fake) {
				c := f.dial("10ms\n20ms\n30ms\n")
				synctest.Wait()
				assert.Equal(t, 2, s.Stats().Pending)
				got := make([]byte, 12)
				_, err := io.ReadFull(c, got)
				assert.NoError(t, err)
				assert.Equal(t, "got\ngot\ngot\n", string(got))
				assert.Zero(t, f.now())
				require.NoError(t, c.CloseWrite())
				f.wantFIN(c, "10ms\n20ms\n30ms\n", 40*ms)
			})
		})
	}
}

// Go is for the handler while it runs.
func TestGo_NotHandling(t *testing.T) {
	var c *server.Conn
	s := &server.Server{Handler: func(conn *server.Conn, payload []byte) error {
		c = conn
		return server.Echo(c, payload)
	}}
	onFake(t, s, func(f *fake) {
		f.dial("a\n")
		assert.Equal(t, server.ErrNotHandling, c.Go(nil, nil))
		assert.Equal(t, server.ErrNotHandling, c.Reply(nil))
		assert.Equal(t, server.ErrNotHandling, c.ReplyFrom(strings.NewReader(""), 0))
		assert.Equal(t, server.ErrNotHandling, c.Flush())
		assert.Equal(t, server.ErrNotHandling, c.StartTLS(nil, serverTLS))
		_, _, err := c.Hijack()
		assert.Equal(t, server.ErrNotHandling, err)
	})
}

// A promised answer costs one allocation.
func TestGo_Allocations(t *testing.T) {
	answered := make(chan struct{})
	answer := func(payload []byte) error { answered <- struct{}{}; return nil }
	s := &server.Server{Framer: lines, Handler: func(c *server.Conn, payload []byte) error {
		allocs := testing.AllocsPerRun(1000, func() {
			c.Go(payload, answer)
			<-answered
		})
		assert.LessOrEqual(t, allocs, 1.0)
		return io.EOF
	}}
	here, there := net.Pipe()
	defer here.Close()
	go io.WriteString(here, "a frame\n")
	assert.NoError(t, s.ServeConn(there))
}

// A reasonLog keeps why connections have ended.
type reasonLog struct {
	mu      sync.Mutex
	reasons []server.CloseReason
	errs    []error
}

func (r *reasonLog) add(_ *server.Conn, reason server.CloseReason, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reasons = append(r.reasons, reason)
	r.errs = append(r.errs, err)
}

func (r *reasonLog) get() []server.CloseReason {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reasons
}

// C26: a promise that fails ends its connection with a reset, whatever else has ended it.
func TestC26_BrokenPromise_WhateverEndsTheConnection(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"end of stream": {"bad\n", ""},
		"done":          {"bad\ndone\n", ""},
		"kicked":        {"bad\nkick\n", "kick\n"},
		"handler error": {"bad\nerr\n", "err\n"},
		"two promises":  {"bad\nbad\n", ""},
		"half frame":    {"bad\nhalf", ""},
		"too large":     {"bad\n" + strings.Repeat("x", 200) + "\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server.Server{MaxPayload: 100, Handler: func(c *server.Conn, payload []byte) error {
				switch string(payload) {
				case "done":
					return io.EOF
				case "kick":
					c.Close(nil)
					return c.Reply(payload)
				case "err":
					return errors.Join(c.Reply(payload), errors.New("failed"))
				}
				return c.Go(payload, func([]byte) error { time.Sleep(10 * ms); return errors.New("no answer") })
			}}
			onFake(t, s, func(f *fake) {
				c := f.dial(test.text)
				c.CloseWrite()
				f.wantRST(c, test.want, 10*ms)
			})
		})
	}
}

// C22: a promised answer that did not come is unanswered, and not a reply that was
// not sent too, whether the handler of a later frame returns or not.
func TestC22_PromisedIsNotUnflushed(t *testing.T) {
	for _, stuck := range []bool{false, true} {
		var release chan struct{}
		s := &server.Server{Grace: 100 * ms, Handler: func(c *server.Conn, payload []byte) error {
			switch string(payload) {
			case "later":
				return c.Go(payload, func([]byte) error { <-c.Context().Done(); return c.Context().Err() })
			case "reply":
				return c.Reply(payload)
			}
			<-c.Context().Done()
			if stuck {
				<-release
			}
			return c.Context().Err()
		}}
		onFake(t, s, func(f *fake) {
			release = make(chan struct{})
			c := f.dial("later\nreply\nslow\nmore\n")
			want := server.Report{Unanswered: 3, Unflushed: 1, Forced: 1}
			if stuck {
				want.Stuck = []string{c.LocalAddr().String()}
			}
			wantReport(t, s.Shutdown(background), want, context.DeadlineExceeded)
			close(release)
		})
	}
}

// C22: a frame whose handler panicked is unanswered, and nothing else.
func TestC22_PanicAndForced(t *testing.T) {
	s := &server.Server{Grace: 100 * ms, Handler: func(c *server.Conn, payload []byte) error {
		if string(payload) == "later" {
			return c.Go(payload, func([]byte) error { <-c.Context().Done(); return c.Context().Err() })
		}
		panic("no")
	}}
	onFake(t, s, func(f *fake) {
		f.dial("later\npanic\n")
		wantReport(t, s.Shutdown(background), server.Report{Unanswered: 2, Forced: 1}, context.DeadlineExceeded)
	})
}

// C22: what is lost does not depend on whether a promise that holds up the end of its
// connection returns: the frame of a handler that has returned, and all after it, are
// counted, and pushes that have not left.
func TestC22_StuckPromiseAfterHandler(t *testing.T) {
	for name, test := range map[string]struct {
		handle func(c *server.Conn, payload []byte) error
		want   server.Report
	}{
		"error": {func(c *server.Conn, payload []byte) error {
			<-c.Context().Done()
			return c.Context().Err()
		}, server.Report{Unanswered: 4, Forced: 1}},
		"reply": {func(c *server.Conn, payload []byte) error {
			<-c.Context().Done()
			return c.Reply(payload)
		}, server.Report{Unanswered: 3, Unflushed: 1, Forced: 1}},
		"MaxPending": {func(c *server.Conn, payload []byte) error {
			return c.Go(payload, func([]byte) error { <-c.Context().Done(); return c.Context().Err() })
		}, server.Report{Unanswered: 4, Forced: 1}},
		"push": {func(c *server.Conn, payload []byte) error {
			return c.Push(make([]byte, 1000))
		}, server.Report{Unanswered: 1, Unflushed: 3, Forced: 1}},
	} {
		for _, stuck := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, stuck=%t", name, stuck), func(t *testing.T) {
				var release chan struct{}
				s := &server.Server{Grace: 100 * ms, MaxPending: 1, Handler: func(c *server.Conn, payload []byte) error {
					if string(payload) != "later" {
						return test.handle(c, payload)
					}
					return c.Go(payload, func([]byte) error {
						<-c.Context().Done()
						if stuck {
							<-release
						}
						return c.Context().Err()
					})
				}}
				onFake(t, s, func(f *fake) {
					release = make(chan struct{})
					c := f.dial("later\nslow\nmore\nmore\n", fakenet.Buffers(100))
					want := test.want
					if stuck {
						want.Stuck = []string{c.LocalAddr().String()}
					}
					wantReport(t, s.Shutdown(background), want, context.DeadlineExceeded)
					close(release)
				})
			})
		}
	}
}
