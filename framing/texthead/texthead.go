package texthead

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/decimal"
	"github.com/wholeframe/wholeframe/framing/internal/plural"
	"github.com/wholeframe/wholeframe/framing/internal/text"
)

// MaxHead is the maximum size of a head, in bytes.
const MaxHead = 64 << 10

var (
	errTooLong   = fmt.Errorf("malformed head: it does not end within %d bytes", MaxHead)
	errMissing   = errors.New("malformed head: no field announces the size of the body, want Content-Length or l")
	errDuplicate = errors.New("malformed head: the size of the body is announced twice")
	errFolded    = errors.New("malformed head: the size of the body continues on another line")
	errLF        = errors.New(`malformed head: line ends in "\n", want "\r\n"`)
	errCR        = errors.New(`malformed head: "\r" inside a line`)
	errBlank     = errors.New("malformed head: a blank at the start of a line that continues no field")
	errBlanks    = errors.New("malformed head: too many blanks after the name of a field")

	// STOMP has names with blanks, but some programs ignore them.
	errBlankAfter = errors.New("malformed head: a blank after the name of a field")

	// For other commands, servers may ignore content-length, and end the frame at a NUL.
	errNoBody = errors.New("malformed head: a body, which only SEND, MESSAGE and ERROR may have")

	// Some programs take such a line for the empty one that ends a head.
	errBlanksOnly = errors.New("malformed head: a line of blanks")

	// NATS servers take this "\n", and the next line, for the arguments of the first word.
	errBlankLF = errors.New(`malformed head: a blank between the only word of a line and "\n", want "\r\n"`)

	errInterleaved = errors.New("malformed head: interleaved binary data, which begins with '$', is another framing: length,width=2,offset=2,keep")
)

// A Framer frames the messages of one protocol. Make one with [SIP], [RTSP], [STOMP],
// [NATS] or [Memcached]. It is a [framing.Skipper] and a [framing.Encloser].
type Framer struct {
	name    string
	crlf    bool      // lines must end in "\r\n", and may be continued
	text    *text.Set // of the lines of a head
	names   *text.Set // of the names of fields
	fields  []string  // the names of the field that announces a size
	fold    bool      // in upper or lower case
	without without
	bodies  []string // the first lines of the heads that may announce a body, or nil if all may
	verbs   []verb   // the lines that announce a size, in place of fields
	trailer string   // follows a body

	interleaved bool // binary data may occur between frames; it is refused
}

// stompName is the set of bytes of the name of a STOMP header.
var stompName = text.Line

func init() { stompName[':'] = false }

// without tells what a head without a size means.
type without uint8

const (
	malformed without = iota
	noBody            // the frame ends with its head
	untilNUL          // the body ends at the first NUL
)

// SIP returns the framer for SIP over TCP and TLS.
func SIP() *Framer {
	return &Framer{name: "sip", crlf: true, text: &text.Line, names: &text.Token, fields: []string{"Content-Length", "l"}, fold: true}
}

// RTSP returns the framer for RTSP without interleaved binary data (RFC 2326 section
// 10.12), which is malformed. [framing.Select] joins it with the framing of that data, a
// length field with a Width and an Offset of 2 and Keep.
func RTSP() *Framer {
	return &Framer{name: "rtsp", crlf: true, text: &text.Line, names: &text.Token, interleaved: true, fields: []string{"Content-Length"}, fold: true, without: noBody}
}

// STOMP returns the framer for STOMP, versions 1.0 to 1.2.
func STOMP() *Framer {
	return &Framer{name: "stomp", text: &text.Line, names: &stompName, fields: []string{"content-length"}, bodies: []string{"SEND", "MESSAGE", "ERROR"}, without: untilNUL, trailer: "\x00"}
}

// NATS returns the framer for NATS, for clients and servers.
func NATS() *Framer {
	return &Framer{name: "nats", text: &text.Value, fold: true, without: noBody, verbs: natsVerbs, trailer: "\r\n"}
}

// Memcached returns the framer for the text protocol of memcached, for clients and
// servers. Each value of a response is a frame. A request that memcached refuses may have
// a body here and none there: see the package documentation.
func Memcached() *Framer {
	return &Framer{name: "memcached", text: &text.Words, without: noBody, verbs: memcachedVerbs, trailer: "\r\n"}
}

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if r == (framing.Resume{}) {
		if n := f.emptyLines(data); n > 0 {
			return framing.Frame{Size: n}, r, framing.ErrFill
		}
	}
	p := resume(r)
	if p.next == toNUL {
		return untilByte0(data, p)
	}
	head := data[:min(len(data), MaxHead)]
	switch err := p.parse(f, head); {
	case err != nil:
		return framing.Frame{}, r, err
	case p.next == complete:
		return f.body(data, p)
	case len(head) == MaxHead:
		return framing.Frame{}, r, errTooLong
	}
	return framing.Frame{}, p.save(), nil
}

// emptyLines returns the size of the empty lines that data begins with.
func (f *Framer) emptyLines(data []byte) (n int) {
	for rest := data; ; rest = data[n:] {
		switch {
		case bytes.HasPrefix(rest, []byte("\r\n")):
			n += 2
		case bytes.HasPrefix(rest, []byte("\n")) && !f.crlf:
			n++
		default:
			return n
		}
	}
}

// body returns the frame whose head p has read.
func (f *Framer) body(data []byte, p parser) (framing.Frame, framing.Resume, error) {
	digits := p.digits
	if f.verbs != nil {
		var err error
		if digits, err = f.size(data[:p.pos]); err != nil {
			return framing.Frame{}, framing.Resume{}, err
		}
	}
	switch {
	case digits > 0:
	case f.without == noBody:
		return framing.Frame{Size: p.pos, End: p.pos}, framing.Resume{}, nil
	case f.without == untilNUL:
		p.next = toNUL
		return untilByte0(data, p)
	default:
		return framing.Frame{}, framing.Resume{}, errMissing
	}
	value, _, _ := decimal.Parse(data[digits:p.pos]) // number has checked it
	if value > 0 && !f.mayHaveBody(data[:p.pos]) {
		return framing.Frame{}, framing.Resume{}, errNoBody
	}
	overhead := p.pos + len(f.trailer)
	if value > uint64(math.MaxInt-overhead) {
		return framing.Frame{}, framing.Resume{}, decimal.TooLarge(value, overhead)
	}
	frame := framing.Frame{Size: overhead + int(value)}
	switch {
	case f.trailer == "":
		frame.End = frame.Size
	case frame.Size > len(data): // the trailer is part of the payload
	default:
		if got := data[frame.Size-len(f.trailer) : frame.Size]; string(got) != f.trailer {
			return frame, framing.Resume{}, fmt.Errorf("malformed frame: got %+q after the announced body, want %+q", got, f.trailer)
		}
		frame.End = frame.Size
	}
	return frame, framing.Resume{}, nil
}

// mayHaveBody reports whether the body that head announces may have bytes.
func (f *Framer) mayHaveBody(head []byte) bool {
	if f.bodies == nil {
		return true
	}
	first := head[:f.text.SpanText(head)]
	for _, body := range f.bodies {
		if string(first) == body {
			return true
		}
	}
	return false
}

// untilByte0 returns the frame that ends at the first NUL from p.pos on.
func untilByte0(data []byte, p parser) (framing.Frame, framing.Resume, error) {
	i := bytes.IndexByte(data[p.pos:], 0)
	if i < 0 {
		p.pos = len(data)
		return framing.Frame{}, p.save(), nil
	}
	size := p.pos + i + 1
	return framing.Frame{Size: size, End: size}, framing.Resume{}, nil
}

// Append implements [framing.Framer]. The payload must be exactly one frame, in whose
// head the size of its body is announced.
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	if err := f.verify(payload, int64(len(payload))); err != nil {
		return dst, err
	}
	return append(dst, payload...), nil
}

// AppendHeader implements [framing.Encloser]. There is no header but the head that the
// payload begins with, which it verifies. It returns [framing.ErrNoHeader] if it needs
// more of the payload for that.
func (f *Framer) AppendHeader(dst, start []byte, size int64) ([]byte, error) {
	return dst, f.verify(start, size)
}

// verify returns an error unless start begins a frame of size bytes.
func (f *Framer) verify(start []byte, size int64) error {
	refused := func(format string, args ...any) error {
		return &framing.PayloadError{Size: size, Reason: fmt.Sprintf(format, args...)}
	}
	var frame framing.Frame
	var err error
	if len(start) > 0 {
		frame, _, err = f.Split(start, framing.Resume{})
	}
	whole := int64(len(start)) == size
	switch {
	case size < 0:
		return refused("its size is negative")
	case err == framing.ErrFill:
		return refused("it must be one whole frame; it begins with an empty line")
	case err != nil:
		return refused("it must be one whole frame: %v", err)
	case frame.Size > 0 && int64(frame.Size) != size:
		return refused("its head makes a frame of %s", plural.Of(frame.Size, "byte"))
	case frame.End == 0 && whole:
		return refused("it must be one whole frame; its end is missing")
	case frame.End == 0:
		return framing.ErrNoHeader
	}
	return nil
}

// Trailer implements [framing.Encloser]. It returns nil.
func (f *Framer) Trailer() []byte { return nil }

// MaxEncodedLen implements [framing.Framer].
func (f *Framer) MaxEncodedLen(n int) int { return max(n, MaxHead) }

// Skip implements [framing.Skipper]. It serves STOMP: the size of a frame is unknown only
// if it ends at a NUL.
func (f *Framer) Skip(data []byte, r framing.Resume) (n int, next framing.Resume, end bool) {
	if i := bytes.IndexByte(data[r.Pos:], 0); i >= 0 {
		return r.Pos + i + 1, framing.Resume{}, true
	}
	return len(data), framing.Resume{}, false
}

// FixedEnd reports whether a payload ends with a NUL or a line end, as in STOMP, NATS and
// memcached, so that package checksum can add nothing to it.
func (f *Framer) FixedEnd() bool { return f.trailer != "" }

// String returns f as package spec reads it: "text-head,protocol=sip".
func (f *Framer) String() string { return "text-head,protocol=" + f.name }
