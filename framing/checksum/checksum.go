package checksum

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/plural"
)

// Wrap returns a Framer whose frames are those of f, with the checksum after the
// payload. It is a [framing.Skipper] if f is, but no [framing.Finisher], since a frame
// without its end cannot be told from a damaged one, and no [framing.Encloser].
//
// Wrap returns a [*framing.ConfigError] if kind is not one of the kinds above, and if f
// is nil, has a checksum already, or can carry none: if its frames are too small, or if
// it has a method FixedEnd() bool that returns true, since the end of a payload belongs
// to the framing then, like a delimiter that is kept or the brace of a JSON object.
//
// A payload is refused if f refuses it with its checksum: a line whose checksum would
// contain a line end. If a payload begins with its header, the length in it counts the
// checksum. What f reports as fill, such as an empty line with SkipEmpty, has no
// checksum.
func Wrap(f framing.Framer, kind Kind) (framing.Framer, error) {
	if reason := refuse(f, kind); reason != "" {
		return nil, &framing.ConfigError{Framer: "checksum", Option: "check", Reason: reason}
	}
	c := &checked{inner: f, kind: kind}
	if s, ok := f.(framing.Skipper); ok {
		return &skipper{c, s}, nil
	}
	return c, nil
}

// refuse returns why Wrap refuses its arguments, or "".
func refuse(f framing.Framer, kind Kind) string {
	if kind >= numKinds {
		return fmt.Sprintf("%d is not a kind of checksum", kind)
	}
	switch f := f.(type) {
	case nil:
		return "there is no framer to add a checksum to"
	case *checked, *skipper:
		return fmt.Sprintf("%v has a checksum already", f)
	case interface{ FixedEnd() bool }:
		if f.FixedEnd() {
			return fmt.Sprintf("%v cannot carry a checksum: the end of a payload belongs to the framing; one can be added where a payload may end in any bytes, as in length or cobs", f)
		}
	}
	if f.MaxEncodedLen(kind.Size()) < kind.Size() {
		return fmt.Sprintf("the frames of %v are too small for %v, which has %d bytes", f, kind, kind.Size())
	}
	return ""
}

// maxRoom is how much more than four times the payload a frame may occupy without an
// allocation by Append.
const maxRoom = 1 << 16

// A checked is a Framer with a checksum.
type checked struct {
	inner framing.Framer
	kind  Kind
}

// A skipper is checked around a Skipper, whose frames end where they do without a
// checksum.
type skipper struct {
	*checked
	framing.Skipper
}

// Split implements [framing.Framer]. A frame is announced without its payload, which
// has to be verified as a whole.
func (f *checked) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	frame, r, err := f.inner.Split(data, r)
	if frame.Size <= 0 || err == framing.ErrFill {
		return frame, r, err
	}
	if frame.Size > len(data) || err != nil {
		frame.End = frame.Start
		return frame, r, err
	}
	payload, err := f.verify(data[frame.Start:frame.End])
	frame.End = frame.Start + len(payload)
	return frame, r, err
}

// verify returns data without the checksum that it ends with.
func (f *checked) verify(data []byte) ([]byte, error) {
	n := len(data) - f.kind.Size()
	if n < 0 {
		return nil, fmt.Errorf("malformed checksum: the frame has %s, fewer than %v", plural.Of(len(data), "byte"), f.kind)
	}
	var sum [8]byte
	if got, want := data[n:], f.kind.Append(sum[:0], data[:n]); !bytes.Equal(got, want) {
		return nil, fmt.Errorf("wrong checksum: got %s, want %s (%v)", hex.EncodeToString(got), hex.EncodeToString(want), f.kind)
	}
	return data[:n], nil
}

// Append implements [framing.Framer].
func (f *checked) Append(dst, payload []byte) ([]byte, error) {
	size := len(payload) + f.kind.Size()
	if e, ok := f.inner.(framing.Encloser); ok {
		if frame, err := e.AppendHeader(dst, payload, int64(size)); err == nil {
			frame = f.kind.Append(append(frame, payload...), payload)
			return append(frame, e.Trailer()...), nil
		}
	}
	// The payload with its checksum is put after the space for the frame, so that
	// nothing else is allocated.
	room := f.inner.MaxEncodedLen(size)
	if room > 4*size+maxRoom {
		room = 0 // a frame of that size may not be built at all
	}
	begin := len(dst)
	whole := dst
	if need := room + size; cap(whole)-begin < need {
		whole = append(whole, make([]byte, need)...)
	}
	whole = whole[:begin+room]
	copied := f.kind.Append(append(whole[begin+room:begin+room:cap(whole)], payload...), payload)
	frame, err := f.inner.Append(whole[:begin:begin+room], copied)
	if err != nil {
		if e := (*framing.PayloadError)(nil); errors.As(err, &e) {
			err = &framing.PayloadError{Size: int64(len(payload)), Reason: "with its checksum, " + e.Reason}
		}
		return dst, err
	}
	if cap(frame) == begin+room {
		frame = whole[:len(frame)] // the caller may use the rest again
	}
	return frame, nil
}

// MaxEncodedLen implements [framing.Framer].
func (f *checked) MaxEncodedLen(n int) int {
	if n > math.MaxInt-f.kind.Size() {
		return math.MaxInt
	}
	return f.inner.MaxEncodedLen(n + f.kind.Size())
}

// String returns f as package spec reads it: "cobs,check=crc32".
func (f *checked) String() string { return fmt.Sprintf("%v,check=%v", f.inner, f.kind) }
