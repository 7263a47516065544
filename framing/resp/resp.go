package resp

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/decimal"
)

// A Framer splits a stream of RESP values. Make one with [New]. It is a
// [framing.Skipper].
type Framer struct{}

// New returns the framer for RESP values. A payload to be written must be one whole
// value, or an inline command that begins with a letter, a quote or a blank and ends with a
// line end.
func New() *Framer { return &Framer{} }

// The state of a value is the number of values that must follow the current one, the
// number of bytes that are missing of a bulk string, with its CR LF, and these flags.
// It is 0 only at the start of a frame.
const (
	inLine   = 1 << iota // a line that ends in CR LF
	inInline             // an inline command, which may end in LF alone
	nested               // in an aggregate
	astray               // of a value being skipped: it is malformed, and its end cannot be found

	bulkUnit = 1 << 4
	moreUnit = 1 << 36
	maxBulk  = 1<<31 - 3 // of a bulk string, so that with CR LF it fits
	maxMore  = 1<<28 - 1

	maxDigits = 18 // of a length, so that it is an int64
	maxField  = 24 // bytes of a length with its type and CR LF, at most
)

var (
	errNoCRLF  = errors.New("malformed value: it does not end in CR LF")
	errNUL     = errors.New("malformed value: an inline command must not contain NUL")
	errBulk    = fmt.Errorf("malformed length: it exceeds %d, the limit of a bulk string", maxBulk)
	errTooMany = fmt.Errorf("malformed length: more than %d values of aggregates must follow", maxMore+1)
	errNumber  = fmt.Errorf("malformed length: want 1 to %d decimal digits and CR LF", maxDigits)
)

// errType returns the error for a value that begins with c, in an aggregate if state is
// not 0.
func errType(c byte, state uint64) error {
	inline := ""
	if state == 0 {
		inline = " or an inline command"
	}
	return fmt.Errorf("malformed value: it begins with %s, want one of +-:_#,($!=*~>%%|%s", decimal.Quote(c), inline)
}

// missing returns the bytes that are missing of a bulk string.
func missing(state uint64) int { return int(state % moreUnit / bulkUnit) }

// isLast reports whether the frame ends with the current value.
func isLast(state uint64) bool { return state < moreUnit }

// scan consumes values from data[r.Pos:]. If size is not 0, the frame ends there, which
// may be after data; an error then loses this frame only.
func scan(data []byte, r framing.Resume) (size int, next framing.Resume, err error) {
	at, state := r.Pos, r.State
	for {
		n, whole := 0, false
		switch rest := data[at:]; {
		case missing(state) > 0:
			n = min(len(rest), max(0, missing(state)-len("\r\n")))
			at, state = at+n, state-uint64(n)*bulkUnit
			if size, n, err = crlf(data, at, state); n == 0 || err != nil {
				return size, framing.Resume{Pos: at, State: state}, err
			}
			state, whole = state-uint64(n)*bulkUnit, true
		case state&(inLine|inInline) != 0:
			if n, err = line(rest, state); err != nil {
				return 0, framing.Resume{Pos: at, State: state}, err
			}
			if n == 0 {
				again := 0 // CR, of which LF may follow
				if bytes.HasSuffix(rest, []byte("\r")) {
					again = 1
				}
				return 0, framing.Resume{Pos: len(data) - again, State: state}, nil
			}
			state, whole = state&^(inLine|inInline), true
		default:
			if n, state, whole, err = header(rest, state); n == 0 || err != nil {
				return 0, framing.Resume{Pos: at, State: state}, err
			}
		}
		at += n
		switch {
		case !whole:
		case isLast(state):
			return at, framing.Resume{}, nil
		default:
			state -= moreUnit
		}
	}
}

// crlf returns the size of the CR LF of a bulk string that lacks nothing else, if it
// is complete at data[at:]. If the bulk string is the last value, size is where the
// frame ends.
func crlf(data []byte, at int, state uint64) (size, n int, err error) {
	left := missing(state)
	if isLast(state) {
		if left > math.MaxInt-at {
			return 0, 0, &framing.TooLargeError{Max: math.MaxInt}
		}
		size = at + left
	}
	rest := data[at:]
	if left > len("\r\n") || size > len(data) {
		return size, 0, nil
	}
	rest = rest[:min(len(rest), left)]
	switch {
	case !bytes.HasPrefix([]byte("\r\n"), rest):
		return size, 0, errNoCRLF
	case len(rest) < left:
		return size, 0, nil
	}
	return size, left, nil
}

// line returns the size of the rest of a line, or 0 if it is not complete.
func line(rest []byte, state uint64) (n int, err error) {
	n = bytes.IndexByte(rest, '\n') + 1
	switch {
	case state&inLine == 0:
		part := rest
		if n > 0 {
			part = rest[:n]
		}
		if bytes.IndexByte(part, 0) >= 0 {
			return 0, errNUL
		}
	case n == 1 || n > 1 && rest[n-2] != '\r':
		return 0, errNoCRLF
	}
	return n, nil
}

// header consumes the beginning of the value that rest begins with, in an aggregate if
// state is not 0. It returns its size, or 0 if it is not complete, and whether it is
// the whole value.
func header(rest []byte, state uint64) (n int, next uint64, whole bool, err error) {
	if len(rest) == 0 {
		return 0, state, false, nil
	}
	values := uint64(1) // for each that an aggregate announces
	switch c := rest[0]; c {
	case '+', '-', ':', '_', '#', ',', '(':
		return 1, state | inLine, false, nil
	case '$', '!', '=', '*', '~', '>':
	case '%', '|':
		values = 2
	default:
		if state == 0 && beginsInline(c) {
			return 1, inInline, false, nil
		}
		return 0, state, false, errType(c, state)
	}
	count, n, err := length(rest)
	if n == 0 || err != nil {
		return 0, state, false, err
	}
	switch c := rest[0]; {
	case count < 0: // null
		return n, state, true, nil
	case c == '$' || c == '!' || c == '=':
		if count > maxBulk {
			return 0, state, false, errBulk
		}
		return n, state + uint64(count+int64(len("\r\n")))*bulkUnit, false, nil
	case c == '|':
		values = values*uint64(count) + 1 // the attributes, and the value that has them
	default:
		values *= uint64(count)
	}
	if values == 0 {
		return n, state, true, nil
	}
	if state/moreUnit+values-1 > maxMore {
		return 0, state, false, errTooMany
	}
	return n, state | nested + (values-1)*moreUnit, false, nil
}

// beginsInline reports whether an inline command may begin with c. Redis skips blanks, and
// takes quotes off words.
func beginsInline(c byte) bool {
	letter := c | 0x20
	return 'a' <= letter && letter <= 'z' || c == ' ' || c == '\t' || c == '"' || c == '\''
}

// length returns the length that rest begins with, after the byte of a type, and the
// size of both with CR LF, or 0 if that is not complete. A length of -1 is null.
func length(rest []byte) (value int64, n int, err error) {
	const null = "-1\r\n"
	digits := rest[1:]
	if len(digits) > 0 && digits[0] == '-' && (rest[0] == '$' || rest[0] == '*') {
		switch have := digits[:min(len(null), len(digits))]; {
		case string(have) == null:
			return -1, 1 + len(null), nil
		case string(have) != null[:len(have)]:
			return 0, 0, errNumber
		}
		return 0, 0, nil
	}
	for i, c := range digits {
		switch {
		case '0' <= c && c <= '9' && i < maxDigits:
			value = value*10 + int64(c-'0')
		case c != '\r' || i == 0:
			return 0, 0, errNumber
		case i+1 == len(digits):
			return 0, 0, nil
		case digits[i+1] != '\n':
			return 0, 0, errNumber
		default:
			return value, 1 + i + len("\r\n"), nil
		}
	}
	return 0, 0, nil
}

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if r == (framing.Resume{}) && (data[0] == '\r' || data[0] == '\n') {
		return framing.Frame{Size: 1}, r, framing.ErrFill
	}
	size, next, err := scan(data, r)
	frame := framing.Frame{Size: size}
	if size <= len(data) && err == nil {
		frame.End = size // not before: the CR LF of the last value has to be verified
	}
	return frame, next, err
}

// Skip implements [framing.Skipper]. If the value that is skipped is malformed, its end
// is not found.
func (f *Framer) Skip(data []byte, r framing.Resume) (n int, next framing.Resume, end bool) {
	if r.State&astray != 0 {
		return len(data), r, false
	}
	size, next, err := scan(data, r)
	switch {
	case size > 0 && size <= len(data):
		return size, framing.Resume{}, true
	case err != nil:
		return len(data), framing.Resume{State: astray}, false
	}
	return next.Pos, framing.Resume{State: next.State}, false
}

// Append implements [framing.Framer].
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	if len(payload) > 0 {
		size, _, err := scan(payload, framing.Resume{})
		if err != nil {
			return dst, &framing.PayloadError{Size: int64(len(payload)), Reason: err.Error()}
		}
		if size == len(payload) {
			return append(dst, payload...), nil
		}
	}
	return dst, &framing.PayloadError{Size: int64(len(payload)), Reason: "it must be one whole value, with its CR LF"}
}

// MaxEncodedLen implements [framing.Framer].
func (f *Framer) MaxEncodedLen(n int) int { return max(n, maxField) }

// FixedEnd returns true: a payload is one RESP value, to which package checksum can add
// nothing.
func (f *Framer) FixedEnd() bool { return true }

// String returns f as package spec reads it: "resp".
func (f *Framer) String() string { return "resp" }
