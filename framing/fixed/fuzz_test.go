package fixed_test

import (
	"bytes"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
)

// FuzzFixed compares both Framers with slices of the stream.
func FuzzFixed(f *testing.F) {
	f.Add(byte(0), false, byte(0), []byte("a"))
	f.Add(byte(3), true, byte('a'), []byte("aaabaaaba"))
	frametest.Vectors(f, "fixed", func(spec string, wire []byte) {
		for size := range byte(9) {
			f.Add(size, false, byte(0), wire)
			f.Add(size, true, byte(0), wire)
			f.Add(size, true, byte(' '), wire)
		}
	})
	f.Fuzz(func(t *testing.T, frameSize byte, padded bool, pad byte, wire []byte) {
		if len(wire) > frametest.MaxFuzz {
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
			t.Fatalf("New or Padded of size %d: got %v; want an error: %t", size, err, size == 0)
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
		var want frametest.Stream
		rest := wire
		for ; len(rest) >= size; rest = rest[size:] {
			want.Valid(trim(rest[:size]))
		}
		want.Torn = len(rest) > 0
		frametest.Compare(t, framer, wire, want)

		sent := bytes.Clone(wire)
		for padded && len(sent) < size {
			sent = append(sent, pad)
		}
		if len(sent) != size || len(trim(wire)) != len(wire) {
			sent = nil
		}
		frametest.CheckAppend(t, framer, wire, sent)
		if got := framer.MaxEncodedLen(len(wire)); got != size {
			t.Fatalf("%v: MaxEncodedLen(%d) = %d; want %d", framer, len(wire), got, size)
		}
	})
}
