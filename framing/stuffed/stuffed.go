package stuffed

import (
	"bytes"
	"fmt"
	"math"

	"github.com/wholeframe/wholeframe/framing"
)

// A Framer ends each payload at a flag, and escapes flags in it. Make one with [HDLC],
// [JT808], [SLIP] or [SLIPLeadingEnd]. It is a [framing.Skipper].
type Framer struct {
	name         string // as package spec has it
	flag, escape byte
	codes        [2]byte // what is written after escape for flag, and for escape
	xor          byte    // if not zero, any byte c after escape is read as c ^ xor
	leading      bool    // a frame is written with a flag before it, and may be read with one
}

var (
	hdlc           = Framer{name: "stuffed,table=hdlc", flag: 0x7e, escape: 0x7d, codes: [2]byte{0x5e, 0x5d}, xor: 0x20, leading: true}
	jt808          = Framer{name: "stuffed,table=jt808", flag: 0x7e, escape: 0x7d, codes: [2]byte{2, 1}, leading: true}
	slip           = Framer{name: "slip", flag: 0xc0, escape: 0xdb, codes: [2]byte{0xdc, 0xdd}}
	slipLeadingEnd = Framer{name: "slip,leading-end", flag: 0xc0, escape: 0xdb, codes: [2]byte{0xdc, 0xdd}, leading: true}
)

// HDLC returns the framer for HDLC in asynchronous mode, without its checksum. It reads
// any byte c after 7d as c ^ 20 (hexadecimal), and writes 7e and 7d like this. A
// frame that ends in 7d 7e has been aborted, and is invalid. An empty payload is
// refused.
func HDLC() *Framer { return &hdlc }

// JT808 returns the framer for JT/T 808, without its checksum. It writes 7e as 7d 02 and
// 7d as 7d 01; any other byte after 7d makes a frame invalid. An empty payload is
// refused.
func JT808() *Framer { return &jt808 }

// SLIP returns the framer of package slip: its New says what it does.
func SLIP() *Framer { return &slip }

// SLIPLeadingEnd returns the framer of package slip that writes END before each frame too:
// its LeadingEnd says what it does.
func SLIPLeadingEnd() *Framer { return &slipLeadingEnd }

// begun is the Resume.State of a frame that begins with a flag.
const begun = 1

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if r.Pos == 0 && data[0] == f.flag {
		if !f.leading {
			return framing.Frame{Size: 1}, r, framing.ErrFill
		}
		r = framing.Resume{Pos: 1, State: begun}
	}
	i := bytes.IndexByte(data[r.Pos:], f.flag)
	if i < 0 {
		return framing.Frame{}, framing.Resume{Pos: len(data), State: r.State}, nil
	}
	i += r.Pos
	start := int(r.State)
	if i == start {
		return framing.Frame{Size: 1}, r, framing.ErrFill
	}
	n, err := f.unescape(data[start:i])
	if err != nil {
		return framing.Frame{Size: i + 1}, r, err
	}
	return framing.Frame{Size: i + 1, Start: start, End: start + n}, r, nil
}

// unescape replaces the escapes in data by the bytes that they represent, in place,
// and returns how many bytes result.
func (f *Framer) unescape(data []byte) (n int, err error) {
	n = bytes.IndexByte(data, f.escape)
	if n < 0 {
		return len(data), nil
	}
	for at := n; ; {
		if at+1 == len(data) {
			return 0, fmt.Errorf("malformed escape: the frame ends after 0x%02x", f.escape)
		}
		switch c := data[at+1]; {
		case c == f.codes[0]:
			data[n] = f.flag
		case c == f.codes[1]:
			data[n] = f.escape
		case f.xor != 0:
			data[n] = c ^ f.xor
		default:
			return 0, fmt.Errorf("malformed escape: got 0x%02x after 0x%02x, want 0x%02x or 0x%02x", c, f.escape, f.codes[0], f.codes[1])
		}
		n++
		at += 2
		if at < len(data) && data[at] == f.escape {
			continue // without a search
		}
		run := bytes.IndexByte(data[at:], f.escape)
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
	flag, escape := f.flag, f.escape
	if f.leading {
		dst = append(dst, flag)
	}
	nextFlag, nextEscape := index(payload, 0, flag), index(payload, 0, escape)
	for at := 0; ; at++ {
		i := min(nextFlag, nextEscape)
		dst = append(dst, payload[at:i]...)
		at = i
		switch i {
		case len(payload):
			return append(dst, flag), nil
		case nextFlag:
			dst = append(dst, escape, f.codes[0])
			nextFlag = index(payload, i+1, flag)
		default:
			dst = append(dst, escape, f.codes[1])
			nextEscape = index(payload, i+1, escape)
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

// Skip implements [framing.Skipper]. A flag is never part of an escape.
func (f *Framer) Skip(data []byte, r framing.Resume) (n int, next framing.Resume, end bool) {
	if i := bytes.IndexByte(data[r.Pos:], f.flag); i >= 0 {
		return r.Pos + i + 1, framing.Resume{}, true
	}
	return len(data), framing.Resume{}, false
}

// String returns f as package spec reads it: "stuffed,table=hdlc", or "slip".
func (f *Framer) String() string { return f.name }
