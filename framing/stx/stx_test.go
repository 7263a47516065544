package stx_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/stx"
)

var invalid = frametest.Frame{Invalid: true}

func TestWire(t *testing.T) {
	for wire, want := range map[string]frametest.Stream{
		"":                       {},
		"\x02hello\x03":          frametest.Frames("hello"),
		"\x02\x03\x02a\x03":      frametest.Frames("", "a"),
		"\x02a\x03\r\n\x02b\x03": {Frames: []frametest.Frame{{Payload: "a"}, invalid, {Payload: "b"}}},
		"torn\x03\x02b\x03":      {Frames: []frametest.Frame{invalid, {Payload: "b"}}},
		"\x03\x03\x02b\x03":      {Frames: []frametest.Frame{invalid, invalid, {Payload: "b"}}},
		"\x02torn\x02b\x03":      {Frames: []frametest.Frame{invalid, {Payload: "b"}}},
		"\x02\x02b\x03":          {Frames: []frametest.Frame{invalid, {Payload: "b"}}},
		"\x02":                   {Torn: true},
		"\x02a":                  {Torn: true},
		"garbage":                {Torn: true},
	} {
		frametest.Compare(t, stx.New(), []byte(wire), want)
	}
}

func TestWireDLE(t *testing.T) {
	for wire, want := range map[string]frametest.Stream{
		"":                                     {},
		"\x10\x02hello\x10\x03":                frametest.Frames("hello"),
		"\x10\x02\x10\x03":                     frametest.Frames(""),
		"\x10\x02\x02\x03\x10\x10\x03\x10\x03": frametest.Frames("\x02\x03\x10\x03"),
		"\x10\x02\x10\x10\x10\x10\x10\x03":     {Frames: []frametest.Frame{{Payload: "\x10\x10"}}},
		"\x10\x02a\x10b\x10\x03\x10\x02c\x10\x03": {Frames: []frametest.Frame{invalid, {Payload: "c"}}},
		"noise\x10\x02c\x10\x03":                  {Frames: []frametest.Frame{invalid, {Payload: "c"}}},
		"torn\x10\x03\x10\x02c\x10\x03":           {Frames: []frametest.Frame{invalid, {Payload: "c"}}},
		"\x10\x02torn\x10\x02c\x10\x03":           {Frames: []frametest.Frame{invalid, {Payload: "c"}}},
		"\x10\x10\x02\x10\x02c\x10\x03":           {Frames: []frametest.Frame{invalid, {Payload: "c"}}},
		"\x10":                                    {Torn: true},
		"\x10\x02a\x10":                           {Torn: true},
		"\x10\x02a\x03":                           {Torn: true},
	} {
		frametest.Compare(t, stx.DLE(), []byte(wire), want)
	}
}

// A mark is found at any distance.
func TestSizes(t *testing.T) {
	for n := range 600 {
		payload := strings.Repeat("x", n)
		frametest.Compare(t, stx.New(), []byte("\x02"+payload+"\x03"), frametest.Frames(payload))
		frametest.Compare(t, stx.New(), []byte("\x02"+payload+"\x02\x03"), frametest.Stream{Frames: []frametest.Frame{invalid, {}}})
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		framer framing.Framer
		wire   string
		want   string
	}{
		{stx.New(), "a\x03", "missing begin mark: these bytes belong to no frame"},
		{stx.New(), "a\x02", "missing begin mark: these bytes belong to no frame"},
		{stx.New(), "\x02a\x02", "missing end mark: another frame begins before it"},
		{stx.DLE(), "a\x10\x02", "missing begin mark: these bytes belong to no frame"},
		{stx.DLE(), "\x10\x02a\x10\x02", "missing end mark: another frame begins before it"},
		{stx.DLE(), "\x10\x02a\x10\x04\x10\x03", "malformed escape: got 0x04 after DLE, want 0x10, 0x02 or 0x03"},
	} {
		if _, _, err := test.framer.Split([]byte(test.wire), framing.Resume{}); err == nil || err.Error() != test.want {
			t.Errorf("%v: Split(%q): got error %v; want %s", test.framer, test.wire, err, test.want)
		}
	}
}

func TestAppendHeader(t *testing.T) {
	for _, test := range []struct {
		start, size int
		want        error
	}{
		{0, 0, nil}, {5, 5, nil}, {0, 5, framing.ErrNoHeader}, {4, 5, framing.ErrNoHeader},
	} {
		want := "x\x02"
		if test.want != nil {
			want = "x"
		}
		got, err := stx.New().AppendHeader([]byte("x"), []byte("hello")[:test.start], int64(test.size))
		if string(got) != want || err != test.want {
			t.Errorf("AppendHeader with %d of %d bytes = %q, %v; want %q, %v", test.start, test.size, got, err, want, test.want)
		}
	}
	if got := stx.New().Trailer(); string(got) != "\x03" {
		t.Errorf("Trailer() = %q; want ETX", got)
	}
}

// Append and AppendHeader refuse a payload that contains a mark.
func TestRefusedPayload(t *testing.T) {
	for payload, want := range map[string]string{
		"\x02":                            "it contains the mark 0x02 at byte 0; DLE can carry it",
		"a\x03":                           "it contains the mark 0x03 at byte 1; DLE can carry it",
		strings.Repeat("x", 500) + "\x02": "it contains the mark 0x02 at byte 500; DLE can carry it",
	} {
		for _, write := range []func() ([]byte, error){
			func() ([]byte, error) { return stx.New().Append([]byte("x"), []byte(payload)) },
			func() ([]byte, error) {
				return stx.New().AppendHeader([]byte("x"), []byte(payload), int64(len(payload)))
			},
		} {
			got, err := write()
			if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || e.Reason != want || e.Size != int64(len(payload)) || string(got) != "x" {
				t.Errorf(`%q: got %q, %v; want "x" and a PayloadError: %s`, payload, got, err, want)
			}
		}
	}
	got, err := stx.New().AppendHeader([]byte("x"), nil, -1)
	if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || string(got) != "x" {
		t.Errorf(`AppendHeader of -1 = %q, %v; want "x" and a PayloadError`, got, err)
	}
}

func TestMaxEncodedLen(t *testing.T) {
	for n := range 300 {
		wire, err := stx.DLE().Append(nil, bytes.Repeat([]byte{0x10}, n))
		if got := stx.DLE().MaxEncodedLen(n); got != len(wire) || err != nil {
			t.Fatalf("DLE: MaxEncodedLen(%d) = %d; want %d, the size of as many DLEs (%v)", n, got, len(wire), err)
		}
		if got := stx.New().MaxEncodedLen(n); got != n+2 {
			t.Fatalf("MaxEncodedLen(%d) = %d; want %d", n, got, n+2)
		}
	}
	for _, test := range []struct {
		framer  framing.Framer
		n, want int
	}{
		{stx.New(), math.MaxInt - 2, math.MaxInt},
		{stx.New(), math.MaxInt - 1, math.MaxInt},
		{stx.New(), math.MaxInt, math.MaxInt},
		{stx.DLE(), (math.MaxInt - 4) / 2, math.MaxInt - 1},
		{stx.DLE(), (math.MaxInt-4)/2 + 1, math.MaxInt},
		{stx.DLE(), math.MaxInt, math.MaxInt},
	} {
		if got := test.framer.MaxEncodedLen(test.n); got != test.want {
			t.Errorf("%v: MaxEncodedLen(%d) = %d; want %d", test.framer, test.n, got, test.want)
		}
	}
}

// What grows too large, a frame or noise, is skipped to where it would have ended,
// at whatever byte it exceeds the limit.
func TestTooLarge(t *testing.T) {
	for _, c := range []struct {
		framer framing.Framer
		wire   string // too large
		next   string
	}{
		{stx.New(), "\x02aaaaaaaaaa\x03", "\x02b\x03"},
		{stx.New(), "\x02aaaaaaaaaa", "\x02b\x03"},
		{stx.New(), "aaaaaaaaaaa\x03", "\x02b\x03"},
		{stx.New(), "aaaaaaaaaaa", "\x02b\x03"},
		{stx.DLE(), "\x10\x02" + strings.Repeat("\x10\x10", 10) + "\x10\x03", "\x10\x02b\x10\x03"},
		{stx.DLE(), "\x10\x02a" + strings.Repeat("\x10\x10", 10) + "\x10\x03", "\x10\x02b\x10\x03"},
		{stx.DLE(), "\x10\x02a" + strings.Repeat("\x10\x10", 10), "\x10\x02b\x10\x03"},
		{stx.DLE(), "a" + strings.Repeat("\x10\x10", 10), "\x10\x02b\x10\x03"},
	} {
		for limit := 1; limit < 5; limit++ {
			for _, size := range []int{1, 2, 3, 100} {
				r := framing.NewReader(frametest.Chunks([]byte(c.wire+c.next), size), c.framer)
				r.SetMaxPayload(limit)
				_, err := r.ReadFrame()
				if e := (*framing.TooLargeError)(nil); !errors.As(err, &e) || e.Offset != 0 {
					t.Fatalf("%v: %q, limit %d, chunks of %d bytes: got error %v; want a TooLargeError", c.framer, c.wire, limit, size, err)
				}
				if payload, err := r.ReadFrame(); string(payload) != "b" || err != nil {
					t.Fatalf(`%v: after %q, limit %d, chunks of %d bytes: got %q, %v; want "b", nil`, c.framer, c.wire, limit, size, payload, err)
				}
			}
		}
	}
}

// Skip finds the same end after any prefix for which Split has returned no Size.
func TestSkip(t *testing.T) {
	for _, test := range []struct {
		framer interface {
			framing.Framer
			framing.Skipper
		}
		stream string
		want   int
	}{
		{stx.New(), "\x02a\x03", 3},
		{stx.New(), "\x02a\x02", 2},
		{stx.New(), "a\x02", 1},
		{stx.DLE(), "\x10\x02a\x10\x10\x10\x03", 7},
		{stx.DLE(), "\x10\x02\x10\x02a\x10\x03", 2},
		{stx.DLE(), "\x10\x10\x10\x02", 2},
	} {
		for seen := 1; seen < len(test.stream); seen++ {
			for step := 1; step < len(test.stream); step++ {
				f, r, err := test.framer.Split([]byte(test.stream[:seen]), framing.Resume{})
				if f.Size != 0 || err != nil {
					break
				}
				at, end := 0, false
				for to := seen; !end && to <= len(test.stream); to += step {
					var n int
					n, r, end = test.framer.Skip([]byte(test.stream[at:to]), r)
					at += n
				}
				if rest := test.stream[at:]; !end && rest != "" {
					var n int
					n, _, end = test.framer.Skip([]byte(rest), r)
					at += n
				}
				if at != test.want || !end {
					t.Errorf("%v: Skip of %q after %d bytes, %d at a time = %d, %t; want %d, true", test.framer, test.stream, seen, step, at, end, test.want)
				}
			}
		}
	}
}

// payloads of 1 KiB, from ordinary to the slowest.
var payloads = map[string][]byte{
	"ordinary": bytes.Repeat([]byte("x"), 1024),
	"sparse":   bytes.Repeat([]byte(strings.Repeat("x", 63)+"\x10"), 16),
	"DLEs":     bytes.Repeat([]byte("\x10"), 1024),
}

func TestAllocs(t *testing.T) {
	for _, payload := range payloads {
		frametest.CheckAllocs(t, stx.New(), payload)
		frametest.CheckAllocs(t, stx.DLE(), payload)
	}
}

func Benchmark(b *testing.B) {
	b.Run("stx", func(b *testing.B) { frametest.Benchmark(b, stx.New(), payloads["ordinary"]) })
	for name, payload := range payloads {
		b.Run("dle/"+name, func(b *testing.B) { frametest.Benchmark(b, stx.DLE(), payload) })
	}
}

// BenchmarkManyMarks reads frames of which each is broken off by the next, with the
// only end mark far away: a mark must not be searched for beyond another one.
func BenchmarkManyMarks(b *testing.B) {
	wire := append(bytes.Repeat([]byte{2}, 1<<20), 3)
	for b.Loop() {
		if frame, _, err := stx.New().Split(wire, framing.Resume{}); frame.Size != 1 || err == nil {
			b.Fatalf("Split() = %+v, %v; want Size 1 and an error", frame, err)
		}
	}
}
