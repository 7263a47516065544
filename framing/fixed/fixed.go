package fixed

import (
	"fmt"
	"strconv"

	"github.com/wholeframe/wholeframe/framing"
)

// A Framer makes every message a frame of the same size. Make one with [New].
// It is a [framing.Prefixer], whose header and trailer are empty.
type Framer struct{ size int }

// New returns a framer for messages of exactly size bytes each. A payload of
// another size is refused. A size below 1 is a [*framing.ConfigError].
func New(size int) (*Framer, error) {
	if err := checkSize(size); err != nil {
		return nil, err
	}
	return &Framer{size}, nil
}

func checkSize(size int) error {
	if size < 1 {
		return &framing.ConfigError{Framer: "fixed", Option: "size", Reason: fmt.Sprintf("%d is not allowed; it must be 1 byte or more", size)}
	}
	return nil
}

// Size returns the size of every frame, in bytes.
func (f *Framer) Size() int { return f.size }

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, seen int) (framing.Frame, error) {
	return framing.Frame{Size: f.size, End: f.size}, nil
}

// Append implements [framing.Framer].
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	if len(payload) != f.size {
		return dst, refused(len(payload), f.size)
	}
	return append(dst, payload...), nil
}

func refused(have, size int) error {
	return &framing.PayloadError{Size: have, Reason: "every message must have exactly " + strconv.Itoa(size) + " bytes"}
}

// MaxEncodedLen implements [framing.Framer]: it returns the frame size for any n.
func (f *Framer) MaxEncodedLen(n int) int { return f.size }

// AppendHeader implements [framing.Prefixer].
func (f *Framer) AppendHeader(dst []byte, size int64) ([]byte, error) {
	if size != int64(f.size) {
		return dst, refused(int(size), f.size)
	}
	return dst, nil
}

// Trailer implements [framing.Prefixer].
func (f *Framer) Trailer() []byte { return nil }

// String returns f as package spec reads it: "fixed,size=16".
func (f *Framer) String() string { return "fixed,size=" + strconv.Itoa(f.size) }
