package server

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"
)

const maxWarnings = 10 // a second

// warnings counts the warnings of a second, so that no peer can flood the log.
type warnings struct {
	mu         sync.Mutex
	second     time.Time // when the counting began
	n          int
	suppressed int
}

// take reports whether another warning may be written, and how many were not
// since the last.
func (w *warnings) take(now time.Time) (ok bool, suppressed int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Sub(w.second) >= time.Second {
		w.second, w.n = now, 0
	}
	if w.n == maxWarnings {
		w.suppressed++
		return false, 0
	}
	w.n++
	suppressed, w.suppressed = w.suppressed, 0
	return true, suppressed
}

// log logs at level, unless there was too much of that lately.
func (s *Server) log(level slog.Level, msg string, args ...any) {
	ok, suppressed := s.warnings.take(time.Now())
	if !ok {
		return
	}
	if suppressed > 0 {
		args = append(args, "suppressed", suppressed)
	}
	s.logger().Log(context.Background(), level, msg, args...)
}

func (s *Server) warn(msg string, args ...any) { s.log(slog.LevelWarn, msg, args...) }

func (s *Server) debug(msg string, args ...any) {
	if l := s.logger(); l.Enabled(context.Background(), slog.LevelDebug) {
		l.Debug(msg, args...)
	}
}

// quote returns at most 64 bytes that a peer sent in a form that is safe in any
// log.
func quote(b []byte) string {
	return strconv.QuoteToASCII(string(b[:min(len(b), 64)]))
}
