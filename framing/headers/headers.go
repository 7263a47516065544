package headers

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/decimal"
)

// MaxHeader is the most bytes that a header may have, its blank line included.
const MaxHeader = 4096

// maxQuoted is the most bytes of a name that an error repeats.
const maxQuoted = 32

const (
	field = "Content-Length"
	usual = field + ": "
	blank = "\r\n\r\n" // ends a line and the header
)

var (
	errTooLong = fmt.Errorf("malformed header: it does not end within %d bytes", MaxHeader)
	errMissing = errors.New("malformed header: it ends without Content-Length")
	errTwice   = errors.New("malformed header: Content-Length stands in it twice")
	errLF      = errors.New(`malformed header: a line ends in "\n" alone; it must end in "\r\n"`)
	errShort   = errors.New("more of the header must arrive")
)

// A Framer frames messages behind a header with their length. Make one with
// [New]. It is a [framing.Prefixer].
type Framer struct{}

// New returns the framer for messages behind Content-Length.
func New() *Framer { return &Framer{} }

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, seen int) (framing.Frame, error) {
	// What nearly every program writes, first.
	if len(data) > len(usual) && string(data[:len(usual)]) == usual {
		size, n, err := decimal.Parse(data[len(usual):])
		start := len(usual) + n + len(blank)
		if err == nil && n > 0 && len(data) >= start && string(data[start-len(blank):start]) == blank {
			return frame(start, size)
		}
	}
	header := data[:min(len(data), MaxHeader)]
	switch start, size, err := parse(header); {
	case err == nil:
		return frame(start, size)
	case err != errShort:
		return framing.Frame{}, err
	case len(header) == MaxHeader:
		return framing.Frame{}, errTooLong
	}
	return framing.Frame{}, nil
}

// frame returns the frame of size bytes behind a header of start bytes.
func frame(start int, size uint64) (framing.Frame, error) {
	if size > uint64(math.MaxInt-start) {
		return framing.Frame{}, &framing.TooLargeError{Size: size}
	}
	end := start + int(size)
	return framing.Frame{Size: end, Start: start, End: end}, nil
}

// parse reads a header and returns where the payload starts, and its size. It
// takes byte after byte as they arrive, so that it finds the same error however
// many are there already.
func parse(data []byte) (start int, size uint64, err error) {
	found := false
	for at := 0; ; {
		line := data[at:]
		n := name(line)
		switch {
		case n == len(line):
			return 0, 0, errShort
		case line[0] == '\r':
			if err = lineEnd(line); err == nil && !found {
				err = errMissing
			}
			return at + 2, size, err
		case n == 0 || line[n] != ':':
			return 0, 0, badName(line[:n+1])
		}
		isLength := strings.EqualFold(string(line[:n]), field)
		if isLength && found {
			return 0, 0, errTwice
		}
		at += n + 1
		at += blanks(data[at:])
		if isLength {
			found = true
			size, n, err = decimal.Parse(data[at:])
			switch {
			case err != nil:
				return 0, 0, err
			case n == 0 && at < len(data):
				return 0, 0, fmt.Errorf("malformed length: Content-Length begins with %q, not with a digit", data[at])
			}
			at += n
			at += blanks(data[at:])
		} else {
			at += value(data[at:])
		}
		if err := lineEnd(data[at:]); err != nil {
			return 0, 0, err
		}
		at += 2
	}
}

// name returns how many bytes at the front of data make a field's name.
func name(data []byte) (n int) {
	for n < len(data) && isName[data[n]] {
		n++
	}
	return n
}

// isName tells the bytes of a token (RFC 9110 section 5.6.2).
var isName = func() (is [256]bool) {
	for _, c := range []byte("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		is[c] = true
	}
	return is
}()

// badName returns the error for a name that the last byte of line breaks off.
func badName(line []byte) error {
	n := len(line) - 1
	looks := ""
	switch string(line) {
	case "GET ", "POST ", "PUT ", "HEAD ", "OPTIONS ", "CONNECT ", "DELETE ", "PATCH ":
		looks = " (this looks like an HTTP request)"
	case "HTTP/":
		looks = " (this looks like an HTTP response)"
	case "\n":
		return errLF
	}
	if n == 0 {
		return fmt.Errorf("malformed header: a line begins with %q, not with the name of a field%s", line[0], looks)
	}
	return fmt.Errorf("malformed header: %q stands behind the name %q, not ':'%s", line[n], line[:min(n, maxQuoted)], looks)
}

// blanks returns how many blanks data begins with.
func blanks(data []byte) (n int) {
	for n < len(data) && (data[n] == ' ' || data[n] == '\t') {
		n++
	}
	return n
}

// value returns how many bytes at the front of data make a field's value: all
// but control characters.
func value(data []byte) (n int) {
	for n < len(data) && (data[n] >= ' ' && data[n] != 0x7f || data[n] == '\t') {
		n++
	}
	return n
}

// lineEnd says what is wrong with data, which must begin with the end of a line.
func lineEnd(data []byte) error {
	for i := range "\r\n" {
		switch {
		case i == len(data):
			return errShort
		case data[i] == "\r\n"[i]:
		case data[i] == '\n':
			return errLF
		case i == 0:
			return fmt.Errorf("malformed header: %q stands in the value of a field", data[0])
		default:
			return fmt.Errorf(`malformed header: %q stands between "\r" and "\n"`, data[1])
		}
	}
	return nil
}

// Append implements [framing.Framer]. It refuses nothing.
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	return append(appendHeader(dst, int64(len(payload))), payload...), nil
}

func appendHeader(dst []byte, size int64) []byte {
	return append(strconv.AppendInt(append(dst, usual...), size, 10), blank...)
}

// MaxEncodedLen implements [framing.Framer].
func (f *Framer) MaxEncodedLen(n int) int {
	if n > math.MaxInt-MaxHeader {
		return math.MaxInt
	}
	return n + MaxHeader
}

// AppendHeader implements [framing.Prefixer].
func (f *Framer) AppendHeader(dst []byte, size int64) ([]byte, error) {
	if size < 0 {
		return dst, &framing.PayloadError{Size: int(size), Reason: "a size cannot be negative"}
	}
	return appendHeader(dst, size), nil
}

// Trailer implements [framing.Prefixer].
func (f *Framer) Trailer() []byte { return nil }

// String returns f as package spec reads it: "content-length".
func (f *Framer) String() string { return "content-length" }
