package cobs_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing/cobs"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
)

// FuzzCOBS compares Split and Append with the programs in the paper.
func FuzzCOBS(f *testing.F) {
	for _, wire := range []string{"\x01\x00", "\x00\x02a\x00", "\x03a\x01b\x00", "\x02a\x02b\x01\x00", "\xff" + strings.Repeat("x", 254) + "\x02y\x00"} {
		f.Add([]byte(wire))
	}
	frametest.Vectors(f, "cobs", func(_ string, wire []byte) { f.Add(wire) })
	f.Fuzz(func(t *testing.T, wire []byte) {
		if len(wire) > frametest.MaxFuzz {
			return
		}
		var want frametest.Stream
		pieces := bytes.Split(wire, []byte{0})
		for _, piece := range pieces[:len(pieces)-1] {
			if len(piece) == 0 {
				continue
			}
			if payload, ok := unstuff(piece); ok {
				want.Valid(payload)
			} else {
				want.Invalid()
			}
		}
		want.Torn = len(pieces[len(pieces)-1]) > 0
		frametest.Compare(t, cobs.New(), wire, want)

		got, err := cobs.New().Append(nil, wire)
		if err != nil || bytes.IndexByte(got, 0) != len(got)-1 {
			t.Fatalf("Append(%q) = %q, %v; want a zero at its end only", wire, got, err)
		}
		want = frametest.Frames(string(wire), string(wire))
		stuffed := append(stuff(wire), 0)
		if n := cobs.New().MaxEncodedLen(len(wire)); n < len(stuffed) {
			t.Fatalf("MaxEncodedLen(%d) = %d; want at least %d", len(wire), n, len(stuffed))
		}
		frametest.Compare(t, cobs.New(), append(got, stuffed...), want)
	})
}

// stuff is the encoder in the paper, which adds a zero and removes it again.
func stuff(data []byte) (out []byte) {
	code := []byte{}
	for _, c := range data {
		if c != 0 {
			code = append(code, c)
		}
		if c == 0 || len(code) == 254 {
			out = append(append(out, byte(len(code)+1)), code...)
			code = nil
		}
	}
	return append(append(out, byte(len(code)+1)), code...)
}

// unstuff is the decoder in the paper.
func unstuff(data []byte) (out []byte, ok bool) {
	for len(data) > 0 {
		code := int(data[0])
		if code > len(data) {
			return nil, false
		}
		out = append(out, data[1:code]...)
		if data = data[code:]; code < 255 && len(data) > 0 {
			out = append(out, 0)
		}
	}
	return out, true
}
