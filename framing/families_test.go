package framing_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// A family is a Framer and a stream of its frames, on which the promises are
// tested at every offset.
type family struct {
	framer   framing.Framer
	name     string
	payloads []string
	frames   []string // the payloads as they are received
	wire     string   // the frames, one directly after the other

	// sizeAt returns the number of leading bytes of a frame from which Split
	// knows its Size, payloadAt the number from which it knows End as well.
	sizeAt, payloadAt func(frame string) int
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// whole is the sizeAt of frames that have to be complete.
func whole(frame string) int { return len(frame) }

// after returns the sizeAt of frames whose first n bytes tell the size.
func after(n int) func(string) int { return func(string) int { return n } }

// newFamily returns a family whose frames are received as Append writes them.
func newFamily(name string, f framing.Framer, sizeAt func(string) int, payloads ...string) family {
	var frames []string
	for _, p := range payloads {
		frames = append(frames, string(must(f.Append(nil, []byte(p)))))
	}
	return received(name, f, sizeAt, payloads, frames)
}

// received returns a family whose frames are received in another form than
// Append writes.
func received(name string, f framing.Framer, sizeAt func(string) int, payloads, frames []string) family {
	return family{f, name, payloads, frames, strings.Join(frames, ""), sizeAt, sizeAt}
}

func families() []family {
	long := strings.Repeat("long ", 8)
	text := []string{"", "a", "hello", "", "\r x", long, "bc", "the end"}
	length := func(c lengthprefix.Config, need int, payloads ...string) family {
		return newFamily(fmt.Sprintf("length %+v", c), must(lengthprefix.New(c)), after(need), payloads...)
	}
	varint := func(frame string) int {
		_, n := binary.Uvarint([]byte(frame))
		return n
	}
	padded := newFamily("padded", must(fixed.Padded(6, '_')), after(1), "", "a", "_b", "cdefgh", "__ij", "k")
	padded.payloadAt = whole
	return []family{
		newFamily("line", delimiter.Line(), whole, append(text, "b\r")...),
		received("line from CRLF", delimiter.Line(), whole,
			[]string{"", "a", "hel\rlo", "\rz", "x", long, "b\r"},
			[]string{"\r\n", "a\n", "hel\rlo\r\n", "\rz\r\n", "x\r\n", long + "\r\n", "b\r\r\n"}),
		newFamily("line,keep", delimiter.Line().Keep(), whole, "\n", "\r\n", "a\n", "hello\r\n", long+"\n"),
		newFamily("crlf", delimiter.CRLF(), whole, "", "a", "\n", "x\ry\nz", "\r", long),
		newFamily("crlf,keep", delimiter.CRLF().Keep(), whole, "\r\n", "a\r\n", "\n\r\n", long+"\r\n"),
		newFamily("delimiter of one byte", must(delimiter.New("\x00")), whole, text...),
		newFamily("delimiter of one repeated byte", must(delimiter.New("aaa")), whole, "", "b", "aab", "hello, hello"),
		newFamily("delimiter of a text", must(delimiter.New("<end>")), whole, "", "a", "<end", "<e<en", long),
		received("delimiters", must(delimiter.New("|", "END", "BEND", "\n")), whole,
			[]string{"", "a", "hello EN", "", "E", "x", long},
			[]string{"|", "aEND", "hello EN|", "BEND", "EBEND", "x\n", long + "END"}),
		newFamily("delimiters with one last byte", must(delimiter.New("\n", "\r\n", "--\r\n")), whole, "", "a", "-", "hello", long, "b\r", "--"),

		newFamily("length of 1 byte", lengthprefix.Uint8(), after(1), text...),
		newFamily("length of 2 bytes", lengthprefix.Uint16(), after(2), text...),
		newFamily("length of 4 bytes", lengthprefix.Uint32(), after(4), text...),
		newFamily("length of 8 bytes", lengthprefix.Uint64(), after(8), text...),
		length(lengthprefix.Config{Width: 3, LittleEndian: true}, 3, text...),
		length(lengthprefix.Config{Width: 2, IncludesHeader: true}, 2, text...),
		length(lengthprefix.Config{Width: 2, Offset: 3, Adjust: -1}, 5, "a", "hello", long),
		length(lengthprefix.Config{Width: 2, Offset: 1, Adjust: 2, Strip: 5}, 3, text...),
		length(lengthprefix.Config{Width: 2, Keep: true}, 2, "\x00\x00", "\x00\x05hello", "\x00\x01a"),
		length(lengthprefix.Config{Width: 2, Offset: 1, Adjust: -3, Strip: 3, Magic: []byte{0xca}}, 3, "a", "hello", long),
		length(lengthprefix.Config{Width: 1, Offset: 1, Adjust: 2, Strip: 4, Magic: []byte("<:>")}, 4, text...),
		newFamily("varint", lengthprefix.Varint(), varint, append(text, strings.Repeat("x", 130))...),
		received("varint,non-minimal", lengthprefix.Varint().NonMinimal(), varint,
			[]string{"", "a", "", "hello"}, []string{"\x80\x00", "\x81\x80\x80\x00a", "\x00", "\x85\x80\x80\x80\x80\x80\x80\x80\x80\x00hello"}),

		newFamily("fixed of 1 byte", must(fixed.New(1)), after(1), "a", "\n", "b", "c"),
		newFamily("fixed of 5 bytes", must(fixed.New(5)), after(1), "hello", "world", "\x00\x01\x02\x03\x04"),
		padded,
		newFamily("escaped", escaped{}, whole, "", "a", "..", "^", "hel.lo", long),
		newFamily("nested", nested{}, whole, "()", "(a)", "(a(b)c)", "("+long+"(()))", "((()))"),
		newFamily("magic", magic{}, after(3), text...),
	}
}

// eachFamily runs test for every family.
func eachFamily(t *testing.T, test func(t *testing.T, f family)) {
	for _, f := range families() {
		t.Run(f.name, func(t *testing.T) { test(t, f) })
	}
}

// starts returns the offsets at which frames begin, and the length of wire.
func (f family) starts() []int {
	s := []int{0}
	for _, frame := range f.frames {
		s = append(s, s[len(s)-1]+len(frame))
	}
	return s
}

// written returns the payloads as Append writes them.
func (f family) written() (wire string) {
	for _, p := range f.payloads {
		wire += string(must(f.framer.Append(nil, []byte(p))))
	}
	return wire
}

// expect returns the events of reading wire[:cut] with this limit: the promises
// R1, R3 and R4 in a few lines, with which a Reader is compared.
func (f family) expect(cut, limit int) (events []string) {
	start := 0
	for i, frame := range f.frames {
		have := min(cut-start, len(frame))
		if have == 0 {
			break
		}
		sizeAt, payloadAt, window := f.sizeAt(frame), f.payloadAt(frame), max(f.framer.MaxEncodedLen(limit), 1)
		e := &framing.TooLargeError{Max: uint64(limit), Offset: int64(start)}
		switch {
		case sizeAt > window && have >= window:
			events = append(events, event("", e))
		case have >= payloadAt && len(f.payloads[i]) > limit:
			e.Size = uint64(len(f.payloads[i]))
			events = append(events, event("", e))
		case have == len(frame):
			events = append(events, event(f.payloads[i], nil))
		}
		if have < len(frame) {
			e := &framing.UnexpectedEOFError{Have: int64(have), Offset: int64(start)}
			if sizeAt <= window && have >= sizeAt {
				e.Want = int64(len(frame))
			}
			return append(events, event("", e))
		}
		start += len(frame)
	}
	return append(events, event("", io.EOF))
}

// event returns a description of the result of a read method.
func event(payload string, err error) string {
	switch {
	case err == io.EOF:
		return "EOF"
	case err == nil:
		return fmt.Sprintf("%q", payload)
	case errors.Is(err, framing.ErrFrame):
		return fmt.Sprintf("%T, one frame: %v", err, err)
	default:
		return fmt.Sprintf("%T: %v", err, err)
	}
}

// readAll reads frames until an error that is not of a single frame, and fails
// the test if the following calls do not return that error again.
func readAll(t *testing.T, r *framing.Reader) (events []string) {
	t.Helper()
	for {
		p, err := r.ReadFrame()
		events = append(events, event(string(p), err))
		if err == nil || errors.Is(err, framing.ErrFrame) {
			continue
		}
		for range 2 {
			if p, again := r.ReadFrame(); p != nil || again != err {
				t.Fatalf("ReadFrame() after an error = %q, %v; want nil, %v", p, again, err)
			}
		}
		return events
	}
}

// sameEvents fails the test if got and want differ, and shows where.
func sameEvents(t *testing.T, what string, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	t.Fatalf("%s: event %d:\n got %s\nwant %s", what, i, strings.Join(got[i:], "\n     "), strings.Join(want[i:], "\n     "))
}

// A source is a way in which a stream can arrive.
type source struct {
	name string
	of   func(io.Reader) io.Reader
}

var sources = []source{
	{"whole", func(r io.Reader) io.Reader { return r }},
	{"OneByteReader", iotest.OneByteReader},
	{"HalfReader", iotest.HalfReader},
	{"DataErrReader", iotest.DataErrReader},
	{"OneByteReader, DataErrReader", func(r io.Reader) io.Reader { return iotest.DataErrReader(iotest.OneByteReader(r)) }},
	{"HalfReader, emptyReadsReader", func(r io.Reader) io.Reader { return &emptyReadsReader{r: iotest.HalfReader(r), n: 2} }},
}

// initials are the sizes of the buffers that a Reader starts with.
var initials = []int{1, 2, 3, 5, 16, 4096}

// newReader returns a Reader that starts with a buffer of initial bytes.
func newReader(src io.Reader, f framing.Framer, initial int) *framing.Reader {
	r := framing.NewReader(src, f)
	r.SetInitial(initial)
	return r
}

// An opaqueFramer hides the optional interfaces of a Framer.
type opaqueFramer struct{ framing.Framer }

// escaped is a Framer that rewrites what it splits and rejects single frames: a
// frame ends at ".", and in it "^d" is "." and "^u" is "^".
type escaped struct{}

var errEscape = errors.New("malformed escape: ^ must be followed by d or u")

func (escaped) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	end := bytes.IndexByte(data[r.Pos:], '.')
	if end < 0 {
		return framing.Frame{}, framing.Resume{Pos: len(data)}, nil
	}
	end += r.Pos
	n := 0
	for i := 0; i < end; i++ {
		c := data[i]
		if c == '^' {
			i++
			switch data[i] {
			case 'd':
				c = '.'
			case 'u':
			default:
				return framing.Frame{Size: end + 1}, r, errEscape
			}
		}
		data[n] = c
		n++
	}
	return framing.Frame{Size: end + 1, End: n}, r, nil
}

func (escaped) Append(dst, payload []byte) ([]byte, error) {
	for _, c := range payload {
		switch c {
		case '.':
			dst = append(dst, "^d"...)
		case '^':
			dst = append(dst, "^u"...)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '.'), nil
}

func (escaped) MaxEncodedLen(n int) int {
	if n > (math.MaxInt-1)/2 {
		return math.MaxInt
	}
	return 2*n + 1
}

func (escaped) Skip(data []byte, r framing.Resume) (int, framing.Resume, bool) {
	if i := bytes.IndexByte(data[r.Pos:], '.'); i >= 0 {
		return r.Pos + i + 1, framing.Resume{}, true
	}
	return len(data), framing.Resume{}, false
}

// nested is a Framer whose frames are expressions in parentheses, delivered whole.
// The depth at Resume.Pos is its State. Other bytes between frames are an error
// that a Skipper resynchronizes at the next parenthesis.
type nested struct{}

var errNested = errors.New("malformed expression: want (")

func (nested) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if r.Pos == 0 && data[0] != '(' {
		return framing.Frame{Size: framing.Resync}, framing.Resume{Pos: 1}, errNested
	}
	n, depth := nested{}.close(data[r.Pos:], r.State)
	if r = (framing.Resume{Pos: r.Pos + n, State: depth}); depth == 0 {
		return framing.Frame{Size: r.Pos, End: r.Pos}, r, nil
	}
	return framing.Frame{}, r, nil
}

// close returns the number of bytes up to the end of an expression, or all of
// them, and the depth there.
func (nested) close(data []byte, depth uint64) (int, uint64) {
	for i, c := range data {
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1, 0
			}
		}
	}
	return len(data), depth
}

func (nested) Skip(data []byte, r framing.Resume) (int, framing.Resume, bool) {
	if r.State > 0 { // inside an expression that is too large
		n, depth := nested{}.close(data[r.Pos:], r.State)
		return r.Pos + n, framing.Resume{State: depth}, depth == 0
	}
	if i := bytes.IndexByte(data[r.Pos:], '('); i >= 0 {
		return r.Pos + i, framing.Resume{}, true
	}
	return len(data), framing.Resume{}, false
}

func (nested) Append(dst, payload []byte) ([]byte, error) {
	if len(payload) > 0 && payload[0] == '(' {
		if n, depth := (nested{}).close(payload, 0); depth == 0 && n == len(payload) {
			return append(dst, payload...), nil
		}
	}
	return dst, &framing.PayloadError{Size: int64(len(payload)), Reason: "it is not one expression"}
}

func (nested) MaxEncodedLen(n int) int { return n }

// magic is a Framer whose frames are "AB", the size in one byte and the payload.
// After other bytes it resynchronizes at the next "AB".
type magic struct{}

var errMagic = errors.New("malformed header: want AB")

func (magic) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	switch {
	case !strings.HasPrefix("AB", string(data[:min(2, len(data))])):
		return framing.Frame{Size: framing.Resync}, framing.Resume{Pos: 1}, errMagic
	case len(data) < 3:
		return framing.Frame{}, framing.Resume{}, nil
	}
	size := 3 + int(data[2])
	return framing.Frame{Size: size, Start: 3, End: size}, framing.Resume{}, nil
}

func (magic) Skip(data []byte, r framing.Resume) (int, framing.Resume, bool) {
	if i := strings.Index(string(data[r.Pos:]), "AB"); i >= 0 {
		return r.Pos + i, framing.Resume{}, true
	}
	n := len(data)
	if n > r.Pos && data[n-1] == 'A' {
		n-- // it may be half of "AB"
	}
	return n, framing.Resume{}, false
}

func (magic) Append(dst, payload []byte) ([]byte, error) {
	if len(payload) > math.MaxUint8 {
		return dst, &framing.PayloadError{Size: int64(len(payload)), Reason: "it exceeds 255 bytes"}
	}
	return append(append(dst, 'A', 'B', byte(len(payload))), payload...), nil
}

func (magic) MaxEncodedLen(n int) int {
	if n > math.MaxInt-3 {
		return math.MaxInt
	}
	return n + 3
}
