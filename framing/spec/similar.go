package spec

import (
	"slices"
	"strings"
	"unicode"
)

// maxSimilar is the number of names that an error offers. More of them help nobody.
const maxSimilar = 4

// similar returns what name may have been meant to be, as an error lists it: names that
// are longer or shorter, or differ by a slip, and protocols whose description has the
// word. It returns "" if there is none, or too many. The letters of name are in lower case.
func similar(name string) string {
	if len(name) < 2 {
		return ""
	}
	var found []string
	for _, f := range framings {
		if near(name, f.Name) {
			found = append(found, f.Name)
		}
	}
	for _, p := range presets {
		words := strings.FieldsFunc(strings.ToLower(p.Protocol), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if near(name, p.Name) || slices.Contains(words, name) {
			found = append(found, p.Name+" ("+p.Protocol+")")
		}
	}
	if len(found) > maxSimilar {
		return ""
	}
	return strings.Join(found, " or ")
}

// near reports whether one of a and b begins with the other, or they differ in one
// character, or in two that are exchanged.
func near(a, b string) bool {
	if strings.HasPrefix(a, b) || strings.HasPrefix(b, a) {
		return true
	}
	for a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return len(a) <= 1 && len(b) <= 1 || len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
}
