package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/wholeframe/wholeframe/framing"
)

const (
	maxWarnings = 10  // of each budget, a second
	maxLogged   = 64  // bytes of an attribute that comes from a connection
	maxReason   = 128 // bytes of what a Framer reports: what is wrong, and what is allowed
	maxPending  = 64  // records that the Logger has not taken yet
	reserved    = 10  // of them, for each budget but noBudget
)

// A budget is for the warnings that have the same cause, so that none of them
// can hide another.
type budget uint8

const (
	ofPeers  budget = iota // what a peer can cause
	ofPanics               // panics and handlers
	ofAccept               // accept errors
	noBudget               // at debug level
	budgets
)

// A journal gives records to a Logger from a goroutine of its own, which lives
// while there are any: whoever logs never waits for the Logger. What it does not
// take in time is dropped and counted.
type journal struct {
	mu      sync.Mutex
	pending []record
	idle    chan struct{} // closed when the goroutine ends; nil if it does not run
	spent   [budgets]struct {
		second     time.Time // when the counting began
		n          int
		suppressed int
		pending    int
	}
}

type record struct {
	budget budget
	logger *slog.Logger
	slog.Record
}

// hasRoom reports whether a record of b may wait for the Logger, which leaves the
// others the room that is reserved for them. mu is held.
func (j *journal) hasRoom(b budget) bool {
	taken := len(j.pending)
	for other := range noBudget {
		if other != b {
			taken += max(reserved-j.spent[other].pending, 0)
		}
	}
	return taken < maxPending
}

// take reports whether a record of b may be logged at now, and how many were
// suppressed since the last. mu is held.
func (j *journal) take(b budget, now time.Time) (ok bool, suppressed int) {
	spent := &j.spent[b]
	if now.Sub(spent.second) >= time.Second {
		spent.second, spent.n = now, 0
	}
	if spent.n == maxWarnings && b != noBudget || !j.hasRoom(b) {
		spent.suppressed++
		return false, 0
	}
	spent.n++
	suppressed, spent.suppressed = spent.suppressed, 0
	return true, suppressed
}

// log logs at level, unless there was too much of b lately.
func (s *Server) log(b budget, level slog.Level, msg string, args ...any) {
	logger := s.Logger
	if logger == nil {
		logger = slog.Default()
	}
	if !logger.Enabled(context.Background(), level) {
		return
	}
	j, now := &s.journal, time.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	ok, suppressed := j.take(b, now)
	if !ok {
		return
	}
	if suppressed > 0 {
		args = append(args, "suppressed", suppressed)
	}
	r := slog.NewRecord(now, level, msg, 0)
	r.Add(args...)
	j.pending = append(j.pending, record{b, logger, r})
	j.spent[b].pending++
	if j.idle == nil {
		j.idle = make(chan struct{})
		go j.write()
	}
}

// write gives the pending records to the Logger.
func (j *journal) write() {
	for {
		j.mu.Lock()
		if len(j.pending) == 0 {
			close(j.idle)
			j.pending, j.idle = nil, nil
			j.mu.Unlock()
			return
		}
		r := j.pending[0]
		j.spent[r.budget].pending--
		j.pending = slices.Delete(j.pending, 0, 1)
		j.mu.Unlock()
		r.write()
	}
}

func (r *record) write() {
	defer protect()
	r.logger.Handler().Handle(context.Background(), r.Record)
}

// flush waits until the Logger has taken all records, but not longer than d.
func (j *journal) flush(d time.Duration) {
	j.mu.Lock()
	idle := j.idle
	j.mu.Unlock()
	if idle == nil {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-idle:
	case <-t.C:
	}
}

// printable returns text if it is printable and no longer than limit, else at most
// limit bytes of it in a form that is safe in any log.
func printable(text string, limit int) string {
	cut := text[:min(len(text), limit)]
	q := strconv.QuoteToASCII(cut)
	if q = q[1 : len(q)-1]; q == cut {
		return cut
	}
	return q
}

// errorText returns the text of err, which may quote the peer. The errors that
// hold nothing but numbers and words of ours are not cut, and of a FormatError only
// what the Framer reports is.
func errorText(err error) string {
	var (
		tooLarge  *framing.TooLargeError
		truncated *framing.UnexpectedEOFError
		refused   *framing.PayloadError
	)
	if malformed, ok := err.(*framing.FormatError); ok {
		short := *malformed
		short.Err = errors.New(printable(fmt.Sprint(malformed.Err), maxReason))
		return short.Error()
	}
	switch {
	case errors.As(err, &tooLarge):
		return tooLarge.Error()
	case errors.As(err, &truncated):
		return truncated.Error()
	case errors.As(err, &refused):
		return refused.Error()
	}
	return printable(err.Error(), maxLogged)
}

// quote returns at most 64 bytes that a peer sent, quoted.
func quote(b []byte) string {
	return strconv.QuoteToASCII(string(b[:min(len(b), maxLogged)]))
}
