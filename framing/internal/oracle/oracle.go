// Package oracle compares a framer with a slow decoder that is obviously right.
package oracle

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
)

// A Stream is what a stream holds.
type Stream struct {
	Frames []Frame
	Lost   bool // it cannot be followed behind the last frame
	Torn   bool // it ends inside a frame
}

// A Frame is a payload, or a frame that is condemned.
type Frame struct {
	Payload   string
	Condemned bool
}

// Frame adds a frame that carries payload.
func (s *Stream) Frame(payload []byte) {
	s.Frames = append(s.Frames, Frame{Payload: string(payload)})
}

// Condemn adds a condemned frame.
func (s *Stream) Condemn() { s.Frames = append(s.Frames, Frame{Condemned: true}) }

// Compare cuts wire with f, as a whole and in pieces, and fails where that is
// not want.
func Compare(t testing.TB, f framing.Framer, wire []byte, want Stream) {
	t.Helper()
	for _, piece := range []int{max(1, len(wire)), 1, 2, 3, 7} {
		require.Equal(t, want, read(t, f, wire, piece), "in pieces of %d bytes: %q", piece, wire)
	}
}

// read reads wire in pieces.
func read(t testing.TB, f framing.Framer, wire []byte, piece int) (s Stream) {
	t.Helper()
	r := framing.NewReader(&pieces{bytes.Clone(wire), piece}, f)
	r.SetMaxPayload(-1)
	for {
		payload, err := r.ReadFrame()
		switch {
		case err == nil:
			s.Frame(payload)
		case errors.Is(err, framing.ErrFrame):
			s.Condemn()
		case err == io.EOF:
			return s
		case errors.Is(err, io.ErrUnexpectedEOF):
			s.Torn = true
			return s
		default:
			s.Lost = true
			return s
		}
	}
}

// pieces reads data at most size bytes at a time.
type pieces struct {
	data []byte
	size int
}

func (p *pieces) Read(dst []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(dst[:min(p.size, len(dst))], p.data)
	p.data = p.data[n:]
	return n, nil
}
