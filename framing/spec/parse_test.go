package spec_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/checksum"
	"github.com/wholeframe/wholeframe/framing/cobs"
	"github.com/wholeframe/wholeframe/framing/contentlength"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/dot"
	"github.com/wholeframe/wholeframe/framing/enclosed"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/jsonvalue"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/netstring"
	"github.com/wholeframe/wholeframe/framing/octetcount"
	"github.com/wholeframe/wholeframe/framing/recordmark"
	"github.com/wholeframe/wholeframe/framing/resp"
	"github.com/wholeframe/wholeframe/framing/slip"
	"github.com/wholeframe/wholeframe/framing/spec"
	"github.com/wholeframe/wholeframe/framing/stuffed"
	"github.com/wholeframe/wholeframe/framing/stx"
	"github.com/wholeframe/wholeframe/framing/syslog"
	"github.com/wholeframe/wholeframe/framing/texthead"
)

// must returns the Framer of a constructor with valid arguments.
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

		{"line,skip-empty", delimiter.Line().SkipEmpty(), ""},
		{"crlf,skip-empty,keep", delimiter.CRLF().SkipEmpty().Keep(), "crlf,keep,skip-empty"},
		{"delimiter,skip-empty,text=;", delims(";").(*delimiter.Framer).SkipEmpty(), "delimiter,text=;,skip-empty"},
		{"length,skip-empty", length(lengthprefix.Config{Width: 4, SkipEmpty: true}), ""},
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
		{"length,keep", length(lengthprefix.Config{Width: 4, Keep: true}), ""},
		{"length,keep,offset=2,magic=CAfe", length(lengthprefix.Config{Width: 4, Offset: 2, Magic: []byte{0xca, 0xfe}, Keep: true}), "length,offset=2,magic=cafe,keep"},
		{"length,digits=decimal", length(lengthprefix.Config{Width: 4, Digits: lengthprefix.Decimal}), ""},
		{"length,digits=hex,trailer=0D0a,keep", length(lengthprefix.Config{Width: 4, Digits: lengthprefix.Hex, Trailer: []byte("\r\n"), Keep: true}), "length,digits=hex,trailer=0d0a,keep"},
		{"length,resync,width=2,digits=bcd,offset=2,magic=cafe", length(lengthprefix.Config{Width: 2, Digits: lengthprefix.BCD, Offset: 2, Magic: []byte{0xca, 0xfe}, Resync: true}), "length,width=2,digits=bcd,offset=2,magic=cafe,resync"},
		{"length,strip=2", length(lengthprefix.Config{Width: 4, Strip: 2}), ""},
		{"length,width=2,offset=1,adjust=1,strip=4,magic=CAfe", length(lengthprefix.Config{Width: 2, Offset: 1, Adjust: 1, Strip: 4, Magic: []byte{0xca, 0xfe}}), "length,width=2,offset=1,adjust=1,strip=4,magic=cafe"},

		{"varint", lengthprefix.Varint(), ""},
		{"varint,non-minimal", lengthprefix.Varint().NonMinimal(), ""},
		{"varint,offset=0,max-bytes=10", lengthprefix.Varint(), "varint"},
		{"varint,keep,max-bytes=4,offset=1", must(lengthprefix.NewVarint(lengthprefix.VarintConfig{Offset: 1, MaxBytes: 4, Keep: true})), "varint,offset=1,max-bytes=4,keep"},

		{"fixed,size=16", must(fixed.New(16)), ""},
		{"fixed,size=64KiB", must(fixed.New(64 << 10)), "fixed,size=65536"},
		{"fixed,pad=00,size=16", must(fixed.Padded(16, 0)), "fixed,size=16,pad=00"},
		{"fixed,size=16,pad=Ff", must(fixed.Padded(16, 0xff)), "fixed,size=16,pad=ff"},

		{"netstring", netstring.New(), ""},
		{"octet-count", octetcount.New(), ""},
		{"dot", dot.New(), ""},
		{"syslog", syslog.New(), ""},
		{"syslog,write=count", syslog.New(), "syslog"},
		{"syslog,write=line", syslog.New().WriteLines(), ""},
		{"content-length", contentlength.New(), ""},
		{"content-length,keep", contentlength.New().Keep(), ""},
		{"text-head,protocol=sip", texthead.SIP(), ""},
		{"rtsp", texthead.RTSP(), "text-head,protocol=rtsp"},
		{"stomp", texthead.STOMP(), "text-head,protocol=stomp"},
		{"nats", texthead.NATS(), "text-head,protocol=nats"},
		{"memcached", texthead.Memcached(), "text-head,protocol=memcached"},
		{"json", jsonvalue.New(), ""},
		{"resp", resp.New(), ""},
		{"record-mark", recordmark.New(), ""},
		{"stuffed,table=hdlc", stuffed.HDLC(), ""},
		{"stuffed,table=jt808", stuffed.JT808(), ""},
		{"slip", slip.New(), ""},
		{"slip,leading-end", slip.LeadingEnd(), ""},
		{"cobs", cobs.New(), ""},
		{"enclosed,end=3E,begin=3C", must(enclosed.New("<", ">")), "enclosed,begin=3c,end=3e"},
		{"enclosed,begin=0b,end=1c0d,noise=skip", enclosed.MLLP(), ""},
		{"enclosed,begin=1e,end=0a,noise=error", enclosed.JSONSeq(), "enclosed,begin=1e,end=0a"},
		{"enclosed,noise=refuse,begin=3c,end=3e", must(enclosed.New("<", ">")).(*enclosed.Framer).RefuseNoise(), "enclosed,begin=3c,end=3e,noise=refuse"},
		{"enclosed,begin=02,end=03,noise=refuse", enclosed.STX().RefuseNoise(), ""},
		{"enclosed,begin=02,end=03", stx.New(), "stx"},
		{"stx", enclosed.STX(), ""},
		{"cobs,check=crc32", must(checksum.Wrap(cobs.New(), checksum.CRC32)), ""},
		{"delimiter,check=crc16-x25,text=;", must(checksum.Wrap(delims(";"), checksum.CRC16X25)), "delimiter,text=;,check=crc16-x25"},
		{"stx,dle", stx.DLE(), ""},
	} {
		t.Run(c.text, func(t *testing.T) {
			f, err := spec.Parse(c.text)
			if err != nil || !reflect.DeepEqual(f, c.want) {
				t.Fatalf("Parse() = %v, %v; want %v, nil", f, err, c.want)
			}
			if c.canonical == "" {
				c.canonical = c.text
			}
			if got := fmt.Sprint(f); got != c.canonical {
				t.Errorf("String() = %q; want %q", got, c.canonical)
			}
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
	names := "; want one of " + allNames() + ", or the name of a protocol, such as kafka"
	const (
		lineKeys  = "; line takes keep, skip-empty"
		allLength = "; length takes width=N, order=big|little, digits=decimal|hex|bcd, offset=SIZE, adjust=N, includes-header, strip=SIZE, magic=HEX, trailer=HEX, resync, keep, skip-empty"
		sizes     = ": want bytes, or 64KiB, 1MiB, 2GiB"
		digits    = ": want two digits for each byte"
		escapes   = `: want \, or an escape of a Go string: \n \r \t \\ \x00`
	)
	for _, c := range []struct {
		text   string
		offset int
		want   string
	}{
		{"cobs,check=crc", 5, `check: invalid value "crc": want one of xor8, sum8, crc16-x25, crc16-modbus, crc16-ccitt, crc16-xmodem, crc32, crc32-le, crc32c, crc32c-le`},
		{"cobs,check", 5, "key \"check\" needs a value: check=NAME"},
		{"cobs,check=crc32,check=crc32", 17, "duplicate key \"check\""},
		{"json,check=crc32", 5, "checksum: check: json cannot carry a checksum: the end of a payload belongs to the framing; one can be added where a payload may end in any bytes, as in length or cobs"},
		{"line,check=crc32,keep", 5, "checksum: check: line,keep cannot carry a checksum: the end of a payload belongs to the framing; one can be added where a payload may end in any bytes, as in length or cobs"},
		{"fixed,size=3,check=crc32", 13, "checksum: check: the frames of fixed,size=3 are too small for crc32, which has 4 bytes"},

		// Names.
		{"", 0, `unknown framing ""` + names},
		{"x", 0, `unknown framing "x"` + names},
		{"websocket", 0, `unknown framing "websocket"` + names},
		{"tcp", 0, `unknown framing "tcp"` + names}, // too many have the word
		{"Line", 0, `unknown framing "Line"; want line`},
		{" line,keep", 0, `unknown framing " line"; want line`},
		{"Kafka", 0, `unknown framing "Kafka"; want kafka`},
		{"length=4", 0, `unknown framing "length=4"; perhaps length`},
		{",keep", 0, `unknown framing ""` + names},
		{`line\,keep`, 0, `unknown framing "line\\,keep"; perhaps line`},
		{"kafak", 0, `unknown framing "kafak"; perhaps kafka (Kafka)`},
		{"slpi,leading-end", 0, `unknown framing "slpi"; perhaps slip`},
		{"mysq", 0, `unknown framing "mysq"; perhaps mysql (MySQL packets of less than 16 MiB)`},
		{"tlx", 0, `unknown framing "tlx"; perhaps tls (TLS records)`},
		{"dinstap", 0, `unknown framing "dinstap"; perhaps dnstap (dnstap data frames (Frame Streams))`},
		{"Modbus-TCP", 0, `unknown framing "Modbus-TCP"; perhaps modbus (Modbus/TCP)`},
		{"amqp0", 0, `unknown framing "amqp0"; perhaps amqp (AMQP 0-9-1, after the protocol header) or amqp10 (AMQP 1.0, after the protocol header)`},
		{"st", 0, `unknown framing "st"; perhaps stuffed or stx or stomp (STOMP 1.0 to 1.2) or stun (STUN over TCP)`},
		{"IMAP", 0, `unknown framing "IMAP"; perhaps smtp (SMTP commands and replies, also POP3, IMAP and FTP)`},

		// Keys.
		{"line,", 5, `unknown key ""` + lineKeys},
		{"line,keep,", 10, `unknown key ""` + lineKeys},
		{"line, keep", 5, `unknown key " keep"` + lineKeys},
		{"line,=", 5, `unknown key ""` + lineKeys},
		{"length,width=2,widht=2", 15, `unknown key "widht"` + allLength},
		{"delimiter,text=;,end", 17, `unknown key "end"; delimiter takes hex=HEX, text=TEXT, keep, skip-empty`},
		{"varint,minimal", 7, `unknown key "minimal"; varint takes offset=SIZE, max-bytes=N, non-minimal, keep`},
		{"fixed,16", 6, `unknown key "16"; fixed takes size=SIZE, pad=HEX`},
		{"line,keep,keep", 10, `duplicate key "keep"`},
		{"length,width=2,order=big,width=2", 25, `duplicate key "width"`},
		{"fixed,size=1,size=1", 13, `duplicate key "size"`},
		{"delimiter,text=a,keep,text=b,keep", 29, `duplicate key "keep"`},
		{"fixed", 0, "fixed needs size, as in fixed,size=16"},
		{"fixed,pad=00", 0, "fixed needs size, as in fixed,size=16"},
		{"enclosed,begin=02", 0, "enclosed needs end, as in enclosed,begin=3c,end=3e"},
		{"enclosed,noise=skip", 0, "enclosed needs begin, as in enclosed,begin=3c,end=3e"},
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
		{"length,width=two", 7, `width: invalid number "two": want a decimal number: bytes of the length field, 1 to 8; default 4`},
		{"length,width=0x2", 7, `width: invalid number "0x2": want a decimal number: bytes of the length field, 1 to 8; default 4`},
		{"length,width= 2", 7, `width: invalid number " 2": want a decimal number: bytes of the length field, 1 to 8; default 4`},
		{"length,width=99999999999999999999", 7, "width: number 99999999999999999999 is out of range: want bytes of the length field, 1 to 8; default 4"},
		{"length,adjust=1.5", 7, `adjust: invalid number "1.5": want a decimal number: added to the length to get the number of bytes after the field; default 0`},
		{"length,offset=-1", 7, `offset: invalid size "-1"` + sizes},
		{"length,strip=-1", 7, `strip: invalid size "-1"` + sizes},
		{"fixed,size=4KB", 6, `size: invalid size "4KB"` + sizes},
		{"fixed,size=4,pad=0", 13, `pad: invalid hex "0"` + digits},
		{"fixed,size=4,pad=0000", 13, `pad: invalid hex "0000": got 2 bytes, want 1`},
		{"length,order=middle", 7, `order: invalid value "middle": want big or little`},
		{"delimiter,hex=0", 10, `hex: invalid hex "0"` + digits},
		{"delimiter,hex=0x0a", 10, `hex: invalid hex "0x0a"` + digits},
		{"delimiter,hex=gg", 10, `hex: invalid hex "gg"` + digits},
		{`delimiter,text=\`, 10, `text: invalid escape "\\"` + escapes},
		{`delimiter,text=a\q`, 10, `text: invalid escape "\\q"` + escapes},
		{`delimiter,text=\x0`, 10, `text: invalid escape "\\x0"` + escapes},
		{`delimiter,text=\"`, 10, `text: invalid escape "\\\""` + escapes},

		// Values that the constructors reject.
		{"length,order=little,width=9", 20, "lengthprefix: width: 9 is not allowed; it must be 1 to 8 bytes"},
		{"length,width=-1", 7, "lengthprefix: width: -1 is not allowed; it must be 1 to 8 bytes"},
		{"length,offset=64KiB", 7, "lengthprefix: offset: 65536 is not allowed; it must be 0 to 65535 bytes"},
		{"length,strip=65536", 7, "lengthprefix: strip: 65536 is not allowed; it must be 1 to 65535 bytes"},
		{"length,width=2,strip=0", 15, "lengthprefix: strip: 0 is not allowed; keep delivers the whole frame"},
		{"length,keep,strip=2", 12, "lengthprefix: strip: 2 is not allowed with keep, which delivers the whole frame"},
		{"length,magic=00", 7, "lengthprefix: magic: it has 1 byte; the header has 0 besides the length field"},
		{"fixed,size=0", 6, fmt.Sprintf("fixed: size: 0 is not allowed; it must be 1 to %d bytes", math.MaxInt)},
		{"fixed,pad=00,size=65KiB", 13, "fixed: size: 66560 is not allowed; it must be 1 to 65536 bytes"},
		{"delimiter,text=a,text=a", 0, `delimiter: delims: duplicate delimiter "a"`},
	} {
		t.Run(c.text, func(t *testing.T) {
			f, err := spec.Parse(c.text)
			var e *spec.Error
			if f != nil || !errors.As(err, &e) || e.Text != c.text || e.Offset != c.offset || e.Err.Error() != c.want {
				t.Fatalf("Parse() =\n%v, %v; want\nnil, at byte %d: %s", f, err, c.offset, c.want)
			}
			want := "spec: " + c.want
			if c.offset > 0 {
				want = fmt.Sprintf("spec: at byte %d: %s", c.offset, c.want)
			}
			if got := err.Error(); got != want {
				t.Errorf("Error() = %q; want %q", got, want)
			}
		})
	}
}

func TestParseWrapsConfigError(t *testing.T) {
	for text, option := range map[string]string{
		"length,width=9":                       "width",
		"length,width=1,strip=512,adjust=-9":   "adjust",
		"length,strip=0":                       "strip",
		"fixed,size=0":                         "size",
		"delimiter,text=ab,text=a,keep":        "delims",
		"length,width=2,offset=1,magic=000000": "magic",
	} {
		_, err := spec.Parse(text)
		var e *framing.ConfigError
		if !errors.As(err, &e) || e.Option != option {
			t.Errorf("Parse(%q) = %v; want a ConfigError of option %s", text, err, option)
		}
	}
}
