package play

import (
	"encoding/hex"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/enclosed"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// presets are the framers that neither New without options makes nor a
// configuration describes.
var presets = map[string]string{
	"dot":                          "dot.New()",
	"text-head,protocol=sip":       "texthead.SIP()",
	"text-head,protocol=rtsp":      "texthead.RTSP()",
	"text-head,protocol=stomp":     "texthead.STOMP()",
	"text-head,protocol=nats":      "texthead.NATS()",
	"text-head,protocol=memcached": "texthead.Memcached()",
	"length,width=1":               "lengthprefix.Uint8()",
	"length,width=2":               "lengthprefix.Uint16()",
	"length":                       "lengthprefix.Uint32()",
	"length,width=8":               "lengthprefix.Uint64()",
	"varint":                       "lengthprefix.Varint()",
	"varint,non-minimal":           "lengthprefix.Varint().NonMinimal()",
	"netstring":                    "netstring.New()",
	"octet-count":                  "octetcount.New()",
	"syslog":                       "syslog.New()",
	"syslog,write=line":            "syslog.New().WriteLines()",
	"content-length":               "contentlength.New()",
	"content-length,keep":          "contentlength.New().Keep()",
	"json":                         "jsonvalue.New()",
	"resp":                         "resp.New()",
	"record-mark":                  "recordmark.New()",
	"slip":                         "stuffed.SLIP()",
	"slip,leading-end":             "stuffed.SLIPLeadingEnd()",
	"cobs":                         "cobs.New()",
	"stuffed,table=hdlc":           "stuffed.HDLC()",
	"stuffed,table=jt808":          "stuffed.JT808()",
	"stx":                          "enclosed.STX()",
	"stx,dle":                      "stx.DLE()",

	"enclosed,begin=0b,end=1c0d,noise=skip": "enclosed.MLLP()",
	"enclosed,begin=1e,end=0a":              "enclosed.JSONSeq()",
}

// kinds are the names of the kinds of checksum in Go.
var kinds = map[string]string{
	"xor8":         "XOR8",
	"sum8":         "SUM8",
	"crc16-x25":    "CRC16X25",
	"crc16-modbus": "CRC16Modbus",
	"crc16-ccitt":  "CRC16CCITT",
	"crc16-xmodem": "CRC16XModem",
	"crc32":        "CRC32",
	"crc32-le":     "CRC32LE",
	"crc32c":       "CRC32C",
	"crc32c-le":    "CRC32CLE",
}

const (
	module    = "github.com/wholeframe/wholeframe/"
	checksums = module + "framing/checksum"
	returnErr = "if err != nil {\n\treturn err\n}"
)

// program returns a program that serves framer with a limit on the payload.
func program(framer framing.Framer, limit spec.Size) string {
	packages, code := goCode(framer)
	imports := []string{"context", "log", "os", "os/signal", "syscall"}
	packages = append(packages, module+"server")
	slices.Sort(packages)
	var s strings.Builder
	s.WriteString("package main\n\nimport (\n")
	for _, name := range imports {
		fmt.Fprintf(&s, "\t%q\n", name)
	}
	s.WriteString("\n")
	for _, name := range packages {
		fmt.Fprintf(&s, "\t%q\n", name)
	}
	s.WriteString(`)

func main() {
	if err := serve("127.0.0.1:8000"); err != server.ErrServerClosed {
		log.Fatal(err) // why it does not serve, or what was lost
	}
}

// serve echoes each payload. After Ctrl-C it answers what it has received, and
// closes.
func serve(addr string) error {
`)
	for line := range strings.Lines(code) {
		s.WriteString("\t" + line)
	}
	fmt.Fprintf(&s, `
	s := &server.Server{
		Framer:     framer,
		Handler:    server.Echo,
		MaxPayload: %s
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() { s.Shutdown(context.Background()) })
	return s.ListenAndServe("tcp", addr)
}
`, maxPayload(limit))
	return s.String()
}

// maxPayload returns limit as the value of a field of a Server, with its comma. Zero
// would be the default there, so that the least limit is used instead.
func maxPayload(limit spec.Size) string {
	switch {
	case limit < 0:
		return "-1,"
	case limit == 0:
		return "1, // the least; 0 means 1 MiB"
	case limit%(1<<20) == 0:
		return fmt.Sprintf("%d << 20,", limit>>20)
	case limit%(1<<10) == 0:
		return fmt.Sprintf("%d << 10,", limit>>10)
	}
	return fmt.Sprintf("%d,", limit)
}

// goCode returns the import paths of the packages that make framer, and the
// statements that do so.
func goCode(framer framing.Framer) (paths []string, code string) {
	own := reflect.TypeOf(framer).Elem().PkgPath()
	text := fmt.Sprint(framer)
	i := strings.LastIndex(text, ",check=")
	if own != checksums || i < 0 {
		return statements("framer", framer)
	}
	inner, err := spec.Parse(text[:i])
	if err != nil {
		return nil, ""
	}
	paths, code = statements("inner", inner)
	call, simple := strings.CutPrefix(code, "inner := ")
	if simple {
		code = ""
	} else {
		call = "inner"
		code += "\n"
	}
	return append(paths, own), code + "framer, err := checksum.Wrap(" + call + ", checksum." + kinds[text[i+len(",check="):]] + ")\n" + returnErr
}

// statements returns what goCode does, for a framer without a checksum and a variable
// of that name.
func statements(name string, framer framing.Framer) (paths []string, code string) {
	paths = []string{reflect.TypeOf(framer).Elem().PkgPath()}
	text := fmt.Sprint(framer)
	if call, ok := presets[text]; ok {
		return paths, name + " := " + call
	}
	switch f := framer.(type) {
	case *delimiter.Framer:
		return paths, delimiterCode(name, text)
	case *enclosed.Framer:
		return paths, enclosedCode(name, text)
	case *lengthprefix.Framer:
		code = "lengthprefix.New(lengthprefix.Config{" + fields(f.Config()) + "})"
	case *lengthprefix.VarintFramer:
		code = "lengthprefix.NewVarint(lengthprefix.VarintConfig{" + varintFields(f.Config()) + "})"
	case *fixed.Framer:
		code = fmt.Sprintf("fixed.New(%d)", f.Size())
	case *fixed.PaddedFramer:
		code = fmt.Sprintf("fixed.Padded(%d, 0x%s)", f.Size(), text[len(text)-2:])
	default:
		return paths, name + " := " + path.Base(paths[0]) + ".New()"
	}
	return paths, name + ", err := " + code + "\n" + returnErr
}

// delimiterCode returns the statements for a framer of one delimiter or several. New may
// fail, so that the options take a second statement.
func delimiterCode(name, text string) string {
	var delims []string
	options := ""
	parts := split(text)
	for _, part := range parts[1:] {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "text":
			delims = append(delims, fmt.Sprintf("%q", value))
		case "hex":
			if d, err := hex.DecodeString(value); err == nil {
				delims = append(delims, fmt.Sprintf("%q", d))
			}
		case "keep":
			options += ".Keep()"
		case "skip-empty":
			options += ".SkipEmpty()"
		}
	}
	switch {
	case parts[0] == "line":
		return name + " := delimiter.Line()" + options
	case parts[0] == "crlf":
		return name + " := delimiter.CRLF()" + options
	case options != "":
		options = "\n" + name + " = " + name + options
	}
	return name + ", err := delimiter.New(" + strings.Join(delims, ", ") + ")\n" + returnErr + options
}

// enclosedCode returns the statements for a framer of two marks. New may fail, so that
// SkipNoise and RefuseNoise take a second statement.
func enclosedCode(name, text string) string {
	var marks []string
	option := ""
	for _, part := range split(text)[1:] {
		_, value, _ := strings.Cut(part, "=")
		switch value {
		case "skip":
			option = "\n" + name + " = " + name + ".SkipNoise()"
			continue
		case "refuse":
			option = "\n" + name + " = " + name + ".RefuseNoise()"
			continue
		}
		if mark, err := hex.DecodeString(value); err == nil {
			marks = append(marks, fmt.Sprintf("%q", mark))
		}
	}
	return name + ", err := enclosed.New(" + strings.Join(marks, ", ") + ")\n" + returnErr + option
}

// split cuts a text in canonical form, which is ASCII, at its commas and
// resolves \, and \\.
func split(text string) []string {
	parts := []string{""}
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case ',':
			parts = append(parts, "")
			continue
		case '\\':
			i++
		}
		parts[len(parts)-1] += text[i : i+1]
	}
	return parts
}

// fields returns the fields of c that are not zero, as in Go.
func fields(c lengthprefix.Config) string {
	s := []string{fmt.Sprintf("Width: %d", c.Width)}
	if c.LittleEndian {
		s = append(s, "LittleEndian: true")
	}
	if c.Offset != 0 {
		s = append(s, fmt.Sprintf("Offset: %d", c.Offset))
	}
	if c.Adjust != 0 {
		s = append(s, fmt.Sprintf("Adjust: %d", c.Adjust))
	}
	if c.IncludesHeader {
		s = append(s, "IncludesHeader: true")
	}
	if c.Strip != c.Offset+c.Width && !c.Keep {
		s = append(s, fmt.Sprintf("Strip: %d", c.Strip))
	}
	if c.Magic != nil {
		s = append(s, fmt.Sprintf("Magic: []byte(%q)", c.Magic))
	}
	if c.Digits != lengthprefix.Binary {
		name := map[lengthprefix.Digits]string{lengthprefix.Decimal: "Decimal", lengthprefix.Hex: "Hex", lengthprefix.BCD: "BCD"}[c.Digits]
		s = append(s, "Digits: lengthprefix."+name)
	}
	if c.Trailer != nil {
		s = append(s, fmt.Sprintf("Trailer: []byte(%q)", c.Trailer))
	}
	if c.Resync {
		s = append(s, "Resync: true")
	}
	if c.Keep {
		s = append(s, "Keep: true")
	}
	if c.SkipEmpty {
		s = append(s, "SkipEmpty: true")
	}
	return strings.Join(s, ", ")
}

// varintFields returns the fields of c that are not their default, as in Go.
func varintFields(c lengthprefix.VarintConfig) string {
	var s []string
	if c.Offset != 0 {
		s = append(s, fmt.Sprintf("Offset: %d", c.Offset))
	}
	if c.MaxBytes != lengthprefix.Varint().Config().MaxBytes {
		s = append(s, fmt.Sprintf("MaxBytes: %d", c.MaxBytes))
	}
	if c.NonMinimal {
		s = append(s, "NonMinimal: true")
	}
	if c.Keep {
		s = append(s, "Keep: true")
	}
	return strings.Join(s, ", ")
}
