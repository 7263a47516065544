package lengthprefix_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

var _ framing.Skipper = (*lengthprefix.Framer)(nil)

func TestDigits(t *testing.T) {
	for _, test := range []struct {
		config lengthprefix.Config
		wire   string
		want   frametest.Stream
	}{
		{lengthprefix.Config{Width: 4, Digits: lengthprefix.Decimal}, "0005hello0000", frametest.Frames("hello", "")},
		{lengthprefix.Config{Width: 4, Digits: lengthprefix.Decimal}, "000ahello", frametest.Stream{Lost: true}},
		{lengthprefix.Config{Width: 4, Digits: lengthprefix.Decimal}, " 005hello", frametest.Stream{Lost: true}},
		{lengthprefix.Config{Width: 4, Digits: lengthprefix.Hex}, "000ahello helo", frametest.Frames("hello helo")},
		{lengthprefix.Config{Width: 4, Digits: lengthprefix.Hex}, "000Ahello helo", frametest.Frames("hello helo")},
		{lengthprefix.Config{Width: 4, Digits: lengthprefix.Hex}, "000ghello", frametest.Stream{Lost: true}},
		{lengthprefix.Config{Width: 2, Digits: lengthprefix.BCD}, "\x00\x10hello helo", frametest.Frames("hello helo")},
		{lengthprefix.Config{Width: 2, Digits: lengthprefix.BCD}, "\x00\x1a", frametest.Stream{Lost: true}},
		{lengthprefix.Config{Width: 2, Digits: lengthprefix.BCD}, "\x00\xa1", frametest.Stream{Lost: true}},
		{lengthprefix.Config{Width: 2, Digits: lengthprefix.Decimal, Offset: 1, IncludesHeader: true, Keep: true}, "x08hellox03", frametest.Frames("x08hello", "x03")},
	} {
		frametest.Compare(t, newFramer(t, test.config), []byte(test.wire), test.want)
	}
}

func TestDigitsErrors(t *testing.T) {
	for _, test := range []struct {
		digits     lengthprefix.Digits
		wire, want string
	}{
		{lengthprefix.Decimal, "0a", "malformed length: byte 1 of the field is 0x61, want a decimal digit"},
		{lengthprefix.Hex, "g0", "malformed length: byte 0 of the field is 0x67, want a hexadecimal digit"},
		{lengthprefix.BCD, "\x01\x1f", "malformed length: byte 1 of the field is 0x1f, want two decimal digits"},
	} {
		f := newFramer(t, lengthprefix.Config{Width: 2, Digits: test.digits})
		if frame, _, err := f.Split([]byte(test.wire), framing.Resume{}); fmt.Sprint(err) != test.want || frame.Size != 0 {
			t.Errorf("%v: Split(%q) = %+v, %v; want Size 0, %s", f, test.wire, frame, err, test.want)
		}
	}
}

// The largest value of a field of digits is the largest payload.
func TestDigitsLimit(t *testing.T) {
	for _, test := range []struct {
		digits lengthprefix.Digits
		most   int
	}{{lengthprefix.Decimal, 99}, {lengthprefix.Hex, 255}, {lengthprefix.BCD, 9999}} {
		f := newFramer(t, lengthprefix.Config{Width: 2, Digits: test.digits})
		if _, err := f.Append(nil, make([]byte, test.most)); err != nil {
			t.Errorf("%v: Append of %d bytes = %v; want nil", f, test.most, err)
		}
		want := fmt.Sprintf("framing: payload of %d bytes refused: a length field of this width allows at most %d bytes", test.most+1, test.most)
		if _, err := f.Append(nil, make([]byte, test.most+1)); fmt.Sprint(err) != want {
			t.Errorf("%v: Append of %d bytes = %v; want %s", f, test.most+1, err, want)
		}
	}
}

func TestDigitsString(t *testing.T) {
	for digits, want := range map[lengthprefix.Digits]string{lengthprefix.Binary: "binary", lengthprefix.BCD: "bcd", 9: "Digits(9)"} {
		if got := digits.String(); got != want {
			t.Errorf("String() = %q; want %q", got, want)
		}
	}
}

var lost = frametest.Frame{Invalid: true}

// A wrong trailer costs one frame, whether it is delivered or not.
func TestTrailer(t *testing.T) {
	bare := newFramer(t, lengthprefix.Config{Width: 1, Trailer: []byte("\r\n")})
	kept := newFramer(t, lengthprefix.Config{Width: 1, Trailer: []byte("\r\n"), Keep: true})
	wire := []byte("\x02hi\r\n\x02ho\r\r\x00\r\n")
	frametest.Compare(t, bare, wire, frametest.Stream{Frames: []frametest.Frame{{Payload: "hi"}, lost, {}}})
	frametest.Compare(t, kept, wire, frametest.Stream{Frames: []frametest.Frame{{Payload: "\x02hi\r\n"}, lost, {Payload: "\x00\r\n"}}})

	want := `malformed trailer: got "!!" after the payload, want "\r\n"`
	if frame, _, err := bare.Split([]byte("\x00!!"), framing.Resume{}); fmt.Sprint(err) != want || frame.Size != 3 {
		t.Errorf("Split = %+v, %v; want Size 3, %s", frame, err, want)
	}
	for payload, want := range map[string]string{
		"\x02hi\r\n": "<nil>",
		"\x02hi\r\r": "framing: payload of 5 bytes refused: it must end with the trailer 0d0a",
		"\x00\r":     "framing: payload of 2 bytes refused: it must begin with the 1 byte of the header and end with the 2 of the trailer",
	} {
		if _, err := kept.Append(nil, []byte(payload)); fmt.Sprint(err) != want {
			t.Errorf("Append(%q) = %v; want %s", payload, err, want)
		}
	}
	if _, err := kept.AppendHeader(nil, []byte("\x02h"), 5); err != framing.ErrNoHeader {
		t.Errorf("AppendHeader of a part = %v; want ErrNoHeader", err)
	}
}

// After a header that is not valid, reading continues at the next magic, with one
// error for all that is between.
func TestResync(t *testing.T) {
	f := newFramer(t, lengthprefix.Config{Width: 1, Offset: 2, Magic: []byte{0xb5, 0x62}, Digits: lengthprefix.BCD, Resync: true})
	for wire, want := range map[string][]frametest.Frame{
		"\xb5b\x02hi":                         {{Payload: "hi"}},
		"noise\xb5b\x02hi":                    {lost, {Payload: "hi"}},
		"\xb5\xb5b\x02hi":                     {lost, {Payload: "hi"}},
		"\xb5b\x0a\xb5b\x02hi":                {lost, {Payload: "hi"}},
		"\xb5b\x01hi\xb5b\x00":                {{Payload: "h"}, lost, {}},
		"\xb5b\x00noise\xb5\xb5b\x01\xb5more": {{}, lost, {Payload: "\xb5"}, lost},
	} {
		torn := len(want) > 0 && want[len(want)-1] == lost
		frametest.Compare(t, f, []byte(wire), frametest.Stream{Frames: want, Torn: torn})
	}
}

// Skip holds back a part of the magic, and no more.
func TestSkip(t *testing.T) {
	f := newFramer(t, lengthprefix.Config{Width: 1, Offset: 4, Magic: []byte("aaab"), Resync: true})
	for _, test := range []struct {
		data string
		pos  int
		n    int
		end  bool
	}{
		{"aaab", 0, 0, true}, {"aaab", 1, 4, false}, {"aaaab", 1, 1, true}, {"xxaaa", 1, 2, false}, {"xxaaax", 1, 6, false}, {"x", 1, 1, false}, {"", 0, 0, false},
	} {
		n, next, end := f.Skip([]byte(test.data), framing.Resume{Pos: test.pos})
		want := framing.Resume{}
		if held := len(test.data) - test.n; !end {
			want = framing.Resume{Pos: held, State: uint64(held)}
		}
		if n != test.n || end != test.end || next != want {
			t.Errorf("Skip(%q) from %d = %d, %+v, %t; want %d, %+v, %t", test.data, test.pos, n, next, end, test.n, want, test.end)
		}
	}
	if n, _, end := lengthprefix.Uint8().Skip([]byte("abc"), framing.Resume{}); n != 3 || end {
		t.Errorf("Skip without Resync = %d, %t; want 3, false", n, end)
	}
}

// Skip searches for all of the magic that precedes the length field, so that its
// beginning, repeated, is one loss.
func TestResyncLongMagic(t *testing.T) {
	magic := append(bytes.Repeat([]byte{0xaa}, 19), 0xbb)
	f := newFramer(t, lengthprefix.Config{Width: 1, Offset: len(magic), Magic: magic, Resync: true})
	wire := append(bytes.Repeat([]byte{0xaa}, 1000), 0xbb, 1, 'a')
	frametest.Compare(t, f, wire, frametest.Stream{Frames: []frametest.Frame{{Invalid: true}, {Payload: "a"}}})
}

// Skip finds a magic where bytes.Index does, in any pieces, and does not examine the bytes
// that it has matched again.
func TestSkipFinds(t *testing.T) {
	for _, magic := range []string{"ab", "aa", "aab", "abab", "abaab", "abaabaab", strings.Repeat("a", 300) + "b"} {
		f := newFramer(t, lengthprefix.Config{Width: 1, Offset: len(magic), Magic: []byte(magic), Resync: true})
		rapid.Check(t, func(t *rapid.T) {
			piece := rapid.SampledFrom([]string{"a", "b", "x", "ab", "aab", magic[:len(magic)-1], magic})
			stream := strings.Join(rapid.SliceOfN(piece, 1, 8).Draw(t, "stream"), "")
			var held []byte
			passed, rest, end := 0, stream, false
			var r framing.Resume
			for n := 0; !end && rest != ""; {
				size := rapid.IntRange(1, len(rest)).Draw(t, "size")
				clear(held[:r.Pos])
				held = append(held, rest[:size]...)
				rest = rest[size:]
				n, r, end = f.Skip(held, r)
				passed, held = passed+n, held[n:]
			}
			if want := strings.Index(stream, magic); end != (want >= 0) || end && passed != want {
				t.Fatalf("%q in %q: found %t at %d; want %d", magic, stream, end, passed, want)
			}
		})
	}
}
