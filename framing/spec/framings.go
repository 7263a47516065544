package spec

import (
	"slices"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/cobs"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/headers"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/netstring"
	"github.com/wholeframe/wholeframe/framing/octetcount"
	"github.com/wholeframe/wholeframe/framing/slip"
	"github.com/wholeframe/wholeframe/framing/stx"
)

// A Framing is a kind of framer that texts can name.
type Framing struct {
	Name    string // "length"
	About   string // what it does, in a line
	Example string // a text that uses it
	Keys    []Key  // in canonical order

	needs []string // one of these keys must be given
	build func(options) (framing.Framer, error)
}

var keep = word("keep", "deliver the delimiter with the message")

// framings is all there is: names, keys, help and parsing. To add a framing is
// to add an entry. The words of its keys are those of its String method, and
// the names are those that its ConfigErrors call Option, so that the error can
// say where.
var framings = []Framing{
	{
		Name:    "line",
		About:   `a message ends at \n, and a \r before that is not part of it; \n is written`,
		Example: "line",
		Keys:    []Key{keep},
		build:   func(o options) (framing.Framer, error) { return kept(delimiter.Line(), o), nil },
	},
	{
		Name:    "crlf",
		About:   `a message ends at \r\n and nothing else`,
		Example: "crlf",
		Keys:    []Key{keep},
		build:   func(o options) (framing.Framer, error) { return kept(delimiter.CRLF(), o), nil },
	},
	{
		Name:    "delimiter",
		About:   "a message ends at any of the delimiters; the first is written",
		Example: `delimiter,text=;,text=\n`,
		Keys: []Key{
			repeated(octets("hex", "a delimiter", 0)),
			repeated(text("text", "a delimiter")),
			keep,
		},
		needs: []string{"hex", "text"},
		build: func(o options) (framing.Framer, error) {
			var delims []string
			for _, o := range o {
				if o.key != keep.Name {
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
		About:   "a message follows its length, a field of fixed width; by default 4 bytes, big endian",
		Example: "length,width=2,order=little",
		Keys: []Key{
			number("width", "bytes of the length field, 1 to 8; default 4"),
			choice("order", "byte order of the length field; default big", "big", "little"),
			size("offset", "bytes before the length field; default 0"),
			number("adjust", "add it to the length to get the bytes behind the field; default 0"),
			word("includes-header", "the length counts the field and the bytes before it too"),
			size("strip", "leading bytes that are not delivered; default offset + width"),
			octets("zero", "what the stripped bytes around the field must be; default any", 0),
		},
		build: func(o options) (framing.Framer, error) {
			c := lengthprefix.Config{
				Width:          o.number("width", 4),
				LittleEndian:   o.bytes("order") == "little",
				Offset:         o.number("offset", 0),
				Adjust:         o.number("adjust", 0),
				IncludesHeader: o.has("includes-header"),
				Strip:          o.number("strip", 0),
				Zero:           []byte(o.bytes("zero")),
			}
			if c.Strip == 0 && o.has("strip") {
				c.Strip = lengthprefix.KeepHeader
			}
			return ok(lengthprefix.New(c))
		},
	},
	{
		Name:    "varint",
		About:   "a message follows its length, a base-128 varint (protocol buffers)",
		Example: "varint",
		Keys:    []Key{word("non-minimal", "read lengths in more bytes than they need, too")},
		build: func(o options) (framing.Framer, error) {
			if o.has("non-minimal") {
				return lengthprefix.Varint().NonMinimal(), nil
			}
			return lengthprefix.Varint(), nil
		},
	},
	{
		Name:    "fixed",
		About:   "all messages have the same size",
		Example: "fixed,size=16",
		Keys: []Key{
			size("size", "bytes of a message"),
			octets("pad", "fill shorter messages up with this byte", 1),
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
		About:   "a decimal length, a colon, the message and a comma",
		Example: "netstring",
		build:   func(options) (framing.Framer, error) { return netstring.New(), nil },
	},
	{
		Name:    "octet-count",
		About:   "a decimal length, a space and the message (syslog, RFC 6587)",
		Example: "octet-count",
		build:   func(options) (framing.Framer, error) { return octetcount.New(), nil },
	},
	{
		Name:    "content-length",
		About:   "header lines with a Content-Length, then the message (Language Server Protocol)",
		Example: "content-length",
		build:   func(options) (framing.Framer, error) { return headers.New(), nil },
	},
	{
		Name:    "slip",
		About:   "a message ends at c0, and is written without that byte (RFC 1055)",
		Example: "slip",
		Keys:    []Key{word("flush", "write c0 before each message too")},
		build: func(o options) (framing.Framer, error) {
			if o.has("flush") {
				return slip.Flushed(), nil
			}
			return slip.New(), nil
		},
	},
	{
		Name:    "cobs",
		About:   "a message ends at a zero byte, and is written without zeros",
		Example: "cobs",
		build:   func(options) (framing.Framer, error) { return cobs.New(), nil },
	},
	{
		Name:    "stx",
		About:   "a message stands between STX and ETX",
		Example: "stx,dle",
		Keys:    []Key{word("dle", "write DLE before both, and before each DLE in the message")},
		build: func(o options) (framing.Framer, error) {
			if o.has("dle") {
				return stx.DLE(), nil
			}
			return stx.New(), nil
		},
	},
}

func kept(f *delimiter.Framer, o options) framing.Framer {
	if o.has(keep.Name) {
		return f.Keep()
	}
	return f
}

// ok returns f, or an error and no framer: a nil pointer in an interface would
// not be nil.
func ok[F framing.Framer](f F, err error) (framing.Framer, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Framings returns all framings that Parse knows, the commonest first.
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

// takes says which keys f takes.
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

// repeats reports whether key may stand more than once.
func (f Framing) repeats(key string) bool {
	return slices.ContainsFunc(f.Keys, func(k Key) bool { return k.Name == key && k.Repeat })
}
