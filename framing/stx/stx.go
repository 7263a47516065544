package stx

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/wholeframe/wholeframe/framing"
)

const (
	stx = 0x02
	etx = 0x03
)

var (
	errNoBegin = errors.New("no begin mark: these bytes belong to no message")
	errBroken  = errors.New("no end mark: another message begins where it is due")
)

// A Framer frames messages between STX and ETX. Make one with [New]. It is a
// [framing.Skipper] and a [framing.Encloser].
type Framer struct{}

// New returns the framer for text between STX and ETX. A payload that holds
// either of them is refused.
func New() *Framer { return &Framer{} }

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, seen int) (framing.Frame, error) {
	if seen == 0 && data[0] == stx {
		seen = 1
	}
	i := mark(data[seen:])
	if i < 0 {
		return framing.Frame{Seen: len(data)}, nil
	}
	i += seen
	switch begun := data[0] == stx; {
	case data[i] == etx && begun:
		return framing.Frame{Size: i + 1, Start: 1, End: i}, nil
	case data[i] == etx:
		return framing.Frame{Size: i + 1}, errNoBegin
	case begun:
		return framing.Frame{Size: i}, errBroken
	default:
		return framing.Frame{Size: i}, errNoBegin
	}
}

// mark returns where the first STX or ETX in data stands, or -1. It looks at
// pieces, so that it does not go to the end of data for a mark of one kind
// where one of the other stands at its beginning.
func mark(data []byte) int {
	for at, size := 0, 128; at < len(data); size *= 2 {
		piece := data[at:]
		piece = piece[:min(size, len(piece))]
		i := bytes.IndexByte(piece, etx)
		if i >= 0 {
			piece = piece[:i]
		}
		if j := bytes.IndexByte(piece, stx); j >= 0 {
			i = j
		}
		if i >= 0 {
			return at + i
		}
		at += len(piece)
	}
	return -1
}

// Append implements [framing.Framer].
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	if i := mark(payload); i >= 0 {
		return dst, &framing.PayloadError{Size: len(payload),
			Reason: fmt.Sprintf("it holds the mark %#02x at byte %d; DLE (stx,dle) carries it", payload[i], i)}
	}
	return append(append(append(dst, stx), payload...), etx), nil
}

var header, trailer = []byte{stx}, []byte{etx}

// Enclose implements [framing.Encloser].
func (f *Framer) Enclose(payload []byte) ([]byte, []byte, bool) {
	return header, trailer, mark(payload) < 0
}

// MaxEncodedLen implements [framing.Framer].
func (f *Framer) MaxEncodedLen(n int) int {
	if n > math.MaxInt-2 {
		return math.MaxInt
	}
	return n + 2
}

// Skip implements [framing.Skipper].
func (f *Framer) Skip(data []byte) (n int, end bool) {
	switch i := mark(data); {
	case i < 0:
		return len(data), false
	case data[i] == etx:
		return i + 1, true
	default:
		return i, true
	}
}

// String returns f as package spec reads it: "stx".
func (f *Framer) String() string { return "stx" }
