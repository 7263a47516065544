// Package frametest has what the tests of framing and of the framers share: readers
// that return a stream in chunks, and the comparison of a framer with a slow decoder
// that is obviously right.
package frametest

import (
	"errors"
	"io"
	"slices"

	"github.com/wholeframe/wholeframe/framing"
)

// A Script is an io.Reader that returns the results of successive Reads. A Read
// returns at most one of them, in as many calls as its size requires, and io.EOF
// after the last.
type Script []Read

// A Read is the result of one call of Read.
type Read struct {
	Data string
	Err  error
}

// Chunks returns a Script that returns data in chunks of size bytes.
func Chunks(data []byte, size int) *Script {
	var s Script
	for chunk := range slices.Chunk(data, size) {
		s = append(s, Read{Data: string(chunk)})
	}
	return &s
}

// Read implements [io.Reader].
func (s *Script) Read(p []byte) (int, error) {
	if len(*s) == 0 {
		return 0, io.EOF
	}
	next := &(*s)[0]
	n := copy(p, next.Data)
	next.Data = next.Data[n:]
	if next.Data != "" {
		return n, nil
	}
	err := next.Err
	*s = (*s)[1:]
	return n, err
}

// A Stream describes what a stream contains.
type Stream struct {
	Frames []Frame
	Lost   bool // it cannot be followed after the last frame
	Torn   bool // it ends inside a frame
}

// A Frame is a payload, or an invalid frame.
type Frame struct {
	Payload string
	Invalid bool
}

// Valid adds a frame that carries payload.
func (s *Stream) Valid(payload []byte) {
	s.Frames = append(s.Frames, Frame{Payload: string(payload)})
}

// Invalid adds an invalid frame.
func (s *Stream) Invalid() { s.Frames = append(s.Frames, Frame{Invalid: true}) }

// Frames returns a Stream of valid frames.
func Frames(payloads ...string) (s Stream) {
	for _, p := range payloads {
		s.Valid([]byte(p))
	}
	return s
}

// equal reports whether s and o are the same stream. Fuzzing would spend its time on
// a comparison by reflection.
func (s Stream) equal(o Stream) bool {
	return slices.Equal(s.Frames, o.Frames) && s.Lost == o.Lost && s.Torn == o.Torn
}

// T is a *testing.T or a *rapid.T.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Compare reads wire with f, whole, byte by byte and in chunks of a size that depends
// on wire, and fails if the result is not want.
func Compare(t T, f framing.Framer, wire []byte, want Stream) {
	for _, size := range []int{max(1, len(wire)), 1, 2 + len(wire)%6} {
		if got := ReadAll(framing.NewReader(Chunks(wire, size), f)); !got.equal(want) {
			t.Helper() // only now: it is slow
			t.Fatalf("%v: %q in chunks of %d bytes =\n%+v; want\n%+v", f, wire, size, got, want)
		}
	}
}

// ReadAll returns what r reads, without a limit.
func ReadAll(r *framing.Reader) (s Stream) {
	r.SetMaxPayload(-1)
	for {
		payload, err := r.ReadFrame()
		switch {
		case err == nil:
			s.Valid(payload)
		case errors.Is(err, framing.ErrFrame):
			s.Invalid()
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
