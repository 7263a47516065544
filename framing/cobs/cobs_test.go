package cobs_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/cobs"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
)

// numbers returns the bytes from first to last.
func numbers(first, last int) string {
	var b []byte
	for c := first; c <= last; c++ {
		b = append(b, byte(c))
	}
	return string(b)
}

// TestAppend has the examples that are found in most descriptions of COBS.
func TestAppend(t *testing.T) {
	for payload, wire := range map[string]string{
		"":                           "\x01\x00",
		"\x00":                       "\x01\x01\x00",
		"\x00\x00":                   "\x01\x01\x01\x00",
		"\x00\x11\x00":               "\x01\x02\x11\x01\x00",
		"\x11\x22\x00\x33":           "\x03\x11\x22\x02\x33\x00",
		"\x11\x22\x33\x44":           "\x05\x11\x22\x33\x44\x00",
		"\x11\x00\x00\x00":           "\x02\x11\x01\x01\x01\x00",
		numbers(1, 253):              "\xfe" + numbers(1, 253) + "\x00",
		numbers(1, 254):              "\xff" + numbers(1, 254) + "\x00",
		numbers(0, 254):              "\x01\xff" + numbers(1, 254) + "\x00",
		numbers(1, 255):              "\xff" + numbers(1, 254) + "\x02\xff\x00",
		numbers(2, 255) + "\x00":     "\xff" + numbers(2, 255) + "\x01\x01\x00",
		numbers(3, 255) + "\x00\x01": "\xfe" + numbers(3, 255) + "\x02\x01\x00",
		numbers(1, 254) + "\x01\x07": "\xff" + numbers(1, 254) + "\x03\x01\x07\x00",
		strings.Repeat("x", 254+254): "\xff" + strings.Repeat("x", 254) + "\xff" + strings.Repeat("x", 254) + "\x00",
		strings.Repeat("\x00x", 3):   "\x01\x02x\x02x\x02x\x00",
	} {
		frametest.CheckAppend(t, cobs.New(), []byte(payload), []byte(wire))
		frametest.Compare(t, cobs.New(), []byte(wire), frametest.Frames(payload))
	}
}

func TestWire(t *testing.T) {
	invalid := frametest.Frame{Invalid: true}
	for wire, want := range map[string]frametest.Stream{
		"":                           {},
		"\x00\x00":                   {},
		"\x00\x02a\x00\x00\x02b\x00": frametest.Frames("a", "b"),
		"\x03a\x00\x02b\x00":         {Frames: []frametest.Frame{invalid, {Payload: "b"}}},
		"\x01\x02\x00\x02b\x00":      {Frames: []frametest.Frame{invalid, {Payload: "b"}}},
		"\x02a":                      {Torn: true},
		"\xff":                       {Torn: true},
		"\xff" + numbers(1, 253) + "\x00\x01\x00": {Frames: []frametest.Frame{invalid, {}}},
		// The last code of the program in the paper.
		"\xff" + numbers(1, 254) + "\x01\x00":                            frametest.Frames(numbers(1, 254)),
		"\xff" + numbers(1, 254) + "\xff" + numbers(1, 254) + "\x01\x00": frametest.Frames(numbers(1, 254) + numbers(1, 254)),
	} {
		frametest.Compare(t, cobs.New(), []byte(wire), want)
	}
}

func TestError(t *testing.T) {
	const want = "malformed code: 0x05 at byte 2 exceeds the frame, which has 4 bytes before its zero"
	frame, _, err := cobs.New().Split([]byte("\x02a\x05b\x00"), framing.Resume{})
	if err == nil || err.Error() != want || frame.Size != 5 {
		t.Errorf("Split() = %+v, %v; want Size 5 and %s", frame, err, want)
	}
}

func TestMaxEncodedLen(t *testing.T) {
	f := cobs.New()
	for n := range 1100 {
		wire, err := f.Append(nil, bytes.Repeat([]byte{1}, n))
		want := len(wire)
		if n > 0 && n%254 == 0 {
			want++ // for the last code of the program in the paper
		}
		if got := f.MaxEncodedLen(n); got != want || err != nil {
			t.Fatalf("MaxEncodedLen(%d) = %d; want %d (%v)", n, got, want, err)
		}
	}
	if n := math.MaxInt / 256 * 254; f.MaxEncodedLen(n) == math.MaxInt {
		t.Errorf("MaxEncodedLen(%d) = %d; want less", n, math.MaxInt)
	}
	for _, n := range []int{math.MaxInt - math.MaxInt/256, math.MaxInt} {
		if got := f.MaxEncodedLen(n); got != math.MaxInt {
			t.Errorf("MaxEncodedLen(%d) = %d; want %d", n, got, math.MaxInt)
		}
	}
}

// payloads of 1 KiB, from ordinary to the slowest.
var payloads = map[string][]byte{
	"ordinary": bytes.Repeat([]byte("x"), 1024),
	"sparse":   bytes.Repeat([]byte(strings.Repeat("x", 63)+"\x00"), 16),
	"zeros":    make([]byte, 1024),
}

func TestAllocs(t *testing.T) {
	for _, payload := range payloads {
		frametest.CheckAllocs(t, cobs.New(), payload)
	}
}

func Benchmark(b *testing.B) {
	for name, payload := range payloads {
		b.Run(name, func(b *testing.B) { frametest.Benchmark(b, cobs.New(), payload) })
	}
}
