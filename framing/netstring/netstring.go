package netstring

import (
	"fmt"
	"math"
	"strconv"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/decimal"
)

// A Framer frames payloads as netstrings. Make one with [New]. It is a
// [framing.Encloser].
type Framer struct{}

// New returns the framer for netstrings.
func New() *Framer { return &Framer{} }

const overhead = decimal.MaxDigits + 2 // digits, ':' and ','

var trailer = []byte{','}

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	frame, err := decimal.Split(data, ':', len(trailer))
	if err == nil && frame.End < len(data) && frame.Size > 0 && data[frame.End] != ',' {
		err = fmt.Errorf("malformed trailer: got %+q after the payload, want \",\"", data[frame.End:frame.End+1])
	}
	return frame, r, err
}

// Append implements [framing.Framer]. It accepts every payload.
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	dst = appendHeader(dst, int64(len(payload)))
	return append(append(dst, payload...), ','), nil
}

func appendHeader(dst []byte, size int64) []byte {
	return append(strconv.AppendInt(dst, size, 10), ':')
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
	if size < 0 {
		return dst, &framing.PayloadError{Size: size, Reason: "its size is negative"}
	}
	return appendHeader(dst, size), nil
}

// Trailer implements [framing.Encloser]. It returns a comma.
func (f *Framer) Trailer() []byte { return trailer }

// String returns f as package spec reads it: "netstring".
func (f *Framer) String() string { return "netstring" }
