package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A Report says what became of the messages that a closing server had received.
// A connection that its handler ended, or that broke its framing, leaves nothing
// unanswered: what it sent behind that is not counted.
type Report struct {
	Answered   int // messages whose answers were sent after Shutdown was called
	Unanswered int // messages that had arrived whole and were not answered
	Unflushed  int // messages that were handled, but whose answers could not be sent
	HalfFrames int // messages that had arrived in part and were dropped, which is no fault
	Forced     int // connections that were not done in time

	// Stuck are the remote addresses of connections whose handler had not
	// returned when Shutdown did. They are closed.
	Stuck []string
}

func (r *Report) add(o Report) {
	r.Answered += o.Answered
	r.Unanswered += o.Unanswered
	r.Unflushed += o.Unflushed
	r.HalfFrames += o.HalfFrames
	r.Forced += o.Forced
}

// A ShutdownError reports that a server could not close without a loss.
type ShutdownError struct {
	Report Report
	Cause  error // why it did not wait longer, if it did not
}

func (e *ShutdownError) Error() string {
	var s strings.Builder
	r := &e.Report
	fmt.Fprintf(&s, "server: closed with loss: %d messages answered, %d unanswered, %d answers not sent, %d half messages dropped, %d connections forced",
		r.Answered, r.Unanswered, r.Unflushed, r.HalfFrames, r.Forced)
	if len(r.Stuck) > 0 {
		fmt.Fprintf(&s, "; still in its handler: %s", strings.Join(r.Stuck, ", "))
	}
	if e.Cause != nil {
		s.WriteString(": " + e.Cause.Error())
	}
	return s.String()
}

// Unwrap returns Cause: context.DeadlineExceeded if Grace was over, the cause
// of the context's end if it ended before.
func (e *ShutdownError) Unwrap() error { return e.Cause }

var errClose = errors.New("Close was called")

// stragglers is how long forced connections have to end.
const stragglers = time.Second

// Shutdown closes the server without losing a message. It accepts those who are
// connected but wait in the backlog, closes the listeners, and lets each
// connection, all at the same time, answer every message that had arrived
// whole when Shutdown was called, send the end of its stream, and close.
//
// It waits for that until Grace is over or ctx ends. What is not done then is
// forced: the contexts of the handlers are cancelled, connections with
// unanswered messages are reset, and a second later Shutdown returns a
// [*ShutdownError] that says what was lost. It returns nil if nothing was.
//
// Shutdown may be called in any state, repeatedly and concurrently; all calls
// wait for the same closing, and each can cut it short. A server that was shut
// down cannot serve again.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.init()
	if s.state == serving {
		s.state = draining
		s.draining.Store(true)
		close(s.closing)
		for c := range s.conns {
			c.wire.wake()
		}
		for l := range s.listeners {
			if d, ok := (*l).(deadliner); !ok || d.SetDeadline(longAgo) != nil {
				(*l).Close()
			}
		}
		s.leave()
		go s.drain(s.shutdown)
	}
	s.mu.Unlock()

	select {
	case <-s.shutdown.finished:
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		s.force(context.Cause(ctx))
	}
	<-s.shutdown.finished
	return s.shutdown.result
}

// A round is what Shutdown waits for. There is another one, for which Serve waits,
// if Serve is called when Shutdown has nothing more to wait for.
type round struct {
	empty    chan struct{} // closed when no listener and no connection is left
	finished chan struct{} // closed when the round is over
	result   error         // then: a *ShutdownError or nil
}

func newRound() *round {
	return &round{empty: make(chan struct{}), finished: make(chan struct{})}
}

func (r *round) isEmpty() bool {
	select {
	case <-r.empty:
		return true
	default:
		return false
	}
}

// Close closes the server without waiting for answers: it is Shutdown with a
// context that has ended. What had been received and not answered is in the
// error, but for connections that were still in the backlog: those are reset
// unseen.
func (s *Server) Close() error {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errClose)
	return s.Shutdown(ctx)
}

// drain waits until all is done, or must be.
func (s *Server) drain(ending *round) {
	var over <-chan time.Time
	if g := s.grace(); g != forever {
		t := time.NewTimer(g)
		defer t.Stop()
		over = t.C
	}
	select {
	case <-ending.empty:
	case <-s.forcing:
		s.giveUp(ending)
	case <-over:
		s.force(context.DeadlineExceeded)
		s.giveUp(ending)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.report; r.Unanswered > 0 || r.Unflushed > 0 || r.Forced > 0 {
		ending.result = &ShutdownError{Report: r, Cause: s.cause}
	}
	s.report = Report{}
	close(ending.finished)
}

// force ends the waiting for answers.
func (s *Server) force(cause error) {
	s.mu.Lock()
	if s.state == forced {
		s.mu.Unlock()
		return
	}
	s.state = forced
	s.cause = cause
	close(s.forcing)
	for c := range s.conns {
		c.force()
	}
	listeners := slices.Collect(maps.Keys(s.listeners))
	s.mu.Unlock()
	for _, l := range listeners {
		(*l).Close() // which may take a moment to remove its file
	}
}

// giveUp waits a moment for forced connections, and closes those that are left.
func (s *Server) giveUp(ending *round) {
	t := time.NewTimer(stragglers)
	defer t.Stop()
	select {
	case <-ending.empty:
		return
	case <-t.C:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		delete(s.conns, c)
		s.stats.add(c)
		s.stats.Ended[EndForced]++
		reset(c.raw)
		s.report.Forced++
		s.report.Stuck = append(s.report.Stuck, c.raw.RemoteAddr().String())
	}
}
