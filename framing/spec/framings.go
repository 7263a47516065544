package spec

import (
	"slices"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
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
	"github.com/wholeframe/wholeframe/framing/stuffed"
	"github.com/wholeframe/wholeframe/framing/stx"
	"github.com/wholeframe/wholeframe/framing/syslog"
	"github.com/wholeframe/wholeframe/framing/texthead"
)

// A Framing is a kind of Framer, as a spec names it.
type Framing struct {
	Name    string // "length"
	About   string // what it does, in one line
	Example string // a spec that uses it
	Kind    string // the group of framings in which Help and the documentation list it: "a length first"
	Keys    []Key  // in canonical order; nil if it has none

	needs []string // these keys are required, or one of several: "hex|text"
	build func(options) (framing.Framer, error)
}

const (
	texts   = "text"
	lengths = "a length first"
	values  = "values"
	marks   = "marks and escapes"
	others  = "other framings"
)

var (
	keep      = word("keep", "deliver the whole frame, with its delimiter")
	skipEmpty = word("skip-empty", "discard empty frames, and refuse to write them")
)

// framings lists all framings, for parsing and for help; a new one is an entry
// here. A key has the name that its Framer's String method uses, and that its
// constructor's ConfigErrors have as Option, so that an Error can say where.
var framings = []Framing{
	{
		Name:    "line",
		About:   `lines that end in \n or \r\n; written with \n`,
		Example: "line",
		Kind:    texts,
		Keys:    []Key{keep, skipEmpty},
		build:   func(o options) (framing.Framer, error) { return kept(delimiter.Line(), o), nil },
	},
	{
		Name:    "crlf",
		About:   `lines that end in \r\n only`,
		Example: "crlf",
		Kind:    texts,
		Keys:    []Key{keep, skipEmpty},
		build:   func(o options) (framing.Framer, error) { return kept(delimiter.CRLF(), o), nil },
	},
	{
		Name:    "dot",
		About:   "lines, up to one with a single dot (SMTP DATA, POP3, NNTP)",
		Example: "dot",
		Kind:    texts,
		build:   func(options) (framing.Framer, error) { return dot.New(), nil },
	},
	{
		Name:    "delimiter",
		About:   "a frame ends at any of the delimiters; it is written with the first",
		Example: `delimiter,text=;,text=\n`,
		Kind:    texts,
		Keys: []Key{
			repeated(octets("hex", "a delimiter", 0)),
			repeated(text("text", "a delimiter")),
			keep,
			skipEmpty,
		},
		needs: []string{"hex|text"},
		build: func(o options) (framing.Framer, error) {
			var delims []string
			for _, o := range o {
				if o.bytes != "" {
					delims = append(delims, o.bytes)
				}
			}
			f, err := delimiter.New(delims...)
			if err != nil {
				return nil, err
			}
			return kept(f, o), nil
		},
	},
	{
		Name:    "length",
		About:   "a length precedes each payload, in a field of fixed width; by default 4 bytes, big endian",
		Example: "length,width=2,order=little",
		Kind:    lengths,
		Keys: []Key{
			number("width", "bytes of the length field, 1 to 8; default 4"),
			choice("order", "byte order of the length field; default big", "big", "little"),
			choice("digits", "the length is written in digits; default none, a binary number", "decimal", "hex", "bcd"),
			size("offset", "bytes before the length field; default 0"),
			number("adjust", "added to the length to get the number of bytes after the field; default 0"),
			word("includes-header", "the length also counts the field and the bytes before it"),
			size("strip", "leading bytes that are not delivered, 1 or more; default offset + width"),
			octets("magic", "values of the first header bytes, the field left out; default any", 0),
			octets("trailer", "what follows each payload; the length does not count it", 0),
			word("resync", "after an invalid header, continue at the next magic, of 2 bytes or more"),
			word("keep", "deliver the whole frame, with its header and trailer"),
			skipEmpty,
		},
		build: func(o options) (framing.Framer, error) {
			c := lengthprefix.Config{
				Width:          o.number("width", 4),
				LittleEndian:   o.bytes("order") == "little",
				Digits:         digits[o.bytes("digits")],
				Offset:         o.number("offset", 0),
				Adjust:         o.number("adjust", 0),
				IncludesHeader: o.has("includes-header"),
				Strip:          o.number("strip", 0),
				Magic:          []byte(o.bytes("magic")),
				Trailer:        []byte(o.bytes("trailer")),
				Resync:         o.has("resync"),
				Keep:           o.has("keep"),
				SkipEmpty:      o.has(skipEmpty.Name),
			}
			if c.Strip == 0 && o.has("strip") {
				return nil, &framing.ConfigError{Framer: "lengthprefix", Option: "strip", Reason: "0 is not allowed; keep delivers the whole frame"}
			}
			return ok(lengthprefix.New(c))
		},
	},
	{
		Name:    "varint",
		About:   "a length precedes each payload, as a base-128 varint (protocol buffers)",
		Example: "varint",
		Kind:    lengths,
		Keys: []Key{
			size("offset", "bytes before the varint; default 0"),
			number("max-bytes", "bytes of the varint at most, 1 to 10; default 10"),
			word("non-minimal", "also read overlong varints"),
			word("keep", "deliver the whole frame, with its header"),
		},
		build: func(o options) (framing.Framer, error) {
			c := lengthprefix.VarintConfig{
				Offset:     o.number("offset", 0),
				MaxBytes:   o.number("max-bytes", 0),
				NonMinimal: o.has("non-minimal"),
				Keep:       o.has("keep"),
			}
			if c.MaxBytes == 0 && o.has("max-bytes") {
				return nil, &framing.ConfigError{Framer: "lengthprefix", Option: "max-bytes", Reason: "0 is not allowed; it must be 1 to 10"}
			}
			return ok(lengthprefix.NewVarint(c))
		},
	},
	{
		Name:    "fixed",
		About:   "all frames have the same size",
		Example: "fixed,size=16",
		Kind:    lengths,
		Keys: []Key{
			size("size", "bytes of a frame"),
			octets("pad", "fill shorter payloads up with this byte, and remove it on reading", 1),
		},
		needs: []string{"size"},
		build: func(o options) (framing.Framer, error) {
			if o.has("pad") {
				return ok(fixed.Padded(o.number("size", 0), o.bytes("pad")[0]))
			}
			return ok(fixed.New(o.number("size", 0)))
		},
	},
	{
		Name:    "netstring",
		About:   "a decimal length, a colon, the payload and a comma",
		Example: "netstring",
		Kind:    lengths,
		build:   func(options) (framing.Framer, error) { return netstring.New(), nil },
	},
	{
		Name:    "octet-count",
		About:   "a decimal length, a space and the payload (syslog, RFC 6587)",
		Example: "octet-count",
		Kind:    lengths,
		build:   func(options) (framing.Framer, error) { return octetcount.New(), nil },
	},
	{
		Name:    "syslog",
		About:   "syslog over TCP, by octet counting or as lines, told apart by the first bytes",
		Example: "syslog",
		Kind:    lengths,
		Keys:    []Key{choice("write", "how a payload with a PRI is written; default count", "count", "line")},
		build: func(o options) (framing.Framer, error) {
			if o.bytes("write") == "line" {
				return syslog.New().WriteLines(), nil
			}
			return syslog.New(), nil
		},
	},
	{
		Name:    "content-length",
		About:   "header lines with a Content-Length, then the payload (Language Server Protocol)",
		Example: "content-length",
		Kind:    lengths,
		Keys:    []Key{word("keep", "deliver the whole frame; discard empty lines between frames")},
		build: func(o options) (framing.Framer, error) {
			if o.has(keep.Name) {
				return contentlength.New().Keep(), nil
			}
			return contentlength.New(), nil
		},
	},
	{
		Name:    "text-head",
		About:   "a head of text that announces the size of the body; the whole frame is delivered",
		Example: "text-head,protocol=nats",
		Kind:    lengths,
		Keys:    []Key{choice("protocol", "whose head it is", "sip", "rtsp", "stomp", "nats", "memcached")},
		needs:   []string{"protocol"},
		build: func(o options) (framing.Framer, error) {
			switch o.bytes("protocol") {
			case "sip":
				return texthead.SIP(), nil
			case "rtsp":
				return texthead.RTSP(), nil
			case "stomp":
				return texthead.STOMP(), nil
			case "nats":
				return texthead.NATS(), nil
			default:
				return texthead.Memcached(), nil
			}
		},
	},
	{
		Name:    "record-mark",
		About:   "records of fragments, each after its length (ONC RPC, RFC 5531: NFS)",
		Example: "record-mark",
		Kind:    lengths,
		build:   func(options) (framing.Framer, error) { return recordmark.New(), nil },
	},
	{
		Name:    "json",
		About:   "JSON values, one after another, with or without white space between them",
		Example: "json",
		Kind:    values,
		build:   func(options) (framing.Framer, error) { return jsonvalue.New(), nil },
	},
	{
		Name:    "resp",
		About:   "whole values of RESP2 and RESP3, and inline commands (Redis, Valkey)",
		Example: "resp",
		Kind:    values,
		build:   func(options) (framing.Framer, error) { return resp.New(), nil },
	},
	{
		Name:    "slip",
		About:   "a frame ends at c0, which is escaped in the payload (RFC 1055)",
		Example: "slip",
		Kind:    marks,
		Keys:    []Key{word("leading-end", "also write c0 before each frame")},
		build: func(o options) (framing.Framer, error) {
			if o.has("leading-end") {
				return slip.LeadingEnd(), nil
			}
			return slip.New(), nil
		},
	},
	{
		Name:    "stuffed",
		About:   "a payload is between flags, 7e, which are escaped in it with 7d",
		Example: "stuffed,table=hdlc",
		Kind:    marks,
		Keys:    []Key{choice("table", "what follows 7d: 5e and 5d, or 02 and 01", "hdlc", "jt808")},
		needs:   []string{"table"},
		build: func(o options) (framing.Framer, error) {
			if o.bytes("table") == "jt808" {
				return stuffed.JT808(), nil
			}
			return stuffed.HDLC(), nil
		},
	},
	{
		Name:    "cobs",
		About:   "a frame ends at a zero byte; the payload is encoded without zeros",
		Example: "cobs",
		Kind:    marks,
		build:   func(options) (framing.Framer, error) { return cobs.New(), nil },
	},
	{
		Name:    "enclosed",
		About:   "a payload is enclosed in a begin mark and an end mark",
		Example: "enclosed,begin=3c,end=3e",
		Kind:    marks,
		Keys: []Key{
			octets("begin", "the begin mark", 0),
			octets("end", "the end mark", 0),
			choice("noise", "bytes between frames: an error, fill, or the stream's end; default error", "error", "skip", "refuse"),
		},
		needs: []string{"begin", "end"},
		build: func(o options) (framing.Framer, error) {
			f, err := enclosed.New(o.bytes("begin"), o.bytes("end"))
			if err != nil {
				return nil, err
			}
			switch o.bytes("noise") {
			case "skip":
				f = f.SkipNoise()
			case "refuse":
				f = f.RefuseNoise()
			}
			return f, nil
		},
	},
	{
		Name:    "stx",
		About:   "a payload is enclosed in STX and ETX",
		Example: "stx,dle",
		Kind:    marks,
		Keys:    []Key{word("dle", "write DLE before both, and before each DLE in the payload")},
		build: func(o options) (framing.Framer, error) {
			if o.has("dle") {
				return stx.DLE(), nil
			}
			return stx.New(), nil
		},
	},
}

// digits are the values of the key digits.
var digits = map[string]lengthprefix.Digits{"decimal": lengthprefix.Decimal, "hex": lengthprefix.Hex, "bcd": lengthprefix.BCD}

func kept(f *delimiter.Framer, o options) framing.Framer {
	if o.has(keep.Name) {
		f = f.Keep()
	}
	if o.has(skipEmpty.Name) {
		f = f.SkipEmpty()
	}
	return f
}

// ok returns f, or err and a nil interface, which f, a nil pointer, would not be.
func ok[F framing.Framer](f F, err error) (framing.Framer, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Framings returns all framings that Parse knows, by kind. The caller may modify the
// result.
func Framings() []Framing {
	list := slices.Clone(framings)
	for i := range list {
		list[i].Keys = slices.Clone(list[i].Keys)
	}
	return list
}

// names returns the names of all framings.
func names() string {
	var s []string
	for _, f := range framings {
		s = append(s, f.Name)
	}
	return strings.Join(s, ", ")
}

// takes returns the keys of f, as errors list them.
func (f Framing) takes() string {
	if len(f.Keys) == 0 {
		return f.Name + " takes no keys"
	}
	var s []string
	for _, k := range f.Keys {
		s = append(s, k.String())
	}
	return f.Name + " takes " + strings.Join(s, ", ")
}

// repeats reports whether key may be given more than once.
func (f Framing) repeats(key string) bool {
	return slices.ContainsFunc(f.Keys, func(k Key) bool { return k.Name == key && k.Repeat })
}
