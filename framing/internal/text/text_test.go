package text_test

import (
	"bytes"
	"testing"

	"github.com/wholeframe/wholeframe/framing/internal/text"
)

// SpanText finds the first byte that is not in a set as Span does, wherever it is.
func TestSpanText(t *testing.T) {
	for name, set := range map[string]*text.Set{"Value": &text.Value, "Words": &text.Words, "Line": &text.Line} {
		for size := range 30 {
			for at := range size {
				for c := range 256 {
					for _, fill := range []byte{' ', '~', 0x80, 0xff} {
						data := bytes.Repeat([]byte{fill}, size)
						data[at] = byte(c)
						if got, want := set.SpanText(data), set.Span(data); got != want {
							t.Fatalf("%s.SpanText(%q) = %d; want %d", name, data, got, want)
						}
					}
				}
			}
		}
	}
}

func TestSets(t *testing.T) {
	for _, test := range []struct {
		name string
		set  *text.Set
		out  string // of ASCII, the bytes that are not in the set
	}{
		{"Line", &text.Line, "\x00\n\r"},
		{"Value", &text.Value, "\x00\x01\x02\x03\x04\x05\x06\a\b\n\v\f\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f"},
		{"Words", &text.Words, "\x00\x01\x02\x03\x04\x05\x06\a\b\t\n\v\f\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f"},
		{"Token", &text.Token, "\x00\x01\x02\x03\x04\x05\x06\a\b\t\n\v\f\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f \"(),/:;<=>?@[\\]{}\x7f"},
	} {
		var out []byte
		for c := range 128 {
			if !test.set[c] {
				out = append(out, byte(c))
			}
		}
		if string(out) != test.out {
			t.Errorf("%s is without %q; want %q", test.name, out, test.out)
		}
	}
}
