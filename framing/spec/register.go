package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
)

// Register adds a framing of the caller's program to those that Parse, Framings and Help
// know, after all others. Its name must not be taken, and its example must be a spec of
// it. Keys have a Name, an About and, if they take a value, a Value that says which.
//
// build makes the Framer. It gets the values of the keys that are given, in their order
// and with the escapes of a TEXT resolved; the value of a key that takes none is "". A
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
	if f.Name == "" || strings.ContainsAny(f.Name, ",=\\ ") {
		return fmt.Errorf("spec: invalid name %q of a framing", f.Name)
	}
	_, isPreset := preset(f.Name)
	if isPreset || slices.ContainsFunc(framings, func(other Framing) bool { return other.Name == f.Name }) {
		return fmt.Errorf("spec: the name %q is taken", f.Name)
	}
	f.Keys, f.needs = slices.Clone(f.Keys), nil
	for i := range f.Keys {
		k := &f.Keys[i]
		if k.Name == "" || k.Name == check.Name || strings.ContainsAny(k.Name, ",=\\ ") || slices.ContainsFunc(f.Keys[:i], func(other Key) bool { return other.Name == k.Name }) {
			return fmt.Errorf("spec: invalid or duplicate key %q of %s", k.Name, f.Name)
		}
		k.read = readText
	}
	f.build = func(o options) (framing.Framer, error) {
		keys := make(map[string][]string)
		for _, o := range o {
			keys[o.key] = append(keys[o.key], o.bytes)
		}
		return build(keys)
	}
	framings = append(framings, f)
	if name, _, _ := strings.Cut(f.Example, ","); name != f.Name {
		framings = framings[:len(framings)-1]
		return fmt.Errorf("spec: the example %q is not a spec of %s", f.Example, f.Name)
	}
	if _, err := Parse(f.Example); err != nil {
		framings = framings[:len(framings)-1]
		return fmt.Errorf("spec: the example of %s: %w", f.Name, err)
	}
	return nil
}
