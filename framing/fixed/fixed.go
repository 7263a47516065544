package fixed

import (
	"fmt"
	"math"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/plural"
)

// A Framer makes each payload a frame without a header or trailer. All frames have
// the same size. Make one with [New]. It is a [framing.Encloser].
type Framer struct{ size int }

// New returns a Framer for payloads of exactly size bytes, 1 or more; any other
// payload is refused. The payload limit of a Reader or Writer applies: with a
// smaller one, every frame is too large. An invalid size is a
// [*framing.ConfigError].
func New(size int) (*Framer, error) {
	if size < 1 {
		return nil, invalidSize(size, math.MaxInt)
	}
	return &Framer{size}, nil
}

func invalidSize(size, most int) error {
	reason := fmt.Sprintf("%d is not allowed; it must be 1 to %d bytes", size, most)
	return &framing.ConfigError{Framer: "fixed", Option: "size", Reason: reason}
}

// Size returns the size of every frame, in bytes.
func (f *Framer) Size() int { return f.size }

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	return framing.Frame{Size: f.size, End: f.size}, r, nil
}

// Append implements [framing.Framer].
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	dst, err := f.AppendHeader(dst, payload, int64(len(payload)))
	if err != nil {
		return dst, err
	}
	return append(dst, payload...), nil
}

// MaxEncodedLen implements [framing.Framer]: it returns the frame size for any n.
func (f *Framer) MaxEncodedLen(n int) int { return f.size }

// AppendHeader implements [framing.Encloser]. The header is empty; a size other
// than that of the frames is refused.
func (f *Framer) AppendHeader(dst, start []byte, size int64) ([]byte, error) {
	if size != int64(f.size) {
		return dst, &framing.PayloadError{Size: size, Reason: "it must have exactly " + plural.Of(f.size, "byte")}
	}
	return dst, nil
}

// Trailer implements [framing.Encloser]: it returns nil.
func (f *Framer) Trailer() []byte { return nil }

// String returns f as package spec reads it: "fixed,size=16".
func (f *Framer) String() string { return fmt.Sprintf("fixed,size=%d", f.size) }
