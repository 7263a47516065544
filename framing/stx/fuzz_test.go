package stx_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/stx"
)

// FuzzSTX compares Split with a decoder that reads symbol by symbol, and Append with
// replacements.
func FuzzSTX(f *testing.F) {
	for _, wire := range []string{"\x02hello\x03", "\x02a\x02b\x03c\x03", "\x10\x02a\x10\x10b\x10\x03", "\x10\x02\x10a\x10\x03", "x\x10\x02\x10\x02\x10\x03"} {
		f.Add([]byte(wire))
	}
	frametest.Vectors(f, "stx", func(_ string, wire []byte) { f.Add(wire) })
	f.Fuzz(func(t *testing.T, wire []byte) {
		if len(wire) > frametest.MaxFuzz {
			return
		}
		plain := make([][]byte, len(wire))
		for i := range wire {
			plain[i] = wire[i : i+1]
		}
		frametest.Compare(t, stx.New(), wire, marked(plain, "\x02", "\x03"))

		var pairs [][]byte
		for rest := wire; len(rest) > 0; {
			n := 1
			if rest[0] == 0x10 {
				n = min(2, len(rest))
			}
			pairs = append(pairs, rest[:n])
			rest = rest[n:]
		}
		frametest.Compare(t, stx.DLE(), wire, marked(pairs, "\x10\x02", "\x10\x03"))

		stuffed := bytes.ReplaceAll(wire, []byte{0x10}, []byte{0x10, 0x10})
		frametest.CheckAppend(t, stx.DLE(), wire, slices.Concat([]byte{0x10, 2}, stuffed, []byte{0x10, 3}))
		if bytes.ContainsAny(wire, "\x02\x03") {
			frametest.CheckAppend(t, stx.New(), wire, nil)
		} else {
			frametest.CheckAppend(t, stx.New(), wire, slices.Concat([]byte{2}, wire, []byte{3}))
		}
	})
}

// marked decodes symbols: bytes, or DLE with the byte that follows it.
func marked(symbols [][]byte, begin, end string) (s frametest.Stream) {
	var payload []byte
	inside, begun, bad := false, false, false // inside: after the first symbol of a frame
	for _, symbol := range symbols {
		switch text := string(symbol); {
		case text == begin:
			if inside {
				s.Invalid()
			}
			payload, inside, begun, bad = nil, true, true, false
			continue
		case text == end:
			if begun && !bad {
				s.Valid(payload)
			} else {
				s.Invalid()
			}
			payload, inside, begun, bad = nil, false, false, false
			continue
		case text == "\x10\x10" || len(symbol) == 1 && (text != "\x10" || begin == "\x02"):
			payload = append(payload, symbol[0])
		default:
			bad = true
		}
		inside = true
	}
	s.Torn = inside
	return s
}
