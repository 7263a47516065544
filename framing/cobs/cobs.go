package cobs

import (
	"bytes"
	"fmt"
	"math"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/plural"
)

const (
	run  = 254 // the most bytes that follow one code
	full = 255 // the code of that many bytes, which no zero follows
)

// A Framer frames payloads by consistent overhead byte stuffing. Make one with
// [New]. It is a [framing.Skipper].
type Framer struct{}

// New returns the framer for COBS. Each zero byte before a frame is fill.
func New() *Framer { return &Framer{} }

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if r.Pos == 0 && data[0] == 0 {
		return framing.Frame{Size: 1}, r, framing.ErrFill
	}
	i := bytes.IndexByte(data[r.Pos:], 0)
	if i < 0 {
		return framing.Frame{}, framing.Resume{Pos: len(data)}, nil
	}
	i += r.Pos
	end, err := decode(data[:i])
	if err != nil {
		return framing.Frame{Size: i + 1}, r, err
	}
	return framing.Frame{Size: i + 1, Start: 1, End: end}, r, nil
}

// decode decodes data in place and returns where the payload, which begins at byte
// 1, ends. A code byte and the zero that it announces have the same place; only the
// bytes that follow a code without a zero have to be moved.
func decode(data []byte) (end int, err error) {
	end = 1
	for at, code := 0, int(data[0]); ; {
		next := at + code
		if next > len(data) {
			return 0, fmt.Errorf("malformed code: 0x%02x at byte %d exceeds the frame, which has %s before its zero", code, at, plural.Of(len(data), "byte"))
		}
		if end > at {
			end = next
		} else {
			end += copy(data[end:], data[at+1:next])
		}
		if next == len(data) {
			return end, nil
		}
		at = next
		zero := code != full
		code = int(data[at])
		if zero {
			data[end] = 0
			end++
		}
	}
}

// Append implements [framing.Framer]. It accepts every payload.
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	for {
		block := payload[:min(run, len(payload))]
		if i := bytes.IndexByte(block, 0); i >= 0 {
			dst = append(append(dst, byte(i+1)), payload[:i]...)
			payload = payload[i+1:]
			continue
		}
		dst = append(append(dst, byte(len(block)+1)), block...)
		payload = payload[len(block):]
		if len(payload) == 0 {
			return append(dst, 0), nil
		}
	}
}

// MaxEncodedLen implements [framing.Framer].
func (f *Framer) MaxEncodedLen(n int) int {
	if more := n/run + 2; n <= math.MaxInt-more {
		return n + more
	}
	return math.MaxInt
}

// Skip implements [framing.Skipper].
func (f *Framer) Skip(data []byte, r framing.Resume) (n int, next framing.Resume, end bool) {
	if i := bytes.IndexByte(data[r.Pos:], 0); i >= 0 {
		return r.Pos + i + 1, framing.Resume{}, true
	}
	return len(data), framing.Resume{}, false
}

// String returns f as package spec reads it: "cobs".
func (f *Framer) String() string { return "cobs" }
