package fuzz_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/wholeframe/wholeframe/framing/internal/oracle"
	"github.com/wholeframe/wholeframe/framing/slip"
)

// FuzzSLIP compares Split with a decoder that goes byte by byte, and Append
// with what RFC 1055 says.
func FuzzSLIP(f *testing.F) {
	for _, wire := range []string{"hello\xc0", "\xc0a\xdb\xdcb\xc0\xc0", "\xdb\xddc\xc0", "\xdb\xc0", "\xdba\xc0"} {
		f.Add([]byte(wire))
	}
	seeds(f, func(_ string, wire []byte) { f.Add(wire) }, "slip")
	f.Fuzz(func(t *testing.T, wire []byte) {
		if len(wire) > most {
			return
		}
		var want oracle.Stream
		var payload []byte
		escaped, bad, begun := false, false, false
		for _, c := range wire {
			switch {
			case c == 0xc0 && !begun:
			case c == 0xc0 && (bad || escaped):
				want.Condemn()
			case c == 0xc0:
				want.Frame(payload)
			case escaped && c == 0xdc:
				payload, escaped = append(payload, 0xc0), false
			case escaped && c == 0xdd:
				payload, escaped = append(payload, 0xdb), false
			case escaped:
				bad = true
			case c == 0xdb:
				escaped = true
			default:
				payload = append(payload, c)
			}
			begun = c != 0xc0
			if !begun {
				payload, escaped, bad = nil, false, false
			}
		}
		want.Torn = begun
		oracle.Compare(t, slip.New(), wire, want)
		// All the same, but that the last END of a run begins a frame.
		want.Torn = begun || bytes.HasSuffix(wire, []byte("\xc0\xc0")) || string(wire) == "\xc0"
		oracle.Compare(t, slip.Flushed(), wire, want)

		if len(wire) == 0 {
			return
		}
		var stuffed []byte
		for _, c := range wire {
			switch c {
			case 0xc0:
				stuffed = append(stuffed, 0xdb, 0xdc)
			case 0xdb:
				stuffed = append(stuffed, 0xdb, 0xdd)
			default:
				stuffed = append(stuffed, c)
			}
		}
		stuffed = append(stuffed, 0xc0)
		writes(t, slip.New(), wire, stuffed)
		writes(t, slip.Flushed(), wire, slices.Concat([]byte{0xc0}, stuffed))
	})
}
