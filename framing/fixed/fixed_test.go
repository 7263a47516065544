package fixed_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/fixed"
)

var (
	_ framing.Prefixer = (*fixed.Framer)(nil)
	_ framing.Framer   = (*fixed.PaddedFramer)(nil)
)

func TestNew_Refuses(t *testing.T) {
	for _, size := range []int{0, -1, math.MinInt} {
		f, err := fixed.New(size)
		padded, errPadded := fixed.Padded(size, 0)
		if f != nil || padded != nil {
			t.Errorf("size %d was accepted", size)
		}
		for _, err := range []error{err, errPadded} {
			var e *framing.ConfigError
			if !errors.As(err, &e) || e.Framer != "fixed" || e.Option != "size" || !strings.HasSuffix(err.Error(), "is not allowed; it must be 1 byte or more") {
				t.Errorf("size %d: %T %v", size, err, err)
			}
		}
	}
}

// The smallest frame.
func TestNew_Least(t *testing.T) {
	if wire, err := newFramer(t, 1).Append(nil, []byte("x")); err != nil || string(wire) != "x" {
		t.Errorf("%q, %v", wire, err)
	}
}

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

func TestFramer(t *testing.T) {
	f := newFramer(t, 5)
	if f.Size() != 5 || f.String() != "fixed,size=5" || f.MaxEncodedLen(0) != 5 || f.MaxEncodedLen(math.MaxInt) != 5 || f.Trailer() != nil {
		t.Errorf("%v: size %d, MaxEncodedLen %d, trailer %q", f, f.Size(), f.MaxEncodedLen(0), f.Trailer())
	}
	for n := range 8 {
		payload := []byte("0123456"[:n])
		wire, err := f.Append([]byte("before"), payload)
		head, errHead := f.AppendHeader([]byte("before"), int64(n))
		if string(head) != "before" || (errHead == nil) != (n == 5) {
			t.Errorf("%d bytes: the header is %q, %v", n, head, errHead)
		}
		if n == 5 {
			if err != nil || string(wire) != "before01234" {
				t.Errorf("%q, %v", wire, err)
			}
			continue
		}
		var e *framing.PayloadError
		if !errors.As(err, &e) || e.Size != n || e.Reason != "every message must have exactly 5 bytes" || string(wire) != "before" {
			t.Errorf("%d bytes: %q, %v", n, wire, err)
		}
	}
	for n := 1; n < 8; n++ {
		if frame, err := f.Split([]byte("0123456"[:n]), 0); err != nil || frame != (framing.Frame{Size: 5, End: 5}) {
			t.Errorf("%d bytes: %+v, %v", n, frame, err)
		}
	}
}

func TestPadded(t *testing.T) {
	f := newPadded(t, 5, '_')
	if f.Size() != 5 || f.String() != "fixed,size=5,pad=5f" || f.MaxEncodedLen(0) != 5 || f.MaxEncodedLen(math.MaxInt) != 5 {
		t.Errorf("%v: size %d, MaxEncodedLen %d", f, f.Size(), f.MaxEncodedLen(0))
	}
	if got := newPadded(t, 16, 0).String(); got != "fixed,size=16,pad=00" {
		t.Error(got)
	}
	for _, test := range []struct{ payload, wire, refused string }{
		{"", "_____", ""},
		{"a", "a____", ""},
		{"_a", "_a___", ""},
		{"abcde", "abcde", ""},
		{"a\x00", "a\x00___", ""},
		{"_", "", "it ends in the pad byte 0x5f, which reading would cut off"},
		{"abcd_", "", "it ends in the pad byte 0x5f, which reading would cut off"},
		{"abcdef", "", "a message must have at most 5 bytes"},
	} {
		wire, err := f.Append([]byte("before"), []byte(test.payload))
		if test.refused != "" {
			var e *framing.PayloadError
			if !errors.As(err, &e) || e.Size != len(test.payload) || e.Reason != test.refused || string(wire) != "before" {
				t.Errorf("%q: %q, %v, want %s", test.payload, wire, err, test.refused)
			}
			continue
		}
		if err != nil || string(wire) != "before"+test.wire {
			t.Errorf("%q: %q, %v", test.payload, wire, err)
		}
		frame, err := f.Split([]byte(test.wire+"___"), 0)
		if err != nil || frame.Size != 5 || test.wire[frame.Start:frame.End] != test.payload {
			t.Errorf("%q comes back as %+v, %v", test.payload, frame, err)
		}
		for n := 1; n < 5; n++ {
			if frame, err := f.Split([]byte(test.wire[:n]), 0); err != nil || frame.Size != 5 || frame.End != frame.Start {
				t.Errorf("%q: %+v, %v", test.wire[:n], frame, err)
			}
		}
	}
}

// Append fills with pad what dst held there before.
func TestPadded_ReusedMemory(t *testing.T) {
	dst := []byte("old old old")
	if wire, err := newPadded(t, 8, ' ').Append(dst[:0], []byte("new")); err != nil || string(wire) != "new     " || &wire[0] != &dst[0] {
		t.Errorf("%q, %v", wire, err)
	}
}
