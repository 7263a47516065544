package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/checksum"
)

// Parse returns the Framer that text describes. If text is not a valid spec, it
// returns an [*Error], which wraps the [*framing.ConfigError] of a constructor that
// rejected the values.
func Parse(text string) (framing.Framer, error) {
	name, rest, more := cut(text)
	if spec, ok := preset(name); ok {
		if more {
			return nil, fault(text, "%s takes no keys; it is short for %s", name, spec)
		}
		return Parse(spec)
	}
	i := slices.IndexFunc(framings, func(f Framing) bool { return f.Name == name })
	if i < 0 {
		meant := strings.ToLower(strings.TrimSpace(name))
		if known(meant) {
			return nil, fault(text, "unknown framing %q; want %s", name, meant)
		}
		if similar := similar(meant); similar != "" {
			return nil, fault(text, "unknown framing %q; perhaps %s", name, similar)
		}
		return nil, fault(text, "unknown framing %q; want one of %s, or the name of a protocol, such as kafka", name, names())
	}
	f := framings[i]
	var given options
	for more {
		var part string
		offset := len(text) - len(rest)
		part, rest, more = cut(rest)
		o, err := f.option(part)
		if err == nil && given.has(o.key) && !f.repeats(o.key) {
			err = fmt.Errorf("duplicate key %q", o.key)
		}
		if err != nil {
			return nil, &Error{Text: text, Offset: offset, Err: err}
		}
		o.offset = offset
		given = append(given, o)
	}
	for _, need := range f.needs {
		if !slices.ContainsFunc(strings.Split(need, "|"), given.has) {
			return nil, fault(text, "%s needs %s, as in %s", f.Name, strings.ReplaceAll(need, "|", " or "), f.Example)
		}
	}
	own := slices.DeleteFunc(slices.Clone(given), func(o option) bool { return o.key == check.Name })
	framer, err := f.build(own)
	if err != nil {
		return nil, &Error{Text: text, Offset: given.offset(err), Err: err}
	}
	if o := given.find(check.Name); o != nil {
		if framer, err = checksum.Wrap(framer, checksum.Kind(o.number)); err != nil {
			return nil, &Error{Text: text, Offset: o.offset, Err: err}
		}
	}
	return framer, nil
}

// known reports whether name is that of a framing or of a protocol.
func known(name string) bool {
	_, ok := preset(name)
	return ok || slices.ContainsFunc(framings, func(f Framing) bool { return f.Name == name })
}

// cut slices text around its first comma that is not escaped.
func cut(text string) (part, rest string, found bool) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case ',':
			return text[:i], text[i+1:], true
		case '\\':
			i++
		}
	}
	return text, "", false
}

// option parses part, a key of f and its value.
func (f Framing) option(part string) (option, error) {
	name, value, hasValue := strings.Cut(part, "=")
	i := slices.IndexFunc(f.Keys, func(k Key) bool { return k.Name == name })
	if i < 0 && name != check.Name {
		return option{}, fmt.Errorf("unknown key %q; %s", name, f.takes())
	}
	key := check
	if i >= 0 {
		key = f.Keys[i]
	}
	o := option{key: name}
	switch {
	case key.Value == "" && hasValue:
		return o, fmt.Errorf("key %q takes no value", name)
	case key.Value == "":
		return o, nil
	case value == "":
		return o, fmt.Errorf("key %q needs a value: %s", name, key)
	}
	if err := key.read(value, &o); err != nil {
		return o, fmt.Errorf("%s: %w", name, err)
	}
	return o, nil
}
