package framing_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// resyncCases are streams with bytes that start no frame, and their events with a
// limit of 8.
var resyncCases = []struct {
	framer framing.Framer
	stream string
	want   []string
}{
	{magic{}, "AB\x02ok" + "xyz" + "AB\x03two", []string{`"ok"`, formatError(5, errMagic), `"two"`, "EOF"}},
	// False beginnings of a magic, in the stream and in what is skipped.
	{magic{}, "AAB\x01a" + "AxAAAB\x01b" + "BAB\x01c", []string{
		formatError(0, errMagic), `"a"`, formatError(5, errMagic), `"b"`, formatError(13, errMagic), `"c"`, "EOF"}},
	// A magic inside a payload, and inside a frame that is too large.
	{magic{}, "AB\x03ABx" + "AB\x09AB\x01xAB\x01yz" + "AB\x01z", []string{
		`"ABx"`, "*framing.TooLargeError, one frame: framing: frame at offset 6: payload of 9 bytes exceeds the limit of 8 bytes", `"z"`, "EOF"}},
	// The stream ends in bytes that are skipped, and inside a magic.
	{magic{}, "AB\x01axyA", []string{`"a"`, formatError(4, errMagic), "*framing.UnexpectedEOFError: framing: frame at offset 4: unexpected EOF after 3 bytes"}},
	{magic{}, "AB\x01aA", []string{`"a"`, "*framing.UnexpectedEOFError: framing: frame at offset 4: unexpected EOF after 1 byte"}},

	{nested{}, "(a)) ,(b(c))", []string{`"(a)"`, formatError(3, errNested), `"(b(c))"`, "EOF"}},
	// The depth is carried from Split to Skip, and from one Skip to the next.
	{nested{}, "(a(b(c)d)e(f)g)h(i)", []string{
		"*framing.TooLargeError, one frame: framing: frame at offset 0: payload exceeds the limit of 8 bytes",
		formatError(15, errNested), `"(i)"`, "EOF"}},
	{nested{}, "(((((((((())))))))))(((())))x(y)", []string{
		"*framing.TooLargeError, one frame: framing: frame at offset 0: payload exceeds the limit of 8 bytes",
		`"(((())))"`, formatError(28, errNested), `"(y)"`, "EOF"}},

	// A size that exceeds an int, after which the Skipper finds the next frame.
	{must(lengthprefix.New(lengthprefix.Config{Width: 8, Offset: 2, Magic: []byte("AB"), Resync: true})), "xAB\xff\xff\xff\xff\xff\xff\xff\xff" + "xAB\x00\x00\x00\x00\x00\x00\x00\x01a", []string{
		formatError(0, errors.New("malformed header: byte 0 is 0x78, want 0x41")),
		"*framing.TooLargeError, one frame: framing: frame at offset 1: payload of 18446744073709551615 bytes exceeds the limit of 8 bytes", `"a"`, "EOF"}},
}

// formatError returns the event of an invalid frame at this offset.
func formatError(offset int64, err error) string {
	return event("", &framing.FormatError{Offset: offset, Err: err})
}

// Bytes that start no frame are one error, after which the Skipper finds the next
// frame: at every cut, from all sources, by Reader and Buffer.
func TestResync(t *testing.T) {
	for _, test := range resyncCases {
		for _, s := range sources {
			for _, initial := range initials {
				r := newReader(s.of(strings.NewReader(test.stream)), test.framer, initial)
				r.SetMaxPayload(8)
				sameEvents(t, fmt.Sprintf("%q, %s, buffer %d", test.stream, s.name, initial), readAll(t, r), test.want)
			}
		}
		for cut := range len(test.stream) + 1 {
			r := newReader(&frametest.Script{{Data: test.stream[:cut]}, {Data: test.stream[cut:]}}, test.framer, 1)
			r.SetMaxPayload(8)
			sameEvents(t, fmt.Sprintf("%q cut at %d", test.stream, cut), readAll(t, r), test.want)

			b := framing.NewBuffer(test.framer)
			b.SetMaxPayload(8)
			io.WriteString(b, test.stream[:cut])
			got := bufferedEvents(b)
			io.WriteString(b, test.stream[cut:])
			got = append(got, bufferedEvents(b)...)
			_, err := b.Finish()
			sameEvents(t, fmt.Sprintf("Buffer, %q cut at %d", test.stream, cut), append(got, event("", err)), test.want)
		}
	}
}

// While bytes are skipped to the next frame the limit may change, for the frames that
// follow, and the Framer may not.
func TestResync_SettersWhileSkipping(t *testing.T) {
	const stream = "AB\x01a" + "xyzzy" + "AB\x03two" + "AB\x01b"
	for cut := 5; cut < 9; cut++ {
		r := newReader(script(stream[:cut], "", stream[cut:]), magic{}, 1)
		var got []string
		for len(got) < 6 {
			p, err := r.ReadFrame()
			got = append(got, event(string(p), err))
			if err == nil || err == io.EOF {
				continue
			}
			if err := r.SetFramer(delimiter.Line()); err != framing.ErrSkipping {
				t.Fatalf("cut at %d, after %v: SetFramer() = %v; want ErrSkipping", cut, err, err)
			}
			r.SetMaxPayload(2)
			if errors.Is(err, framing.ErrFrame) && len(got) > 3 {
				break
			}
		}
		sameEvents(t, fmt.Sprint("cut at ", cut), got, []string{
			`"a"`, formatError(4, errMagic), event("", errPause),
			"*framing.TooLargeError, one frame: framing: frame at offset 9: payload of 3 bytes exceeds the limit of 2 bytes",
		})
		if p, err := r.ReadFrame(); string(p) != "b" || err != nil {
			t.Fatalf(`cut at %d: ReadFrame() = %q, %v; want "b", nil`, cut, p, err)
		}
		if err := r.SetFramer(delimiter.Line()); err != nil {
			t.Fatalf("SetFramer() between frames = %v; want nil", err)
		}
	}
}

// Bytes are skipped in bounded memory, and each is examined a bounded number of times.
func TestResync_BoundedMemoryAndWork(t *testing.T) {
	for _, test := range []struct {
		framer framing.Framer
		skip   byte
		frame  string
	}{{magic{}, 'A', "AB\x01a"}, {magic{}, 'B', "AB\x01a"}, {nested{}, ')', "(a)"}, {nested{}, '(', strings.Repeat(")", 128<<10) + "(a)"}} {
		examined := 0
		src := io.MultiReader(io.LimitReader(byteReader(test.skip), 128<<10), strings.NewReader(test.frame))
		r := framing.NewReader(sources[1].of(src), countingFramer{test.framer, &examined})
		r.SetMaxPayload(8)
		if _, err := r.ReadFrame(); !errors.Is(err, framing.ErrFrame) {
			t.Fatalf("%T: ReadFrame(): error %v; want ErrFrame", test.framer, err)
		}
		if p, err := r.ReadFrame(); len(p) == 0 || err != nil || r.Held() > 64<<10 {
			t.Fatalf("%T: ReadFrame() = %q, %v, %d bytes held; want the last frame, nil, at most 64 KiB", test.framer, p, err, r.Held())
		}
		if most := 3*int(r.Offset()) + 100; examined > most {
			t.Errorf("%T: %d bytes were examined; want at most %d", test.framer, examined, most)
		}
	}
}

// A badSkipper rejects all bytes and does not skip them.
type badSkipper struct {
	magic
	end bool
}

func (s badSkipper) Skip(data []byte, r framing.Resume) (int, framing.Resume, bool) {
	return 0, framing.Resume{}, s.end
}

// A Skip that makes no progress is a terminal error: neither a loop nor a buffer that
// grows without bounds.
func TestResync_SkipWithoutProgress(t *testing.T) {
	for _, end := range []bool{false, true} {
		r := framing.NewReader(io.LimitReader(byteReader('x'), 16<<20), badSkipper{end: end})
		if _, err := r.ReadFrame(); !errors.Is(err, errMagic) || !errors.Is(err, framing.ErrFrame) {
			t.Fatalf("ReadFrame(): error %v; want %v that is ErrFrame", err, errMagic)
		}
		_, err := r.ReadFrame()
		if e := checkAs[*framing.FormatError](t, "ReadFrame()", err); !e.Final || e.Offset != 0 || r.Held() > 256<<10 {
			t.Fatalf("ReadFrame(): error %v, %d bytes held; want a final one at offset 0, at most 256 KiB", err, r.Held())
		}
		if _, again := r.ReadFrame(); again != err {
			t.Fatalf("ReadFrame() again: error %v; want %v", again, err)
		}
	}
}

// Without a Skipper, bytes that start no frame end the stream.
func TestResync_NoSkipper(t *testing.T) {
	for _, s := range sources {
		r := newReader(s.of(strings.NewReader("AB\x01axyzAB\x01b")), opaqueFramer{magic{}}, 1)
		sameEvents(t, s.name, readAll(t, r), []string{`"a"`, "*framing.FormatError: framing: frame at offset 4: " + errMagic.Error()})
	}
}
