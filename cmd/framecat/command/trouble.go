package command

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
	gather      bool // frames are written when flush is called, or many wait

	waiting []byte // frames that are not written yet
	held    int    // bytes at the end of waiting that only a further frame releases
	began   bool   // something was written
}

const (
	gatherBytes = 64 << 10 // wait for flush at most
	stickBytes  = 64 << 20 // are written at once at most
)

// makesTrouble reports whether frames are delayed, or written in pieces.
func (o *options) makesTrouble() bool { return o.chop > 0 || o.stick || o.half || o.delay > 0 }

func (o *options) sender(w io.Writer) *sender {
	return &sender{w: w, chop: o.chop, stick: o.stick, half: o.half, delay: o.delay}
}

// send writes a frame, or keeps it: all of them with stick, and with half the
// second part of each, which a further frame releases.
func (s *sender) send(ctx context.Context, frame []byte) error {
	s.waiting = append(s.waiting, frame...)
	s.held = 0
	if s.half && len(frame) > 0 {
		s.held = len(frame) - min((len(frame)+1)/2, len(frame)-1)
	}
	if s.stick && len(s.waiting) < stickBytes || s.gather && len(s.waiting) < gatherBytes {
		return nil
	}
	return s.flush(ctx)
}

// end writes the pending bytes, except the rest of a frame that remains unfinished.
func (s *sender) end(ctx context.Context) error {
	s.waiting, s.held = s.waiting[:len(s.waiting)-s.held], 0
	return s.flush(ctx)
}

// flush writes the pending bytes that are not held.
func (s *sender) flush(ctx context.Context) error {
	n := len(s.waiting) - s.held
	for rest := s.waiting[:n]; len(rest) > 0; {
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
	s.waiting = s.waiting[:copy(s.waiting, s.waiting[n:])]
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
