package octetcount_test

import (
	"errors"
	"math"
	"strconv"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/octetcount"
)

func TestWire(t *testing.T) {
	for wire, want := range map[string]frametest.Stream{
		"":                                  {},
		"15 <13>1 - - - - -":                frametest.Frames("<13>1 - - - - -"),
		"1 a2 b 10 0123456789":              frametest.Frames("a", "b ", "0123456789"),
		"3 ab\n1 c":                         frametest.Frames("ab\n", "c"),
		"1":                                 {Torn: true},
		"5 ":                                {Torn: true},
		"5 hell":                            {Torn: true},
		"0 ":                                {Lost: true},
		"0":                                 {Lost: true},
		"01 a":                              {Lost: true},
		" 1 a":                              {Lost: true},
		"-1 a":                              {Lost: true},
		"1\ta":                              {Lost: true},
		"2 ab\n":                            {Frames: frametest.Frames("ab").Frames, Lost: true},
		"<13>Oct 11 22:14:15 host su: hi\n": {Lost: true},
		"18446744073709551615 ":             {Lost: true},
		"99999999999999999999999":           {Lost: true},
	} {
		frametest.Compare(t, octetcount.New(), []byte(wire), want)
	}
}

// Each error is reported at the byte that causes it.
func TestErrors(t *testing.T) {
	for wire, want := range map[string]string{
		"<":     "malformed length: got '<', want a digit; syslog lines that end with a newline are read with delimiter.Line",
		"0":     "malformed length: got '0', want a digit from 1 to 9; octet counting has no empty frames and no leading zeros",
		"x":     "malformed length: got 'x', want a digit",
		"\xef":  "malformed length: got 0xef, want a digit",
		"1\t":   `malformed length: got '\t' after digits, want ' '`,
		"1\xef": "malformed length: got 0xef after digits, want ' '",
	} {
		if _, _, err := octetcount.New().Split([]byte(wire), framing.Resume{}); err == nil || err.Error() != want {
			t.Errorf("Split(%q): got error %v; want %s", wire, err, want)
		}
	}
}

// A frame of more than math.MaxInt is too large for any limit.
func TestTooLarge(t *testing.T) {
	max := math.MaxInt - len(strconv.Itoa(math.MaxInt)) - 1
	for wire, want := range map[string]framing.TooLargeError{
		"18446744073709551615 ":         {Size: math.MaxUint64, Max: uint64(math.MaxInt - 21)},
		"18446744073709551616":          {Max: uint64(max)}, // more digits may follow
		strconv.Itoa(math.MaxInt) + " ": {Size: math.MaxInt, Max: uint64(max)},
		strconv.Itoa(max+1) + " ":       {Size: uint64(max + 1), Max: uint64(max)},
	} {
		frame, _, err := octetcount.New().Split([]byte(wire), framing.Resume{})
		if e := (*framing.TooLargeError)(nil); !errors.As(err, &e) || *e != want || frame != (framing.Frame{}) {
			t.Errorf("Split(%q) = %+v, %+v; want %+v", wire, frame, err, want)
		}
	}
	frame, _, err := octetcount.New().Split([]byte(strconv.Itoa(max)+" "), framing.Resume{})
	if frame.Size != math.MaxInt || err != nil {
		t.Errorf("Split of %d bytes = %+v, %v; want Size %d", max, frame, err, math.MaxInt)
	}
}

func TestMaxEncodedLen(t *testing.T) {
	for n, want := range map[int]int{0: 21, math.MaxInt - 21: math.MaxInt, math.MaxInt: math.MaxInt} {
		if got := octetcount.New().MaxEncodedLen(n); got != want {
			t.Errorf("MaxEncodedLen(%d) = %d; want %d", n, got, want)
		}
	}
}

func TestAppendHeader(t *testing.T) {
	for size, want := range map[int64]string{1: "x1 ", math.MaxInt64: "x9223372036854775807 "} {
		if got, err := octetcount.New().AppendHeader([]byte("x"), nil, size); string(got) != want || err != nil {
			t.Errorf("AppendHeader of %d = %q, %v; want %q", size, got, err, want)
		}
	}
	for _, size := range []int64{0, -1} {
		got, err := octetcount.New().AppendHeader([]byte("x"), nil, size)
		if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || string(got) != "x" {
			t.Errorf(`AppendHeader of %d = %q, %v; want "x" and a PayloadError`, size, got, err)
		}
	}
}

func TestAllocs(t *testing.T) { frametest.CheckAllocs(t, octetcount.New(), make([]byte, 1024)) }

func Benchmark(b *testing.B) { frametest.Benchmark(b, octetcount.New(), make([]byte, 16)) }
