package main

import (
	"io"
	"slices"
	"sync"
	"time"
)

const (
	// maxBacklog limits the bytes of log that have not been written yet.
	maxBacklog = 64 << 10

	// flushTime is how long the command, when it ends, waits for its log to be
	// written.
	flushTime = time.Second
)

// A logWriter passes lines on to a writer that may block, such as a pipe whose
// reader is busy or a terminal that is stopped. Its own Write never does: lines
// for which there is no room are dropped, and counted in a later line.
type logWriter struct {
	w io.Writer

	mu      sync.Mutex
	note    func(dropped int) []byte // the line that says how many were dropped
	backlog []logLine
	size    int           // of the backlog
	dropped int           // lines
	failed  bool          // the last line could not be written
	done    chan struct{} // closed when the backlog is written; nil: it is
}

type logLine struct {
	text  []byte
	lines int // that are lost with it
}

// Write takes a line. It always succeeds.
func (l *logWriter) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size+len(line) > maxBacklog {
		l.dropped++
		return len(line), nil
	}
	l.addNote()
	l.add(logLine{slices.Clone(line), 1})
	if l.done == nil {
		l.done = make(chan struct{})
		go l.write(l.done)
	}
	return len(line), nil
}

// addNote adds the line about those that were dropped, if there are any. mu is held.
func (l *logWriter) addNote() {
	if l.dropped > 0 && l.note != nil {
		l.add(logLine{l.note(l.dropped), l.dropped})
		l.dropped = 0
	}
}

func (l *logWriter) add(line logLine) {
	l.backlog = append(l.backlog, line)
	l.size += len(line.text)
}

// write writes the backlog.
func (l *logWriter) write(done chan struct{}) {
	defer close(done)
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if len(l.backlog) == 0 && !l.failed {
			l.addNote()
		}
		if len(l.backlog) == 0 {
			l.done = nil
			return
		}
		line := l.backlog[0]
		l.mu.Unlock()
		_, err := l.w.Write(line.text)
		l.mu.Lock()
		l.backlog = l.backlog[1:]
		l.size -= len(line.text)
		if l.failed = err != nil; l.failed {
			l.dropped += line.lines
		}
	}
}

// flush waits until the backlog is written, but not longer than flushTime.
func (l *logWriter) flush() {
	l.mu.Lock()
	done := l.done
	l.mu.Unlock()
	if done == nil {
		return
	}
	t := time.NewTimer(flushTime)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
}
