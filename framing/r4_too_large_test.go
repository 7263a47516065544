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

// The frame after one that is too large is returned, wherever the stream is cut:
// TestR1 shows it for each family's stream, this for large frames side by side.
func TestR4_ContinuesAfterTooLarge(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		limit := 5
		for i, large := range f.payloads {
			if len(large) <= limit {
				continue
			}
			stream := f.frames[i] + f.frames[0] + f.frames[i] + f.frames[i] + f.frames[0]
			for cut := range len(stream) {
				r := newReader(&frametest.Script{{Data: stream[:cut]}, {Data: stream[cut:]}}, f.framer, 1)
				r.SetMaxPayload(limit)
				var got []string
				for p, err := range r.Frames() {
					var e *framing.TooLargeError
					switch {
					case err == nil:
						got = append(got, string(p))
					case errors.As(err, &e) && errors.Is(err, framing.ErrFrame):
						got = append(got, fmt.Sprint("too large at ", e.Offset))
					default:
						t.Fatal(err)
					}
				}
				n, m := len(f.frames[i]), len(f.frames[0])
				first := f.payloads[0]
				if len(first) > limit {
					first = fmt.Sprint("too large at ", n)
				}
				last := f.payloads[0]
				if len(last) > limit {
					last = fmt.Sprint("too large at ", 3*n+m)
				}
				sameEvents(t, fmt.Sprintf("%q", stream[:cut]), got,
					[]string{"too large at 0", first, fmt.Sprint("too large at ", n+m), fmt.Sprint("too large at ", 2*n+m), last})
			}
		}
	})
}

// A frame is skipped in bounded memory.
func TestR4_SkipsInBoundedMemory(t *testing.T) {
	const size = 8 << 20
	for _, f := range []framing.Framer{delimiter.Line(), must(delimiter.New("ab", "xyzab")), lengthprefix.Uint32(), lengthprefix.Varint(), escaped{}} {
		t.Run(fmt.Sprintf("%T %v", f, f), func(t *testing.T) {
			payload := strings.Repeat("x", size)
			wire := must(f.Append(nil, []byte(payload)))
			wire = must(f.Append(wire, []byte("next")))
			r := framing.NewReader(strings.NewReader(string(wire)), f)
			r.SetMaxPayload(10 << 10)
			if _, err := r.ReadFrame(); !errors.Is(err, framing.ErrFrame) || r.Held() > 64<<10 {
				t.Fatalf("ReadFrame(): error %v, %d bytes held; want ErrFrame, at most 64 KiB", err, r.Held())
			}
			if p, err := r.ReadFrame(); string(p) != "next" || err != nil || r.Held() > 64<<10 {
				t.Fatalf(`ReadFrame() = %q, %v, %d bytes held; want "next", nil, at most 64 KiB`, p, err, r.Held())
			}
		})
	}
}

// A peer cannot inject a frame into one that is too large by the places at which
// it splits its writes: the end of a rejected frame depends on the stream alone.
func TestR4_NothingIsInjected(t *testing.T) {
	// The first frame ends with the first three consecutive a's. The remaining two
	// of the five are the beginning of the next frame.
	const stream = "xxxxxxaayaa" + "a" + "aaokaaa" + "okaaa"
	for step := 1; step <= len(stream); step++ {
		r := newReader(frametest.Chunks([]byte(stream), step), must(delimiter.New("aaa")), 1)
		r.SetMaxPayload(3)
		sameEvents(t, fmt.Sprint("by ", step), readAll(t, r), []string{
			"*framing.TooLargeError, one frame: framing: frame at offset 0: payload exceeds the limit of 3 bytes",
			"*framing.TooLargeError, one frame: framing: frame at offset 12: payload exceeds the limit of 3 bytes",
			`"ok"`,
			"EOF",
		})
	}
}

// An invalid frame is one error, at the beginning, in the middle, and while another
// is too large.
func TestR4_InvalidFrame(t *testing.T) {
	stream := "good.b^xad.^u^d.^.long^xlonglonglong.end."
	want := []string{
		`"good"`,
		"*framing.FormatError, one frame: framing: frame at offset 5: " + errEscape.Error(),
		`"^."`,
		"*framing.FormatError, one frame: framing: frame at offset 16: " + errEscape.Error(),
		"*framing.TooLargeError, one frame: framing: frame at offset 18: payload exceeds the limit of 6 bytes",
		`"end"`,
		"EOF",
	}
	for _, s := range sources {
		r := newReader(s.of(strings.NewReader(stream)), escaped{}, 1)
		r.SetMaxPayload(6)
		sameEvents(t, s.name, readAll(t, r), want)
	}
	b := framing.NewBuffer(escaped{})
	io.WriteString(b, "b^xad.")
	_, _, err := b.Next()
	if !errors.Is(err, framing.ErrFrame) || !errors.Is(err, errEscape) {
		t.Errorf("Next(): error %T %v; want ErrFrame and %v", err, err, errEscape)
	}
}

// Without a Skipper a frame of unknown size that grows too large ends the stream,
// and one that is complete does not.
func TestR4_NoSkipper(t *testing.T) {
	for _, s := range sources {
		r := newReader(s.of(strings.NewReader("a\nlong\nlonger\nb\n")), opaqueFramer{delimiter.Line()}, 1)
		r.SetMaxPayload(3)
		sameEvents(t, s.name, readAll(t, r), []string{
			`"a"`,
			"*framing.TooLargeError, one frame: framing: frame at offset 2: payload of 4 bytes exceeds the limit of 3 bytes",
			"*framing.TooLargeError: framing: frame at offset 7: payload exceeds the limit of 3 bytes",
		})
	}
}

// Errors that lose the stream are returned by all methods.
func TestR4_LostStream(t *testing.T) {
	for _, test := range []struct {
		framer framing.Framer
		wire   string
		want   string
	}{
		{lengthprefix.Varint(), "\x01a\x80\x00", "malformed length: the varint is overlong"},
		{lengthprefix.Uint64(), "\x00\x00\x00\x00\x00\x00\x00\x01a\xff\xff\xff\xff\xff\xff\xff\xff", "payload of 18446744073709551615 bytes exceeds the limit"},
		{must(lengthprefix.New(lengthprefix.Config{Width: 1, Adjust: -1})), "\x02a\x00", "malformed length: 0 is below the minimum of 1"},
	} {
		for _, s := range sources {
			r := newReader(s.of(strings.NewReader(test.wire)), test.framer, 1)
			if p, err := r.ReadFrame(); string(p) != "a" {
				t.Fatalf(`ReadFrame() of %q = %q, %v; want "a", nil`, test.wire, p, err)
			}
			_, err := r.ReadFrame()
			if err == nil || errors.Is(err, framing.ErrFrame) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("ReadFrame() of %q: error %v; want %s, and not ErrFrame", test.wire, err, test.want)
			}
			if again := readAll(t, r); again[0] != event("", err) {
				t.Errorf("ReadFrame() again: %s; want %v", again[0], err)
			}
			if again := r.SetFramer(delimiter.Line()); again != err {
				t.Errorf("SetFramer() = %v; want %v", again, err)
			}
			for p, again := range r.Frames() {
				if p != nil || again != err {
					t.Errorf("Frames() yields %q, %v; want nil, %v", p, again, err)
				}
			}
		}
	}
}

// A smallBoundFramer has a MaxEncodedLen that is too small.
type smallBoundFramer struct{ framing.Framer }

func (smallBoundFramer) MaxEncodedLen(n int) int { return n }

// A Framer that violates its bound loses frames, but a Reader does not wait forever.
func TestR4_FramerOverItsBound(t *testing.T) {
	for _, s := range sources {
		r := newReader(s.of(strings.NewReader("\x05hello\x03abc")), smallBoundFramer{lengthprefix.Uint8()}, 1)
		r.SetMaxPayload(5)
		if _, err := r.ReadFrame(); !errors.Is(err, framing.ErrFrame) {
			t.Fatalf("%s: ReadFrame(): error %v; want ErrFrame", s.name, err)
		}
		if p, err := r.ReadFrame(); string(p) != "abc" {
			t.Fatalf(`%s: ReadFrame() = %q, %v; want "abc", nil`, s.name, p, err)
		}
	}
}
