package lengthprefix_test

import (
	"bytes"
	"testing"

	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// The other layouts are among the Framers that framingtest tests itself with.
func TestLaws(t *testing.T) {
	for _, test := range []struct {
		name   string
		config lengthprefix.Config
	}{
		{"magic kept", lengthprefix.Config{Width: 2, Offset: 2, IncludesHeader: true, Magic: []byte{3, 0}, Keep: true}},
		{"magic and other bytes kept", lengthprefix.Config{Width: 1, Offset: 3, Magic: []byte("m"), Keep: true}},
		{"magic delivered in part", lengthprefix.Config{Width: 1, Offset: 3, Magic: []byte("mn"), Strip: 1}},
		{"magic around the length", lengthprefix.Config{Width: 2, Offset: 1, Adjust: 3, Strip: 6, Magic: []byte("abc")}},
		{"empty frames skipped", lengthprefix.Config{Width: 2, SkipEmpty: true}},
		{"empty frames skipped after a header", lengthprefix.Config{Width: 2, Adjust: 2, Strip: 4, SkipEmpty: true}},
		{"long magic", lengthprefix.Config{Width: 2, Offset: 1, Adjust: 599, Strip: 602, Magic: bytes.Repeat([]byte("m"), 600)}},
	} {
		f := newFramer(t, test.config)
		var samples framingtest.Config
		for _, n := range []int{4, 5, 9, 200} {
			payload := bytes.Repeat([]byte("x"), n)
			if err := f.PutHeader(payload); err != nil {
				t.Fatal(err)
			}
			samples.Payloads = append(samples.Payloads, payload)
		}
		t.Run(test.name, func(t *testing.T) { samples.Run(t, f) })
	}
}
