package slip_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/slip"
	"github.com/wholeframe/wholeframe/framing/stuffed"
)

var invalid = frametest.Frame{Invalid: true}

func TestWire(t *testing.T) {
	for wire, want := range map[string]frametest.Stream{
		"":                                {},
		"hello\xc0":                       frametest.Frames("hello"),
		"\xc0hello\xc0\xc0world\xc0":      frametest.Frames("hello", "world"),
		"\xc0\xc0\xc0":                    {},
		"\xdb\xdc\xc0":                    frametest.Frames("\xc0"),
		"\xdb\xdd\xc0":                    frametest.Frames("\xdb"),
		"a\xdb\xdd\xdc\xdb\xdcbc\xdd\xc0": frametest.Frames("a\xdb\xdc\xc0bc\xdd"),
		"\xdba\xc0ok\xc0":                 {Frames: []frametest.Frame{invalid, {Payload: "ok"}}},
		"a\xdb\xc0ok\xc0":                 {Frames: []frametest.Frame{invalid, {Payload: "ok"}}},
		"\xdb\xdb\xdc\xc0ok\xc0":          {Frames: []frametest.Frame{invalid, {Payload: "ok"}}},
		"a":                               {Torn: true},
		"\xc0\xdb":                        {Torn: true},
	} {
		frametest.Compare(t, slip.New(), []byte(wire), want)
	}
}

// The last END before a frame belongs to it.
func TestWireLeadingEnd(t *testing.T) {
	for wire, want := range map[string]frametest.Stream{
		"hello\xc0":                       frametest.Frames("hello"),
		"\xc0hello\xc0\xc0world\xc0":      frametest.Frames("hello", "world"),
		"\xc0\xc0\xc0a\xc0":               frametest.Frames("a"),
		"\xc0\xdb\xdc\xc0":                frametest.Frames("\xc0"),
		"\xc0\xdba\xc0\xc0ok\xc0":         {Frames: []frametest.Frame{invalid, {Payload: "ok"}}},
		"\xc0a\xdb\xc0ok\xc0":             {Frames: []frametest.Frame{invalid, {Payload: "ok"}}},
		"noise\xc0a\xc0\xc0b\xdb\xdd\xc0": frametest.Frames("noise", "a", "b\xdb"),
		"\xc0":                            {Torn: true},
		"a\xc0\xc0\xc0":                   {Frames: frametest.Frames("a").Frames, Torn: true},
		"\xc0a":                           {Torn: true},
	} {
		frametest.Compare(t, slip.LeadingEnd(), []byte(wire), want)
	}
}

func TestErrors(t *testing.T) {
	for wire, want := range map[string]string{
		"\xdba\xc0":    "malformed escape: got 0x61 after 0xdb, want 0xdc or 0xdd",
		"\xdb\x05\xc0": "malformed escape: got 0x05 after 0xdb, want 0xdc or 0xdd",
		"a\xdb\xc0":    "malformed escape: the frame ends after 0xdb",
	} {
		frame, _, err := slip.New().Split([]byte(wire), framing.Resume{})
		if err == nil || err.Error() != want || frame.Size != len(wire) {
			t.Errorf("Split(%q) = %+v, %v; want Size %d and %s", wire, frame, err, len(wire), want)
		}
	}
}

func TestEmptyPayload(t *testing.T) {
	for _, f := range []*stuffed.Framer{slip.New(), slip.LeadingEnd()} {
		got, err := f.Append([]byte("x"), nil)
		if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || string(got) != "x" {
			t.Errorf(`%v: Append of nothing = %q, %v; want "x" and a PayloadError`, f, got, err)
		}
	}
}

func TestMaxEncodedLen(t *testing.T) {
	for _, f := range []*stuffed.Framer{slip.New(), slip.LeadingEnd()} {
		for n := 1; n < 300; n++ {
			wire, err := f.Append(nil, bytes.Repeat([]byte{0xdb}, n))
			if got := f.MaxEncodedLen(n); got != len(wire) || err != nil {
				t.Fatalf("%v: MaxEncodedLen(%d) = %d; want %d, the size of as many ESCs (%v)", f, n, got, len(wire), err)
			}
		}
		if n := (math.MaxInt - 2) / 2; f.MaxEncodedLen(n) == math.MaxInt {
			t.Errorf("%v: MaxEncodedLen(%d) = %d; want less", f, n, math.MaxInt)
		}
		for _, n := range []int{math.MaxInt/2 + 1, math.MaxInt} {
			if got := f.MaxEncodedLen(n); got != math.MaxInt {
				t.Errorf("%v: MaxEncodedLen(%d) = %d; want %d", f, n, got, math.MaxInt)
			}
		}
	}
}

// The limit counts the payload as it is delivered, without escapes.
func TestTooLarge(t *testing.T) {
	r := framing.NewReader(strings.NewReader("\xdb\xdc\xdb\xdc\xdb\xdc\xc0"+"abcd\xc0"+"abcdefg\xdb\xdc\xc0"+"abc\xc0"), slip.New())
	r.SetMaxPayload(3)
	if payload, err := r.ReadFrame(); string(payload) != "\xc0\xc0\xc0" || err != nil {
		t.Errorf("ReadFrame() = %q, %v; want three ENDs", payload, err)
	}
	for _, size := range []uint64{4, 0} {
		_, err := r.ReadFrame()
		if e := (*framing.TooLargeError)(nil); !errors.As(err, &e) || e.Size != size {
			t.Errorf("ReadFrame(): got error %v; want a TooLargeError with Size %d", err, size)
		}
	}
	if payload, err := r.ReadFrame(); string(payload) != "abc" || err != nil {
		t.Errorf(`ReadFrame() = %q, %v; want "abc", nil`, payload, err)
	}
}

// Skip finds the END of a frame whether or not the frame begins with one.
func TestSkip(t *testing.T) {
	for _, test := range []struct {
		f     *stuffed.Framer
		seen  int // bytes for which Split was called before Skip
		data  string
		n     int
		whole bool
	}{
		{slip.New(), 1, "a\xdb\xc0b", 3, true},
		{slip.New(), 2, "a\xdb", 2, false},
		{slip.LeadingEnd(), 1, "\xc0ab\xc0", 4, true},
		{slip.LeadingEnd(), 3, "\xc0ab\xc0", 4, true},
		{slip.LeadingEnd(), 1, "\xc0ab", 3, false},
	} {
		_, r, err := test.f.Split([]byte(test.data[:test.seen]), framing.Resume{})
		if err != nil {
			t.Fatal(err)
		}
		n, next, whole := test.f.Skip([]byte(test.data), r)
		if n != test.n || whole != test.whole || next != (framing.Resume{}) {
			t.Errorf("%v: Skip(%q) = %d, %+v, %t; want %d, no Resume, %t", test.f, test.data, n, next, whole, test.n, test.whole)
		}
	}
}

// payloads of 1 KiB, from ordinary to the slowest.
var payloads = map[string][]byte{
	"ordinary": bytes.Repeat([]byte("x"), 1024),
	"sparse":   bytes.Repeat([]byte(strings.Repeat("x", 63)+"\xc0"), 16),
	"escapes":  bytes.Repeat([]byte("\xc0"), 1024),
}

func TestAllocs(t *testing.T) {
	for _, payload := range payloads {
		frametest.CheckAllocs(t, slip.New(), payload)
		frametest.CheckAllocs(t, slip.LeadingEnd(), payload)
	}
}

func Benchmark(b *testing.B) {
	for name, payload := range payloads {
		b.Run(name, func(b *testing.B) { frametest.Benchmark(b, slip.New(), payload) })
	}
}
