package contentlength

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/decimal"
	"github.com/wholeframe/wholeframe/framing/internal/plural"
)

// MaxHeader is the maximum size of a header, including the empty line that ends it,
// in bytes.
const MaxHeader = 4096

const (
	field = "Content-Length"
	start = field + ": "
	end   = "\r\n\r\n" // of a line and of the header

	emptyLine = "\r\n"
)

var (
	errTooLong   = fmt.Errorf("malformed header: it does not end within %d bytes", MaxHeader)
	errMissing   = errors.New("malformed header: missing Content-Length")
	errDuplicate = errors.New("malformed header: duplicate Content-Length")
	errLF        = errors.New(`malformed header: line ends in "\n", want "\r\n"`)
)

// A Framer frames payloads with a header that has a Content-Length field. Make one
// with [New]. It is a [framing.Encloser].
type Framer struct {
	keep bool
}

// New returns the framer for frames with a Content-Length field.
func New() *Framer { return &Framer{} }

// Keep returns a framer like f that delivers each frame whole, as header and body.
// Append then takes exactly one frame, whose Content-Length must be the size of its
// body, and refuses anything else. Empty lines before a header are fill.
func (f *Framer) Keep() *Framer { return &Framer{keep: true} }

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	// Fast path for the header that most programs write.
	if r.Pos == 0 && len(data) > len(start) && string(data[:len(start)]) == start {
		size, n, err := decimal.Parse(data[len(start):])
		at := len(start) + n + len(end)
		if err == nil && n > 0 && len(data) >= at && string(data[at-len(end):at]) == end {
			return f.frame(at, size, r)
		}
	}
	header := data[:min(len(data), MaxHeader)]
	p := resume(r)
	switch err := p.parse(header); {
	case err != nil:
		return framing.Frame{}, r, err
	case p.next == complete && p.pos == len(emptyLine) && f.keep:
		return framing.Frame{Size: p.pos}, r, framing.ErrFill
	case p.next == complete && p.digits == 0:
		return framing.Frame{}, r, errMissing
	case p.next == complete:
		size, _, _ := decimal.Parse(header[p.digits:])
		return f.frame(p.pos, size, r)
	case len(header) == MaxHeader:
		return framing.Frame{}, r, errTooLong
	}
	return framing.Frame{}, p.save(), nil
}

// frame returns the frame of size bytes after a header of start bytes.
func (f *Framer) frame(start int, size uint64, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if size > uint64(math.MaxInt-start) {
		return framing.Frame{}, r, decimal.TooLarge(size, start)
	}
	end := start + int(size)
	if f.keep {
		start = 0
	}
	return framing.Frame{Size: end, Start: start, End: end}, r, nil
}

// Append implements [framing.Framer]. It accepts every payload, unless f delivers frames
// whole.
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	if f.keep {
		if err := f.verify(payload, int64(len(payload))); err != nil {
			return dst, err
		}
		return append(dst, payload...), nil
	}
	return append(appendHeader(dst, int64(len(payload))), payload...), nil
}

func appendHeader(dst []byte, size int64) []byte {
	return append(strconv.AppendInt(append(dst, start...), size, 10), end...)
}

// MaxEncodedLen implements [framing.Framer].
func (f *Framer) MaxEncodedLen(n int) int {
	switch {
	case f.keep:
		return max(n, MaxHeader)
	case n > math.MaxInt-MaxHeader:
		return math.MaxInt
	}
	return n + MaxHeader
}

// AppendHeader implements [framing.Encloser]. It needs only the size or, if f delivers
// frames whole, the header that the payload begins with, which it verifies.
func (f *Framer) AppendHeader(dst, start []byte, size int64) ([]byte, error) {
	switch {
	case size < 0:
		return dst, &framing.PayloadError{Size: size, Reason: "its size is negative"}
	case f.keep:
		return dst, f.verify(start, size)
	}
	return appendHeader(dst, size), nil
}

// verify returns an error unless start begins with the header of a frame of size bytes.
func (f *Framer) verify(start []byte, size int64) error {
	refused := func(format string, args ...any) error {
		return &framing.PayloadError{Size: size, Reason: fmt.Sprintf(format, args...)}
	}
	var frame framing.Frame
	var err error
	if len(start) > 0 {
		frame, _, err = f.Split(start, framing.Resume{})
	}
	switch {
	case err == framing.ErrFill:
		return refused("it must be one whole frame; it begins with an empty line")
	case err != nil:
		return refused("it must be one whole frame: %v", err)
	case frame.Size == 0 && int64(len(start)) < size:
		return framing.ErrNoHeader
	case frame.Size == 0:
		return refused("it must be one whole frame; its header is incomplete")
	case int64(frame.Size) != size:
		return refused("its Content-Length makes a frame of %s", plural.Of(frame.Size, "byte"))
	}
	return nil
}

// Trailer implements [framing.Encloser]. It returns nil.
func (f *Framer) Trailer() []byte { return nil }

// String returns f as package spec reads it: "content-length" or "content-length,keep".
func (f *Framer) String() string {
	if f.keep {
		return "content-length,keep"
	}
	return "content-length"
}
