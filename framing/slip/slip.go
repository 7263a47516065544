package slip

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/wholeframe/wholeframe/framing"
)

const (
	end    = 0xc0
	esc    = 0xdb
	escEnd = 0xdc // behind esc: end
	escEsc = 0xdd // behind esc: esc
)

var errTorn = errors.New("malformed escape: the message ends behind ESC")

// A Framer ends each message at END. Make one with [New] or [Flushed]. It is a
// [framing.Skipper].
type Framer struct {
	flush bool // a frame begins with END too
}

// New returns the framer for SLIP. It writes no END before a message. An empty
// payload is refused.
func New() *Framer { return &Framer{} }

// Flushed returns a framer that writes an END before each message too, as RFC
// 1055 suggests, so that noise on the line is a message of its own, not the
// beginning of the next. It reads messages with and without. An END before a
// message belongs to its frame: a stream that ends behind it ends inside a
// frame. An empty payload is refused.
func Flushed() *Framer { return &Framer{flush: true} }

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, seen int) (framing.Frame, error) {
	if seen == 0 && data[0] == end {
		switch {
		case !f.flush || len(data) > 1 && data[1] == end:
			return framing.Frame{Size: 1}, framing.ErrIdle
		case len(data) == 1:
			return framing.Frame{}, nil // the next byte tells
		}
		seen = 1
	}
	i := bytes.IndexByte(data[seen:], end)
	if i < 0 {
		return framing.Frame{Seen: len(data)}, nil
	}
	i += seen
	start := 0
	if data[0] == end {
		start = 1
	}
	n, err := unescape(data[start:i])
	if err != nil {
		return framing.Frame{Size: i + 1}, err
	}
	return framing.Frame{Size: i + 1, Start: start, End: start + n}, nil
}

// unescape puts the bytes that the escapes in data stand for in their place,
// moves what is behind them up, and returns how many bytes that leaves.
func unescape(data []byte) (n int, err error) {
	n = bytes.IndexByte(data, esc)
	if n < 0 {
		return len(data), nil
	}
	for at := n; ; {
		if at+1 == len(data) {
			return 0, errTorn
		}
		switch c := data[at+1]; c {
		case escEnd:
			data[n] = end
		case escEsc:
			data[n] = esc
		default:
			return 0, fmt.Errorf("malformed escape: %#02x stands behind ESC, not %#02x or %#02x", c, escEnd, escEsc)
		}
		n++
		at += 2
		run := bytes.IndexByte(data[at:], esc)
		if run < 0 {
			return n + copy(data[n:], data[at:]), nil
		}
		n += copy(data[n:], data[at:at+run])
		at += run
	}
}

// Append implements [framing.Framer].
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	if len(payload) == 0 {
		return dst, &framing.PayloadError{Reason: "an empty message cannot be told from the second of two ENDs; there must be one byte or more"}
	}
	if f.flush {
		dst = append(dst, end)
	}
	nextEnd, nextEsc := index(payload, 0, end), index(payload, 0, esc)
	for at := 0; ; at++ {
		i := min(nextEnd, nextEsc)
		dst = append(dst, payload[at:i]...)
		at = i
		switch i {
		case len(payload):
			return append(dst, end), nil
		case nextEnd:
			dst = append(dst, esc, escEnd)
			nextEnd = index(payload, i+1, end)
		default:
			dst = append(dst, esc, escEsc)
			nextEsc = index(payload, i+1, esc)
		}
	}
}

// index returns where in data, from byte from on, c stands first, or len(data).
func index(data []byte, from int, c byte) int {
	if i := bytes.IndexByte(data[from:], c); i >= 0 {
		return from + i
	}
	return len(data)
}

// MaxEncodedLen implements [framing.Framer].
func (f *Framer) MaxEncodedLen(n int) int {
	if n > (math.MaxInt-2)/2 {
		return math.MaxInt
	}
	if f.flush {
		return 2*n + 2
	}
	return 2*n + 1
}

// Skip implements [framing.Skipper]. END is never a part of an escape.
func (f *Framer) Skip(data []byte) (n int, whole bool) {
	if i := bytes.IndexByte(data, end); i >= 0 {
		return i + 1, true
	}
	return len(data), false
}

// String returns f as package spec reads it: "slip", or "slip,flush".
func (f *Framer) String() string {
	if f.flush {
		return "slip,flush"
	}
	return "slip"
}
