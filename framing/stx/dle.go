package stx

import (
	"bytes"
	"fmt"
	"math"

	"github.com/wholeframe/wholeframe/framing"
)

const dle = 0x10

var begin = []byte{dle, stx}

// A DLEFramer frames messages between DLE STX and DLE ETX, with each DLE in
// them written twice. Make one with [DLE]. It is a [framing.Skipper].
type DLEFramer struct{}

// DLE returns the framer for any bytes between DLE STX and DLE ETX. DLE before
// a byte that is none of DLE, STX and ETX condemns its message.
func DLE() *DLEFramer { return &DLEFramer{} }

// Split implements [framing.Framer].
func (f *DLEFramer) Split(data []byte, seen int) (framing.Frame, error) {
	if seen == 0 && bytes.HasPrefix(data, begin) {
		seen = len(begin)
	}
	i, ok := pair(data[seen:])
	i += seen
	if !ok {
		return framing.Frame{Seen: i}, nil
	}
	switch begun := bytes.HasPrefix(data, begin); {
	case data[i+1] == etx && begun:
		n, err := unstuff(data[2:i])
		return framing.Frame{Size: i + 2, Start: 2, End: 2 + n}, err
	case data[i+1] == etx:
		return framing.Frame{Size: i + 2}, errNoBegin
	case begun:
		return framing.Frame{Size: i}, errBroken
	default:
		return framing.Frame{Size: i}, errNoBegin
	}
}

// pair returns where the first DLE STX or DLE ETX in data stands. If there is
// none, ok is false, and a mark can begin from byte i on: at a last DLE.
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

// unstuff makes one DLE of each two in data and returns how many bytes that
// leaves. Every DLE has a byte behind it.
func unstuff(data []byte) (n int, err error) {
	n = bytes.IndexByte(data, dle)
	if n < 0 {
		return len(data), nil
	}
	for at := n; ; {
		if c := data[at+1]; c != dle {
			return 0, fmt.Errorf("malformed escape: %#02x stands behind DLE, not DLE, STX or ETX", c)
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

// Append implements [framing.Framer]. It refuses nothing.
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

// Skip implements [framing.Skipper]. It never stops between a DLE and the byte
// behind it.
func (f *DLEFramer) Skip(data []byte) (n int, end bool) {
	i, ok := pair(data)
	if ok && data[i+1] == etx {
		return i + 2, true
	}
	return i, ok
}

// String returns f as package spec reads it: "stx,dle".
func (f *DLEFramer) String() string { return "stx,dle" }
