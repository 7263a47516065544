package fixed_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/fixed"
)

var (
	_ framing.Encloser = (*fixed.Framer)(nil)
	_ framing.Framer   = (*fixed.PaddedFramer)(nil)
)

func newFramer(t *testing.T, size int) *fixed.Framer {
	t.Helper()
	f, err := fixed.New(size)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func newPadded(t *testing.T, size int, pad byte) *fixed.PaddedFramer {
	t.Helper()
	f, err := fixed.Padded(size, pad)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func checkConfigError(t *testing.T, size int, err error, most int) {
	t.Helper()
	want := framing.ConfigError{Framer: "fixed", Option: "size", Reason: fmt.Sprintf("%d is not allowed; it must be 1 to %d bytes", size, most)}
	var got *framing.ConfigError
	if !errors.As(err, &got) || *got != want {
		t.Errorf("size %d: got %v; want %v", size, err, &want)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, size := range []int{0, -1, math.MinInt} {
		f, err := fixed.New(size)
		if f != nil {
			t.Errorf("New(%d) = %v; want nil", size, f)
		}
		checkConfigError(t, size, err, math.MaxInt)
	}
}

// A padded frame is held whole whatever the payload limit is, so its size has a
// limit of its own.
func TestPaddedRefuses(t *testing.T) {
	for _, size := range []int{0, -1, math.MinInt, fixed.MaxPadded + 1, 1 << 30, math.MaxInt} {
		f, err := fixed.Padded(size, 0)
		if f != nil {
			t.Errorf("Padded(%d, 0) = %v; want nil", size, f)
		}
		checkConfigError(t, size, err, fixed.MaxPadded)
	}
}

// The largest frames are read and written within the limit of the payload.
func TestLargestSizes(t *testing.T) {
	padded := newPadded(t, fixed.MaxPadded, 0)
	wire, err := padded.Append(nil, []byte("hi"))
	if err != nil || len(wire) != fixed.MaxPadded {
		t.Fatalf("Append = %d bytes, %v; want %d, nil", len(wire), err, fixed.MaxPadded)
	}
	r := framing.NewReader(bytes.NewReader(wire), padded)
	r.SetMaxPayload(2)
	if payload, err := r.ReadFrame(); err != nil || string(payload) != "hi" {
		t.Errorf("ReadFrame() = %q, %v; want %q, nil", payload, err, "hi")
	}

	f := newFramer(t, math.MaxInt)
	r = framing.NewReader(bytes.NewReader(wire), f)
	var tooLarge *framing.TooLargeError
	if _, err := r.ReadFrame(); !errors.As(err, &tooLarge) || tooLarge.Size != math.MaxInt || tooLarge.Max != framing.DefaultMaxPayload {
		t.Errorf("ReadFrame() of %v = %v; want a TooLargeError", f, err)
	}
	r = framing.NewReader(bytes.NewReader(wire), f)
	r.SetMaxPayload(-1)
	var eof *framing.UnexpectedEOFError
	if _, err := r.ReadFrame(); !errors.As(err, &eof) || eof.Have != int64(len(wire)) || eof.Want != math.MaxInt {
		t.Errorf("ReadFrame() of %v without a limit = %v; want an UnexpectedEOFError", f, err)
	}
	var refused *framing.PayloadError
	if err := framing.NewWriter(new(bytes.Buffer), f).WriteFrame(wire); !errors.As(err, &refused) {
		t.Errorf("WriteFrame() of %v = %v; want a PayloadError", f, err)
	}
}

func TestFramer(t *testing.T) {
	f := newFramer(t, 5)
	if got := fmt.Sprint(f, f.Size(), f.MaxEncodedLen(0), f.MaxEncodedLen(math.MaxInt), f.Trailer()); got != "fixed,size=5 5 5 5 []" {
		t.Errorf("String, Size, MaxEncodedLen, Trailer: got %s", got)
	}
	for n := range 8 {
		payload := []byte("0123456"[:n])
		wire, err := f.Append([]byte("before"), payload)
		head, errHeader := f.AppendHeader([]byte("before"), nil, int64(n))
		if n == 5 {
			if err != nil || string(wire) != "before01234" || errHeader != nil || string(head) != "before" {
				t.Errorf("Append(%q) = %q, %v, AppendHeader %q, %v; want the payload and no header", payload, wire, err, head, errHeader)
			}
			continue
		}
		for _, err := range []error{err, errHeader} {
			var e *framing.PayloadError
			if !errors.As(err, &e) || e.Size != int64(n) || e.Reason != "it must have exactly 5 bytes" {
				t.Errorf("Append(%q) = %v; want a PayloadError", payload, err)
			}
		}
		if string(wire) != "before" || string(head) != "before" {
			t.Errorf("Append(%q) = %q, AppendHeader %q; want dst unchanged", payload, wire, head)
		}
	}
	for n := 1; n < 8; n++ {
		if frame, _, err := f.Split([]byte("0123456"[:n]), framing.Resume{}); err != nil || frame != (framing.Frame{Size: 5, End: 5}) {
			t.Errorf("Split of %d bytes = %+v, %v; want size and end 5", n, frame, err)
		}
	}
}

func TestPadded(t *testing.T) {
	f := newPadded(t, 5, '_')
	if got := fmt.Sprint(f, f.Size(), f.MaxEncodedLen(0), f.MaxEncodedLen(math.MaxInt)); got != "fixed,size=5,pad=5f 5 5 5" {
		t.Errorf("String, Size, MaxEncodedLen: got %s", got)
	}
	if got, want := newPadded(t, 16, 0).String(), "fixed,size=16,pad=00"; got != want {
		t.Errorf("String() = %q; want %q", got, want)
	}
	for _, test := range []struct{ payload, wire, refused string }{
		{"", "_____", ""},
		{"a", "a____", ""},
		{"_a", "_a___", ""},
		{"abcde", "abcde", ""},
		{"a\x00", "a\x00___", ""},
		{"_", "", "it ends in the pad byte 0x5f, which reading would remove"},
		{"abcd_", "", "it ends in the pad byte 0x5f, which reading would remove"},
		{"abcdef", "", "it must have at most 5 bytes"},
	} {
		wire, err := f.Append([]byte("before"), []byte(test.payload))
		if test.refused != "" {
			var e *framing.PayloadError
			if !errors.As(err, &e) || e.Size != int64(len(test.payload)) || e.Reason != test.refused || string(wire) != "before" {
				t.Errorf("Append(%q) = %q, %v; want %s", test.payload, wire, err, test.refused)
			}
			continue
		}
		if err != nil || string(wire) != "before"+test.wire {
			t.Errorf("Append(%q) = %q, %v; want %q, nil", test.payload, wire, err, "before"+test.wire)
		}
		frame, _, err := f.Split([]byte(test.wire+"___"), framing.Resume{})
		if err != nil || frame.Size != 5 || test.wire[frame.Start:frame.End] != test.payload {
			t.Errorf("Split(%q) = %+v, %v; want the payload %q", test.wire, frame, err, test.payload)
		}
		for n := 1; n < 5; n++ {
			if frame, _, err := f.Split([]byte(test.wire[:n]), framing.Resume{}); err != nil || frame.Size != 5 || frame.End != frame.Start {
				t.Errorf("Split(%q) = %+v, %v; want size 5 and no payload yet", test.wire[:n], frame, err)
			}
		}
	}
}

// Append pads dst whatever its memory held before.
func TestPaddedReusesMemory(t *testing.T) {
	dst := []byte("old old old")
	wire, err := newPadded(t, 8, ' ').Append(dst[:0], []byte("new"))
	if err != nil || string(wire) != "new     " || &wire[0] != &dst[0] {
		t.Errorf("Append = %q, %v; want %q, nil in the same memory", wire, err, "new     ")
	}
}
