package fixed

import (
	"fmt"
	"slices"

	"github.com/wholeframe/wholeframe/framing"
)

// A PaddedFramer fills shorter messages up to the frame size. Make one with
// [Padded].
type PaddedFramer struct {
	size int
	pad  byte
}

// Padded returns a framer for messages of at most size bytes in frames of
// exactly size bytes: what is missing is filled with pad on writing, and all
// pad bytes at the end of a frame are cut off on reading. A payload that is
// larger, or that ends in pad, is refused. A size below 1 is a
// [*framing.ConfigError].
func Padded(size int, pad byte) (*PaddedFramer, error) {
	if err := checkSize(size); err != nil {
		return nil, err
	}
	return &PaddedFramer{size, pad}, nil
}

// Size returns the size of every frame, in bytes.
func (f *PaddedFramer) Size() int { return f.size }

// Split implements [framing.Framer].
func (f *PaddedFramer) Split(data []byte, seen int) (framing.Frame, error) {
	if len(data) < f.size {
		return framing.Frame{Size: f.size}, nil
	}
	end := f.size
	for end > 0 && data[end-1] == f.pad {
		end--
	}
	return framing.Frame{Size: f.size, End: end}, nil
}

// Append implements [framing.Framer].
func (f *PaddedFramer) Append(dst, payload []byte) ([]byte, error) {
	n := len(payload)
	switch {
	case n > f.size:
		return dst, &framing.PayloadError{Size: n, Reason: fmt.Sprintf("a message must have at most %d bytes", f.size)}
	case n > 0 && payload[n-1] == f.pad:
		return dst, &framing.PayloadError{Size: n, Reason: fmt.Sprintf("it ends in the pad byte %#02x, which reading would cut off", f.pad)}
	}
	dst = append(slices.Grow(dst, f.size), payload...)
	for range f.size - n {
		dst = append(dst, f.pad)
	}
	return dst, nil
}

// MaxEncodedLen implements [framing.Framer]: it returns the frame size for any n.
func (f *PaddedFramer) MaxEncodedLen(n int) int { return f.size }

// String returns f as package spec reads it: "fixed,size=16,pad=00".
func (f *PaddedFramer) String() string {
	return fmt.Sprintf("fixed,size=%d,pad=%02x", f.size, f.pad)
}
