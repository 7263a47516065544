package enclosed_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/enclosed"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
)

func newFramer(t *testing.T, begin, end string) *enclosed.Framer {
	t.Helper()
	f, err := enclosed.New(begin, end)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

var invalid = frametest.Frame{Invalid: true}

func TestWire(t *testing.T) {
	comment := newFramer(t, "<!--", "-->")
	overlap := newFramer(t, "xy", "yz")
	unequal := newFramer(t, "abc", "z")
	for _, test := range []struct {
		framer *enclosed.Framer
		wire   string
		want   frametest.Stream
	}{
		{comment, "", frametest.Stream{}},
		{comment, "<!--hello--><!---->", frametest.Frames("hello", "")},
		{comment, "<!-- - -- > -- -->", frametest.Frames(" - -- > -- ")},
		{comment, "<!--->-->", frametest.Frames("->")},
		{comment, "<!--torn<!--a-->", frametest.Stream{Frames: []frametest.Frame{invalid, {Payload: "a"}}}},
		{comment, "<!-x<!--a-->", frametest.Stream{Frames: []frametest.Frame{invalid, {Payload: "a"}}}},
		{comment, "<<!--a-->\n<!--b-->", frametest.Stream{Frames: []frametest.Frame{invalid, {Payload: "a"}, invalid, {Payload: "b"}}}},
		{comment, "torn--><!--a-->", frametest.Stream{Frames: []frametest.Frame{invalid, {Payload: "a"}}}},
		{comment, "<!-", frametest.Stream{Torn: true}},
		{comment, "<!--a--", frametest.Stream{Torn: true}},
		{comment, "noise", frametest.Stream{Torn: true}},

		{unequal, "abcazabcz", frametest.Frames("a", "")},

		{overlap, "xyayz", frametest.Frames("a")},
		{overlap, "xyxyz", frametest.Stream{Frames: []frametest.Frame{invalid}, Torn: true}},
		{overlap, "xyz", frametest.Stream{Torn: true}},

		{comment.SkipNoise(), "<<!--a-->--><!<!--b-->\n<!-", frametest.Stream{Frames: frametest.Frames("a", "b").Frames, Torn: true}},
		{comment.SkipNoise(), "<!--torn<!--a-->\n", frametest.Stream{Frames: []frametest.Frame{invalid, {Payload: "a"}}}},
		{comment.SkipNoise(), "noise", frametest.Stream{}},

		{comment.RefuseNoise(), "<!--a--><!---->", frametest.Frames("a", "")},
		{comment.RefuseNoise(), "<!--a--> <!--b-->", frametest.Stream{Frames: frametest.Frames("a").Frames, Lost: true}},
		{comment.RefuseNoise(), "<!--a--><!b<!--c-->", frametest.Stream{Frames: frametest.Frames("a").Frames, Lost: true}},
		{comment.RefuseNoise(), "-->", frametest.Stream{Lost: true}},
		{comment.RefuseNoise(), "<!--torn<!--a--><!-", frametest.Stream{Frames: []frametest.Frame{invalid, {Payload: "a"}}, Torn: true}},

		{enclosed.MLLP(), "\x0bMSH|^~\\&\r\x1c\r\x0b\x1c\r\r\n", frametest.Frames("MSH|^~\\&\r", "")},
		{enclosed.MLLP(), "\x0ba\x1cb\rc\x1c\x1c\r", frametest.Frames("a\x1cb\rc\x1c")},
		{enclosed.JSONSeq(), "\x1e{\"a\":1}\n\x1e2\n", frametest.Frames(`{"a":1}`, "2")},
		{enclosed.JSONSeq(), "\x1e{\"a\":\x1e2\n", frametest.Stream{Frames: []frametest.Frame{invalid, {Payload: "2"}}}},
	} {
		frametest.Compare(t, test.framer, []byte(test.wire), test.want)
	}
}

// The error of refused noise says which byte is wrong.
func TestRefuseNoise(t *testing.T) {
	r := framing.NewReader(strings.NewReader("<!--a--><!x"), newFramer(t, "<!--", "-->").RefuseNoise())
	if payload, err := r.ReadFrame(); string(payload) != "a" || err != nil {
		t.Fatalf(`ReadFrame = %q, %v; want "a", nil`, payload, err)
	}
	_, err := r.ReadFrame()
	want := `framing: frame at offset 8: missing begin mark "<!--": byte 2 is 0x78, want 0x2d`
	if e := (*framing.FormatError)(nil); !errors.As(err, &e) || !e.Final || err.Error() != want {
		t.Errorf("ReadFrame = %v; want %s", err, want)
	}
}

// A mark is found at any distance.
func TestSizes(t *testing.T) {
	for n := range 600 {
		payload := strings.Repeat("x", n)
		frametest.Compare(t, enclosed.STX(), []byte("\x02"+payload+"\x03"), frametest.Frames(payload))
		frametest.Compare(t, enclosed.STX(), []byte("\x02"+payload+"\x02\x03"), frametest.Stream{Frames: []frametest.Frame{invalid, {}}})
		frametest.Compare(t, enclosed.MLLP(), []byte("\x0b"+payload+"\x1c\r"), frametest.Frames(payload))
	}
}

func TestConfigErrors(t *testing.T) {
	long := strings.Repeat("b", 255)
	for marks, want := range map[[2]string]string{
		{"", "b"}:      "enclosed: begin: it is empty; it must have at least one byte",
		{"a", ""}:      "enclosed: end: it is empty; it must have at least one byte",
		{"a", long}:    "enclosed: end: the marks have 256 bytes in total; at most 255 are allowed",
		{"a", "a"}:     `enclosed: end: the begin mark "a" and the end mark "a" cannot be told apart; neither may be a part of the other`,
		{"ab", "abc"}:  `enclosed: end: the begin mark "ab" and the end mark "abc" cannot be told apart; neither may be a part of the other`,
		{"\xffa", "a"}: `enclosed: end: the begin mark "\xffa" and the end mark "a" cannot be told apart; neither may be a part of the other`,
	} {
		f, err := enclosed.New(marks[0], marks[1])
		if e := (*framing.ConfigError)(nil); !errors.As(err, &e) || f != nil || err.Error() != want {
			t.Errorf("New(%q, %q) = %v, %v; want a ConfigError: %s", marks[0], marks[1], f, err, want)
		}
	}
	if _, err := enclosed.New("a", long[1:]); err != nil {
		t.Errorf("New with 255 bytes of marks: got error %v; want none", err)
	}
}

func TestAppendHeader(t *testing.T) {
	for _, test := range []struct {
		start, size int
		want        error
	}{
		{0, 0, nil}, {5, 5, nil}, {0, 5, framing.ErrNoHeader}, {4, 5, framing.ErrNoHeader},
	} {
		want := "x\x0b"
		if test.want != nil {
			want = "x"
		}
		got, err := enclosed.MLLP().AppendHeader([]byte("x"), []byte("hello")[:test.start], int64(test.size))
		if string(got) != want || err != test.want {
			t.Errorf("AppendHeader with %d of %d bytes = %q, %v; want %q, %v", test.start, test.size, got, err, want, test.want)
		}
	}
	if got := enclosed.MLLP().Trailer(); string(got) != "\x1c\r" {
		t.Errorf(`Trailer() = %q; want "\x1c\r"`, got)
	}
}

// Append and AppendHeader refuse a payload that contains a mark, or whose end forms one.
func TestRefusedPayload(t *testing.T) {
	stx := enclosed.STX()
	for _, test := range []struct {
		framer        *enclosed.Framer
		payload, want string
	}{
		{stx, "\x02", `it contains the mark "\x02" at byte 0`},
		{stx, "a\x03", `it contains the mark "\x03" at byte 1`},
		{stx, strings.Repeat("x", 500) + "\x02", `it contains the mark "\x02" at byte 500`},
		{newFramer(t, "(", "aa"), "a", `its end forms an earlier mark with the end mark "aa"`},
		{newFramer(t, "xy", "yz"), "x", `its end forms an earlier mark with the end mark "yz"`},
	} {
		for _, write := range []func() ([]byte, error){
			func() ([]byte, error) { return test.framer.Append([]byte("x"), []byte(test.payload)) },
			func() ([]byte, error) {
				return test.framer.AppendHeader([]byte("x"), []byte(test.payload), int64(len(test.payload)))
			},
		} {
			got, err := write()
			if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || e.Reason != test.want || e.Size != int64(len(test.payload)) || string(got) != "x" {
				t.Errorf(`%v: %q: got %q, %v; want "x" and a PayloadError: %s`, test.framer, test.payload, got, err, test.want)
			}
		}
	}
	got, err := stx.AppendHeader([]byte("x"), nil, -1)
	if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || string(got) != "x" {
		t.Errorf(`AppendHeader of -1 = %q, %v; want "x" and a PayloadError`, got, err)
	}
}

func TestMaxEncodedLen(t *testing.T) {
	for n, want := range map[int]int{0: 3, 5: 8, math.MaxInt - 3: math.MaxInt, math.MaxInt - 2: math.MaxInt, math.MaxInt: math.MaxInt} {
		if got := enclosed.MLLP().MaxEncodedLen(n); got != want {
			t.Errorf("MaxEncodedLen(%d) = %d; want %d", n, got, want)
		}
	}
}

// A frame that grows too large is skipped to where it would have ended. Skipped noise of
// any size is no error.
func TestTooLarge(t *testing.T) {
	for _, wire := range []string{"\x0baaaaaaaaaa\x1c\x1c\r", "\x0baaaaaaaaaa\x1c", "\x0b\x1c\x1c\x1c\x1c\x1c\x1c\x1c\x1c"} {
		for limit := 1; limit < 5; limit++ {
			for _, size := range []int{1, 2, 3, 100} {
				r := framing.NewReader(frametest.Chunks([]byte(wire+"\x0bb\x1c\r"), size), enclosed.MLLP())
				r.SetMaxPayload(limit)
				_, err := r.ReadFrame()
				if e := (*framing.TooLargeError)(nil); !errors.As(err, &e) || e.Offset != 0 {
					t.Fatalf("%q, limit %d, chunks of %d bytes: got error %v; want a TooLargeError", wire, limit, size, err)
				}
				if payload, err := r.ReadFrame(); string(payload) != "b" || err != nil {
					t.Fatalf(`after %q, limit %d, chunks of %d bytes: got %q, %v; want "b", nil`, wire, limit, size, payload, err)
				}
			}
		}
	}
	r := framing.NewReader(strings.NewReader(strings.Repeat("noise", 1000)+"\x0bb\x1c\r"), enclosed.MLLP())
	r.SetMaxPayload(1)
	if payload, err := r.ReadFrame(); string(payload) != "b" || err != nil {
		t.Errorf(`ReadFrame after noise = %q, %v; want "b", nil`, payload, err)
	}
}

// Bytes that are skipped can be written between frames.
func TestWriteFill(t *testing.T) {
	var wire strings.Builder
	w := framing.NewWriter(&wire, enclosed.MLLP())
	if err := w.WriteFill([]byte("\r\n")); err != nil {
		t.Errorf("WriteFill() = %v; want nil", err)
	}
	if err := w.WriteFill([]byte("\r\x0b")); err == nil {
		t.Error("WriteFill of a begin mark: got no error; want one")
	}
}

func TestAllocs(t *testing.T) {
	payload := []byte(strings.Repeat("x", 1023) + "\x1c")
	frametest.CheckAllocs(t, enclosed.MLLP(), payload)
	frametest.CheckAllocs(t, enclosed.STX(), payload)
}

func Benchmark(b *testing.B) {
	for _, f := range []*enclosed.Framer{enclosed.STX(), enclosed.MLLP()} {
		b.Run(f.String(), func(b *testing.B) { frametest.Benchmark(b, f, []byte(strings.Repeat("x", 1024))) })
	}
}

// BenchmarkManyMarks reads frames of which each is broken off by the next, with the
// only end mark far away: a mark must not be searched for beyond another one.
func BenchmarkManyMarks(b *testing.B) {
	wire := []byte(strings.Repeat("\x02", 1<<20) + "\x03")
	for b.Loop() {
		if frame, _, err := enclosed.STX().Split(wire, framing.Resume{}); frame.Size != 1 || err == nil {
			b.Fatalf("Split() = %+v, %v; want Size 1 and an error", frame, err)
		}
	}
}

// Split examines a bounded part of the noise at once: framing.Select may give it the rest
// again after a frame of another kind.
func TestSkipNoise_Bounded(t *testing.T) {
	noise := bytes.Repeat([]byte("x"), 1<<20)
	frame, _, err := enclosed.MLLP().Split(noise, framing.Resume{})
	if err != framing.ErrFill || frame.Size > 1<<10 {
		t.Errorf("Split of 1 MiB of noise = %+v, %v; want at most 1 KiB as fill", frame, err)
	}
}
