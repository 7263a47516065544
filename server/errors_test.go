package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// C26: only the error io.EOF itself ends the stream. One that wraps it is that of
// something else, which may have failed when the frame was half handled.
func TestC26_WrappedEOF(t *testing.T) {
	for name, err := range map[string]error{
		"wrapped": fmt.Errorf("audit: %w", io.EOF),
		"joined":  errors.Join(io.EOF, errors.New("rollback failed")),
	} {
		t.Run(name, func(t *testing.T) {
			s := &server.Server{Handler: func(*server.Conn, []byte) error { return err }}
			onFake(t, s, func(f *fake) {
				f.wantRST(f.dial("a\n"), "", 0)
				assert.EqualValues(t, 1, s.Stats().Closed[server.CloseHandlerError], "connections with CloseHandlerError")
				assert.Contains(t, f.log.String(), "handler failed")
			})
		})
	}
}

// sizes is a handler that replies with as many zeros as the frame says.
func sizes(c *server.Conn, m []byte) error {
	n, err := strconv.Atoi(string(m))
	if err != nil {
		return err
	}
	return c.Reply(make([]byte, n))
}

// C10, C22: a reply that was torn while the server drained is a loss, whether it
// left in the Handler or after it.
func TestC22_TornInDrain(t *testing.T) {
	for name, size := range map[string]string{"in the Handler": "100000", "after the Handler": "4000"} {
		t.Run(name, func(t *testing.T) {
			gate := make(chan struct{})
			s := &server.Server{WriteTimeout: time.Second, Handler: func(c *server.Conn, m []byte) error {
				<-gate
				return sizes(c, m)
			}}
			onFake(t, s, func(f *fake) {
				gate = make(chan struct{})
				f.dial(size+"\n1\n", fakenet.Buffers(1000))
				time.AfterFunc(time.Second, func() { close(gate) })
				err := s.Shutdown(background)
				wantReport(t, err, server.Report{Unflushed: 1, Unanswered: 1}, err)
			})
		})
	}
}

// C10, C22: so is one that the Handler has written with WriteFrame, whatever it
// returns.
func TestC22_TornWriteFrame(t *testing.T) {
	for name, fail := range map[string]bool{"nil": false, "the error": true} {
		t.Run(name, func(t *testing.T) {
			var gate chan struct{}
			s := &server.Server{WriteTimeout: time.Second, Handler: func(c *server.Conn, m []byte) error {
				<-gate
				if string(m) == "a" {
					return c.WriteFrame(m)
				}
				err := c.WriteFrame(make([]byte, 4000))
				if !fail {
					return nil
				}
				return err
			}}
			onFake(t, s, func(f *fake) {
				gate = make(chan struct{})
				c := f.dial("a\nb\n", fakenet.Buffers(1000))
				time.AfterFunc(time.Second, func() { close(gate) })
				err := s.Shutdown(background)
				wantReport(t, err, server.Report{Answered: 1, Unflushed: 1}, err)
				assert.NotZero(t, c.RST())
			})
		})
	}
}

// C22: replies that left before the one at which the connection was forced are
// answers, and no losses, however they left.
func TestC22_ForcedInReply(t *testing.T) {
	for _, test := range []struct {
		name, frames string
		want         server.Report
	}{
		{"vectored", "20000\n20000\n20000\n300000\n1\n", server.Report{Answered: 3, Unflushed: 1, Unanswered: 1, Forced: 1}},
		{"buffer full", strings.Repeat("10000\n", 9) + "300000\n1\n", server.Report{Answered: 9, Unflushed: 1, Unanswered: 1, Forced: 1}},
		{"buffer not full", strings.Repeat("10000\n", 10) + "300000\n1\n", server.Report{Answered: 9, Unflushed: 2, Unanswered: 1, Forced: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var gate chan struct{}
			s := &server.Server{Grace: time.Second, Handler: func(c *server.Conn, m []byte) error {
				<-gate
				return sizes(c, m)
			}}
			onFake(t, s, func(f *fake) {
				gate = make(chan struct{})
				f.dial(test.frames, fakenet.Buffers(120000))
				time.AfterFunc(100*ms, func() { close(gate) })
				wantReport(t, s.Shutdown(background), test.want, context.DeadlineExceeded)
			})
		})
	}
}

// C22: replies that a stuck handler has sent, with those to the frames before, are
// no losses.
func TestC22_StuckAfterReply(t *testing.T) {
	var release, stuck chan struct{}
	s := &server.Server{Grace: time.Second, Handler: func(c *server.Conn, m []byte) error {
		if string(m) != "stuck" {
			return sizes(c, m)
		}
		defer func() { <-release }()
		defer close(stuck)
		return c.Reply(make([]byte, 50000))
	}}
	onFake(t, s, func(f *fake) {
		release, stuck = make(chan struct{}), make(chan struct{})
		c := f.dial("1\n1\nstuck\n1\n", fakenet.Buffers(100000))
		<-stuck
		err := s.Shutdown(background)
		wantReport(t, err, server.Report{Unanswered: 2, Forced: 1, Stuck: []string{c.LocalAddr().String()}}, err)
		close(release)
	})
}

// endless is a connection whose writes have no deadline.
type endless struct{ net.Conn }

func (endless) SetWriteDeadline(time.Time) error { return nil }

// C22: replies in a write that does not return are losses.
func TestC22_StuckInWrite(t *testing.T) {
	s := &server.Server{Grace: time.Second}
	onFakeWrapped(t, s, func(c net.Conn) net.Conn { return endless{c} }, func(f *fake) {
		c := f.dial("1\n2\n3\n", fakenet.ServerFaults(fakenet.Fault{Dir: fakenet.Write, Do: fakenet.Block()}))
		err := s.Shutdown(background)
		wantReport(t, err, server.Report{Unflushed: 3, Forced: 1, Stuck: []string{c.LocalAddr().String()}}, err)
	})
}

// C22: a frame whose handler fails after the answer is answered.
func TestC22_AnsweredThenError(t *testing.T) {
	var gate chan struct{}
	s := &server.Server{Grace: time.Second, Handler: func(c *server.Conn, m []byte) error {
		<-gate
		if string(m) == "stuck" {
			<-c.Context().Done()
			return c.Context().Err()
		}
		c.Reply(m)
		return errors.New("failed after the answer")
	}}
	onFake(t, s, func(f *fake) {
		gate = make(chan struct{})
		c := f.dial("a\n")
		f.dial("stuck\n")
		time.AfterFunc(100*ms, func() { close(gate) })
		wantReport(t, s.Shutdown(background), server.Report{Answered: 1, Unanswered: 1, Forced: 1}, context.DeadlineExceeded)
		f.wantFIN(c, "a\n", 100*ms)
	})
}

// C22: StartTLS and Hijack that are refused send the replies so far, and do not count
// the frame that is being handled as answered.
func TestC22_RefusedInDrain(t *testing.T) {
	for name, change := range map[string]func(c *server.Conn) error{
		"Hijack":   func(c *server.Conn) error { _, _, err := c.Hijack(); return err },
		"StartTLS": func(c *server.Conn) error { return c.StartTLS(nil, serverTLS) },
	} {
		for _, stuck := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, stuck=%t", name, stuck), func(t *testing.T) {
				var gate, release chan struct{}
				s := &server.Server{Grace: time.Second, Handler: func(c *server.Conn, m []byte) error {
					<-gate
					if string(m) == "a" {
						return c.Reply(m)
					}
					assert.ErrorIs(t, change(c), server.ErrDraining)
					<-c.Context().Done()
					if stuck {
						<-release
					}
					return c.Context().Err()
				}}
				onFake(t, s, func(f *fake) {
					gate, release = make(chan struct{}), make(chan struct{})
					c := f.dial("a\na\nchange\n")
					time.AfterFunc(100*ms, func() { close(gate) })
					want := server.Report{Answered: 2, Unanswered: 1, Forced: 1}
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

// C22: the losses of a connection that has ended are counted, also when the hook
// Closed takes too long. No count of Stats decreases then.
func TestC22_StuckInClosed(t *testing.T) {
	var release chan struct{}
	s := &server.Server{Grace: time.Second, Handler: func(c *server.Conn, m []byte) error {
		<-c.Context().Done()
		return c.Context().Err()
	}, Closed: func(*server.Conn, server.CloseReason, error) { <-release }}
	onFake(t, s, func(f *fake) {
		release = make(chan struct{})
		c := f.dial("a\nb\nc\n")
		before := make(chan server.Stats, 1)
		time.AfterFunc(1500*ms, func() { before <- s.Stats() })
		wantReport(t, s.Shutdown(background), server.Report{Unanswered: 3, Forced: 1, Stuck: []string{c.LocalAddr().String()}}, context.DeadlineExceeded)
		assert.Equal(t, <-before, s.Stats())
		close(release)
	})
}

// C22: a handler that returns as soon as its context ends is counted, also when what
// else waits for that context holds up the goroutine that ends it.
func TestC22_ContextEndsAtForce(t *testing.T) {
	s := &server.Server{Grace: time.Second, Handler: func(c *server.Conn, m []byte) error {
		for range 10_000 {
			context.AfterFunc(c.Context(), func() {})
		}
		<-c.Context().Done()
		return c.Context().Err()
	}}
	onFake(t, s, func(f *fake) {
		f.dial("a\n")
		wantReport(t, s.Shutdown(background), server.Report{Unanswered: 1, Forced: 1}, context.DeadlineExceeded)
	})
}

// C22: so is one that waits for the context of another connection, which ends before.
func TestC22_ContextOfAnother(t *testing.T) {
	var first context.Context
	s := &server.Server{Grace: time.Second, Handler: func(c *server.Conn, m []byte) error {
		if string(m) == "first" {
			first = c.Context()
			for range 10_000 {
				context.AfterFunc(first, func() {})
			}
		}
		<-first.Done()
		return first.Err()
	}}
	onFake(t, s, func(f *fake) {
		f.dial("first\n")
		for range 20 {
			f.dial("another\n")
		}
		wantReport(t, s.Shutdown(background), server.Report{Unanswered: 21, Forced: 21}, context.DeadlineExceeded)
	})
}

// A listenerOf asks its server something when it is closed.
type listenerOf struct {
	net.Listener // without its SetDeadline
	s            *server.Server
}

func (l listenerOf) Close() error {
	l.s.Stats()
	return l.Listener.Close()
}

// C12: a listener that asks the server while it is closed holds up nobody.
func TestC12_CloseAsksServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where a deadlock is one
		s := &server.Server{Framer: lines, Handler: server.Echo, Logger: new(log).logger()}
		served := make(chan error, 1)
		go func() { served <- s.Serve(listenerOf{fakenet.Listen(), s}) }()
		synctest.Wait()
		closed := make(chan error, 1)
		go func() { closed <- s.Shutdown(background) }()
		select {
		case err := <-closed:
			assert.NoError(t, err)
			assert.Equal(t, server.ErrServerClosed, <-served)
		case <-time.After(time.Minute):
			t.Fatal("Shutdown has not returned after a minute")
		}
	})
}
