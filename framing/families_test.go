package framing_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// A family is a framer and a stream of its frames, from which the promises are
// tested at every offset.
type family struct {
	framer   framing.Framer
	name     string
	payloads []string
	frames   []string // payloads on the wire
	wire     string   // frames, one behind the other

	// known says how many bytes of a frame must have arrived before its size
	// is known, judged how many before its payload's size is.
	known, judged func(frame string) int
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// whole is known of a frame that must arrive whole before its size is known.
func whole(frame string) int { return len(frame) }

// after is known of a frame that tells its size after n bytes.
func after(n int) func(string) int { return func(string) int { return n } }

func newFamily(name string, f framing.Framer, known func(string) int, payloads ...string) family {
	var frames []string
	for _, p := range payloads {
		frames = append(frames, string(must(f.Append(nil, []byte(p)))))
	}
	return received(name, f, known, payloads, frames)
}

// received is a family whose frames arrive in another form than they are
// written.
func received(name string, f framing.Framer, known func(string) int, payloads, frames []string) family {
	return family{f, name, payloads, frames, strings.Join(frames, ""), known, known}
}

func families() []family {
	long := strings.Repeat("long ", 8)
	text := []string{"", "a", "hello", "", "\r x", long, "bc", "the end"}
	length := func(c lengthprefix.Config, need int, payloads ...string) family {
		f := must(lengthprefix.New(c))
		return newFamily(f.String(), f, after(need), payloads...)
	}
	varint := func(frame string) int {
		_, n := binary.Uvarint([]byte(frame))
		return n
	}
	padded := newFamily("fixed,pad", must(fixed.Padded(6, '_')), after(1), "", "a", "_b", "cdefgh", "__ij", "k")
	padded.judged = whole
	return []family{
		newFamily("line", delimiter.Line(), whole, text...),
		received("line from CRLF", delimiter.Line(), whole,
			[]string{"", "a", "hel\rlo", "\rz", "x", long},
			[]string{"\r\n", "a\n", "hel\rlo\r\n", "\rz\r\n", "x\r\n", long + "\r\n"}),
		newFamily("line,keep", delimiter.Line().Keep(), whole, "\n", "\r\n", "a\n", "hello\r\n", long+"\n"),
		newFamily("crlf", delimiter.CRLF(), whole, "", "a", "\n", "x\ry\nz", "\r", long),
		newFamily("crlf,keep", delimiter.CRLF().Keep(), whole, "\r\n", "a\r\n", "\n\r\n", long+"\r\n"),
		newFamily("delimiter of one byte", must(delimiter.New("\x00")), whole, text...),
		newFamily("delimiter of one repeated byte", must(delimiter.New("aaa")), whole, "", "b", "aab", "hello, hello"),
		newFamily("delimiter of a text", must(delimiter.New("<end>")), whole, "", "a", "<end", "<e<en", long),
		received("delimiters", must(delimiter.New("|", "END", "BEND", "\n")), whole,
			[]string{"", "a", "hello EN", "", "E", "x", long},
			[]string{"|", "aEND", "hello EN|", "BEND", "EBEND", "x\n", long + "END"}),
		newFamily("delimiters with one last byte", must(delimiter.New("\n", "\r\n", "--\r\n")), whole, "", "a", "-", "hello", long),

		newFamily("length of 1 byte", lengthprefix.Uint8(), after(1), text...),
		newFamily("length of 2 bytes", lengthprefix.Uint16(), after(2), text...),
		newFamily("length of 4 bytes", lengthprefix.Uint32(), after(4), text...),
		newFamily("length of 8 bytes", lengthprefix.Uint64(), after(8), text...),
		length(lengthprefix.Config{Width: 3, LittleEndian: true}, 3, text...),
		length(lengthprefix.Config{Width: 2, IncludesHeader: true}, 2, text...),
		length(lengthprefix.Config{Width: 2, Offset: 3, Adjust: -1}, 5, "a", "hello", long),
		length(lengthprefix.Config{Width: 2, Offset: 1, Adjust: 2, Strip: 5}, 3, text...),
		length(lengthprefix.Config{Width: 2, Strip: lengthprefix.KeepHeader}, 2, "\x00\x00", "\x00\x05hello", "\x00\x01a"),
		length(lengthprefix.Config{Width: 2, Offset: 1, Adjust: -3, Strip: 3, Zero: []byte{0xca}}, 3, "a", "hello", long),
		length(lengthprefix.Config{Width: 1, Offset: 1, Adjust: 2, Strip: 4, Zero: []byte("<:>")}, 4, text...),
		newFamily("varint", lengthprefix.Varint(), varint, append(text, strings.Repeat("x", 130))...),
		received("varint,non-minimal", lengthprefix.Varint().NonMinimal(), varint,
			[]string{"", "a", "", "hello"}, []string{"\x80\x00", "\x81\x80\x80\x00a", "\x00", "\x85\x80\x80\x80\x80\x80\x80\x80\x80\x00hello"}),

		newFamily("fixed of 1 byte", must(fixed.New(1)), after(1), "a", "\n", "b", "c"),
		newFamily("fixed of 5 bytes", must(fixed.New(5)), after(1), "hello", "world", "\x00\x01\x02\x03\x04"),
		padded,
		newFamily("escaped", escaped{}, whole, "", "a", "..", "^", "hel.lo", long),
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

// expect says what a reader with this limit makes of wire[:cut]: the promises
// R1, R3 and R4 in a few lines, against which the Reader is tested.
func (f family) expect(cut, limit int) (events []string) {
	start := 0
	for i, frame := range f.frames {
		have := min(cut-start, len(frame))
		if have == 0 {
			break
		}
		known, judged, window := f.known(frame), f.judged(frame), max(f.framer.MaxEncodedLen(limit), 1)
		e := &framing.TooLargeError{Max: uint64(limit), Offset: int64(start)}
		switch {
		case known > window && have >= window:
			events = append(events, event("", e))
		case have >= judged && len(f.payloads[i]) > limit:
			e.Size = uint64(len(f.payloads[i]))
			events = append(events, event("", e))
		case have == len(frame):
			events = append(events, event(f.payloads[i], nil))
		}
		if have < len(frame) {
			e := &framing.UnexpectedEOFError{Have: int64(have), Offset: int64(start)}
			if known <= window && have >= known {
				e.Want = int64(len(frame))
			}
			return append(events, event("", e))
		}
		start += len(frame)
	}
	return append(events, event("", io.EOF))
}

// event describes what a read method returned, so that two are easily compared
// and read.
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

// readAll reads frames until an error that costs more than a frame, and then
// makes sure that it stays.
func readAll(t fatal, r *framing.Reader) (events []string) {
	t.Helper()
	for {
		p, err := r.ReadFrame()
		events = append(events, event(string(p), err))
		if err == nil || errors.Is(err, framing.ErrFrame) {
			continue
		}
		for range 2 {
			if p, again := r.ReadFrame(); p != nil || again != err {
				t.Fatalf("after %v: %q, %v", err, p, again)
			}
		}
		return events
	}
}

// fatal is a *testing.T or *rapid.T.
type fatal interface {
	Helper()
	Fatalf(format string, args ...any)
}

// same fails the test if two lists of events differ, and shows where.
func same(t fatal, what string, got, want []string) {
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

// source is a way in which a stream can arrive.
type source struct {
	name string
	of   func(io.Reader) io.Reader
}

var sources = []source{
	{"at once", func(r io.Reader) io.Reader { return r }},
	{"OneByteReader", iotest.OneByteReader},
	{"HalfReader", iotest.HalfReader},
	{"DataErrReader", iotest.DataErrReader},
	{"OneByteReader, DataErrReader", func(r io.Reader) io.Reader { return iotest.DataErrReader(iotest.OneByteReader(r)) }},
	{"hesitant", func(r io.Reader) io.Reader { return &hesitant{r: iotest.HalfReader(r)} }},
}

// initials are the sizes of the buffers that a reader starts with.
var initials = []int{1, 2, 3, 5, 16, 4096}

// newReader returns a Reader that starts with a buffer of so many bytes.
func newReader(src io.Reader, f framing.Framer, initial int) *framing.Reader {
	r := framing.NewReader(src, f)
	r.SetInitial(initial)
	return r
}

// hesitant returns 0, nil from two calls of Read before each one that reads.
type hesitant struct {
	r     io.Reader
	calls int
}

func (h *hesitant) Read(p []byte) (int, error) {
	if h.calls++; h.calls%3 != 0 {
		return 0, nil
	}
	return h.r.Read(p)
}

// pieces reads what it holds piece by piece, each no further than that, with
// an error where there is one.
type pieces []piece

type piece struct {
	data string
	err  error
}

func (s *pieces) Read(p []byte) (int, error) {
	if len(*s) == 0 {
		return 0, io.EOF
	}
	first := &(*s)[0]
	n := copy(p, first.data)
	first.data = first.data[n:]
	if first.data != "" {
		return n, nil
	}
	err := first.err
	*s = (*s)[1:]
	return n, err
}

// plain hides what a framer can do beyond the one contract.
type plain struct{ framing.Framer }

// escaped is a framer that rewrites what it splits, and condemns single
// frames: a frame ends at ".", and "^d" stands for "." in it, "^u" for "^".
type escaped struct{}

var errEscape = errors.New("malformed escape: behind ^ must come d or u")

func (escaped) Split(data []byte, seen int) (framing.Frame, error) {
	end := bytes.IndexByte(data[seen:], '.')
	if end < 0 {
		return framing.Frame{Seen: len(data)}, nil
	}
	end += seen
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
				return framing.Frame{Size: end + 1, End: n}, errEscape
			}
		}
		data[n] = c
		n++
	}
	return framing.Frame{Size: end + 1, End: n}, nil
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

func (escaped) Skip(data []byte) (int, bool) {
	if i := bytes.IndexByte(data, '.'); i >= 0 {
		return i + 1, true
	}
	return len(data), false
}

// stub is a net.Conn that only reads and writes.
type stub struct {
	net.Conn
	io.Reader
	io.Writer
}

func (s stub) Read(p []byte) (int, error)  { return s.Reader.Read(p) }
func (s stub) Write(p []byte) (int, error) { return s.Writer.Write(p) }
