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
	errNoBegin = errors.New("missing begin mark: these bytes belong to no frame")
	errNoEnd   = errors.New("missing end mark: another frame begins before it")
)

// A Framer frames payloads between STX and ETX. Make one with [New]. It is a
// [framing.Skipper] and a [framing.Encloser].
type Framer struct{}

// New returns the framer for text between STX and ETX. A payload that contains
// either of them is refused.
func New() *Framer { return &Framer{} }

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	pos := r.Pos
	if pos == 0 && data[0] == stx {
		pos = 1
	}
	i := mark(data[pos:])
	if i < 0 {
		return framing.Frame{}, framing.Resume{Pos: len(data)}, nil
	}
	i += pos
	switch begun := data[0] == stx; {
	case data[i] == etx && begun:
		return framing.Frame{Size: i + 1, Start: 1, End: i}, r, nil
	case data[i] == etx:
		return framing.Frame{Size: i + 1}, r, errNoBegin
	case begun:
		return framing.Frame{Size: i}, r, errNoEnd
	default:
		return framing.Frame{Size: i}, r, errNoBegin
	}
}

// mark returns the index of the first STX or ETX in data, or -1. It searches data in
// parts, so that it does not go to the end for a mark of one kind if there is one of
// the other kind at the beginning.
func mark(data []byte) int {
	for at, size := 0, 128; at < len(data); size *= 2 {
		part := data[at:]
		part = part[:min(size, len(part))]
		i := bytes.IndexByte(part, etx)
		if i >= 0 {
			part = part[:i]
		}
		if j := bytes.IndexByte(part, stx); j >= 0 {
			i = j
		}
		if i >= 0 {
			return at + i
		}
		at += len(part)
	}
	return -1
}

// Append implements [framing.Framer].
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	dst, err := f.AppendHeader(dst, payload, int64(len(payload)))
	if err != nil {
		return dst, err
	}
	return append(append(dst, payload...), etx), nil
}

// AppendHeader implements [framing.Encloser]. It returns [framing.ErrNoHeader] unless
// start is the whole payload, which must not contain a mark.
func (f *Framer) AppendHeader(dst, start []byte, size int64) ([]byte, error) {
	switch i := mark(start); {
	case size < 0:
		return dst, &framing.PayloadError{Size: size, Reason: "its size is negative"}
	case i >= 0:
		return dst, &framing.PayloadError{Size: size, Reason: fmt.Sprintf("it contains the mark 0x%02x at byte %d; DLE can carry it", start[i], i)}
	case int64(len(start)) < size:
		return dst, framing.ErrNoHeader
	}
	return append(dst, stx), nil
}

var trailer = []byte{etx}

// Trailer implements [framing.Encloser]. It returns ETX.
func (f *Framer) Trailer() []byte { return trailer }

// MaxEncodedLen implements [framing.Framer].
func (f *Framer) MaxEncodedLen(n int) int {
	if n > math.MaxInt-2 {
		return math.MaxInt
	}
	return n + 2
}

// Skip implements [framing.Skipper].
func (f *Framer) Skip(data []byte, r framing.Resume) (n int, next framing.Resume, end bool) {
	i := mark(data[r.Pos:])
	switch i += r.Pos; {
	case i < r.Pos:
		return len(data), framing.Resume{}, false
	case data[i] == etx:
		return i + 1, framing.Resume{}, true
	default:
		return i, framing.Resume{}, true
	}
}

// String returns f as package spec reads it: "stx".
func (f *Framer) String() string { return "stx" }
