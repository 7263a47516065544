package slip_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/slip"
)

// FuzzSLIP compares Split with a decoder that reads byte by byte, and Append with an
// encoder that writes byte by byte.
func FuzzSLIP(f *testing.F) {
	for _, wire := range []string{"hello\xc0", "\xc0a\xdb\xdcb\xc0\xc0", "\xdb\xddc\xc0", "\xdb\xc0", "\xdba\xc0"} {
		f.Add([]byte(wire))
	}
	frametest.Vectors(f, "slip", func(_ string, wire []byte) { f.Add(wire) })
	f.Fuzz(func(t *testing.T, wire []byte) {
		if len(wire) > frametest.MaxFuzz {
			return
		}
		var want frametest.Stream
		var payload []byte
		escaped, bad, begun := false, false, false
		for _, c := range wire {
			switch {
			case c == 0xc0 && !begun:
			case c == 0xc0 && (bad || escaped):
				want.Invalid()
			case c == 0xc0:
				want.Valid(payload)
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
		frametest.Compare(t, slip.New(), wire, want)
		// The same, but the last END of a run begins a frame.
		want.Torn = begun || bytes.HasSuffix(wire, []byte("\xc0\xc0")) || string(wire) == "\xc0"
		frametest.Compare(t, slip.LeadingEnd(), wire, want)

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
		frametest.CheckAppend(t, slip.New(), wire, stuffed)
		frametest.CheckAppend(t, slip.LeadingEnd(), wire, slices.Concat([]byte{0xc0}, stuffed))
	})
}
