package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"
)

// A Report counts what happened to the frames that a closing server had received.
// The frames that follow the end of a connection by its handler, or a malformed
// frame, are not counted.
type Report struct {
	Answered       int // frames whose replies were sent after Shutdown was called
	Unanswered     int // frames that had arrived completely and were not answered
	Unflushed      int // frames that were handled, but whose replies could not be sent
	Unacknowledged int // bytes of replies that were sent and that the peer's system has not acknowledged
	HalfFrames     int // frames that had arrived in part and were dropped, which is no loss
	Forced         int // connections that were not done in time

	// Stuck are the remote addresses of connections that had not ended when
	// Shutdown returned: the Handler, or a call of a wrapped connection, did not
	// return. They are closed.
	Stuck []string
}

func (r *Report) add(o Report) {
	r.Answered += o.Answered
	r.Unanswered += o.Unanswered
	r.Unflushed += o.Unflushed
	r.Unacknowledged += o.Unacknowledged
	r.HalfFrames += o.HalfFrames
	r.Forced += o.Forced
	r.Stuck = append(r.Stuck, o.Stuck...)
}

// A ShutdownError reports that a server could not close without a loss.
type ShutdownError struct {
	Report Report
	Cause  error // why it did not wait longer, if it did not
}

func (e *ShutdownError) Error() string {
	var s strings.Builder
	r := &e.Report
	fmt.Fprintf(&s, "server: closed with loss: %d frames answered, %d unanswered, %d replies not sent, %d bytes not acknowledged, %d half frames dropped, %d connections forced",
		r.Answered, r.Unanswered, r.Unflushed, r.Unacknowledged, r.HalfFrames, r.Forced)
	if len(r.Stuck) > 0 {
		fmt.Fprintf(&s, "; had not ended: %s", strings.Join(r.Stuck, ", "))
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

const (
	stragglers = time.Second            // forced connections have this long to end
	lastLines  = 100 * time.Millisecond // the Logger has this long to log the remaining lines
)

// Shutdown closes the server without losing a frame. It accepts the connections
// that wait in the backlog, closes the listeners, and lets each connection, all
// at the same time, answer every frame that had arrived whole when Shutdown was
// called, send the end of its stream, and close.
//
// Shutdown waits until Grace is over or ctx ends. It then forces the remaining
// connections: the contexts of the handlers are cancelled, connections with unanswered
// frames or unacknowledged replies are reset, and a second later Shutdown returns
// a [*ShutdownError] that reports what was lost. If nothing was lost it returns nil.
//
// Shutdown may be called in any state, repeatedly and concurrently; all calls
// wait for the same closing, and each can cut it short. A server that was shut
// down cannot serve again.
//
// A Handler must not wait for Shutdown, which waits for the Handler: call it in a
// goroutine of its own. If ctx is the context of a connection of this server, or
// derived from it, Shutdown begins to close and returns [ErrInHandler] at once. With
// another ctx, the Handler does not return in time: Shutdown, also in the Handler,
// returns a second after Grace, and reports the connection as stuck.
func (s *Server) Shutdown(ctx context.Context) error {
	var listeners []*net.Listener
	s.mu.Lock()
	s.initLocked()
	if s.state == serving {
		s.state = draining
		s.draining.Store(true)
		close(s.closing)
		for c := range s.conns {
			c.wire.wake()
		}
		listeners = slices.Collect(maps.Keys(s.listeners))
		s.beginRoundLocked()
		s.shutdown = s.round
	}
	r := s.shutdown
	s.mu.Unlock()
	for _, l := range listeners {
		if d, ok := (*l).(deadliner); !ok || d.SetDeadline(longAgo) != nil {
			(*l).Close() // which may ask the server
		}
	}

	if ctx.Value(serverKey{}) == s {
		return ErrInHandler
	}
	if ctx.Err() == nil {
		select {
		case <-r.finished:
			return r.result
		case <-ctx.Done():
		}
	}
	s.force(context.Cause(ctx))
	<-r.finished
	return r.result
}

// Close closes the server without waiting for answers, like Shutdown with a
// context that has ended. The error counts the frames that were received and not
// answered, except on connections that were still in the backlog, which are reset
// without being accepted.
func (s *Server) Close() error {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errClose)
	return s.Shutdown(ctx)
}

func (r *round) isEmpty() bool {
	select {
	case <-r.empty:
		return true
	default:
		return false
	}
}

// beginRoundLocked begins to wait for everything to end.
func (s *Server) beginRoundLocked() {
	s.round = &round{empty: make(chan struct{}), finished: make(chan struct{})}
	s.leaveLocked()
	go s.finish(s.round)
}

// finish waits until all is done, or must be.
func (s *Server) finish(r *round) {
	var over <-chan time.Time
	if g := s.limits.grace; g != never {
		t := time.NewTimer(g)
		defer t.Stop()
		over = t.C
	}
	select {
	case <-r.empty:
	case <-s.forcing:
		s.giveUp(r)
	case <-over:
		s.force(context.DeadlineExceeded)
		s.giveUp(r)
	}
	s.journal.flush(lastLines)
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.report; l.Unanswered > 0 || l.Unflushed > 0 || l.Forced > 0 {
		r.result = &ShutdownError{Report: l, Cause: s.cause}
	}
	s.report = Report{}
	close(r.finished)
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
func (s *Server) giveUp(r *round) {
	t := time.NewTimer(stragglers)
	defer t.Stop()
	select {
	case <-r.empty:
		return
	case <-t.C:
	}
	s.mu.Lock()
	var stuck []*Conn
	for c := range s.conns {
		delete(s.conns, c)
		s.clientGoneLocked(c)
		s.stats.add(c)
		if State(c.state.Load()) < StateClosed {
			s.stats.Closed[CloseForced]++
		} else {
			s.stats.Closed[c.reason]++
		}
		stuck = append(stuck, c)
	}
	s.mu.Unlock()
	for _, c := range stuck {
		lost := c.abandon()
		lost.Stuck = []string{c.remote()}
		s.mu.Lock()
		lost.add(c.report) // if it was closing already
		lost.Forced = 1
		s.report.add(lost)
		s.mu.Unlock()
	}
}
