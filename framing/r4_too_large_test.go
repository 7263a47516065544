package framing_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// Behind a too large frame comes the next, wherever the stream is cut: what
// TestR1 shows of each family's stream, with large frames side by side.
func TestR4_GoesOnBehindTooLarge(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		limit := 5
		for i, large := range f.payloads {
			if len(large) <= limit {
				continue
			}
			stream := f.frames[i] + f.frames[0] + f.frames[i] + f.frames[i] + f.frames[0]
			for cut := range len(stream) {
				r := newReader(&pieces{{stream[:cut], nil}, {stream[cut:], nil}}, f.framer, 1)
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
				same(t, fmt.Sprintf("%q", stream[:cut]), got,
					[]string{"too large at 0", first, fmt.Sprint("too large at ", n+m), fmt.Sprint("too large at ", 2*n+m), last})
			}
		}
	})
}

// A frame that is skipped is skipped in bounded memory.
func TestR4_SkipsInBoundedMemory(t *testing.T) {
	const size = 8 << 20
	for _, f := range []framing.Framer{delimiter.Line(), must(delimiter.New("ab", "xyzab")), lengthprefix.Uint32(), lengthprefix.Varint(), escaped{}} {
		t.Run(fmt.Sprint(f), func(t *testing.T) {
			payload := strings.Repeat("x", size)
			wire := must(f.Append(nil, []byte(payload)))
			wire = must(f.Append(wire, []byte("next")))
			r := framing.NewReader(strings.NewReader(string(wire)), f)
			r.SetMaxPayload(10 << 10)
			if _, err := r.ReadFrame(); !errors.Is(err, framing.ErrFrame) || r.Held() > 64<<10 {
				t.Fatalf("%v, %d bytes held", err, r.Held())
			}
			if p, err := r.ReadFrame(); string(p) != "next" || r.Held() > 64<<10 {
				t.Fatalf("%q, %v, %d bytes held", p, err, r.Held())
			}
		})
	}
}

// A peer cannot inject a frame into one that is too large by the places at
// which it cuts: where the refused frame ends is a matter of the stream.
func TestR4_NothingIsInjected(t *testing.T) {
	// The first frame ends where three a's stand together for the first time.
	// Two are left of the five, and are the beginning of the next.
	const stream = "xxxxxxaayaa" + "a" + "aaokaaa" + "okaaa"
	for step := 1; step <= len(stream); step++ {
		var src pieces
		for rest := stream; rest != ""; {
			n := min(step, len(rest))
			src = append(src, piece{rest[:n], nil})
			rest = rest[n:]
		}
		r := newReader(&src, must(delimiter.New("aaa")), 1)
		r.SetMaxPayload(3)
		same(t, fmt.Sprint("by ", step), readAll(t, r), []string{
			"*framing.TooLargeError, one frame: framing: frame at offset 0: payload larger than the limit of 3",
			"*framing.TooLargeError, one frame: framing: frame at offset 12: payload larger than the limit of 3",
			`"ok"`,
			"EOF",
		})
	}
}

// A frame that its framing condemns costs one error, at whatever place.
func TestR4_Condemned(t *testing.T) {
	stream := "good.b^xad.^u^d.^.long^xlonglonglong.end."
	want := []string{
		`"good"`,
		"*framing.FormatError, one frame: framing: frame at offset 5: " + errEscape.Error(),
		`"^."`,
		"*framing.FormatError, one frame: framing: frame at offset 16: " + errEscape.Error(),
		"*framing.TooLargeError, one frame: framing: frame at offset 18: payload larger than the limit of 6",
		`"end"`,
		"EOF",
	}
	for _, s := range sources {
		r := newReader(s.of(strings.NewReader(stream)), escaped{}, 1)
		r.SetMaxPayload(6)
		same(t, s.name, readAll(t, r), want)
	}
	b := framing.NewBuffer(escaped{})
	io.WriteString(b, "b^xad.")
	_, _, err := b.Next()
	if !errors.Is(err, framing.ErrFrame) || !errors.Is(err, errEscape) {
		t.Errorf("%T %v", err, err)
	}
}

// Without a Skipper a frame of unknown size that grows too large is the end,
// and one that is whole is not.
func TestR4_NoSkipper(t *testing.T) {
	for _, s := range sources {
		r := newReader(s.of(strings.NewReader("a\nlong\nlonger\nb\n")), plain{delimiter.Line()}, 1)
		r.SetMaxPayload(3)
		same(t, s.name, readAll(t, r), []string{
			`"a"`,
			"*framing.TooLargeError, one frame: framing: frame at offset 2: payload of 4 bytes is larger than the limit of 3",
			"*framing.TooLargeError: framing: frame at offset 7: payload larger than the limit of 3",
		})
	}
}

// Errors that lose the stream are final for all methods.
func TestR4_LostStream(t *testing.T) {
	for _, test := range []struct {
		framer framing.Framer
		wire   string
		want   string
	}{
		{lengthprefix.Varint(), "\x01a\x80\x00", "malformed length: the varint is longer than it needs to be"},
		{lengthprefix.Uint64(), "\x00\x00\x00\x00\x00\x00\x00\x01a\xff\xff\xff\xff\xff\xff\xff\xff", "payload of 18446744073709551615 bytes is larger"},
		{must(lengthprefix.New(lengthprefix.Config{Width: 1, Adjust: -1})), "\x02a\x00", "malformed length: 0 announces"},
	} {
		for _, s := range sources {
			r := newReader(s.of(strings.NewReader(test.wire)), test.framer, 1)
			if p, err := r.ReadFrame(); string(p) != "a" {
				t.Fatalf("%q, %v", p, err)
			}
			_, err := r.ReadFrame()
			if err == nil || errors.Is(err, framing.ErrFrame) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("%q: %v", test.wire, err)
			}
			if again := readAll(t, r); again[0] != event("", err) {
				t.Errorf("then %s", again)
			}
			if again := r.SetFramer(delimiter.Line()); again != err {
				t.Errorf("SetFramer: %v", again)
			}
			for p, again := range r.Frames() {
				if p != nil || again != err {
					t.Errorf("Frames: %q, %v", p, again)
				}
			}
		}
	}
}

// boastful is a framer whose frames are longer than it says.
type boastful struct{ framing.Framer }

func (boastful) MaxEncodedLen(n int) int { return n }

// A framer that breaks its bound costs frames, not a wait for ever.
func TestR4_FramerOverItsBound(t *testing.T) {
	for _, s := range sources {
		r := newReader(s.of(strings.NewReader("\x05hello\x03abc")), boastful{lengthprefix.Uint8()}, 1)
		r.SetMaxPayload(5)
		if _, err := r.ReadFrame(); !errors.Is(err, framing.ErrFrame) {
			t.Fatalf("%s: %v", s.name, err)
		}
		if p, err := r.ReadFrame(); string(p) != "abc" {
			t.Fatalf("%s: %q, %v", s.name, p, err)
		}
	}
}
