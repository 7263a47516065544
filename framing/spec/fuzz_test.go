package spec_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strconv"
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
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
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

// Values, as regular expressions.
const (
	octet  = `[0-9a-fA-F]{2}`
	sizes  = `(?:[0-9]+(?:|KiB|MiB|GiB))`
	escape = `\\(?:[,abfnrtv\\]|x[0-9a-fA-F]{2}|[0-3][0-7]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})`
)

var (
	part    = regexp.MustCompile(`(?s)^(?:[^,\\]|\\.|\\$)*`)
	checks  = regexp.MustCompile(`^check=(?:xor8|sum8|crc16-(?:x25|modbus|ccitt|xmodem)|crc32c?(?:-le)?)$`)
	escapes = regexp.MustCompile(escape)
	keys    = map[string]string{ // of each framing
		"line": `keep|skip-empty`, "crlf": `keep|skip-empty`, "varint": `non-minimal|keep|offset=` + sizes + `|max-bytes=[-+]?[0-9]+`, "stx": `dle`,
		"netstring": `[^\s\S]`, "octet-count": `[^\s\S]`, "dot": `[^\s\S]`, "text-head": `protocol=(?:sip|rtsp|stomp|nats|memcached)`, "syslog": `write=count|write=line`, "content-length": `keep`, "json": `[^\s\S]`, "resp": `[^\s\S]`, "record-mark": `[^\s\S]`,
		"slip": `leading-end`, "cobs": `[^\s\S]`, "stuffed": `table=hdlc|table=jt808`,
		"delimiter": `keep|skip-empty|hex=(?:` + octet + `)+|text=(?:[^\\]|` + escape + `)+`,
		"enclosed":  `(?:begin|end)=(?:` + octet + `)+|noise=error|noise=skip|noise=refuse`,
		"fixed":     `pad=` + octet + `|size=` + sizes,
		"length": `width=[-+]?[0-9]+|adjust=[-+]?[0-9]+|order=big|order=little|digits=decimal|digits=hex|digits=bcd|includes-header|resync|` +
			`offset=` + sizes + `|strip=` + sizes + `|magic=(?:` + octet + `)+|trailer=(?:` + octet + `)+|keep|skip-empty`,
	}
	grammars = map[string]*regexp.Regexp{}
)

func init() {
	for name, keys := range keys {
		grammars[name] = regexp.MustCompile(`(?s)^(?:` + keys + `)$`)
	}
}

// described returns the Framer that text describes, from a grammar for each name
// and the constructors.
func described(text string) (f framing.Framer, ok bool) {
	var parts []string
	for {
		p := part.FindString(text)
		parts = append(parts, p)
		if text = text[len(p):]; text == "" {
			break
		}
		text = text[1:] // the comma
	}
	name := parts[0]
	if preset := slices.IndexFunc(spec.Presets(), func(p spec.Preset) bool { return p.Name == name }); preset >= 0 && len(parts) == 1 {
		return described(spec.Presets()[preset].Spec)
	}
	grammar := grammars[name]
	if grammar == nil {
		return nil, false
	}
	given := map[string]string{}
	var delims []string
	for _, p := range parts[1:] {
		key, value, _ := strings.Cut(p, "=")
		_, duplicate := given[key]
		if checks.MatchString(p) && !duplicate {
			given[key] = value
			continue
		}
		if !grammar.MatchString(p) || duplicate && key != "hex" && key != "text" {
			return nil, false
		}
		given[key] = value
		switch key {
		case "hex":
			delims = append(delims, unhex(value))
		case "text":
			d, ok := unescaped(value)
			if !ok {
				return nil, false
			}
			delims = append(delims, d)
		}
	}
	has := func(key string) bool { _, ok := given[key]; return ok }
	inRange := true
	number := func(key string, def int) int {
		value, ok := given[key]
		if !ok {
			return def
		}
		unit := int64(1)
		for suffix, size := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
			if digits, ok := strings.CutSuffix(value, suffix); ok {
				value, unit = digits, size
			}
		}
		n, _ := new(big.Int).SetString(value, 10)
		n.Mul(n, big.NewInt(unit))
		if !n.IsInt64() || int64(int(n.Int64())) != n.Int64() {
			inRange = false
			return 0
		}
		return int(n.Int64())
	}

	var err error
	var d *delimiter.Framer
	switch name {
	case "line":
		d = delimiter.Line()
	case "crlf":
		d = delimiter.CRLF()
	case "delimiter":
		d, err = delimiter.New(delims...)
	case "varint":
		c := lengthprefix.VarintConfig{Offset: number("offset", 0), MaxBytes: number("max-bytes", 10), NonMinimal: has("non-minimal"), Keep: has("keep")}
		if c.MaxBytes == 0 {
			return nil, false
		}
		f, err = lengthprefix.NewVarint(c)
	case "fixed":
		size := number("size", 0)
		if has("pad") {
			f, err = fixed.Padded(size, unhex(given["pad"])[0])
		} else {
			f, err = fixed.New(size)
		}
	case "length":
		c := lengthprefix.Config{
			Width: number("width", 4), LittleEndian: given["order"] == "little", Offset: number("offset", 0),
			Adjust: number("adjust", 0), IncludesHeader: has("includes-header"), Strip: number("strip", 0), Magic: []byte(unhex(given["magic"])),
			Digits:  map[string]lengthprefix.Digits{"decimal": lengthprefix.Decimal, "hex": lengthprefix.Hex, "bcd": lengthprefix.BCD}[given["digits"]],
			Trailer: []byte(unhex(given["trailer"])), Resync: has("resync"), Keep: has("keep"), SkipEmpty: has("skip-empty"),
		}
		if has("strip") && c.Strip == 0 {
			return nil, false
		}
		f, err = lengthprefix.New(c)
	case "netstring":
		f = netstring.New()
	case "octet-count":
		f = octetcount.New()
	case "dot":
		f = dot.New()
	case "syslog":
		f = syslog.New()
		if given["write"] == "line" {
			f = syslog.New().WriteLines()
		}
	case "content-length":
		f = contentlength.New()
		if has("keep") {
			f = contentlength.New().Keep()
		}
	case "text-head":
		protocols := map[string]func() *texthead.Framer{
			"sip": texthead.SIP, "rtsp": texthead.RTSP, "stomp": texthead.STOMP, "nats": texthead.NATS, "memcached": texthead.Memcached,
		}
		if !has("protocol") {
			return nil, false
		}
		f = protocols[given["protocol"]]()
	case "json":
		f = jsonvalue.New()
	case "resp":
		f = resp.New()
	case "record-mark":
		f = recordmark.New()
	case "slip":
		f = slip.New()
		if has("leading-end") {
			f = slip.LeadingEnd()
		}
	case "stuffed":
		if !has("table") {
			return nil, false
		}
		f = stuffed.HDLC()
		if given["table"] == "jt808" {
			f = stuffed.JT808()
		}
	case "cobs":
		f = cobs.New()
	case "enclosed":
		var e *enclosed.Framer
		if e, err = enclosed.New(unhex(given["begin"]), unhex(given["end"])); err == nil {
			switch given["noise"] {
			case "skip":
				e = e.SkipNoise()
			case "refuse":
				e = e.RefuseNoise()
			}
		}
		f = e
	case "stx":
		f = stx.New()
		if has("dle") {
			f = stx.DLE()
		}
	}
	if err != nil || !inRange {
		return nil, false
	}
	if d != nil {
		if has("keep") {
			d = d.Keep()
		}
		if has("skip-empty") {
			d = d.SkipEmpty()
		}
		f = d
	}
	if has("check") {
		for _, kind := range checksum.Kinds() {
			if kind.String() == given["check"] {
				if !checkable(name, given, kind.Size()) {
					return nil, false
				}
				f = must(checksum.Wrap(f, kind))
			}
		}
	}
	return f, true
}

// checkable reports whether the framing of that name, with those keys, can carry a
// checksum of size bytes.
func checkable(name string, given map[string]string, size int) bool {
	_, keep := given["keep"]
	switch name {
	case "dot", "json", "resp":
		return false
	case "line", "crlf", "delimiter":
		return !keep
	case "length":
		return !keep || given["trailer"] == ""
	case "text-head":
		return given["protocol"] == "sip" || given["protocol"] == "rtsp"
	case "fixed":
		n, _ := new(big.Int).SetString(strings.TrimRight(given["size"], "KMGiB"), 10)
		return n.Cmp(big.NewInt(int64(size))) >= 0 || strings.HasSuffix(given["size"], "B")
	}
	return true
}

func unhex(digits string) string {
	b, err := hex.DecodeString(digits)
	if err != nil {
		panic(err) // the grammar excludes it
	}
	return string(b)
}

// unescaped replaces escapes. It fails if one is not a valid code point.
func unescaped(text string) (string, bool) {
	ok := true
	text = escapes.ReplaceAllStringFunc(text, func(e string) string {
		if i := slices.Index([]string{`\,`, `\a`, `\b`, `\f`, `\n`, `\r`, `\t`, `\v`, `\\`}, e); i >= 0 {
			return ",\a\b\f\n\r\t\v\\"[i : i+1]
		}
		digits, base := e[2:], 16
		if e[1] >= '0' && e[1] <= '3' {
			digits, base = e[1:], 8
		}
		n, err := strconv.ParseUint(digits, base, 32)
		if err != nil {
			panic(err) // the grammar excludes it
		}
		if e[1] != 'u' && e[1] != 'U' {
			return string([]byte{byte(n)})
		}
		if n > 0x10FFFF || n >= 0xD800 && n < 0xE000 {
			ok = false
			return ""
		}
		return string(rune(n))
	})
	return text, ok
}

// FuzzParse compares Parse with a grammar and the constructors, and parses the
// canonical text of what it returns.
func FuzzParse(f *testing.F) {
	for _, framing := range spec.Framings() {
		f.Add(framing.Name)
		f.Add(framing.Example)
	}
	for _, text := range []string{
		"", ",", "line,keep", `delimiter,text=\,\\\x00\u20ac,hex=0D0A,keep`, "delimiter,hex=0a,hex=0d0a",
		"length,width=2,order=little,offset=1,adjust=-3,includes-header,strip=4,magic=cafe", "length,strip=0", "length,offset=1,magic=ca,keep", "length,strip=2,keep",
		"length,width=2,digits=bcd,offset=2,magic=cafe,trailer=0d0a,resync", "length,order=little,digits=hex",
		"varint,non-minimal", "varint,offset=1,max-bytes=4,keep", "varint,max-bytes=0", "cobs,check=crc32", "fixed,check=crc32,size=3", "json,check=xor8", "line,keep,check=xor8", "length,trailer=00,keep,check=xor8", "nats,check=xor8", "text-head,protocol=nats,check=xor8", "check=crc32", "delimiter,check=xor8,text=;", "line,check=crc32,check=crc32", "fixed,size=64KiB,pad=fF",
		"length,trailer=0a,skip-empty", "length,keep,skip-empty", "sip", "hdlc", "sip,keep",
	} {
		f.Add(text)
	}
	vectors := map[string]bool{}
	for _, framing := range spec.Framings() {
		frametest.Vectors(f, framing.Name, func(text string, _ []byte) { vectors[text] = true })
	}
	for text := range vectors {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > frametest.MaxFuzz {
			return
		}
		want, ok := described(text)
		got, err := spec.Parse(text)
		if !ok {
			var e *spec.Error
			if got != nil || !errors.As(err, &e) || e.Text != text || e.Offset < 0 || e.Offset > len(text) {
				t.Fatalf("Parse(%q) = %v, %#v; want an Error", text, got, err)
			}
			return
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("Parse(%q) = %v, %v; want %v, nil", text, got, err, want)
		}
		canonical := fmt.Sprint(got)
		back, err := spec.Parse(canonical)
		if err != nil || !reflect.DeepEqual(back, want) || fmt.Sprint(back) != canonical {
			t.Fatalf("Parse(%q) = %v, %v; want %v, nil, whose text it is", canonical, back, err, want)
		}
	})
}
