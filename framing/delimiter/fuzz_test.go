package delimiter_test

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
)

// FuzzDelimiter compares Split, Append and what New accepts with a decoder that tries
// every delimiter at every byte. The delimiters are one text, separated by commas.
func FuzzDelimiter(f *testing.F) {
	for _, text := range []string{"a", "aa", "b,ab,xab", "ab,bc", "abc,c", "cab,abb,bb", "\r\n", "\n,\r\n", "\r\n,\n", "a,ab", ",", "a,a"} {
		f.Add(text, false, false, []byte("aab,cab\nxab\r\nabab"))
		f.Add(text, true, false, []byte("aab"))
		f.Add(text, false, true, []byte("\n\r\naaabxab\n,,"))
		f.Add(text, true, true, []byte("a"))
	}
	for _, name := range []string{"line", "crlf", "delimiter"} {
		frametest.Vectors(f, name, func(text string, wire []byte) {
			f.Add(delims(text), strings.Contains(text, ",keep"), strings.Contains(text, ",skip-empty"), wire)
		})
	}
	f.Fuzz(func(t *testing.T, text string, keep, skip bool, wire []byte) {
		if len(text) > 64 || len(wire) > frametest.MaxFuzz {
			return
		}
		delims := strings.Split(text, ",")
		f, err := delimiter.New(delims...)
		if legal(delims) != (err == nil) {
			t.Fatalf("New of %q: %v", delims, err)
		}
		if err != nil {
			return
		}
		if keep {
			f = f.Keep()
		}
		if skip {
			f = f.SkipEmpty()
		}
		frametest.Compare(t, f, wire, delimited(delims, keep, skip, wire))

		var frames []string // that may carry wire
		for _, d := range delims {
			frames = append(frames, string(wire)+d)
		}
		if keep {
			frames = []string{string(wire)}
		}
		var want []byte
		for _, frame := range frames {
			if s := delimited(delims, keep, skip, []byte(frame)); want == nil && !s.Torn && slices.Equal(s.Frames, []frametest.Frame{{Payload: string(wire)}}) {
				want = []byte(frame)
			}
		}
		frametest.CheckAppend(t, f, wire, want)
	})
}

// legal reports whether New has to accept delims: none is empty, a duplicate, or part
// of another except its end.
func legal(delims []string) bool {
	for i, d := range delims {
		for j, e := range delims {
			if i == j {
				continue
			}
			for at := range len(e) - len(d) + 1 {
				if e[at:at+len(d)] == d && (d == e || at+len(d) < len(e)) {
					return false
				}
			}
		}
		if d == "" {
			return false
		}
	}
	return true
}

// delims returns the delimiters of a framer given as in package spec, separated by
// commas.
func delims(text string) string {
	name, keys, _ := strings.Cut(text, ",")
	switch name {
	case "line":
		return "\n,\r\n"
	case "crlf":
		return "\r\n"
	}
	var s []string
	for key := range strings.SplitSeq(keys, ",") {
		if of, ok := strings.CutPrefix(key, "hex="); ok {
			d, _ := hex.DecodeString(of)
			s = append(s, string(d))
		} else if of, ok := strings.CutPrefix(key, "text="); ok {
			s = append(s, of)
		}
	}
	return strings.Join(s, ",")
}

// delimited ends a frame where any delimiter ends, with the longest of them, and skips
// those that are nothing else.
func delimited(delims []string, keep, skip bool, wire []byte) (s frametest.Stream) {
	from := 0
	for to := 1; to <= len(wire); to++ {
		longest := 0
		for _, d := range delims {
			if begin := to - len(d); begin >= from && string(wire[begin:to]) == d {
				longest = max(longest, len(d))
			}
		}
		if longest == 0 {
			continue
		}
		if empty := from+longest == to; !empty || !skip {
			if keep {
				longest = 0
			}
			s.Valid(wire[from : to-longest])
		}
		from = to
	}
	s.Torn = from < len(wire)
	return s
}
