package stuffed

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/wholeframe/wholeframe/framing"
)

const (
	flag   = 0x7e
	escape = 0x7d
)

// A table says how a byte is written after escape.
type table struct {
	name       string
	flag, self byte                    // after escape: flag, escape
	read       func(byte) (byte, bool) // the byte that is written like this after escape
}

var (
	hdlc  = table{name: "hdlc", flag: flag ^ 0x20, self: escape ^ 0x20, read: func(c byte) (byte, bool) { return c ^ 0x20, true }}
	jt808 = table{name: "jt808", flag: 2, self: 1, read: func(c byte) (byte, bool) { return escape - 1 + c, c == 1 || c == 2 }}
)

// A Framer encloses each payload in flags. Make one with [HDLC] or [JT808]. It is a
// [framing.Skipper].
type Framer struct{ table *table }

// HDLC returns the framer for HDLC in asynchronous mode, without its checksum. It reads
// any byte c after 7d as c ^ 20 (hexadecimal), and writes 7e and 7d like this. A
// frame that ends in 7d 7e has been aborted, and is invalid. An empty payload is
// refused.
func HDLC() *Framer { return &Framer{&hdlc} }

// JT808 returns the framer for JT/T 808, without its checksum. It writes 7e as 7d 02 and
// 7d as 7d 01; any other byte after 7d makes a frame invalid. An empty payload is
// refused.
func JT808() *Framer { return &Framer{&jt808} }

var errTorn = errors.New("malformed escape: the frame ends after 7d")

// begun is the Resume.State of a frame that begins with a flag.
const begun = 1

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if r.Pos == 0 && data[0] == flag {
		r = framing.Resume{Pos: 1, State: begun}
	}
	i := bytes.IndexByte(data[r.Pos:], flag)
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
	n = bytes.IndexByte(data, escape)
	if n < 0 {
		return len(data), nil
	}
	for at := n; ; {
		if at+1 == len(data) {
			return 0, errTorn
		}
		c, ok := f.table.read(data[at+1])
		if !ok {
			return 0, fmt.Errorf("malformed escape: got 0x%02x after 7d, want 0x%02x or 0x%02x", data[at+1], f.table.self, f.table.flag)
		}
		data[n] = c
		n++
		at += 2
		run := bytes.IndexByte(data[at:], escape)
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
	dst = append(dst, flag)
	nextFlag, nextEscape := index(payload, 0, flag), index(payload, 0, escape)
	for at := 0; ; at++ {
		i := min(nextFlag, nextEscape)
		dst = append(dst, payload[at:i]...)
		at = i
		switch i {
		case len(payload):
			return append(dst, flag), nil
		case nextFlag:
			dst = append(dst, escape, f.table.flag)
			nextFlag = index(payload, i+1, flag)
		default:
			dst = append(dst, escape, f.table.self)
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
	return 2*n + 2
}

// Skip implements [framing.Skipper]. A flag is never part of an escape.
func (f *Framer) Skip(data []byte, r framing.Resume) (n int, next framing.Resume, end bool) {
	if i := bytes.IndexByte(data[r.Pos:], flag); i >= 0 {
		return r.Pos + i + 1, framing.Resume{}, true
	}
	return len(data), framing.Resume{}, false
}

// String returns f as package spec reads it: "stuffed,table=hdlc".
func (f *Framer) String() string { return "stuffed,table=" + f.table.name }
