package netstring_test

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/netstring"
)

func TestWire(t *testing.T) {
	for wire, want := range map[string]frametest.Stream{
		"":                         {},
		"0:,":                      frametest.Frames(""),
		"12:hello world!,":         frametest.Frames("hello world!"),
		"3:a:,,1:,,10:0123456789,": frametest.Frames("a:,", ",", "0123456789"),
		"1":                        {Torn: true},
		"5:":                       {Torn: true},
		"5:hello":                  {Torn: true},
		"2:abc1:d,":                {Frames: []frametest.Frame{{Invalid: true}, {Payload: "d"}}},
		"3:abc,x":                  {Frames: frametest.Frames("abc").Frames, Lost: true},
		":,":                       {Lost: true},
		"-1:,":                     {Lost: true},
		"+1:a,":                    {Lost: true},
		" 1:a,":                    {Lost: true},
		"1 :a,":                    {Lost: true},
		"00:,":                     {Lost: true},
		"01:a,":                    {Lost: true},
		"1;a,":                     {Lost: true},
		"18446744073709551615:":    {Lost: true},
		"18446744073709551616":     {Lost: true},
		"99999999999999999999999":  {Lost: true},
	} {
		frametest.Compare(t, netstring.New(), []byte(wire), want)
	}
}

func TestErrors(t *testing.T) {
	for wire, want := range map[string]string{
		":":         "malformed length: got ':', want a digit",
		"\n":        `malformed length: got '\n', want a digit`,
		"5x":        "malformed length: got 'x' after digits, want ':'",
		"5\xef":     "malformed length: got 0xef after digits, want ':'",
		"00":        "malformed length: leading zero, which some programs read as octal",
		"1:a;":      `malformed trailer: got ";" after the payload, want ","`,
		"1:a\xef":   `malformed trailer: got "\xef" after the payload, want ","`,
		"1:a\x00b,": `malformed trailer: got "\x00" after the payload, want ","`,
	} {
		if _, _, err := netstring.New().Split([]byte(wire), framing.Resume{}); err == nil || err.Error() != want {
			t.Errorf("Split(%q): got error %v; want %s", wire, err, want)
		}
	}
}

// A frame of more than math.MaxInt is too large for any limit.
func TestTooLarge(t *testing.T) {
	max := math.MaxInt - len(strconv.Itoa(math.MaxInt)) - 2
	for wire, want := range map[string]framing.TooLargeError{
		"18446744073709551615:":         {Size: math.MaxUint64, Max: uint64(math.MaxInt - 22)},
		"18446744073709551616":          {Max: uint64(max)}, // more digits may follow
		strconv.Itoa(math.MaxInt) + ":": {Size: math.MaxInt, Max: uint64(max)},
		strconv.Itoa(max+1) + ":":       {Size: uint64(max + 1), Max: uint64(max)},
	} {
		frame, _, err := netstring.New().Split([]byte(wire), framing.Resume{})
		if e := (*framing.TooLargeError)(nil); !errors.As(err, &e) || *e != want || frame != (framing.Frame{}) {
			t.Errorf("Split(%q) = %+v, %+v; want %+v", wire, frame, err, want)
		}
	}
	frame, _, err := netstring.New().Split([]byte(strconv.Itoa(max)+":"), framing.Resume{})
	if frame.Size != math.MaxInt || err != nil {
		t.Errorf("Split of %d bytes = %+v, %v; want Size %d", max, frame, err, math.MaxInt)
	}
}

// Whether 3 GiB exceed the limit or an int, the error reports the same.
func TestTooLargeFor32Bits(t *testing.T) {
	buf := framing.NewBuffer(netstring.New())
	buf.Write([]byte("3221225472:x"))
	_, _, err := buf.Next()
	want := framing.TooLargeError{Size: 3 << 30, Max: framing.DefaultMaxPayload, Final: math.MaxInt < 3<<30}
	if e := (*framing.TooLargeError)(nil); !errors.As(err, &e) || *e != want {
		t.Errorf("Next(): got error %+v; want %+v", err, want)
	}
}

// A payload that exceeds the limit is reported as such, even if its comma is missing.
func TestTooLargeWithoutComma(t *testing.T) {
	r := framing.NewReader(strings.NewReader("3:abcX1:d,"), netstring.New())
	r.SetMaxPayload(2)
	_, err := r.ReadFrame()
	if e := (*framing.TooLargeError)(nil); !errors.As(err, &e) || e.Size != 3 {
		t.Errorf("ReadFrame(): got error %v; want a TooLargeError of 3 bytes", err)
	}
	if payload, err := r.ReadFrame(); string(payload) != "d" || err != nil {
		t.Errorf(`ReadFrame() = %q, %v; want "d", nil`, payload, err)
	}
}

func TestMaxEncodedLen(t *testing.T) {
	for n, want := range map[int]int{0: 22, math.MaxInt - 22: math.MaxInt, math.MaxInt: math.MaxInt} {
		if got := netstring.New().MaxEncodedLen(n); got != want {
			t.Errorf("MaxEncodedLen(%d) = %d; want %d", n, got, want)
		}
	}
}

func TestAppendHeader(t *testing.T) {
	for size, want := range map[int64]string{0: "x0:", 5: "x5:", math.MaxInt64: "x9223372036854775807:"} {
		if got, err := netstring.New().AppendHeader([]byte("x"), nil, size); string(got) != want || err != nil {
			t.Errorf("AppendHeader of %d = %q, %v; want %q", size, got, err, want)
		}
	}
	got, err := netstring.New().AppendHeader([]byte("x"), nil, -1)
	if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || string(got) != "x" {
		t.Errorf(`AppendHeader of -1 = %q, %v; want "x" and a PayloadError`, got, err)
	}
}

func TestAllocs(t *testing.T) { frametest.CheckAllocs(t, netstring.New(), make([]byte, 1024)) }

func Benchmark(b *testing.B) { frametest.Benchmark(b, netstring.New(), make([]byte, 16)) }
