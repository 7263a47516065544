package stuffed_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/stuffed"
)

var invalid = frametest.Frame{Invalid: true}

func TestHDLC(t *testing.T) {
	for wire, want := range map[string]frametest.Stream{
		"":            {},
		"~hello~":     frametest.Frames("hello"),
		"~a~b~~c~":    frametest.Frames("a", "b", "c"),
		"~~~a~":       frametest.Frames("a"),
		"noise~a~":    frametest.Frames("noise", "a"),
		"~}^}]}\x31~": frametest.Frames("~}\x11"),
		"~a}~b~":      {Frames: []frametest.Frame{invalid, {Payload: "b"}}},
		"~":           {Torn: true},
		"~a":          {Torn: true},
		"a~b~c}":      {Frames: frametest.Frames("a", "b").Frames, Torn: true},
	} {
		frametest.Compare(t, stuffed.HDLC(), []byte(wire), want)
	}
}

func TestJT808(t *testing.T) {
	for wire, want := range map[string]frametest.Stream{
		"~hello~":       frametest.Frames("hello"),
		"~}\x02}\x01a~": frametest.Frames("~}a"),
		"~}\x01\x02~":   frametest.Frames("}\x02"),
		"~}^~b~":        {Frames: []frametest.Frame{invalid, {Payload: "b"}}},
		"~a}~b~":        {Frames: []frametest.Frame{invalid, {Payload: "b"}}},
	} {
		frametest.Compare(t, stuffed.JT808(), []byte(wire), want)
	}
	const want = "malformed escape: got 0x03 after 0x7d, want 0x02 or 0x01"
	if frame, _, err := stuffed.JT808().Split([]byte("}\x03~"), framing.Resume{}); fmt.Sprint(err) != want || frame.Size != 3 {
		t.Errorf("Split = %+v, %v; want Size 3, %s", frame, err, want)
	}
}

func TestEmptyPayload(t *testing.T) {
	got, err := stuffed.HDLC().Append([]byte("x"), nil)
	if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || string(got) != "x" {
		t.Errorf(`Append of nothing = %q, %v; want "x" and a PayloadError`, got, err)
	}
}

func TestMaxEncodedLen(t *testing.T) {
	f := stuffed.HDLC()
	for n := 1; n < 100; n++ {
		wire, err := f.Append(nil, bytes.Repeat([]byte{0x7e}, n))
		if got := f.MaxEncodedLen(n); got != len(wire) || err != nil {
			t.Fatalf("MaxEncodedLen(%d) = %d; want %d (%v)", n, got, len(wire), err)
		}
	}
	if n := (math.MaxInt - 2) / 2; f.MaxEncodedLen(n) == math.MaxInt {
		t.Errorf("MaxEncodedLen(%d) = %d; want less", n, math.MaxInt)
	}
	for _, n := range []int{math.MaxInt / 2, math.MaxInt} {
		if got := f.MaxEncodedLen(n); got != math.MaxInt {
			t.Errorf("MaxEncodedLen(%d) = %d; want %d", n, got, math.MaxInt)
		}
	}
}

func TestTooLarge(t *testing.T) {
	r := framing.NewReader(strings.NewReader("~0123456789}^~~abc~"), stuffed.HDLC())
	r.SetMaxPayload(3)
	if _, err := r.ReadFrame(); !errors.Is(err, framing.ErrFrame) {
		t.Errorf("ReadFrame(): got %v; want a TooLargeError", err)
	}
	if payload, err := r.ReadFrame(); string(payload) != "abc" || err != nil {
		t.Errorf("ReadFrame() = %q, %v; want abc, nil", payload, err)
	}
}

var payloads = map[string][]byte{
	"ordinary": bytes.Repeat([]byte("x"), 1024),
	"escapes":  bytes.Repeat([]byte("~"), 1024),
}

func TestAllocs(t *testing.T) {
	for _, payload := range payloads {
		frametest.CheckAllocs(t, stuffed.HDLC(), payload)
		frametest.CheckAllocs(t, stuffed.JT808(), payload)
	}
}

func Benchmark(b *testing.B) {
	for name, payload := range payloads {
		b.Run(name, func(b *testing.B) { frametest.Benchmark(b, stuffed.HDLC(), payload) })
	}
}
