package lengthprefix_test

import (
	"bytes"
	"encoding/binary"
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
		{"trailer", lengthprefix.Config{Width: 1, Trailer: []byte("\r\n")}},
		{"trailer kept", lengthprefix.Config{Width: 1, Offset: 1, Trailer: []byte{0xce}, Keep: true}},
		{"decimal", lengthprefix.Config{Width: 4, Digits: lengthprefix.Decimal}},
		{"hex kept", lengthprefix.Config{Width: 4, Digits: lengthprefix.Hex, IncludesHeader: true, Keep: true}},
		{"bcd", lengthprefix.Config{Width: 2, Digits: lengthprefix.BCD, Offset: 1, Trailer: []byte("z")}},
		{"resync", lengthprefix.Config{Width: 2, LittleEndian: true, Offset: 2, Magic: []byte("mm"), Resync: true}},
		{"resync, kept", lengthprefix.Config{Width: 2, Digits: lengthprefix.Hex, Offset: 3, Magic: []byte("aab"), Trailer: []byte("\n"), Resync: true, Keep: true}},
		{"empty frames skipped", lengthprefix.Config{Width: 2, SkipEmpty: true}},
		{"empty frames skipped, the header stripped", lengthprefix.Config{Width: 2, Strip: 2, SkipEmpty: true}},
		{"empty frames skipped after a header", lengthprefix.Config{Width: 2, Adjust: 2, Strip: 4, SkipEmpty: true}},
		{"empty frames skipped with a trailer", lengthprefix.Config{Width: 2, Digits: lengthprefix.Hex, Trailer: []byte("\r\n"), SkipEmpty: true}},
		{"empty frames skipped, resync", lengthprefix.Config{Width: 1, Offset: 2, Magic: []byte("mn"), Trailer: []byte("z"), Resync: true, SkipEmpty: true}},
		{"long magic", lengthprefix.Config{Width: 2, Offset: 1, Adjust: 599, Strip: 602, Magic: bytes.Repeat([]byte("m"), 600)}},
	} {
		f := newFramer(t, test.config)
		var samples framingtest.Config
		for _, n := range []int{6, 7, 9, 200} {
			payload := bytes.Repeat([]byte("x"), n)
			if err := f.PutHeader(payload); err != nil {
				t.Fatal(err)
			}
			samples.Payloads = append(samples.Payloads, payload)
		}
		t.Run(test.name, func(t *testing.T) { samples.Run(t, f) })
	}
}

func TestVarintLaws(t *testing.T) {
	for _, c := range []lengthprefix.VarintConfig{{Offset: 2}, {Offset: 1, MaxBytes: 4, Keep: true}, {MaxBytes: 2, NonMinimal: true, Keep: true}} {
		f := newVarint(t, c)
		var samples framingtest.Config
		if c.Keep {
			for _, n := range []int{0, 1, 5, 200} {
				payload := append(make([]byte, c.Offset), binary.AppendUvarint(nil, uint64(n))...)
				samples.Payloads = append(samples.Payloads, append(payload, bytes.Repeat([]byte("x"), n)...))
			}
		}
		t.Run(f.String(), func(t *testing.T) { samples.Run(t, f) })
	}
}
