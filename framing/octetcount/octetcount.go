package octetcount

import (
	"errors"
	"math"
	"strconv"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/decimal"
)

// A Framer frames payloads by octet counting. Make one with [New]. It is a
// [framing.Encloser].
type Framer struct{}

// New returns the framer for octet counting. An empty payload is refused.
func New() *Framer { return &Framer{} }

const overhead = decimal.MaxDigits + 1 // digits and ' '

var (
	errZero     = errors.New("malformed length: got '0', want a digit from 1 to 9; octet counting has no empty frames and no leading zeros")
	errNoLength = errors.New("malformed length: got '<', want a digit; syslog lines that end with a newline are read with delimiter.Line")
)

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	switch data[0] {
	case '0':
		return framing.Frame{}, r, errZero
	case '<':
		return framing.Frame{}, r, errNoLength
	}
	frame, err := decimal.Split(data, ' ', 0)
	return frame, r, err
}

// Append implements [framing.Framer].
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	dst, err := f.AppendHeader(dst, payload, int64(len(payload)))
	return append(dst, payload...), err
}

// MaxEncodedLen implements [framing.Framer].
func (f *Framer) MaxEncodedLen(n int) int {
	if n > math.MaxInt-overhead {
		return math.MaxInt
	}
	return n + overhead
}

// AppendHeader implements [framing.Encloser]. It needs only the size.
func (f *Framer) AppendHeader(dst, _ []byte, size int64) ([]byte, error) {
	if size < 1 {
		return dst, &framing.PayloadError{Size: size, Reason: "octet counting has no empty frames; the payload must have at least one byte"}
	}
	return append(strconv.AppendInt(dst, size, 10), ' '), nil
}

// Trailer implements [framing.Encloser]. It returns nil.
func (f *Framer) Trailer() []byte { return nil }

// String returns f as package spec reads it: "octet-count".
func (f *Framer) String() string { return "octet-count" }
