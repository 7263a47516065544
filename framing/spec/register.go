package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
)

// Register adds a framing of the caller's program to those that Parse, Framings and Help
// know, after the others of its Kind. Its name must not be taken, and its example must be a spec of
// it. Names, also those of keys, consist of lower-case letters, digits and hyphens; help
// is taken, since the flags of this module's commands give it another meaning. Keys have
// a Name, an About and, if they take a value, a Value that says which. A framing without
// a Kind is listed under "other framings".
//
// build makes the Framer. It gets the values of the keys that are given, in their order.
// Parse has verified that they are of the kind that the key names, and resolved them: an
// N and a SIZE are decimal numbers of an int, "65536" for 64KiB, a HEX is the bytes, in
// a TEXT the escapes are replaced; the value of a key that takes none is "". A
// [*framing.ConfigError] whose Option is a key makes the error of Parse point there. The
// String method of the Framer should return the canonical spec; the key check is added
// by Parse and by package checksum.
//
// Command framecat has the framing too, if a program registers it and then calls
// command.Main of cmd/framecat/command.
//
// Register must be called before the other functions of this package are in use, as in
// an init function.
func Register(f Framing, build func(keys map[string][]string) (framing.Framer, error)) error {
	if !isName(f.Name) {
		return fmt.Errorf("spec: invalid name %q of a framing: want lower-case letters, digits and hyphens", f.Name)
	}
	if f.Name == "help" || known(f.Name) {
		return fmt.Errorf("spec: the name %q is taken", f.Name)
	}
	if build == nil {
		return fmt.Errorf("spec: %s has no build function", f.Name)
	}
	if f.Kind == "" {
		f.Kind = others
	}
	f.Keys, f.needs = slices.Clone(f.Keys), nil
	for i := range f.Keys {
		k := &f.Keys[i]
		if !isName(k.Name) || k.Name == check.Name || slices.ContainsFunc(f.Keys[:i], func(other Key) bool { return other.Name == k.Name }) {
			return fmt.Errorf("spec: invalid or duplicate key %q of %s: want lower-case letters, digits and hyphens, and not check", k.Name, f.Name)
		}
		if k.read = k.reader(); k.read == nil && k.Value != "" {
			return fmt.Errorf("spec: invalid value %q of the key %s of %s: want N, SIZE, HEX, TEXT or words, as in big|little", k.Value, k.Name, f.Name)
		}
	}
	f.build = func(o options) (framing.Framer, error) {
		keys := make(map[string][]string)
		for _, o := range o {
			i := slices.IndexFunc(f.Keys, func(k Key) bool { return k.Name == o.key })
			value := o.bytes
			if kind := f.Keys[i].Value; kind == "N" || kind == "SIZE" {
				value = strconv.Itoa(o.number)
			}
			keys[o.key] = append(keys[o.key], value)
		}
		framer, err := build(keys)
		if framer == nil && err == nil {
			err = fmt.Errorf("%s: its build function returned no framer and no error", f.Name)
		}
		return framer, err
	}
	if name, _, _ := strings.Cut(f.Example, ","); name != f.Name {
		return fmt.Errorf("spec: the example %q is not a spec of %s", f.Example, f.Name)
	}
	before, at := framings, len(framings)
	for i, other := range framings {
		if other.Kind == f.Kind {
			at = i + 1
		}
	}
	framings = slices.Insert(slices.Clone(framings), at, f)
	if _, err := Parse(f.Example); err != nil {
		framings = before
		return fmt.Errorf("spec: the example of %s: %w", f.Name, err)
	}
	return nil
}

// isName reports whether name can name a framing or a key.
func isName(name string) bool {
	return name != "" && name[0] != '-' && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
