package syslog

import (
	"bytes"
	"math"
	"strconv"

	"github.com/wholeframe/wholeframe/framing"
)

const (
	maxDigits = 9                 // of a length
	maxCount  = 999_999_999       // the largest length
	maxHead   = maxDigits + 1 + 5 // a length, a space and a PRI
)

// A Framer frames syslog messages. Make one with [New]. It is a [framing.Skipper] and a
// [framing.Encloser].
type Framer struct {
	lines bool // write lines
}

// New returns the framer for syslog messages. An empty payload is refused, and one that
// does not begin with a PRI if it contains "\n" or begins as a counted frame does.
func New() *Framer { return &Framer{} }

// WriteLines returns a framer that writes lines, for receivers that read nothing else.
// A payload that contains "\n" is counted if it begins with a PRI, and refused
// otherwise.
func (f *Framer) WriteLines() *Framer { return &Framer{lines: true} }

// inLine is the Resume.State of a frame that is a line.
const inLine = 1

// Split implements [framing.Framer]. It returns no error but [framing.ErrFill].
func (f *Framer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if r.State != inLine {
		start, size, more := head(data)
		switch n := emptyLines(data); {
		case n > 0:
			return framing.Frame{Size: n}, r, framing.ErrFill
		case more:
			return framing.Frame{}, r, nil
		case size > 0:
			return framing.Frame{Size: start + size, Start: start, End: start + size}, r, nil
		}
	}
	i := bytes.IndexByte(data[r.Pos:], '\n')
	if i < 0 {
		return framing.Frame{}, framing.Resume{Pos: len(data), State: inLine}, nil
	}
	i += r.Pos
	return framing.Frame{Size: i + 1, End: len(bytes.TrimSuffix(data[:i], []byte("\r")))}, r, nil
}

// emptyLines returns the size of the empty lines that data begins with.
func emptyLines(data []byte) (n int) {
	for n < len(data) {
		switch {
		case data[n] == '\n':
			n++
		case data[n] == '\r' && n+1 < len(data) && data[n+1] == '\n':
			n += 2
		default:
			return n
		}
	}
	return n
}

// head returns where the payload of a counted frame begins, and its size, which is 0 if
// data does not begin with one. If more is true, that is not known yet.
func head(data []byte) (start, size int, more bool) {
	n := 0
	for ; n < len(data) && n < maxDigits && '0' <= data[n] && data[n] <= '9'; n++ {
		size = size*10 + int(data[n]-'0')
	}
	switch {
	case data[0] == '\r':
		return 0, 0, len(data) == 1
	case n == 0 || data[0] == '0':
		return 0, 0, false
	case n == len(data):
		return 0, 0, true
	case data[n] != ' ':
		return 0, 0, false
	}
	start = n + 1
	switch pri, more := pri(data[start:]); {
	case more:
		return 0, 0, true
	case pri == 0 || pri > size:
		return 0, 0, false
	}
	return start, size, false
}

// pri returns the size of the PRI that data begins with, or 0. If more is true, that is
// not known yet.
func pri(data []byte) (size int, more bool) {
	for n, c := range data[:min(len(data), 5)] {
		switch {
		case n == 0 && c == '<':
		case 0 < n && n < 4 && '0' <= c && c <= '9':
		case 1 < n && c == '>':
			return n + 1, false
		default:
			return 0, false
		}
	}
	return 0, true
}

// Append implements [framing.Framer].
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	newline := bytes.IndexByte(payload, '\n') >= 0
	if pri, _ := pri(payload); pri > 0 && len(payload) <= maxCount && (newline || !f.lines) {
		return append(appendHead(dst, len(payload)), payload...), nil
	}
	refused := func(reason string) ([]byte, error) {
		return dst, &framing.PayloadError{Size: int64(len(payload)), Reason: reason}
	}
	switch {
	case len(payload) == 0:
		return refused("syslog has no empty frames; the payload must have at least one byte")
	case newline:
		return refused(`it contains "\n" and does not begin with a PRI, such as <13>`)
	}
	if _, size, _ := head(payload); size > 0 {
		return refused("it begins as a counted frame does; a line must not")
	}
	dst = append(dst, payload...)
	if payload[len(payload)-1] == '\r' {
		dst = append(dst, '\r')
	}
	return append(dst, '\n'), nil
}

func appendHead(dst []byte, size int) []byte {
	return append(strconv.AppendInt(dst, int64(size), 10), ' ')
}

// AppendHeader implements [framing.Encloser]. It returns [framing.ErrNoHeader] if the
// payload may have to be written as a line.
func (f *Framer) AppendHeader(dst, start []byte, size int64) ([]byte, error) {
	pri, _ := pri(start)
	switch {
	case size < 0:
		return dst, &framing.PayloadError{Size: size, Reason: "its size is negative"}
	case f.lines || pri == 0 || size > maxCount:
		return dst, framing.ErrNoHeader
	}
	return appendHead(dst, int(size)), nil
}

// Trailer implements [framing.Encloser]. It returns nil: nothing follows the payload of
// a counted frame.
func (f *Framer) Trailer() []byte { return nil }

// MaxEncodedLen implements [framing.Framer].
func (f *Framer) MaxEncodedLen(n int) int {
	if n > math.MaxInt-maxHead {
		return math.MaxInt
	}
	return n + maxHead
}

// Skip implements [framing.Skipper]: a frame of unknown size is a line.
func (f *Framer) Skip(data []byte, r framing.Resume) (n int, next framing.Resume, end bool) {
	if i := bytes.IndexByte(data[r.Pos:], '\n'); i >= 0 {
		return r.Pos + i + 1, framing.Resume{}, true
	}
	return len(data), framing.Resume{}, false
}

// String returns f as package spec reads it: "syslog" or "syslog,write=line".
func (f *Framer) String() string {
	if f.lines {
		return "syslog,write=line"
	}
	return "syslog"
}
