package server

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"syscall"
	"time"
)

const (
	minBackoff = 5 * time.Millisecond
	maxBackoff = time.Second

	// deadAfter is how long Accept may fail with nothing but errors of the listener's
	// own before Serve returns the last.
	deadAfter = 30 * time.Second
)

// accept accepts connections until Shutdown is called, and then those that are
// in the accept queue.
func (s *Server) accept(l net.Listener) error {
	var row failures
	var spare reserve
	spare.hold()
	defer spare.release()
	for s.waitSlot() {
		nc, err := l.Accept()
		if row.backoff == maxBackoff && noDescriptor(err) && !s.draining.Load() {
			s.acceptFailed()
			row.add(err)
			nc, err = s.acceptWith(&spare, l)
		}
		switch {
		case err == nil && nc == nil:
			// It was refused.
		case err == nil:
			s.start(nc)
			row = failures{}
		case s.draining.Load():
			// waitSlot returns when Shutdown has set the listener's deadline.
		case dead(err) || row.add(err):
			return err
		default:
			s.acceptFailed()
			s.log(ofAccept, slog.LevelWarn, "accept failed, trying again", "addr", addrOf(l), "err", acceptText(err), "in", row.backoff)
			s.sleep(row.backoff)
		}
	}
	s.acceptQueued(l)
	return ErrServerClosed
}

// deadliner is a listener that Shutdown can wake without closing it.
type deadliner interface{ SetDeadline(time.Time) error }

// A leaver is a listener that can keep new clients away while those on their
// way are accepted.
type leaver interface {
	// leave keeps new clients away, and returns how long after the last client
	// another one may still arrive.
	leave() (window time.Duration)
}

const (
	// acceptMax limits how long connections are accepted after Shutdown was called.
	acceptMax = time.Second

	// If the system does not report whether the queue is empty, connections are
	// accepted until none has come for blindWindow, and for at most blindMax.
	blindWindow = 20 * time.Millisecond
	blindMax    = 100 * time.Millisecond
)

// acceptQueued accepts the connections that are in the accept queue, or whose
// handshakes are under way, because closing the listener resets them. It keeps
// later clients away as far as it can: a client that is refused can go elsewhere.
func (s *Server) acceptQueued(l net.Listener) {
	d, ok := l.(deadliner)
	if _, shared := l.(*sharedListener); shared || !ok {
		return
	}
	window, limit := time.Duration(0), acceptMax
	if v, ok := l.(leaver); ok {
		window = v.leave()
	} else if _, known := queued(l); !known {
		window, limit = blindWindow, blindMax
	}
	now := time.Now()
	until, end := now.Add(window), now.Add(limit)
	for ; now.Before(end); now = time.Now() {
		deadline := until
		if waiting, _ := queued(l); waiting {
			// A deadline that has passed would keep Accept from looking at the queue.
			if soon := now.Add(10 * time.Millisecond); soon.After(until) {
				deadline = soon
			}
		} else if !now.Before(until) {
			return
		}
		if d.SetDeadline(deadline) != nil {
			return
		}
		nc, err := l.Accept()
		switch {
		case err == nil:
			s.start(nc)
			until = earlier(time.Now().Add(window), end)
		case dead(err):
			return
		case !errors.Is(err, os.ErrDeadlineExceeded):
			time.Sleep(time.Millisecond) // another connection may end, and free its descriptor
		}
	}
}

// waitSlot waits until a connection may be accepted. It returns false when
// Shutdown has begun. The slot is taken by start: who waits in Accept needs none.
func (s *Server) waitSlot() bool {
	if !s.takeSlot() {
		return false
	}
	<-s.slots
	s.full.left(s)
	return !s.draining.Load()
}

// ConnLimit returns how many connections are served at a time: MaxConns or its
// default, or [math.MaxInt] if there is no limit.
func (s *Server) ConnLimit() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.initLocked()
	return s.limits.maxConns
}

// sleep waits for d, or until Shutdown is called.
func (s *Server) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.closing:
	}
}

// failures is a row of failed calls of Accept.
type failures struct {
	backoff time.Duration // before the next call
	since   time.Time     // the first of the listener's own errors since any other result; zero if there is none
}

// add adds err to the row, and reports whether to give the listener up. Errors
// of the operating system, and temporary ones, may pass; an error of the
// listener's own may concern one connection, unless Accept returns nothing else
// for deadAfter.
func (f *failures) add(err error) (giveUp bool) {
	f.backoff = min(max(2*f.backoff, minBackoff), maxBackoff)
	var system syscall.Errno
	var t interface{ Temporary() bool }
	if errors.As(err, &system) || errors.As(err, &t) && t.Temporary() {
		f.since = time.Time{}
		return false
	}
	if f.since.IsZero() {
		f.since = time.Now()
	}
	return time.Since(f.since) >= deadAfter
}

// dead reports whether err means that the listener will never accept again.
// Other errors may pass: descriptors and memory become free, and Linux returns
// the errors of connections that failed in the queue.
func dead(err error) bool {
	return errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.EBADF) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSOCK)
}

// addrOf returns the address of l for the log. A listener of a test may have none.
func addrOf(l net.Listener) string {
	defer protect()
	return l.Addr().String()
}

// acceptText returns the text of err for the log, without the address, which has
// its own place there.
func acceptText(err error) string {
	if op, ok := err.(*net.OpError); ok && op.Err != nil {
		err = op.Err
	}
	return errorText(err)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
