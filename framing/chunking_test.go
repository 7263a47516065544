package framing_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"pgregory.net/rapid"
)

// However a stream is cut, and however small the buffers and the limit, frames
// and errors are the same: random streams of frames and of bytes that mean
// something to the framer, at once, byte by byte, and cut at random, by Reader
// and Buffer.
func TestChunking(t *testing.T) {
	length := func(c lengthprefix.Config) framing.Framer { return must(lengthprefix.New(c)) }
	for _, test := range []struct {
		name     string
		framer   framing.Framer
		alphabet string
	}{
		{"line", delimiter.Line(), "\r\nx"},
		{"line,keep", delimiter.Line().Keep(), "\r\nx"},
		{"line without Skip", plain{delimiter.Line()}, "\r\nx"},
		{"crlf", delimiter.CRLF(), "\r\nx"},
		{"crlf,keep", delimiter.CRLF().Keep(), "\r\nx"},
		{"aa", must(delimiter.New("aa")), "ax"},
		{"aba", must(delimiter.New("aba")), "ab"},
		{"aab", must(delimiter.New("aab")), "ab"},
		{"suffixes", must(delimiter.New("b", "ab", "xab")), "abx"},
		{"overlapping", must(delimiter.New("abc", "bcd", "cdx")), "abcdx"},
		{"two last bytes", must(delimiter.New(";", "end", "\n\n")), ";end\n"},
		{"uint8", lengthprefix.Uint8(), "\x00\x01\x02\x05\xff"},
		{"uint16", lengthprefix.Uint16(), "\x00\x01\x05"},
		{"uint32", lengthprefix.Uint32(), "\x00\x00\x00\x01\x05\xff"},
		{"uint64", lengthprefix.Uint64(), "\x00\x00\x00\x00\x00\x00\x03\xff"},
		{"little endian", length(lengthprefix.Config{Width: 3, LittleEndian: true}), "\x00\x01\x05"},
		{"includes-header", length(lengthprefix.Config{Width: 2, IncludesHeader: true}), "\x00\x01\x02\x05"},
		{"adjust", length(lengthprefix.Config{Width: 1, Offset: 1, Adjust: -2, Strip: 1}), "\x00\x01\x02\x03\x05"},
		{"strip more", length(lengthprefix.Config{Width: 1, Offset: 1, Adjust: 2, Strip: 4}), "\x00\x01\x02\x05"},
		{"header delivered", length(lengthprefix.Config{Width: 2, Offset: 1, Strip: lengthprefix.KeepHeader}), "\x00\x01\x02\x05"},
		{"constant", length(lengthprefix.Config{Width: 1, Offset: 1, Adjust: 1, Strip: 3, Zero: []byte("<>")}), "<\x01\x02>\x05\x00"},
		{"varint", lengthprefix.Varint(), "\x00\x01\x05\x80\xff"},
		{"varint,non-minimal", lengthprefix.Varint().NonMinimal(), "\x00\x01\x05\x80\xff"},
		{"fixed", must(fixed.New(3)), "ab"},
		{"padded", must(fixed.Padded(4, '_')), "_a"},
		{"escaped", escaped{}, ".^dux"},
		{"escaped without Skip", plain{escaped{}}, ".^dux"},
	} {
		t.Run(test.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				limit := rapid.IntRange(0, 6).Draw(t, "limit")
				loose := rapid.Bool().Draw(t, "loose")
				stream := drawStream(t, test.framer, test.alphabet)
				read := func(src io.Reader, initial int) []string {
					r := newReader(src, test.framer, initial)
					r.SetMaxPayload(limit)
					r.AcceptUnterminated(loose)
					return readAll(t, r)
				}
				want := read(strings.NewReader(stream), 4096)
				same(t, fmt.Sprintf("%q byte by byte", stream), read(iotest.OneByteReader(strings.NewReader(stream)), 1), want)

				b := framing.NewBuffer(test.framer)
				b.SetInitial(1)
				b.SetMaxPayload(limit)
				b.AcceptUnterminated(loose)
				var src pieces
				var cuts []int
				var got []string
				for rest := stream; rest != ""; {
					n := rapid.IntRange(1, len(rest)).Draw(t, "cut")
					src, cuts = append(src, piece{rest[:n], nil}), append(cuts, n)
					io.WriteString(b, rest[:n])
					got = append(got, drain(b)...)
					rest = rest[n:]
				}
				what := fmt.Sprintf("%q cut into %v", stream, cuts)
				same(t, what, read(&src, rapid.SampledFrom(initials).Draw(t, "buffer")), want)

				// A Buffer says a final error each time it is asked.
				final := want[len(want)-1]
				for len(got) > 0 && got[len(got)-1] == final {
					got = got[:len(got)-1]
				}
				for {
					p, err := b.End()
					got = append(got, event(string(p), err))
					if got[len(got)-1] == final {
						break
					}
				}
				same(t, "Buffer, "+what, got, want)
			})
		})
	}
}

// drawStream returns a stream of some frames and some bytes of alphabet.
func drawStream(t *rapid.T, f framing.Framer, alphabet string) (stream string) {
	bytes := rapid.SliceOfN(rapid.SampledFrom([]byte(alphabet)), 0, 12)
	for range rapid.IntRange(0, 6).Draw(t, "parts") {
		part := bytes.Draw(t, "part")
		if rapid.Bool().Draw(t, "framed") {
			if frame, err := f.Append(nil, part); err == nil {
				part = frame
			}
		}
		stream += string(part)
	}
	return stream
}
