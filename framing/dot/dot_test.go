package dot_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/dot"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
)

func TestWire(t *testing.T) {
	invalid := frametest.Frame{Invalid: true}
	for wire, want := range map[string]frametest.Stream{
		"":                               {},
		".\r\n":                          frametest.Frames(""),
		"\r\n.\r\n":                      frametest.Frames("\r\n"),
		"hello\r\n.\r\n.\r\n..\r\n.\r\n": frametest.Frames("hello\r\n", "", ".\r\n"),
		"..hello\r\n...\r\na.\r\n.\r\n":  frametest.Frames(".hello\r\n..\r\na.\r\n"),
		".hello\r\n.\r\n":                frametest.Frames("hello\r\n"),
		"a\n.\n.\r\nb\r\n.\r\n.\r\n":     {Frames: []frametest.Frame{invalid, {}}},
		"a\rb\r\n.\r\n.\r\n":             {Frames: []frametest.Frame{invalid, {}}},
		"a\r\r\n.\r\n":                   {Frames: []frametest.Frame{invalid}},
		"\n\r\n.\r\n":                    {Frames: []frametest.Frame{invalid}},
		".\n.\r\n":                       {Torn: true},
		".\r":                            {Torn: true},
		"hello.\r\n":                     {Torn: true},
		"hello\r\n.":                     {Torn: true},
	} {
		frametest.Compare(t, dot.New(), []byte(wire), want)
	}
}

func TestErrors(t *testing.T) {
	for wire, want := range map[string]string{
		"a\nb\r\n.\r\n": `malformed line: "\n" without "\r" before it`,
		"a\rb\r\n.\r\n": `malformed line: "\r" without "\n" after it`,
	} {
		frame, _, err := dot.New().Split([]byte(wire), framing.Resume{})
		if frame.Size != len(wire) || err == nil || err.Error() != want {
			t.Errorf("Split(%q) = %+v, %v; want Size %d, %s", wire, frame, err, len(wire), want)
		}
	}
}

func TestRefusedPayload(t *testing.T) {
	for payload, want := range map[string]string{
		"hello":        `its last line does not end in "\r\n"`,
		"a\r\nb":       `its last line does not end in "\r\n"`,
		"a\r":          `its last line does not end in "\r\n"`,
		"a\n":          `malformed line: "\n" without "\r" before it`,
		"a\rb\r\n":     `malformed line: "\r" without "\n" after it`,
		"a\r\n\n.\r\n": `malformed line: "\n" without "\r" before it`,
		"a\r\n.\r\r\n": `malformed line: "\r" without "\n" after it`,
	} {
		got, err := dot.New().Append([]byte("x"), []byte(payload))
		if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || e.Reason != want || e.Size != int64(len(payload)) || string(got) != "x" {
			t.Errorf(`Append(%q) = %q, %v; want "x" and a PayloadError: %s`, payload, got, err, want)
		}
	}
}

// The worst case is a dot before each line of one letter.
func TestMaxEncodedLen(t *testing.T) {
	for n := range 100 {
		wire, err := dot.New().Append(nil, []byte(strings.Repeat(".\r\n", n)))
		if got := dot.New().MaxEncodedLen(3 * n); got != len(wire) || err != nil {
			t.Fatalf("MaxEncodedLen(%d) = %d; want %d (%v)", 3*n, got, len(wire), err)
		}
	}
	const n = math.MaxInt / 4 * 3 // with n/3 dots, close to math.MaxInt
	for n, want := range map[int]int{n - 3: n + n/3 - 1, n: math.MaxInt, math.MaxInt: math.MaxInt} {
		if got := dot.New().MaxEncodedLen(n); got != want {
			t.Errorf("MaxEncodedLen(%d) = %d; want %d", n, got, want)
		}
	}
}

// A text that grows too large is skipped to its end, at whatever byte it exceeds the limit.
func TestTooLarge(t *testing.T) {
	for _, text := range []string{"too large\r\n", "\r\n\r\n\r\n\r\n\r\n", "a\r\n..\r\n..\r\n"} {
		for limit := 3; limit < 7; limit++ {
			for _, size := range []int{1, 2, 3, 100} {
				r := framing.NewReader(frametest.Chunks([]byte(text+".\r\nb\r\n.\r\n"), size), dot.New())
				r.SetMaxPayload(limit)
				_, err := r.ReadFrame()
				if e := (*framing.TooLargeError)(nil); !errors.As(err, &e) || e.Offset != 0 {
					t.Fatalf("%q, limit %d, chunks of %d bytes: got error %v; want a TooLargeError", text, limit, size, err)
				}
				if payload, err := r.ReadFrame(); string(payload) != "b\r\n" || err != nil {
					t.Fatalf(`after %q, limit %d, chunks of %d bytes: got %q, %v; want "b\r\n", nil`, text, limit, size, payload, err)
				}
			}
		}
	}
}

// payloads are a mail of ordinary lines, and the slowest.
var payloads = map[string][]byte{
	"ordinary": []byte(strings.Repeat(strings.Repeat("x", 76)+"\r\n", 13)),
	"dots":     []byte(strings.Repeat(".\r\n", 341)),
}

func TestAllocs(t *testing.T) {
	for _, payload := range payloads {
		frametest.CheckAllocs(t, dot.New(), payload)
	}
}

func Benchmark(b *testing.B) {
	for name, payload := range payloads {
		b.Run(name, func(b *testing.B) { frametest.Benchmark(b, dot.New(), payload) })
	}
}
