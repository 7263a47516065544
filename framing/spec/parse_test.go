package spec_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/cobs"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/headers"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/netstring"
	"github.com/wholeframe/wholeframe/framing/octetcount"
	"github.com/wholeframe/wholeframe/framing/slip"
	"github.com/wholeframe/wholeframe/framing/spec"
	"github.com/wholeframe/wholeframe/framing/stx"
)

// must returns the framer of a constructor that cannot fail here.
func must[F framing.Framer](f F, err error) framing.Framer {
	if err != nil {
		panic(err)
	}
	return f
}

func TestParse(t *testing.T) {
	length := func(c lengthprefix.Config) framing.Framer { return must(lengthprefix.New(c)) }
	delims := func(d ...string) framing.Framer { return must(delimiter.New(d...)) }
	for _, c := range []struct {
		text      string
		want      framing.Framer
		canonical string // "": text
	}{
		{"line", delimiter.Line(), ""},
		{"line,keep", delimiter.Line().Keep(), ""},
		{"crlf", delimiter.CRLF(), ""},
		{"crlf,keep", delimiter.CRLF().Keep(), ""},

		{"delimiter,text=;", delims(";"), ""},
		{"delimiter,text=;,keep", must(delimiter.New(";")).(*delimiter.Framer).Keep(), ""},
		{"delimiter,keep,text=;", must(delimiter.New(";")).(*delimiter.Framer).Keep(), "delimiter,text=;,keep"},
		{"delimiter,text=a,hex=00,text=b", delims("a", "\x00", "b"), ""},
		{"delimiter,text=b,hex=00,text=a", delims("b", "\x00", "a"), ""},
		{"delimiter,hex=61,hex=FFfe", delims("a", "\xff\xfe"), "delimiter,text=a,hex=fffe"},
		{`delimiter,text=\n,text=\r\n`, delimiter.Line(), "line"},
		{"delimiter,hex=0a,hex=0d0a", delimiter.Line(), "line"},
		{`delimiter,text=\r\n,text=\n`, delims("\r\n", "\n"), "delimiter,hex=0d0a,hex=0a"},
		{"delimiter,hex=0d0a,keep", delimiter.CRLF().Keep(), "crlf,keep"},
		{`delimiter,text=\,`, delims(","), ""},
		{`delimiter,text=\\`, delims(`\`), ""},
		{`delimiter,text=\\,text=\,\,`, delims(`\`, ",,"), ""},
		{`delimiter,text=\t\x00\u20ac\101`, delims("\t\x00€A"), "delimiter,hex=0900e282ac41"},
		{`delimiter,text=\xff€`, delims("\xff€"), "delimiter,hex=ffe282ac"},
		{"delimiter,text=\xff", delims("\xff"), "delimiter,hex=ff"},
		{"delimiter,text=key=value", delims("key=value"), ""},
		{"delimiter,text==", delims("="), ""},
		{"delimiter,text= ", delims(" "), ""},
		{`delimiter,text="',text='`, delims(`"'`, `'`), ""},

		{"length", lengthprefix.Uint32(), ""},
		{"length,width=4", lengthprefix.Uint32(), "length"},
		{"length,order=big", lengthprefix.Uint32(), "length"},
		{"length,width=4,order=big,offset=0,adjust=0,strip=4", lengthprefix.Uint32(), "length"},
		{"length,width=1", lengthprefix.Uint8(), ""},
		{"length,width=2", lengthprefix.Uint16(), ""},
		{"length,width=8", lengthprefix.Uint64(), ""},
		{"length,order=little,width=2", length(lengthprefix.Config{Width: 2, LittleEndian: true}), "length,width=2,order=little"},
		{"length,offset=3", length(lengthprefix.Config{Width: 4, Offset: 3}), ""},
		{"length,offset=1KiB", length(lengthprefix.Config{Width: 4, Offset: 1024}), "length,offset=1024"},
		{"length,adjust=-4", length(lengthprefix.Config{Width: 4, Adjust: -4}), ""},
		{"length,adjust=+4", length(lengthprefix.Config{Width: 4, Adjust: 4}), "length,adjust=4"},
		{"length,includes-header", length(lengthprefix.Config{Width: 4, IncludesHeader: true}), ""},
		{"length,strip=0", length(lengthprefix.Config{Width: 4, Strip: lengthprefix.KeepHeader}), ""},
		{"length,strip=2", length(lengthprefix.Config{Width: 4, Strip: 2}), ""},
		{"length,width=2,offset=1,adjust=1,strip=4,zero=CAfe", length(lengthprefix.Config{Width: 2, Offset: 1, Adjust: 1, Strip: 4, Zero: []byte{0xca, 0xfe}}), "length,width=2,offset=1,adjust=1,strip=4,zero=cafe"},

		{"varint", lengthprefix.Varint(), ""},
		{"varint,non-minimal", lengthprefix.Varint().NonMinimal(), ""},

		{"fixed,size=16", must(fixed.New(16)), ""},
		{"fixed,size=64KiB", must(fixed.New(64 << 10)), "fixed,size=65536"},
		{"fixed,pad=00,size=16", must(fixed.Padded(16, 0)), "fixed,size=16,pad=00"},
		{"fixed,size=16,pad=Ff", must(fixed.Padded(16, 0xff)), "fixed,size=16,pad=ff"},

		{"netstring", netstring.New(), ""},
		{"octet-count", octetcount.New(), ""},
		{"content-length", headers.New(), ""},
		{"slip", slip.New(), ""},
		{"slip,flush", slip.Flushed(), ""},
		{"cobs", cobs.New(), ""},
		{"stx", stx.New(), ""},
		{"stx,dle", stx.DLE(), ""},
	} {
		t.Run(c.text, func(t *testing.T) {
			f, err := spec.Parse(c.text)
			require.NoError(t, err)
			assert.Equal(t, c.want, f)
			if c.canonical == "" {
				c.canonical = c.text
			}
			assert.Equal(t, c.canonical, fmt.Sprint(f))
		})
	}
}

// allNames returns the names of all framings, as errors list them.
func allNames() string {
	var names []string
	for _, f := range spec.Framings() {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

func TestParseErrors(t *testing.T) {
	names := "; there are " + allNames()
	const (
		lineKeys  = "; line takes keep"
		allLength = "; length takes width=N, order=big|little, offset=SIZE, adjust=N, includes-header, strip=SIZE, zero=HEX"
		sizes     = " is no size; write bytes, or 64KiB, 1MiB, 2GiB"
		digits    = " is no hexadecimal; it must be two digits for each byte"
		escapes   = ` begins with no escape; there are \, and those of a Go string: \n \r \t \\ \x00`
	)
	for _, c := range []struct {
		text   string
		offset int
		want   string
	}{
		// Names.
		{"", 0, `unknown framing ""` + names},
		{"lines", 0, `unknown framing "lines"` + names},
		{"Line", 0, `unknown framing "Line"` + names},
		{" line", 0, `unknown framing " line"` + names},
		{"length=4", 0, `unknown framing "length=4"` + names},
		{",keep", 0, `unknown framing ""` + names},
		{`line\,keep`, 0, `unknown framing "line\\,keep"` + names},

		// Keys.
		{"line,", 5, `unknown key ""` + lineKeys},
		{"line,keep,", 10, `unknown key ""` + lineKeys},
		{"line, keep", 5, `unknown key " keep"` + lineKeys},
		{"line,=", 5, `unknown key ""` + lineKeys},
		{"length,width=2,widht=2", 15, `unknown key "widht"` + allLength},
		{"delimiter,text=;,end", 17, `unknown key "end"; delimiter takes hex=HEX, text=TEXT, keep`},
		{"varint,minimal", 7, `unknown key "minimal"; varint takes non-minimal`},
		{"fixed,16", 6, `unknown key "16"; fixed takes size=SIZE, pad=HEX`},
		{"line,keep,keep", 10, `key "keep" stands twice`},
		{"length,width=2,order=big,width=2", 25, `key "width" stands twice`},
		{"fixed,size=1,size=1", 13, `key "size" stands twice`},
		{"delimiter,text=a,keep,text=b,keep", 29, `key "keep" stands twice`},
		{"fixed", 0, "fixed needs size, as in fixed,size=16"},
		{"fixed,pad=00", 0, "fixed needs size, as in fixed,size=16"},
		{"delimiter", 0, `delimiter needs hex or text, as in delimiter,text=;,text=\n`},
		{"delimiter,keep", 0, `delimiter needs hex or text, as in delimiter,text=;,text=\n`},

		// Values.
		{"line,keep=1", 5, `key "keep" takes no value`},
		{"line,keep=", 5, `key "keep" takes no value`},
		{"length,width", 7, `key "width" needs a value: width=N`},
		{"length,width=", 7, `key "width" needs a value: width=N`},
		{"length,order", 7, `key "order" needs a value: order=big|little`},
		{"fixed,size", 6, `key "size" needs a value: size=SIZE`},
		{"delimiter,hex=", 10, `key "hex" needs a value: hex=HEX`},
		{"delimiter,text=,", 10, `key "text" needs a value: text=TEXT`},
		{"length,width=two", 7, `width: "two" is no decimal number`},
		{"length,width=0x2", 7, `width: "0x2" is no decimal number`},
		{"length,width= 2", 7, `width: " 2" is no decimal number`},
		{"length,width=99999999999999999999", 7, "width: 99999999999999999999 is out of range"},
		{"length,adjust=1.5", 7, `adjust: "1.5" is no decimal number`},
		{"length,offset=-1", 7, `offset: "-1"` + sizes},
		{"length,strip=-1", 7, `strip: "-1"` + sizes},
		{"fixed,size=4KB", 6, `size: "4KB"` + sizes},
		{"fixed,size=4,pad=0", 13, `pad: "0"` + digits},
		{"fixed,size=4,pad=0000", 13, `pad: "0000" is 2 bytes; there must be 1`},
		{"length,order=middle", 7, `order: "middle" is not allowed; it must be big or little`},
		{"delimiter,hex=0", 10, `hex: "0"` + digits},
		{"delimiter,hex=0x0a", 10, `hex: "0x0a"` + digits},
		{"delimiter,hex=gg", 10, `hex: "gg"` + digits},
		{`delimiter,text=\`, 10, `text: "\\"` + escapes},
		{`delimiter,text=a\q`, 10, `text: "\\q"` + escapes},
		{`delimiter,text=\x0`, 10, `text: "\\x0"` + escapes},
		{`delimiter,text=\"`, 10, `text: "\\\""` + escapes},

		// What the constructors refuse.
		{"length,order=little,width=9", 20, "lengthprefix: width: 9 is not allowed; it must be 1 to 8 bytes"},
		{"length,width=-1", 7, "lengthprefix: width: -1 is not allowed; it must be 1 to 8 bytes"},
		{"length,offset=64KiB", 7, "lengthprefix: offset: 65536 is not allowed; it must be 0 to 65535 bytes"},
		{"length,strip=65536", 7, "lengthprefix: strip: 65536 is not allowed; it must be 0 to 65535 bytes"},
		{"length,zero=00", 7, "lengthprefix: zero: 1 bytes are given; there are 0 that are stripped and not the length field"},
		{"fixed,size=0", 6, "fixed: size: 0 is not allowed; it must be 1 byte or more"},
		{"fixed,pad=00,size=0", 13, "fixed: size: 0 is not allowed; it must be 1 byte or more"},
		{"delimiter,text=a,text=a", 0, `delimiter: delims: "a" stands twice`},
	} {
		t.Run(c.text, func(t *testing.T) {
			f, err := spec.Parse(c.text)
			assert.Nil(t, f)
			var fault *spec.Error
			require.ErrorAs(t, err, &fault)
			assert.Equal(t, c.text, fault.Text)
			assert.Equal(t, c.offset, fault.Offset)
			assert.EqualError(t, fault.Reason, c.want)

			message := "spec: " + c.want
			if c.offset > 0 {
				message = fmt.Sprintf("spec: at byte %d: %s", c.offset, c.want)
			}
			assert.EqualError(t, err, message)
		})
	}
}

func TestParseWrapsConfigError(t *testing.T) {
	for text, option := range map[string]string{
		"length,width=9":                      "width",
		"length,width=1,strip=512,adjust=-9":  "adjust",
		"fixed,size=0":                        "size",
		"delimiter,text=ab,text=a,keep":       "delims",
		"length,width=2,offset=1,zero=000000": "zero",
	} {
		_, err := spec.Parse(text)
		var config *framing.ConfigError
		require.ErrorAs(t, err, &config, text)
		assert.Equal(t, option, config.Option, text)
	}
}

// drawFramer draws any framer that the constructors make.
func drawFramer(t *rapid.T) framing.Framer {
	keep := func(f *delimiter.Framer) framing.Framer {
		if rapid.Bool().Draw(t, "keep") {
			return f.Keep()
		}
		return f
	}
	for {
		var f framing.Framer
		var err error
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			return keep(delimiter.Line())
		case 1:
			return keep(delimiter.CRLF())
		case 2:
			piece := rapid.SampledFrom([]string{",", `\`, "=", ";", "a", "ab", "\n", "\r", "\r\n", "\x00", "é", "\xff", " ", `"`, "'", `\,`, `\n`})
			delim := rapid.Map(rapid.SliceOfN(piece, 1, 4), func(s []string) string { return strings.Join(s, "") })
			var d *delimiter.Framer
			if d, err = delimiter.New(rapid.SliceOfN(delim, 1, 4).Draw(t, "delims")...); err == nil {
				f = keep(d)
			}
		case 3:
			c := lengthprefix.Config{
				Width:          rapid.IntRange(1, 8).Draw(t, "width"),
				LittleEndian:   rapid.Bool().Draw(t, "little"),
				Offset:         rapid.OneOf(rapid.Just(0), rapid.IntRange(0, 9), rapid.IntRange(0, 1<<16-1)).Draw(t, "offset"),
				Adjust:         rapid.OneOf(rapid.Just(0), rapid.IntRange(-9, 9), rapid.IntRange(-1<<30, 1<<30)).Draw(t, "adjust"),
				IncludesHeader: rapid.Bool().Draw(t, "includes-header"),
				Strip:          rapid.OneOf(rapid.Just(0), rapid.IntRange(-1, 12), rapid.IntRange(-1, 1<<16-1)).Draw(t, "strip"),
			}
			probe, err := lengthprefix.New(c)
			if err != nil {
				continue
			}
			if rapid.Bool().Draw(t, "verify") {
				strip := max(probe.Config().Strip, 0)
				n := strip - max(0, min(strip, c.Offset+c.Width)-c.Offset)
				c.Zero = rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "zero")
			}
			f = must(lengthprefix.New(c))
		case 4:
			if rapid.Bool().Draw(t, "non-minimal") {
				return lengthprefix.Varint().NonMinimal()
			}
			return lengthprefix.Varint()
		case 5:
			size := rapid.IntMin(1).Draw(t, "size")
			if rapid.Bool().Draw(t, "padded") {
				return must(fixed.Padded(size, rapid.Byte().Draw(t, "pad")))
			}
			return must(fixed.New(size))
		}
		if err == nil {
			return f
		}
	}
}

// Every framer's text makes an equal framer, and is printable ASCII.
func TestStringParsesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFramer(t)
		text := fmt.Sprint(f)
		assert.Equal(t, -1, strings.IndexFunc(text, func(c rune) bool { return c < ' ' || c > '~' }), text)
		back, err := spec.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, f, back, text)
	})
}

// drawText draws a text from the list of framings, right or nearly right.
func drawText(t *rapid.T) string {
	f := rapid.SampledFrom(spec.Framings()).Draw(t, "framing")
	text := f.Name
	for range rapid.IntRange(0, 4).Draw(t, "keys") {
		if len(f.Keys) == 0 {
			break
		}
		key := rapid.SampledFrom(f.Keys).Draw(t, "key")
		text += "," + key.Name
		if key.Value != "" {
			text += "=" + drawValue(t, key.Value)
		}
	}
	return text
}

func drawValue(t *rapid.T, kind string) string {
	switch kind {
	case "N":
		return rapid.SampledFrom([]string{"0", "1", "2", "8", "-1", "+3", "9", "007"}).Draw(t, "number")
	case "SIZE":
		return rapid.SampledFrom([]string{"0", "1", "5", "12", "1KiB", "1MiB", "012"}).Draw(t, "size")
	case "HEX":
		return rapid.StringMatching(`([0-9a-fA-F][0-9a-fA-F]){1,3}`).Draw(t, "hex")
	case "TEXT":
		return rapid.StringMatching(`([ -+\--\[\]-~]|\\[,nrt\\]|\\x[0-9a-f]{2}|€){1,5}`).Draw(t, "text")
	default:
		return rapid.SampledFrom(strings.Split(kind, "|")).Draw(t, "word")
	}
}

// checkText holds for any text: it makes a framer whose text is canonical, or
// it is an *Error that points into the text.
func checkText(t require.TestingT, text string) {
	f, err := spec.Parse(text)
	if err != nil {
		var fault *spec.Error
		require.True(t, errors.As(err, &fault), "%q: %T", text, err)
		require.Equal(t, text, fault.Text)
		require.GreaterOrEqual(t, fault.Offset, 0)
		require.LessOrEqual(t, fault.Offset, len(text))
		return
	}
	canonical := fmt.Sprint(f)
	back, err := spec.Parse(canonical)
	require.NoError(t, err, "%q, from %q", canonical, text)
	require.Equal(t, f, back, "%q, from %q", canonical, text)
	require.Equal(t, canonical, fmt.Sprint(back), text)
}

func TestCanonicalText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkText(t, drawText(t)) })
}
