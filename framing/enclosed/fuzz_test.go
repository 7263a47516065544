package enclosed_test

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing/enclosed"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
)

// FuzzEnclosed compares Split, Append and what New accepts with a decoder that tries
// both marks at every byte.
func FuzzEnclosed(f *testing.F) {
	for _, marks := range [][2]string{{"<", ">"}, {"\x0b", "\x1c\r"}, {"##", "**"}, {"xy", "yz"}, {"aab", "aba"}, {"<!--", "-->"}, {"a", "ba"}, {"a", "a"}, {"", "a"}} {
		for noise := range uint8(3) {
			f.Add(marks[0], marks[1], noise, []byte("noise"+marks[0]+"torn"+marks[0]+"hello"+marks[1]+marks[1]+"noise"))
		}
	}
	frametest.Vectors(f, "enclosed", func(spec string, wire []byte) {
		keys := strings.Split(spec, ",")
		begin, _ := hex.DecodeString(strings.TrimPrefix(keys[1], "begin="))
		end, _ := hex.DecodeString(strings.TrimPrefix(keys[2], "end="))
		noise := uint8(0)
		if len(keys) > 3 {
			noise = map[string]uint8{"noise=skip": skip, "noise=refuse": refuse}[keys[3]]
		}
		f.Add(string(begin), string(end), noise, wire)
	})
	f.Fuzz(func(t *testing.T, begin, end string, noise uint8, wire []byte) {
		if len(begin) > 16 || len(end) > 16 || len(wire) > frametest.MaxFuzz {
			return
		}
		f, err := enclosed.New(begin, end)
		if legal := begin != "" && end != "" && !strings.Contains(begin, end) && !strings.Contains(end, begin); legal != (err == nil) {
			t.Fatalf("New(%q, %q): got error %v; want one: %t", begin, end, err, !legal)
		}
		if err != nil {
			return
		}
		switch noise {
		case skip:
			f = f.SkipNoise()
		case refuse:
			f = f.RefuseNoise()
		}
		frametest.Compare(t, f, wire, marked(begin, end, noise, wire))

		want := slices.Concat([]byte(begin), wire, []byte(end))
		if s := marked(begin, end, noise, want); s.Torn || !slices.Equal(s.Frames, []frametest.Frame{{Payload: string(wire)}}) {
			want = nil
		}
		frametest.CheckAppend(t, f, wire, want)
	})
}

// What marked takes for the noise between frames, with 0 for an error.
const (
	skip = iota + 1
	refuse
)

// marked takes one byte after the other, and looks for the marks that end with it.
func marked(begin, end string, noise uint8, wire []byte) (s frametest.Stream) {
	begun := false
	var part string // after the begin mark, or of what is no frame
	for _, c := range wire {
		part += string([]byte{c})
		if noise == refuse && !begun && !strings.HasPrefix(begin, part) {
			s.Lost = true
			return s
		}
		switch {
		case strings.HasSuffix(part, end) && begun:
			s.Valid([]byte(strings.TrimSuffix(part, end)))
			begun, part = false, ""
		case strings.HasSuffix(part, end) && noise != skip:
			s.Invalid()
			part = ""
		case strings.HasSuffix(part, begin):
			if begun || part != begin && noise != skip {
				s.Invalid()
			}
			begun, part = true, ""
		}
		for !begun && noise == skip && !strings.HasPrefix(begin, part) {
			part = part[1:] // which cannot begin a frame
		}
	}
	s.Torn = begun || part != ""
	return s
}
