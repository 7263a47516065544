package fixed_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/internal/oracle"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// FuzzSplit compares both framers with slices of the stream.
func FuzzSplit(f *testing.F) {
	f.Add(byte(0), false, byte(0), []byte("a"))
	f.Add(byte(3), true, byte('a'), []byte("aaabaaaba"))
	oracle.Seeds(f, func(text string, wire []byte) {
		framer, err := spec.Parse(text)
		require.NoError(f, err)
		switch framer := framer.(type) {
		case *fixed.Framer:
			f.Add(byte(framer.Size()), false, byte(0), wire)
		case *fixed.PaddedFramer:
			sent, err := framer.Append(nil, nil)
			require.NoError(f, err)
			f.Add(byte(framer.Size()), true, sent[0], wire)
		}
	}, "fixed")
	f.Fuzz(func(t *testing.T, frameSize byte, padded bool, pad byte, wire []byte) {
		if len(wire) > 1024 {
			return // slow, and no different
		}
		size := int(frameSize)
		var framer framing.Framer
		var err error
		if padded {
			framer, err = fixed.Padded(size, pad)
		} else {
			framer, err = fixed.New(size)
		}
		require.Equal(t, size > 0, err == nil)
		if err != nil {
			return
		}
		trim := func(s string) string {
			for padded && strings.HasSuffix(s, string([]byte{pad})) {
				s = s[:len(s)-1]
			}
			return s
		}
		var want oracle.Stream
		rest := wire
		for ; len(rest) >= size; rest = rest[size:] {
			want.Frame([]byte(trim(string(rest[:size]))))
		}
		want.Torn = len(rest) > 0
		oracle.Compare(t, framer, wire, want)

		sent := string(wire)
		for padded && len(sent) < size {
			sent += string([]byte{pad})
		}
		have, err := framer.Append([]byte("before"), wire)
		if len(sent) == size && trim(string(wire)) == string(wire) {
			require.NoError(t, err)
			require.Equal(t, "before"+sent, string(have))
		} else {
			require.Error(t, err)
			require.Equal(t, "before", string(have))
		}
		require.Equal(t, size, framer.MaxEncodedLen(len(wire)))
	})
}
