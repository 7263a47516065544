package main

import (
	"context"
	"io"
	"time"
)

// A sender writes frames, one at a time or with the trouble that was asked for.
type sender struct {
	w           io.Writer
	chop        int
	stick, half bool
	delay       time.Duration

	waiting []byte // frames that are not written yet
	last    int    // bytes of the last of them
	began   bool   // something was written
}

func (o *options) sender(w io.Writer) *sender {
	return &sender{w: w, chop: o.chop, stick: o.stick, half: o.half, delay: time.Duration(o.delay)}
}

// send writes a frame, or keeps it: all of them with stick, and with half the
// last, which is known only when another follows.
func (s *sender) send(ctx context.Context, frame []byte) error {
	if !s.stick {
		if err := s.flush(ctx); err != nil {
			return err
		}
	}
	s.waiting = append(s.waiting, frame...)
	s.last = len(frame)
	if s.stick || s.half {
		return nil
	}
	return s.flush(ctx)
}

// end writes what waits.
func (s *sender) end(ctx context.Context) error {
	if s.half && s.last > 0 {
		some := min((s.last+1)/2, s.last-1)
		s.waiting = s.waiting[:len(s.waiting)-s.last+some]
	}
	return s.flush(ctx)
}

func (s *sender) flush(ctx context.Context) error {
	for rest := s.waiting; len(rest) > 0; {
		piece := rest
		if s.chop > 0 {
			piece = rest[:min(s.chop, len(rest))]
		}
		rest = rest[len(piece):]
		if err := s.wait(ctx); err != nil {
			return err
		}
		if _, err := s.w.Write(piece); err != nil {
			return err
		}
	}
	s.waiting, s.last = s.waiting[:0], 0
	return nil
}

// wait waits between two writes.
func (s *sender) wait(ctx context.Context) error {
	if !s.began || s.delay == 0 {
		s.began = true
		return nil
	}
	t := time.NewTimer(s.delay)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return errInterrupted
	case <-t.C:
		return nil
	}
}
