package dot

import (
	"bytes"
	"errors"
	"math"

	"github.com/wholeframe/wholeframe/framing"
)

const crlf = "\r\n"

var (
	last = []byte(".\r\n")     // the last line
	end  = []byte("\r\n.\r\n") // the end of a line and the last line
)

var (
	errLF  = errors.New(`malformed line: "\n" without "\r" before it`)
	errCR  = errors.New(`malformed line: "\r" without "\n" after it`)
	errCut = errors.New(`its last line does not end in "\r\n"`)
)

// A Framer ends each frame at a line with a single dot. Make one with [New]. It is a
// [framing.Skipper].
type Framer struct{}

// New returns the framer for texts that end at a line with a single dot.
func New() *Framer { return &Framer{} }

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if r.Pos == 0 && bytes.HasPrefix(data, last) {
		return framing.Frame{Size: len(last)}, r, nil
	}
	i := bytes.Index(data[r.Pos:], end)
	if i < 0 {
		return framing.Frame{}, framing.Resume{Pos: max(0, len(data)-len(end)+1)}, nil
	}
	i += r.Pos
	n, err := unstuff(data[:i+len(crlf)])
	return framing.Frame{Size: i + len(end), End: n}, r, err
}

// unstuff removes the first dot of each line, in place, and returns how many bytes
// result.
func unstuff(text []byte) (n int, err error) {
	for rest := text; len(rest) > 0; {
		size, err := line(rest)
		if err != nil {
			return 0, err
		}
		from := 0
		if rest[0] == '.' {
			from = 1
		}
		n += copy(text[n:], rest[from:size])
		rest = rest[size:]
	}
	return n, nil
}

// line returns the size of the line that text, which is not empty, begins with.
func line(text []byte) (size int, err error) {
	i := bytes.IndexByte(text, '\n')
	switch cr := bytes.IndexByte(text[:max(i, 0)], '\r'); {
	case i < 0:
		return 0, errCut
	case cr < 0:
		return 0, errLF
	case cr != i-1:
		return 0, errCR
	}
	return i + 1, nil
}

// Append implements [framing.Framer].
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	out := dst
	for rest := payload; len(rest) > 0; {
		size, err := line(rest)
		if err != nil {
			return dst, &framing.PayloadError{Size: int64(len(payload)), Reason: err.Error()}
		}
		if rest[0] == '.' {
			out = append(out, '.')
		}
		out = append(out, rest[:size]...)
		rest = rest[size:]
	}
	return append(out, last...), nil
}

// MaxEncodedLen implements [framing.Framer]. A line that can have a dot added has three
// bytes or more.
func (f *Framer) MaxEncodedLen(n int) int {
	more := n/3 + len(last)
	if n > math.MaxInt-more {
		return math.MaxInt
	}
	return n + more
}

// Skip implements [framing.Skipper].
func (f *Framer) Skip(data []byte, r framing.Resume) (n int, next framing.Resume, ended bool) {
	if i := bytes.Index(data[r.Pos:], end); i >= 0 {
		return r.Pos + i + len(end), framing.Resume{}, true
	}
	return max(0, len(data)-len(end)+1), framing.Resume{}, false
}

// FixedEnd returns true: a payload ends with a line end, to which package checksum can add
// nothing.
func (f *Framer) FixedEnd() bool { return true }

// String returns f as package spec reads it: "dot".
func (f *Framer) String() string { return "dot" }
