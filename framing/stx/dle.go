package stx

import (
	"bytes"
	"fmt"
	"math"

	"github.com/wholeframe/wholeframe/framing"
)

const dle = 0x10

var begin = []byte{dle, stx}

// A DLEFramer frames payloads between DLE STX and DLE ETX, with each DLE in them
// written twice. Make one with [DLE]. It is a [framing.Skipper].
type DLEFramer struct{}

// DLE returns the framer for any bytes between DLE STX and DLE ETX. A frame is
// invalid if a DLE in it is followed by anything but DLE, STX and ETX.
func DLE() *DLEFramer { return &DLEFramer{} }

// Split implements [framing.Framer].
func (f *DLEFramer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	pos := r.Pos
	if pos == 0 && bytes.HasPrefix(data, begin) {
		pos = len(begin)
	}
	i, ok := pair(data[pos:])
	i += pos
	if !ok {
		return framing.Frame{}, framing.Resume{Pos: i}, nil
	}
	switch begun := bytes.HasPrefix(data, begin); {
	case data[i+1] == etx && begun:
		n, err := unstuff(data[2:i])
		return framing.Frame{Size: i + 2, Start: 2, End: 2 + n}, r, err
	case data[i+1] == etx:
		return framing.Frame{Size: i + 2}, r, errNoBegin
	case begun:
		return framing.Frame{Size: i}, r, errNoEnd
	default:
		return framing.Frame{Size: i}, r, errNoBegin
	}
}

// pair returns the index of the first DLE STX or DLE ETX in data. If there is none,
// ok is false, and a mark can begin at byte i or later: at a DLE that is the last
// byte.
func pair(data []byte) (i int, ok bool) {
	for {
		n := bytes.IndexByte(data[i:], dle)
		if n < 0 {
			return len(data), false
		}
		i += n
		if i+1 == len(data) {
			return i, false
		}
		switch data[i+1] {
		case stx, etx:
			return i, true
		}
		i += 2
	}
}

// unstuff replaces each two DLEs in data by one, in place, and returns how many bytes
// result. Every DLE in data is followed by a byte.
func unstuff(data []byte) (n int, err error) {
	n = bytes.IndexByte(data, dle)
	if n < 0 {
		return len(data), nil
	}
	for at := n; ; {
		if c := data[at+1]; c != dle {
			return 0, fmt.Errorf("malformed escape: got 0x%02x after DLE, want 0x10, 0x02 or 0x03", c)
		}
		data[n] = dle
		n++
		at += 2
		run := bytes.IndexByte(data[at:], dle)
		if run < 0 {
			return n + copy(data[n:], data[at:]), nil
		}
		n += copy(data[n:], data[at:at+run])
		at += run
	}
}

// Append implements [framing.Framer]. It accepts every payload.
func (f *DLEFramer) Append(dst, payload []byte) ([]byte, error) {
	dst = append(dst, begin...)
	for {
		i := bytes.IndexByte(payload, dle)
		if i < 0 {
			return append(append(dst, payload...), dle, etx), nil
		}
		dst = append(append(dst, payload[:i+1]...), dle)
		payload = payload[i+1:]
	}
}

// MaxEncodedLen implements [framing.Framer].
func (f *DLEFramer) MaxEncodedLen(n int) int {
	if n > (math.MaxInt-4)/2 {
		return math.MaxInt
	}
	return 2*n + 4
}

// inside is the Resume.State of Skip after the first bytes of a frame.
const inside = 1

// Skip implements [framing.Skipper]. It does not stop between a DLE and the byte that
// follows it.
func (f *DLEFramer) Skip(data []byte, r framing.Resume) (n int, next framing.Resume, end bool) {
	pos := r.Pos
	if r == (framing.Resume{}) && bytes.HasPrefix(data, begin) {
		pos = len(begin) // the begin mark of the frame being skipped
	}
	i, ok := pair(data[pos:])
	i += pos
	switch {
	case ok && data[i+1] == etx:
		return i + 2, framing.Resume{}, true
	case ok:
		return i, framing.Resume{}, true
	case i == 0:
		return 0, r, false
	}
	return i, framing.Resume{State: inside}, false
}

// String returns f as package spec reads it: "stx,dle".
func (f *DLEFramer) String() string { return "stx,dle" }
