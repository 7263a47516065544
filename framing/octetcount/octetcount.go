package octetcount

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/decimal"
)

// A Framer frames messages by octet counting. Make one with [New]. It is a
// [framing.Prefixer].
type Framer struct{}

// New returns the framer for octet counting. An empty payload is refused.
func New() *Framer { return &Framer{} }

const overhead = decimal.MaxDigits + 1 // and ' '

var (
	errZero     = errors.New("malformed length: it begins with 0; octet counting has no empty message and no leading zeros")
	errNoLength = errors.New("malformed length: '<' begins a message without one; messages that end with a newline are read with delimiter.Line (line)")
)

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, seen int) (framing.Frame, error) {
	value, n, err := decimal.Parse(data)
	switch {
	case data[0] == '0':
		return framing.Frame{}, errZero
	case err != nil:
		return framing.Frame{}, err
	case n == len(data):
		return framing.Frame{}, nil
	case data[0] == '<':
		return framing.Frame{}, errNoLength
	case n == 0:
		return framing.Frame{}, fmt.Errorf("malformed length: it begins with %q, not with a digit", data[0])
	case data[n] != ' ':
		return framing.Frame{}, fmt.Errorf("malformed length: %q stands behind it, not a space", data[n])
	case value > uint64(math.MaxInt-n-1):
		return framing.Frame{}, &framing.TooLargeError{Size: value}
	}
	size := n + 1 + int(value)
	return framing.Frame{Size: size, Start: n + 1, End: size}, nil
}

// Append implements [framing.Framer].
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	dst, err := f.AppendHeader(dst, int64(len(payload)))
	return append(dst, payload...), err
}

// MaxEncodedLen implements [framing.Framer].
func (f *Framer) MaxEncodedLen(n int) int {
	if n > math.MaxInt-overhead {
		return math.MaxInt
	}
	return n + overhead
}

// AppendHeader implements [framing.Prefixer].
func (f *Framer) AppendHeader(dst []byte, size int64) ([]byte, error) {
	if size < 1 {
		return dst, &framing.PayloadError{Size: int(size), Reason: "octet counting has no empty message; there must be one byte or more"}
	}
	return append(strconv.AppendInt(dst, size, 10), ' '), nil
}

// Trailer implements [framing.Prefixer].
func (f *Framer) Trailer() []byte { return nil }

// String returns f as package spec reads it: "octet-count".
func (f *Framer) String() string { return "octet-count" }
