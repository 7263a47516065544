package framing

import (
	"io"
	"net"
	"slices"
)

// buffersWriter is an io.Writer that writes several slices as one, with the
// contract of [net.Buffers.WriteTo].
type buffersWriter interface {
	WriteBuffers(*net.Buffers) (int64, error)
}

// A sink writes to an io.Writer until a write fails or is short; from then on
// it only repeats the error, so that a torn frame is never followed by another.
type sink struct {
	w        io.Writer
	vectored bool // w takes several slices in one system call
	err      error
	written  int64

	parts [3][]byte
	vec   net.Buffers // of parts
}

func (s *sink) init(w io.Writer) {
	s.w = w
	switch w.(type) {
	case *net.TCPConn, *net.UnixConn, buffersWriter:
		s.vectored = true
	}
}

// write writes p.
func (s *sink) write(p []byte) error {
	if s.err != nil {
		return s.err
	}
	n, err := s.w.Write(p)
	return s.note(int64(n), int64(len(p)), err)
}

// writeVec writes head, body and tail as one. s must be vectored.
func (s *sink) writeVec(head, body, tail []byte) error {
	if s.err != nil {
		return s.err
	}
	s.parts = [...][]byte{head, body, tail}
	s.vec = s.parts[:]
	if len(tail) == 0 {
		s.vec = s.parts[:2]
	}
	var n int64
	var err error
	if w, ok := s.w.(buffersWriter); ok {
		n, err = w.WriteBuffers(&s.vec)
	} else {
		n, err = s.vec.WriteTo(s.w)
	}
	clear(s.parts[:])
	return s.note(n, int64(len(head)+len(body)+len(tail)), err)
}

// writeFrom writes head and size bytes that it reads from src. It gathers them
// behind head, writes when flushAt bytes of them are there and returns the rest.
// If src fails before anything was written, that still begins with head; later
// it is empty, and the frame is torn.
func (s *sink) writeFrom(head []byte, src io.Reader, size int64) (rest []byte, err error) {
	buf := slices.Grow(head, int(min(size, flushAt)))
	full := len(head) + flushAt
	torn, idle := false, 0
	for left := size; left > 0; {
		if len(buf) == full {
			if err := s.write(buf); err != nil {
				return buf[:0], err
			}
			torn, full, buf = true, flushAt, buf[:0]
		}
		room := buf[len(buf):]
		room = room[:min(int64(full-len(buf)), left)]
		n, err := src.Read(room)
		switch {
		case n < 0 || n > len(room):
			n, err = 0, errBadCount
		case n > 0:
			idle = 0
		case err == nil:
			if idle++; idle == 100 {
				err = io.ErrNoProgress
			}
		}
		buf = buf[:len(buf)+n]
		left -= int64(n)
		if err == nil || left == 0 {
			continue
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		e := &SourceError{Have: size - left, Want: size, Err: err, Final: torn}
		if torn {
			s.err = e
			return buf[:0], e
		}
		return buf, e
	}
	return buf, nil
}

// note notes that n of want bytes were written.
func (s *sink) note(n, want int64, err error) error {
	switch {
	case n < 0 || n > want:
		err = errBadWriteCount
	case err == nil && n < want:
		err = io.ErrShortWrite
	}
	if n > 0 {
		s.written += n
	}
	s.err = err
	return err
}
