package netstring

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/decimal"
)

// A Framer frames messages as netstrings. Make one with [New]. It is a
// [framing.Prefixer].
type Framer struct{}

// New returns the framer for netstrings.
func New() *Framer { return &Framer{} }

const overhead = decimal.MaxDigits + 2 // and ':' and ','

var (
	trailer = []byte{','}

	errNoComma = errors.New("malformed netstring: the byte behind the payload is not ',': the length is wrong")
)

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, seen int) (framing.Frame, error) {
	value, n, err := decimal.Parse(data)
	switch {
	case err != nil:
		return framing.Frame{}, err
	case n == len(data):
		return framing.Frame{}, nil
	case n == 0:
		return framing.Frame{}, fmt.Errorf("malformed length: it begins with %q, not with a digit", data[0])
	case data[n] != ':':
		return framing.Frame{}, fmt.Errorf("malformed length: %q stands behind it, not ':'", data[n])
	case value > uint64(math.MaxInt-n-2):
		return framing.Frame{}, &framing.TooLargeError{Size: value}
	}
	end := n + 1 + int(value)
	frame := framing.Frame{Size: end + 1, Start: n + 1, End: end}
	if end < len(data) && data[end] != ',' {
		return frame, errNoComma
	}
	return frame, nil
}

// Append implements [framing.Framer]. It refuses nothing.
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	dst = append(strconv.AppendInt(dst, int64(len(payload)), 10), ':')
	return append(append(dst, payload...), ','), nil
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
	if size < 0 {
		return dst, &framing.PayloadError{Size: int(size), Reason: "a size cannot be negative"}
	}
	return append(strconv.AppendInt(dst, size, 10), ':'), nil
}

// Trailer implements [framing.Prefixer].
func (f *Framer) Trailer() []byte { return trailer }

// String returns f as package spec reads it: "netstring".
func (f *Framer) String() string { return "netstring" }
