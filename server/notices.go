package server

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// maxNotices limits the notices that have not been logged yet.
const maxNotices = 16

// notices logs what happens to listeners from a goroutine of its own, so that a
// Logger that blocks keeps nobody from accepting. At most ten notices a second
// are logged; the others are counted.
type notices struct {
	budget warnings

	mu      sync.Mutex
	queue   []notice
	lost    int  // because the queue was full
	logging bool // the goroutine runs
}

type notice struct {
	log   *slog.Logger
	level slog.Level
	msg   string
	args  []any
}

func (n *notices) warn(log *slog.Logger, msg string, args ...any) {
	n.add(notice{log, slog.LevelWarn, msg, args})
}

func (n *notices) info(log *slog.Logger, msg string, args ...any) {
	n.add(notice{log, slog.LevelInfo, msg, args})
}

func (n *notices) add(what notice) {
	ok, suppressed := n.budget.take(time.Now())
	if !ok {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.queue) == maxNotices {
		n.lost += suppressed + 1
		return
	}
	if suppressed += n.lost; suppressed > 0 {
		what.args = append(what.args, "suppressed", suppressed)
		n.lost = 0
	}
	n.queue = append(n.queue, what)
	if !n.logging {
		n.logging = true
		go n.write()
	}
}

// write logs until the queue is empty.
func (n *notices) write() {
	for {
		n.mu.Lock()
		if len(n.queue) == 0 {
			n.logging = false
			n.mu.Unlock()
			return
		}
		next := n.queue[0]
		n.queue = n.queue[1:]
		n.mu.Unlock()
		next.log.Log(context.Background(), next.level, next.msg, next.args...)
	}
}

// fullSettle is how long there must have been room for a connection before the
// limit counts as no longer reached, so that connections that come and go at the
// limit cost one line and not one each.
const fullSettle = time.Second

// fullness tells the log when MaxConns is reached, and when it no longer is.
// Server.mu guards it.
type fullness struct {
	since time.Time   // when the limit was reached; zero if it is not
	over  *time.Timer // since there is room again
}

// reached notes that the limit is reached. s.mu is held.
func (f *fullness) reached(s *Server) {
	if f.over != nil {
		f.over.Stop()
		f.over = nil
	}
	if f.since.IsZero() {
		f.since = time.Now()
		s.notices.warn(s.logger(), "connection limit reached, others wait", "max", s.maxConns)
	}
}

// left notes that there is room. s.mu is held.
func (f *fullness) left(s *Server) {
	if f.since.IsZero() || f.over != nil || s.state != serving {
		return
	}
	lasted := time.Since(f.since)
	var over *time.Timer
	over = time.AfterFunc(fullSettle, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if f.over == over && s.state == serving {
			*f = fullness{}
			s.notices.info(s.logger(), "connection limit no longer reached", "max", s.maxConns, "lasted", lasted)
		}
	})
	f.over = over
}
