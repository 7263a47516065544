package server

import (
	"log/slog"
	"sync"
	"time"
)

// fullSettle is how long there must have been room for a connection before the
// limit counts as no longer reached, so that connections that come and go at the
// limit are one line of the log and not one each.
const fullSettle = time.Second

// fullness tells the log when MaxConns is reached, and when it no longer is.
type fullness struct {
	mu    sync.Mutex
	since time.Time   // when the limit was reached; zero if it is not
	over  *time.Timer // runs since there is room again
}

// reached notes that the limit is reached.
func (f *fullness) reached(s *Server) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over != nil {
		f.over.Stop()
		f.over = nil
	}
	if f.since.IsZero() {
		f.since = time.Now()
		s.log(ofAccept, slog.LevelWarn, "connection limit reached, others wait", "max", s.limits.maxConns)
	}
}

// left notes that there is room.
func (f *fullness) left(s *Server) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.since.IsZero() || f.over != nil || s.draining.Load() {
		return
	}
	lasted := time.Since(f.since)
	var over *time.Timer
	over = time.AfterFunc(fullSettle, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.over == over && !s.draining.Load() {
			f.since, f.over = time.Time{}, nil
			s.log(ofAccept, slog.LevelInfo, "connection limit no longer reached", "max", s.limits.maxConns, "lasted", lasted)
		}
	})
	f.over = over
}
