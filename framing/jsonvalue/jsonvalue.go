package jsonvalue

import (
	"errors"
	"fmt"
	"math"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/decimal"
)

// A Framer splits a stream of JSON values. Make one with [New]. It is a
// [framing.Skipper] and a [framing.Finisher].
type Framer struct{}

// New returns the framer for JSON values.
//
// Objects, arrays and strings are written as they are, other values with "\n" after
// them. To write a line end after every value, write it as fill; see
// [framing.Writer.WriteFill]. A payload must be one value, without white space around
// it.
//
// What is left at the end of the stream is an error. If AcceptUnterminated is set, a
// number, true, false or null that nothing follows is delivered.
func New() *Framer { return &Framer{} }

// The state of a value is the nesting depth, in units of oneDeeper, and these flags.
// It is not 0 inside a value.
const (
	inScalar = 1 << iota // a number, true, false or null
	inString
	inEscape // after a backslash
	oneDeeper
)

// A class is what a byte means outside a string.
type class uint8

const (
	other class = iota
	scalar
	space
	quote
	opens
	closes
	separator
)

var classes = func() (c [256]class) {
	for class, all := range map[class]string{scalar: "-0123456789tfn", space: " \t\r\n", quote: `"`, opens: "{[", closes: "}]", separator: ",:"} {
		for _, b := range []byte(all) {
			c[b] = class
		}
	}
	return c
}()

var errTorn = errors.New("the stream ends inside a value")

// begin returns the state after c, the first byte of a value.
func begin(c byte) (state uint64, err error) {
	switch classes[c] {
	case opens:
		return oneDeeper, nil
	case quote:
		return inString, nil
	case scalar:
		return inScalar, nil
	}
	return 0, fmt.Errorf("malformed value: it begins with %s, want {, [, \", a digit, -, true, false or null", decimal.Quote(c))
}

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if r.Pos == 0 {
		if classes[data[0]] == space {
			return framing.Frame{Size: 1}, r, framing.ErrFill
		}
		state, err := begin(data[0])
		if err != nil {
			return framing.Frame{}, r, err
		}
		r = framing.Resume{Pos: 1, State: state}
	}
	end, size, state := scan(data[r.Pos:], r.State)
	if state != 0 {
		return framing.Frame{}, framing.Resume{Pos: len(data), State: state}, nil
	}
	return framing.Frame{Size: r.Pos + size, End: r.Pos + end}, r, nil
}

// scan examines data, the rest of a value in this state. If next is 0, the value ends
// at data[end] and its frame at data[size]; otherwise next is the state after data.
func scan(data []byte, state uint64) (end, size int, next uint64) {
	if state == inScalar {
		for i, c := range data {
			switch classes[c] {
			case space:
				return i, i + 1, 0
			case quote, opens, closes, separator:
				return i, i, 0
			}
		}
		return 0, 0, state
	}
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case state&inEscape != 0:
			state &^= inEscape
		case state&inString != 0:
			for c != '"' && c != '\\' {
				if i++; i == len(data) {
					return 0, 0, state
				}
				c = data[i]
			}
			if c == '\\' {
				state |= inEscape
			} else if state &^= inString; state == 0 {
				return i + 1, i + 1, 0
			}
		default:
			switch classes[c] {
			case quote:
				state |= inString
			case opens:
				state += oneDeeper
			case closes:
				if state -= oneDeeper; state == 0 {
					return i + 1, i + 1, 0
				}
			}
		}
	}
	return 0, 0, state
}

// Append implements [framing.Framer]. It does not check that payload is valid JSON.
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	if len(payload) > 0 {
		state, err := begin(payload[0])
		if err != nil {
			return dst, &framing.PayloadError{Size: int64(len(payload)), Reason: err.Error()}
		}
		switch end, _, next := scan(payload[1:], state); {
		case next == inScalar:
			return append(append(dst, payload...), '\n'), nil
		case next == 0 && state != inScalar && 1+end == len(payload):
			return append(dst, payload...), nil
		}
	}
	return dst, &framing.PayloadError{Size: int64(len(payload)), Reason: "it must be one whole JSON value, without white space around it"}
}

// MaxEncodedLen implements [framing.Framer].
func (f *Framer) MaxEncodedLen(n int) int { return min(n, math.MaxInt-1) + 1 }

// Skip implements [framing.Skipper].
func (f *Framer) Skip(data []byte, r framing.Resume) (n int, next framing.Resume, end bool) {
	_, size, state := scan(data[r.Pos:], r.State)
	if state != 0 {
		return len(data), framing.Resume{State: state}, false
	}
	return r.Pos + size, framing.Resume{}, true
}

// Finish implements [framing.Finisher]: a number, true, false or null is a payload.
func (f *Framer) Finish(data []byte) ([]byte, error) {
	if classes[data[0]] != scalar {
		return nil, errTorn
	}
	return data, nil
}

// FixedEnd returns true: a payload is one JSON value, to which package checksum can add
// nothing.
func (f *Framer) FixedEnd() bool { return true }

// String returns f as package spec reads it: "json".
func (f *Framer) String() string { return "json" }
