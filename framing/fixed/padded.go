package fixed

import (
	"fmt"
	"slices"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/plural"
)

// MaxPadded is the maximum size of a padded frame, in bytes. A padded frame is held
// in memory whole, on reading and writing, even if the payload limit is smaller or
// the payload is a single byte.
const MaxPadded = 1 << 16

// A PaddedFramer fills shorter payloads up to the size of a frame. Make one with
// [Padded].
type PaddedFramer struct {
	size int
	pad  byte
}

// Padded returns a Framer for payloads of at most size bytes, in frames of exactly
// size bytes, 1 to MaxPadded. Writing fills the frame up with pad; reading removes
// all pad bytes at its end. A payload that is larger, or that ends in pad, is
// refused. An invalid size is a [*framing.ConfigError].
func Padded(size int, pad byte) (*PaddedFramer, error) {
	if size < 1 || size > MaxPadded {
		return nil, invalidSize(size, MaxPadded)
	}
	return &PaddedFramer{size, pad}, nil
}

// Size returns the size of every frame, in bytes.
func (f *PaddedFramer) Size() int { return f.size }

// Split implements [framing.Framer].
func (f *PaddedFramer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if len(data) < f.size {
		return framing.Frame{Size: f.size}, r, nil
	}
	end := f.size
	for end > 0 && data[end-1] == f.pad {
		end--
	}
	return framing.Frame{Size: f.size, End: end}, r, nil
}

// Append implements [framing.Framer].
func (f *PaddedFramer) Append(dst, payload []byte) ([]byte, error) {
	n := len(payload)
	switch {
	case n > f.size:
		return dst, &framing.PayloadError{Size: int64(n), Reason: "it must have at most " + plural.Of(f.size, "byte")}
	case n > 0 && payload[n-1] == f.pad:
		return dst, &framing.PayloadError{Size: int64(n), Reason: fmt.Sprintf("it ends in the pad byte 0x%02x, which reading would remove", f.pad)}
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
