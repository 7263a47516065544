package spec

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/checksum"
	"github.com/wholeframe/wholeframe/framing/internal/plural"
)

// A Key is an option of a framing.
type Key struct {
	Name   string // "width"
	Value  string // the kind of its value: "N", "SIZE", "HEX", "TEXT", or a choice of words, "big|little"; empty if it takes none
	About  string // what it does and its default, if any, in one line
	Repeat bool   // it may be given more than once

	read func(value string, o *option) error
}

// String returns the key as it is written in a spec: "width=N".
func (k Key) String() string {
	if k.Value == "" {
		return k.Name
	}
	return k.Name + "=" + k.Value
}

// reader returns the read of a key that takes a value of that kind, or nil if there is no
// such kind.
func (k Key) reader() func(value string, o *option) error {
	switch words := strings.Split(k.Value, "|"); {
	case k.Value == "N":
		return k.readNumber
	case k.Value == "SIZE":
		return readSize
	case k.Value == "HEX":
		return readOctets
	case k.Value == "TEXT":
		return readText
	case len(words) > 1 && !slices.Contains(words, "") && !strings.Contains(k.Value, ","):
		return func(value string, o *option) error {
			if !slices.Contains(words, value) {
				return fmt.Errorf("invalid value %q: want %s", value, strings.Join(words, " or "))
			}
			o.bytes = value
			return nil
		}
	}
	return nil
}

// word returns a key without a value.
func word(name, about string) Key { return Key{Name: name, About: about} }

// withValue returns a key that takes a value of that kind.
func withValue(name, kind, about string) Key {
	k := Key{Name: name, Value: kind, About: about}
	k.read = k.reader()
	return k
}

// choice returns a key whose value is one of words.
func choice(name, about string, words ...string) Key {
	return withValue(name, strings.Join(words, "|"), about)
}

// number returns a key whose value is a decimal number, which may be negative as
// far as the constructor allows it.
func number(name, about string) Key { return withValue(name, "N", about) }

// size returns a key whose value is a number of bytes.
func size(name, about string) Key { return withValue(name, "SIZE", about) }

// octets returns a key whose value is bytes in hexadecimal: count of them, or any
// number if count is 0.
func octets(name, about string, count int) Key {
	k := withValue(name, "HEX", about)
	if count != 0 {
		k.read = func(value string, o *option) error {
			err := readOctets(value, o)
			if err == nil && len(o.bytes) != count {
				err = fmt.Errorf("invalid hex %q: got %s, want %d", value, plural.Of(len(o.bytes), "byte"), count)
			}
			return err
		}
	}
	return k
}

// text returns a key whose value is characters and escapes.
func text(name, about string) Key { return withValue(name, "TEXT", about) }

// readNumber is the read of a key whose value is a number.
func (k Key) readNumber(value string, o *option) (err error) {
	if o.number, err = strconv.Atoi(value); errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("number %s is out of range: want %s", value, k.About)
	} else if err != nil {
		return fmt.Errorf("invalid number %q: want a decimal number: %s", value, k.About)
	}
	return nil
}

// readSize is the read of a key whose value is a number of bytes.
func readSize(value string, o *option) (err error) {
	o.number, err = parseSize(value)
	return err
}

// readOctets is the read of a key whose value is bytes in hexadecimal.
func readOctets(value string, o *option) error {
	b, err := hex.DecodeString(value)
	if err != nil {
		return fmt.Errorf("invalid hex %q: want two digits for each byte", value)
	}
	o.bytes = string(b)
	return nil
}

// readText is the read of a key whose value is characters and escapes.
func readText(value string, o *option) (err error) {
	o.bytes, err = unescape(value)
	return err
}

// check is a key of every framing; [checksum.Wrap] refuses some. Its value is one of the names of the kinds
// of checksum.
var check = Key{Name: "check", Value: "NAME", About: "a checksum after the payload, verified and not delivered", read: func(value string, o *option) error {
	kinds := checksum.Kinds()
	i := slices.IndexFunc(kinds, func(k checksum.Kind) bool { return k.String() == value })
	if i < 0 {
		return fmt.Errorf("invalid value %q: want one of %s", value, checkNames())
	}
	o.number = int(kinds[i])
	return nil
}}

// checkNames returns the names of all kinds of checksum.
func checkNames() string {
	var s []string
	for _, k := range checksum.Kinds() {
		s = append(s, k.String())
	}
	return strings.Join(s, ", ")
}

// repeated returns k as a key that may be given more than once.
func repeated(k Key) Key {
	k.Repeat = true
	return k
}

// unescape resolves \, and the escapes of a Go string.
func unescape(s string) (string, error) {
	var b []byte
	for len(s) > 0 {
		switch {
		case s[0] != '\\':
			b, s = append(b, s[0]), s[1:]
		case strings.HasPrefix(s, `\,`):
			b, s = append(b, ','), s[2:]
		default:
			c, multibyte, rest, err := strconv.UnquoteChar(s, 0)
			if err != nil {
				return "", fmt.Errorf(`invalid escape %q: want \, or an escape of a Go string: \n \r \t \\ \x00`, s)
			}
			if multibyte {
				b = utf8.AppendRune(b, c)
			} else {
				b = append(b, byte(c))
			}
			s = rest
		}
	}
	return string(b), nil
}

// An option is a key of a spec with its value.
type option struct {
	key    string
	offset int    // of the key in the spec
	number int    // the value of a number or size
	bytes  string // the value of octets, text or choice
}

// options are the keys of a spec, in their order.
type options []option

// find returns the first option with that key, or nil.
func (o options) find(key string) *option {
	if i := slices.IndexFunc(o, func(o option) bool { return o.key == key }); i >= 0 {
		return &o[i]
	}
	return nil
}

// has reports whether key is given.
func (o options) has(key string) bool { return o.find(key) != nil }

// number returns the value of key, or def if key is not given.
func (o options) number(key string, def int) int {
	if o := o.find(key); o != nil {
		return o.number
	}
	return def
}

// bytes returns the value of key, or "" if key is not given.
func (o options) bytes(key string) string {
	if o := o.find(key); o != nil {
		return o.bytes
	}
	return ""
}

// offset returns the offset of the key that err, a constructor's error, is about,
// or 0 if it is not about a key.
func (o options) offset(err error) int {
	var config *framing.ConfigError
	if errors.As(err, &config) {
		if o := o.find(config.Option); o != nil {
			return o.offset
		}
	}
	return 0
}
