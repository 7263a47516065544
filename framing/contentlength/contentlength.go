package contentlength

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/decimal"
)

// MaxHeader is the maximum size of a header, including the empty line that ends it,
// in bytes.
const MaxHeader = 4096

const (
	field = "Content-Length"
	start = field + ": "
	end   = "\r\n\r\n" // of a line and of the header
)

var (
	errTooLong   = fmt.Errorf("malformed header: it does not end within %d bytes", MaxHeader)
	errMissing   = errors.New("malformed header: missing Content-Length")
	errDuplicate = errors.New("malformed header: duplicate Content-Length")
	errLF        = errors.New(`malformed header: line ends in "\n", want "\r\n"`)
)

// A Framer frames payloads with a header that has a Content-Length field. Make one
// with [New]. It is a [framing.Encloser].
type Framer struct{}

// New returns the framer for frames with a Content-Length field.
func New() *Framer { return &Framer{} }

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	// Fast path for the header that most programs write.
	if r.Pos == 0 && len(data) > len(start) && string(data[:len(start)]) == start {
		size, n, err := decimal.Parse(data[len(start):])
		at := len(start) + n + len(end)
		if err == nil && n > 0 && len(data) >= at && string(data[at-len(end):at]) == end {
			return frame(at, size, r)
		}
	}
	header := data[:min(len(data), MaxHeader)]
	p := resume(r)
	switch err := p.parse(header); {
	case err != nil:
		return framing.Frame{}, r, err
	case p.next == complete && p.digits == 0:
		return framing.Frame{}, r, errMissing
	case p.next == complete:
		size, _, _ := decimal.Parse(header[p.digits:])
		return frame(p.pos, size, r)
	case len(header) == MaxHeader:
		return framing.Frame{}, r, errTooLong
	}
	return framing.Frame{}, p.save(), nil
}

// frame returns the frame of size bytes after a header of start bytes.
func frame(start int, size uint64, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if size > uint64(math.MaxInt-start) {
		return framing.Frame{}, r, decimal.TooLarge(size, start)
	}
	end := start + int(size)
	return framing.Frame{Size: end, Start: start, End: end}, r, nil
}

// Append implements [framing.Framer]. It accepts every payload.
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	return append(appendHeader(dst, int64(len(payload))), payload...), nil
}

func appendHeader(dst []byte, size int64) []byte {
	return append(strconv.AppendInt(append(dst, start...), size, 10), end...)
}

// MaxEncodedLen implements [framing.Framer].
func (f *Framer) MaxEncodedLen(n int) int {
	if n > math.MaxInt-MaxHeader {
		return math.MaxInt
	}
	return n + MaxHeader
}

// AppendHeader implements [framing.Encloser]. It needs only the size.
func (f *Framer) AppendHeader(dst, _ []byte, size int64) ([]byte, error) {
	if size < 0 {
		return dst, &framing.PayloadError{Size: size, Reason: "its size is negative"}
	}
	return appendHeader(dst, size), nil
}

// Trailer implements [framing.Encloser]. It returns nil.
func (f *Framer) Trailer() []byte { return nil }

// String returns f as package spec reads it: "content-length".
func (f *Framer) String() string { return "content-length" }
