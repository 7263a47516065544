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

	// acceptQueued is how long Shutdown goes on accepting, so that those who
	// were connected already are answered: closing the listener resets them.
	acceptQueued = 20 * time.Millisecond // after the last one
	acceptMax    = time.Second
)

// accept accepts connections until Shutdown, and then those that are queued.
func (s *Server) accept(l net.Listener) error {
	backoff := minBackoff
	for s.waitSlot() {
		nc, err := l.Accept()
		switch {
		case err == nil:
			s.start(nc)
			backoff = minBackoff
			continue
		case s.draining.Load():
		case dead(err):
			return err
		default:
			s.acceptFailed()
			s.log(ofAccept, slog.LevelWarn, "accept failed, trying again", "addr", l.Addr().String(), "err", err, "in", backoff)
			s.sleep(backoff)
			backoff = min(2*backoff, maxBackoff)
		}
	}
	d, ok := l.(deadliner)
	if !ok {
		return ErrServerClosed
	}
	last := time.Now().Add(acceptMax)
	until := time.Now().Add(acceptQueued)
	for {
		if d.SetDeadline(until) != nil {
			return ErrServerClosed
		}
		nc, err := l.Accept()
		switch {
		case err == nil:
			s.start(nc)
			until = earlier(time.Now().Add(acceptQueued), last)
		case errors.Is(err, os.ErrDeadlineExceeded) || dead(err) || !time.Now().Before(until):
			return ErrServerClosed
		default:
			time.Sleep(time.Millisecond) // the end of another connection may free a descriptor
		}
	}
}

// deadliner is a listener that Shutdown can wake without closing it.
type deadliner interface{ SetDeadline(time.Time) error }

// waitSlot waits until a connection may be accepted. It returns false when
// Shutdown has begun. The slot is taken by start: who waits in Accept needs none.
func (s *Server) waitSlot() bool {
	if !s.takeSlot() {
		return false
	}
	<-s.slots
	return !s.draining.Load()
}

// sleep waits for d, or until Shutdown.
func (s *Server) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.closing:
	}
}

// dead reports whether err says that the listener will never accept again.
// Everything else may pass: descriptors and memory become free, and Linux
// passes the errors of connections that failed while they were queued.
func dead(err error) bool {
	return errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.EBADF) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSOCK)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
