package spec_test

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/checksum"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/enclosed"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// drawFramer draws a Framer of that framing, with any keys.
func drawFramer(t *rapid.T, f spec.Framing) framing.Framer {
	framer := drawPlain(t, f)
	if rapid.IntRange(0, 3).Draw(t, "checked") == 0 {
		if checked, err := checksum.Wrap(framer, rapid.SampledFrom(checksum.Kinds()).Draw(t, "check")); err == nil {
			return checked
		}
	}
	return framer
}

// drawPlain draws a Framer of that framing, with any keys but check.
func drawPlain(t *rapid.T, f spec.Framing) framing.Framer {
	configurable := map[string]func(t *rapid.T) (framing.Framer, error){"delimiter": drawDelimiter, "length": drawLength, "varint": drawVarint, "fixed": drawFixed, "enclosed": drawEnclosed}
	if draw := configurable[f.Name]; draw != nil {
		for {
			if f, err := draw(t); err == nil {
				return f
			}
		}
	}
	text := f.Name
	for _, k := range f.Keys {
		if needed := strings.Contains(f.Example, ","+k.Name); needed && k.Value != "" || rapid.Bool().Draw(t, k.Name) {
			text += "," + k.Name
			if words := strings.Split(k.Value, "|"); len(words) > 1 {
				text += "=" + rapid.SampledFrom(words).Draw(t, k.Name)
			}
		}
	}
	return must(spec.Parse(text))
}

func drawDelimiter(t *rapid.T) (framing.Framer, error) {
	piece := rapid.SampledFrom([]string{",", `\`, "=", ";", "a", "ab", "\n", "\r", "\r\n", "\x00", "é", "\xff", " ", `"`, "'", `\,`, `\n`})
	delim := rapid.Map(rapid.SliceOfN(piece, 1, 4), func(s []string) string { return strings.Join(s, "") })
	f, err := delimiter.New(rapid.SliceOfN(delim, 1, 4).Draw(t, "delims")...)
	if err == nil && rapid.Bool().Draw(t, "keep") {
		f = f.Keep()
	}
	if err == nil && rapid.Bool().Draw(t, "skip-empty") {
		f = f.SkipEmpty()
	}
	return f, err
}

func drawLength(t *rapid.T) (framing.Framer, error) {
	c := lengthprefix.Config{
		Width:          rapid.IntRange(1, 8).Draw(t, "width"),
		LittleEndian:   rapid.Bool().Draw(t, "little"),
		Offset:         rapid.OneOf(rapid.Just(0), rapid.IntRange(0, 9), rapid.IntRange(0, 1<<16-1)).Draw(t, "offset"),
		Adjust:         rapid.OneOf(rapid.Just(0), rapid.IntRange(-9, 9), rapid.IntRange(-1<<30, 1<<30)).Draw(t, "adjust"),
		IncludesHeader: rapid.Bool().Draw(t, "includes-header"),
		Keep:           rapid.Bool().Draw(t, "keep"),
		SkipEmpty:      rapid.Bool().Draw(t, "skip-empty"),
	}
	if !c.Keep {
		c.Strip = rapid.OneOf(rapid.Just(0), rapid.IntRange(0, 12), rapid.IntRange(0, 1<<16-1)).Draw(t, "strip")
	}
	if !c.LittleEndian {
		c.Digits = rapid.SampledFrom([]lengthprefix.Digits{lengthprefix.Binary, lengthprefix.Decimal, lengthprefix.Hex, lengthprefix.BCD}).Draw(t, "digits")
	}
	c.Trailer = rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "trailer")
	c.Resync = rapid.Bool().Draw(t, "resync")
	magic := c.Offset + max(0, c.Strip-c.Offset-c.Width)
	c.Magic = rapid.SliceOfN(rapid.Byte(), 0, min(magic, 12)).Draw(t, "magic")
	return lengthprefix.New(c)
}

func drawVarint(t *rapid.T) (framing.Framer, error) {
	return lengthprefix.NewVarint(lengthprefix.VarintConfig{
		Offset:     rapid.OneOf(rapid.Just(0), rapid.IntRange(0, 9)).Draw(t, "offset"),
		MaxBytes:   rapid.IntRange(0, 10).Draw(t, "max-bytes"),
		NonMinimal: rapid.Bool().Draw(t, "non-minimal"),
		Keep:       rapid.Bool().Draw(t, "keep"),
	})
}

func drawFixed(t *rapid.T) (framing.Framer, error) {
	if rapid.Bool().Draw(t, "padded") {
		size := rapid.OneOf(rapid.IntRange(1, 12), rapid.IntRange(1, fixed.MaxPadded)).Draw(t, "size")
		return fixed.Padded(size, rapid.SampledFrom([]byte("\x00 a\xff")).Draw(t, "pad"))
	}
	return fixed.New(rapid.OneOf(rapid.IntRange(1, 12), rapid.IntMin(1)).Draw(t, "size"))
}

func drawEnclosed(t *rapid.T) (framing.Framer, error) {
	mark := rapid.StringOfN(rapid.SampledFrom([]rune("\x02\x03\r\nab")), 1, 3, -1)
	f, err := enclosed.New(mark.Draw(t, "begin"), mark.Draw(t, "end"))
	if err != nil {
		return nil, err
	}
	return rapid.SampledFrom([]framing.Framer{f, f.SkipNoise(), f.RefuseNoise()}).Draw(t, "noise"), nil
}

// The String of every Framer is printable ASCII, and Parse makes an equal Framer of
// it.
func TestStringParsesBack(t *testing.T) {
	for _, kind := range spec.Framings() {
		t.Run(kind.Name, rapid.MakeCheck(func(t *rapid.T) {
			f := drawFramer(t, kind)
			text := fmt.Sprint(f)
			if strings.IndexFunc(text, func(c rune) bool { return c < ' ' || c > '~' }) >= 0 {
				t.Fatalf("String() = %q; want printable ASCII", text)
			}
			if back, err := spec.Parse(text); err != nil || !reflect.DeepEqual(back, f) {
				t.Fatalf("Parse(%q) = %v, %v; want %v, nil", text, back, err, f)
			}
		}))
	}
}

// drawStream draws bytes that may be a stream of f: frames, parts of frames, and
// bytes that are significant in some framing.
func drawStream(t *rapid.T, f framing.Framer) (stream []byte) {
	alphabet := rapid.SampledFrom([]string{"a\r\n", "a;|,", "a\x00\x01\x02\x03", "\x02\x03\x10a", "\xc0\xdb\xdc\xdd", "05:, \r\n"}).Draw(t, "alphabet")
	payload := rapid.OneOf(
		rapid.SliceOfN(rapid.SampledFrom([]byte(alphabet)), 0, 24),
		// Random bytes are hardly ever a frame of text-head, json or dot.
		rapid.Map(rapid.SampledFrom([]string{"get a\n", "A\r\nl: 1\r\n\r\na", "A\n\na\x00", "[5]", "a\r\n"}), func(s string) []byte { return []byte(s) }),
	)
	for range rapid.IntRange(1, 8).Draw(t, "pieces") {
		p := payload.Draw(t, "payload")
		if f, ok := f.(*lengthprefix.Framer); ok && f.PutHeader(p) != nil {
			continue // too small for its header
		}
		piece, err := f.Append(nil, p)
		if err != nil {
			piece = p
		}
		if rapid.IntRange(0, 3).Draw(t, "part") == 0 {
			from := rapid.IntRange(0, len(piece)).Draw(t, "from")
			piece = piece[from:rapid.IntRange(from, len(piece)).Draw(t, "to")]
		}
		stream = append(stream, piece...)
	}
	return stream
}

// Append of every framing takes whatever Split delivers, and brings it back; so
// does AppendHeader, once it has the whole payload.
func TestAppendTakesWhatSplitDelivers(t *testing.T) {
	for _, kind := range spec.Framings() {
		t.Run(kind.Name, func(t *testing.T) {
			delivered := 0
			rapid.Check(t, func(t *rapid.T) {
				f := drawFramer(t, kind)
				stream := drawStream(t, f)
				for payload, err := range framing.NewReader(bytes.NewReader(stream), f).Frames() {
					if err == nil {
						delivered++
						checkTaken(t, f, bytes.Clone(payload))
					}
				}
			})
			if delivered == 0 {
				t.Error("no payload was delivered; want some")
			}
		})
	}
}

// checkTaken fails unless f can write payload, which it has delivered.
func checkTaken(t *rapid.T, f framing.Framer, payload []byte) {
	wire, err := f.Append(nil, payload)
	if err != nil {
		t.Fatalf("%v: Append(%q) = %v; want nil, since Split has delivered it", f, payload, err)
	}
	if e, ok := f.(framing.Encloser); ok {
		header, err := e.AppendHeader(nil, payload, int64(len(payload)))
		if err == nil && string(header)+string(payload)+string(e.Trailer()) != string(wire) || err != nil && err != framing.ErrNoHeader {
			t.Fatalf("%v: AppendHeader(%q) = %q, %v; want the beginning of %q", f, payload, header, err, wire)
		}
	}
	r := framing.NewReader(bytes.NewReader(wire), f)
	if back, err := r.ReadFrame(); err != nil || !bytes.Equal(back, payload) {
		t.Fatalf("%v: ReadFrame of %q = %q, %v; want %q, nil", f, wire, back, err, payload)
	}
	if extra, err := r.ReadFrame(); err != io.EOF {
		t.Fatalf("%v: second ReadFrame of %q = %q, %v; want EOF", f, wire, extra, err)
	}
}
