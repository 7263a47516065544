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
	escEnd = 0xdc // after esc: end
	escEsc = 0xdd // after esc: esc
)

var errTorn = errors.New("malformed escape: the frame ends after ESC")

// A Framer ends each frame at END. Make one with [New] or [LeadingEnd]. It is a
// [framing.Skipper].
type Framer struct {
	leading bool // a frame may begin with END
}

// New returns the framer for SLIP. It writes no END before a frame. Each END that
// it reads there is fill. An empty payload is refused.
func New() *Framer { return &Framer{} }

// LeadingEnd returns a framer that writes an END before each frame too, as RFC 1055
// suggests: noise on the line then becomes a frame of its own and does not damage
// the next one. It reads frames with and without it. The last END before a frame
// belongs to that frame, so a stream that ends after it ends inside a frame; those
// before it are fill. An empty payload is refused.
func LeadingEnd() *Framer { return &Framer{leading: true} }

// begun is the Resume.State of a frame that begins with END.
const begun = 1

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if r.Pos == 0 && data[0] == end {
		if !f.leading {
			return framing.Frame{Size: 1}, r, framing.ErrFill
		}
		r = framing.Resume{Pos: 1, State: begun}
	}
	i := bytes.IndexByte(data[r.Pos:], end)
	if i < 0 {
		return framing.Frame{}, framing.Resume{Pos: len(data), State: r.State}, nil
	}
	i += r.Pos
	start := int(r.State)
	if i == start {
		return framing.Frame{Size: 1}, r, framing.ErrFill
	}
	n, err := unescape(data[start:i])
	if err != nil {
		return framing.Frame{Size: i + 1}, r, err
	}
	return framing.Frame{Size: i + 1, Start: start, End: start + n}, r, nil
}

// unescape replaces the escapes in data by the bytes that they represent, in place,
// and returns how many bytes result.
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
			return 0, fmt.Errorf("malformed escape: got 0x%02x after ESC, want 0x%02x or 0x%02x", c, escEnd, escEsc)
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
		return dst, &framing.PayloadError{Reason: "an empty frame cannot be told from fill; the payload must have at least one byte"}
	}
	if f.leading {
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

// index returns the index of the first c in data at or after from, or len(data).
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
	if f.leading {
		return 2*n + 2
	}
	return 2*n + 1
}

// Skip implements [framing.Skipper]. END is never part of an escape.
func (f *Framer) Skip(data []byte, r framing.Resume) (n int, next framing.Resume, whole bool) {
	if i := bytes.IndexByte(data[r.Pos:], end); i >= 0 {
		return r.Pos + i + 1, framing.Resume{}, true
	}
	return len(data), framing.Resume{}, false
}

// String returns f as package spec reads it: "slip", or "slip,leading-end".
func (f *Framer) String() string {
	if f.leading {
		return "slip,leading-end"
	}
	return "slip"
}
