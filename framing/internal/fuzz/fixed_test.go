package fuzz_test

import (
	"bytes"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/internal/oracle"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// FuzzFixed compares both framers with slices of the stream.
func FuzzFixed(f *testing.F) {
	f.Add(byte(0), false, byte(0), []byte("a"))
	f.Add(byte(3), true, byte('a'), []byte("aaabaaaba"))
	seeds(f, func(text string, wire []byte) {
		framer, err := spec.Parse(text)
		if err != nil {
			f.Fatal(err)
		}
		switch framer := framer.(type) {
		case *fixed.Framer:
			f.Add(byte(framer.Size()), false, byte(0), wire)
		case *fixed.PaddedFramer:
			sent, err := framer.Append(nil, nil)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(byte(framer.Size()), true, sent[0], wire)
		}
	}, "fixed")
	f.Fuzz(func(t *testing.T, frameSize byte, padded bool, pad byte, wire []byte) {
		if len(wire) > most {
			return
		}
		size := int(frameSize)
		var framer framing.Framer
		var err error
		if padded {
			framer, err = fixed.Padded(size, pad)
		} else {
			framer, err = fixed.New(size)
		}
		if (size > 0) != (err == nil) {
			t.Fatalf("a size of %d: %v", size, err)
		}
		if err != nil {
			return
		}
		trim := func(s []byte) []byte {
			for padded && len(s) > 0 && s[len(s)-1] == pad {
				s = s[:len(s)-1]
			}
			return s
		}
		var want oracle.Stream
		rest := wire
		for ; len(rest) >= size; rest = rest[size:] {
			want.Frame(trim(rest[:size]))
		}
		want.Torn = len(rest) > 0
		oracle.Compare(t, framer, wire, want)

		sent := bytes.Clone(wire)
		for padded && len(sent) < size {
			sent = append(sent, pad)
		}
		if len(sent) == size && len(trim(wire)) == len(wire) {
			writes(t, framer, wire, sent)
		} else {
			refuses(t, framer, wire)
		}
		if have := framer.MaxEncodedLen(len(wire)); have != size {
			t.Fatalf("%v says that %d bytes take %d at most", framer, len(wire), have)
		}
	})
}
