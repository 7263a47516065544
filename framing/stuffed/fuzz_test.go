package stuffed_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/stuffed"
)

// FuzzStuffed compares Split with a decoder that reads byte by byte, and Append with
// an encoder that writes byte by byte.
func FuzzStuffed(f *testing.F) {
	for _, wire := range []string{"~hello~", "~~a}^b~c}]~", "}\x01}\x02~", "}~", "~a}~", "}a~"} {
		f.Add([]byte(wire))
	}
	frametest.Vectors(f, "stuffed", func(_ string, wire []byte) { f.Add(wire) })
	f.Fuzz(func(t *testing.T, wire []byte) {
		if len(wire) > frametest.MaxFuzz {
			return
		}
		for _, framer := range []*stuffed.Framer{stuffed.HDLC(), stuffed.JT808()} {
			isJT := strings.HasSuffix(framer.String(), "jt808")
			frametest.Compare(t, framer, wire, decode(wire, isJT))
			if len(wire) == 0 {
				frametest.CheckAppend(t, framer, wire, nil)
				continue
			}
			sent := []byte("~")
			for _, c := range wire {
				switch {
				case c == '~' && isJT:
					sent = append(sent, '}', 2)
				case c == '}' && isJT:
					sent = append(sent, '}', 1)
				case c == '~' || c == '}':
					sent = append(sent, '}', c^0x20)
				default:
					sent = append(sent, c)
				}
			}
			frametest.CheckAppend(t, framer, wire, append(sent, '~'))
		}
	})
}

func decode(wire []byte, isJT bool) (s frametest.Stream) {
	var payload []byte
	escaped, bad, begun := false, false, false
	for _, c := range wire {
		switch {
		case c == '~' && !begun:
		case c == '~' && (bad || escaped):
			s.Invalid()
		case c == '~':
			s.Valid(payload)
		case escaped && isJT && c != 1 && c != 2:
			bad = true
		case escaped && isJT:
			payload, escaped = append(payload, "}~"[c-1]), false
		case escaped:
			payload, escaped = append(payload, c^0x20), false
		case c == '}':
			escaped = true
		default:
			payload = append(payload, c)
		}
		if begun = c != '~'; !begun {
			payload, escaped, bad = nil, false, false
		}
	}
	s.Torn = begun || bytes.HasSuffix(wire, []byte("~~")) || string(wire) == "~"
	return s
}
