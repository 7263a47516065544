package dissect_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/dissect"
	"github.com/wholeframe/wholeframe/framing/spec"
)

func framer(t *testing.T, text string) framing.Framer {
	t.Helper()
	f, err := spec.Parse(text)
	require.NoError(t, err)
	return f
}

// picture shows each byte as the letter of its kind, followed by a bar after each piece.
func picture(pieces []dissect.Piece) string {
	var s strings.Builder
	for _, p := range pieces {
		for _, part := range p.Parts {
			letter := map[dissect.Kind]string{
				dissect.Header: "H", dissect.Payload: ".", dissect.Stuffing: "S", dissect.Trailer: "T",
				dissect.Fill: "i", dissect.Incomplete: "?", dissect.Skipped: "x", dissect.Lost: "!",
			}[part.Kind]
			s.WriteString(strings.Repeat(letter, part.End-part.Start))
		}
		s.WriteString("|")
	}
	return s.String()
}

// What the bytes of a stream are, and where it breaks.
func TestAll(t *testing.T) {
	run := strings.Repeat("a", 254)
	for _, test := range []struct {
		spec, wire, want string
		errs             []string
	}{
		{"line", "hello\nhi\r\n\nhalf", ".....T|..TT|T|????|", []string{"unexpected EOF after 4 bytes"}},
		{"line", "0123456789abcdef\r\nhi\n", "xxxxxxxxxxxxxxxxxx|..T|", []string{"exceeds the limit"}},
		{"line,keep", "hello\nhi\r\n", "......|....|", nil},
		{"delimiter,text=<end>,text=;", "a<end>b;", ".TTTTT|.T|", nil},
		{"length", "\x00\x00\x00\x05hello\x00\x00\x00\x00", "HHHH.....|HHHH|", nil},
		{"length", "\x00\x00\x00\x05hel", "HHHH...|", []string{"unexpected EOF after 7 of 9 bytes"}},
		{"length", "\x00\x00\x00", "???|", []string{"unexpected EOF after 3 bytes"}},
		{"length,width=1", "\x0d0123456789abc\x02hi", "Hxxxxxxxxxxxxx|H..|", []string{"payload of 13 bytes exceeds"}},
		{"length,width=1", "\x0d0123", "Hxxxx||", []string{"payload of 13 bytes exceeds", "unexpected EOF after 5 of 14 bytes"}},
		{"length,width=1,offset=1,keep", "x\x00y\x01z", "..|...|", nil},
		{"varint", "\x05hello\x80\x00", "H.....|!!|", []string{"overlong"}},
		{"fixed,size=4,pad=00", "ab\x00\x00abcdab", "..TT|....|??|", []string{"unexpected EOF after 2 of 4 bytes"}},
		{"record-mark", "\x00\x00\x00\x02he\x80\x00\x00\x03llo\x80\x00\x00\x01x", "HHHH..SSSS...|HHHH.|", nil},
		{"netstring", "5:hello,2:hi;3:abc,", "HH.....T|HHxxx|HH...T|", []string{`want ","`}},
		{"netstring", "5:hello,x123", "HH.....T|!!!!|", []string{"want a digit"}},
		{"content-length", "Content-Length: 2\r\n\r\nhi", strings.Repeat("H", 21) + "..|", nil},
		{"slip", "hello\xc0\xc0a\xdb\xdcb\xdb\xddc\xc0", ".....T|i|.SS.SS.T|", nil},
		{"slip", "\xdb\xdd\xdd\xdd\xc0", "SS..T|", nil},
		{"slip", "a\xdbx\xc0\xc0hi\xc0", "xxxx|i|..T|", []string{"malformed escape"}},
		{"slip,leading-end", "\xc0hello\xc0a\xc0", "H.....T|.T|", nil},
		{"cobs", "\x06hello\x00\x02a\x02b\x00\x01\x00\x01\x01\x00", "H.....T|H.S.T|HT|HST|", nil},
		{"cobs", "\xff" + run + "\x02a\x00", "H" + strings.Repeat(".", 254) + "S.T|", nil},
		{"cobs", "\xff" + run + "\x01\x00", "H" + strings.Repeat(".", 254) + "ST|", nil},
		{"dot", "..a\r\n.\r\n.\r\n", ".S...TTT|TTT|", nil},
		{"enclosed,begin=0b,end=1c0d,noise=skip", "xx\x0ba\x1c\r", "ii|H.TT|", nil},
		{"stx", "\x02hello\x03xx\x02a\x03", "H.....T|xx|H.T|", []string{"missing begin mark"}},
		{"stx,dle", "\x10\x02a\x10\x10\x10\x03\x10\x02\x10\x10\x10\x10\x10\x03", "HH.SSTT|HHSSSSTT|", nil},
	} {
		limit := 12
		if strings.Contains(test.want, strings.Repeat(".", 254)) {
			limit = 1000
		}
		pieces := dissect.All(framer(t, test.spec), limit, []byte(test.wire))
		assert.Equal(t, test.want, picture(pieces), "%s: %q", test.spec, test.wire)
		var errs []error
		for _, p := range pieces {
			if p.Err != nil {
				errs = append(errs, p.Err)
			}
		}
		if assert.Len(t, errs, len(test.errs), "%s: %q", test.spec, test.wire) {
			for i := range errs {
				assert.ErrorContains(t, errs[i], test.errs[i], "%s: %q", test.spec, test.wire)
			}
		}
	}
}

// masked is a framer that changes every byte of the payload.
type masked struct{}

func (masked) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	size := 1 + int(data[0])
	if size > len(data) {
		return framing.Frame{Size: size, Start: 1, End: 1}, r, nil
	}
	for i := range data[1:size] {
		data[1+i] ^= 0x55
	}
	return framing.Frame{Size: size, Start: 1, End: size}, r, nil
}

func (masked) Append(dst, payload []byte) ([]byte, error) {
	dst = append(dst, byte(len(payload)))
	for _, c := range payload {
		dst = append(dst, c^0x55)
	}
	return dst, nil
}

func (masked) MaxEncodedLen(n int) int { return n + 1 }

func TestAll_Masked(t *testing.T) {
	wire, _ := masked{}.Append(nil, []byte("hello"))
	pieces := dissect.All(masked{}, 100, wire)
	assert.Equal(t, "H.....|", picture(pieces))
	assert.Equal(t, "hello", string(pieces[0].Payload))
	assert.Equal(t, wire, pieces[0].Wire)
}

// counted is a framer that counts the bytes passed to Split.
type counted struct {
	framing.Framer
	shown *int
}

func (c counted) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	*c.shown += len(data)
	return c.Framer.Split(data, r)
}

// However many small frames are refused in what has arrived at once, each is
// looked at alone.
func TestAll_Linear(t *testing.T) {
	for _, test := range []struct{ spec, frame string }{
		{"length,width=1", "\x04abcd"},
		{"line", "abcd\n"},
		{"slip", "\xdba\xc0"},
	} {
		c := counted{framer(t, test.spec), new(int)}
		wire := bytes.Repeat([]byte(test.frame), 10_000)
		pieces := dissect.All(c, 3, wire)
		assert.Len(t, pieces, 10_000)
		assert.Less(t, *c.shown, 100*len(wire), test.spec)
	}
}

// huge is a framer whose frames are larger than memory: padded to a size, for example.
type huge struct {
	framing.Framer
	appended *int
}

func (huge) MaxEncodedLen(int) int { return math.MaxInt }

func (h huge) Append(dst, payload []byte) ([]byte, error) {
	*h.appended++
	return h.Framer.Append(dst, payload)
}

// No frame is built to learn from if it may be larger than memory.
func TestAll_Huge(t *testing.T) {
	h := huge{framer(t, "line"), new(int)}
	assert.Equal(t, "..T|", picture(dissect.All(h, -1, []byte("hi\n"))))
	assert.Zero(t, *h.appended)
}

// A refused frame is reported when it is, and skipped as it arrives.
func TestDissector_Skipping(t *testing.T) {
	d := dissect.New(framer(t, "length,width=1"), 3)
	var all []dissect.Piece
	for _, piece := range []string{"\x05", "a", "bc", "de\x01x", "\x02y"} {
		d.Write([]byte(piece))
		for p, ok := d.Next(); ok; p, ok = d.Next() {
			all = append(all, p)
		}
	}
	assert.Equal(t, "H|x|xx|xx|H.|", picture(all))
	assert.ErrorIs(t, all[0].Err, framing.ErrFrame)
	for _, p := range all[1:] {
		assert.NoError(t, p.Err)
	}
	p, ok := d.Pending()
	assert.True(t, ok)
	assert.Equal(t, "H.|", picture([]dissect.Piece{p}))
	assert.EqualValues(t, 8, p.Offset)
	assert.NoError(t, p.Err)
	p, ok = d.Finish()
	assert.True(t, ok)
	assert.Equal(t, &framing.UnexpectedEOFError{Have: 2, Want: 3, Offset: 8}, p.Err)
	_, ok = d.Next()
	assert.False(t, ok)
	_, ok = d.Finish()
	assert.False(t, ok)
}

// Where no header says where a refused frame ends, the next frame does.
func TestDissector_SkippingUnknown(t *testing.T) {
	d := dissect.New(framer(t, "slip"), 3)
	var all []dissect.Piece
	for _, piece := range []string{"0123456789", "ab\xc0hi\xc0", "\xc0"} {
		d.Write([]byte(piece))
		for p, ok := d.Next(); ok; p, ok = d.Next() {
			all = append(all, p)
		}
	}
	assert.Equal(t, "xxxxxxxxxx|xxx|..T|i|", picture(all))
}

// What follows a lost stream is lost.
func TestDissector_Lost(t *testing.T) {
	d := dissect.New(framer(t, "netstring"), -1)
	for range 3 {
		d.Write([]byte("x"))
		p, ok := d.Next()
		require.True(t, ok)
		assert.Equal(t, "!|", picture([]dissect.Piece{p}))
		assert.Equal(t, p.Offset == 0, p.Err != nil)
		_, ok = d.Next()
		require.False(t, ok)
	}
	_, ok := d.Finish()
	assert.False(t, ok)
}

// text returns the text of err without a hint, which depends on the bytes that had
// arrived.
func text(err error) string {
	s, _, _ := strings.Cut(err.Error(), " (this looks like ")
	return s
}

// events are payloads and errors as a Buffer returns them.
func events(f framing.Framer, limit int, data []byte) (s []string) {
	b := framing.NewBuffer(f)
	b.SetMaxPayload(limit)
	b.Write(data)
	for payload, err := range b.Frames() {
		if err != nil {
			s = append(s, text(err))
			continue
		}
		s = append(s, fmt.Sprintf("%q", payload))
	}
	var eof *framing.UnexpectedEOFError
	if _, err := b.Finish(); errors.As(err, &eof) {
		s = append(s, err.Error())
	}
	return s
}

// check cuts data in pieces and fails where the pieces are not those bytes, or
// the frames and errors not those of a Buffer.
func check(t require.TestingT, f framing.Framer, limit int, data []byte, step int) {
	d := dissect.New(f, limit)
	var all []dissect.Piece
	for rest := data; ; {
		for p, ok := d.Next(); ok; p, ok = d.Next() {
			all = append(all, p)
		}
		if len(rest) == 0 {
			break
		}
		n := min(step, len(rest))
		d.Write(rest[:n])
		rest = rest[n:]
	}
	if p, ok := d.Finish(); ok {
		all = append(all, p)
	}
	var wire []byte
	var have []string
	for _, p := range all {
		require.EqualValues(t, len(wire), p.Offset)
		wire = append(wire, p.Wire...)
		at, same := 0, p.Payload
		for _, part := range p.Parts {
			require.Equal(t, at, part.Start)
			require.Greater(t, part.End, part.Start)
			at = part.End
			if bytes := p.Wire[part.Start:part.End]; p.Whole && part.Kind == dissect.Payload {
				same = skipTo(same, bytes)
				require.NotNil(t, same, "%v: %x is not %q", f, p.Wire, p.Payload)
			}
		}
		require.Equal(t, len(p.Wire), at)
		if p.Whole {
			have = append(have, fmt.Sprintf("%q", p.Payload))
		}
		if p.Err != nil {
			have = append(have, text(p.Err))
		}
	}
	require.Equal(t, string(data), string(wire), "%v", f)
	require.Equal(t, events(f, limit, data), have, "%v: %q", f, data)
}

// skipTo returns what follows part in payload, whose bytes before part are
// not written as they are; nil if part is not in it.
func skipTo(payload, part []byte) []byte {
	if i := bytes.Index(payload, part); i >= 0 {
		return payload[i+len(part):]
	}
	return nil
}

// Every byte of the wire vectors is in one part, however it arrives.
func TestVectors(t *testing.T) {
	files, err := filepath.Glob("../../testdata/decode/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var vectors []struct {
			Spec, Wire string
			MaxPayload *int `json:"max_payload"`
		}
		require.NoError(t, json.Unmarshal(text, &vectors))
		require.NotEmpty(t, vectors, file)
		for _, v := range vectors {
			wire, err := hex.DecodeString(v.Wire)
			require.NoError(t, err)
			limit := -1
			if v.MaxPayload != nil {
				limit = *v.MaxPayload
			}
			for _, step := range []int{1, 3, len(wire) + 1} {
				check(t, framer(t, v.Spec), limit, wire, step)
			}
		}
	}
}

// So is every byte of frames with noise among them, in every framing.
func TestRandom(t *testing.T) {
	framers := []framing.Framer{framer(t, "slip,leading-end"), framer(t, "stx,dle"), framer(t, "line"), framer(t, "length"), framer(t, "fixed,size=5,pad=00")}
	for _, f := range spec.Framings() {
		framers = append(framers, framer(t, f.Example))
	}
	special := []byte("\x00\x01\x02\x03\x10\xc0\xdb\xdc\xddab\r\n;,")
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(framers).Draw(t, "framer")
		var wire []byte
		for range rapid.IntRange(0, 5).Draw(t, "frames") {
			b := rapid.SliceOfN(rapid.SampledFrom(special), 0, 20).Draw(t, "bytes")
			if rapid.IntRange(0, 5).Draw(t, "noise") == 0 {
				wire = append(wire, b...)
			} else if framed, err := f.Append(wire, b); err == nil {
				wire = framed
			}
		}
		limit := rapid.SampledFrom([]int{-1, 0, 5, 16}).Draw(t, "limit")
		check(t, f, limit, wire, rapid.IntRange(1, 30).Draw(t, "step"))
	})
}

func TestKind_String(t *testing.T) {
	assert.Equal(t, "lost", dissect.Lost.String())
	assert.Equal(t, "unknown", (dissect.Lost + 1).String())
}
