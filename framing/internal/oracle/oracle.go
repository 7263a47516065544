// Package oracle compares a framer with a slow decoder that is obviously right.
package oracle

import (
	"errors"
	"io"
	"slices"

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

// equal reports whether s and o are the same stream. It is what fuzzing spends
// its time on where it compares by reflection.
func (s Stream) equal(o Stream) bool {
	return slices.Equal(s.Frames, o.Frames) && s.Lost == o.Lost && s.Torn == o.Torn
}

// T is a *testing.T or a *rapid.T.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Compare cuts wire with f, as a whole, byte by byte and in pieces of a size
// that depends on wire, and fails where that is not want.
func Compare(t T, f framing.Framer, wire []byte, want Stream) {
	for _, piece := range []int{max(1, len(wire)), 1, 2 + len(wire)%6} {
		if have := read(f, wire, piece); !have.equal(want) {
			t.Helper() // here, for it takes time
			t.Fatalf("%v, in pieces of %d bytes: %q is\n%+v; want\n%+v", f, piece, wire, have, want)
		}
	}
}

// read reads wire in pieces.
func read(f framing.Framer, wire []byte, piece int) (s Stream) {
	r := framing.NewReader(&pieces{wire, piece}, f)
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
