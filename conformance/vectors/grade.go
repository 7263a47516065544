package vectors

import (
	"slices"
	"strings"
)

// A Grade is how the events that a decoder yields differ from those of a vector: the
// first in the order of the constants that applies. testdata/README.md explains them.
type Grade string

const (
	Same      Grade = "same"
	Stops     Grade = "stops"
	Words     Grade = "own words"
	Silent    Grade = "silent"
	Delivers  Grade = "delivers"
	Lenient   Grade = "lenient"
	Limit     Grade = "limit"
	Continues Grade = "continues"
	Differs   Grade = "differs"
)

// Grades lists all of them.
var Grades = []Grade{Same, Stops, Words, Silent, Delivers, Lenient, Limit, Continues, Differs}

// law names what a decoder with this grade does not hold; "" if there is nothing.
func (g Grade) law(v Decode) string {
	framing, _, _ := strings.Cut(v.Spec, ",")
	switch g {
	case Silent, Delivers:
		return "R1"
	case Limit:
		return "R3"
	case Continues, Differs:
		return "`" + framing + "`"
	}
	return ""
}

const unexpectedEOF, tooLarge = "unexpected_eof", "too_large"

func isFrame(event string) bool { return strings.HasPrefix(event, "frame") }

// Of returns the grade of the events that a decoder yielded for v.
func Of(v Decode, got []string) Grade {
	want := v.events()
	if slices.Equal(got, want) {
		return Same
	}
	last := len(want) - 1
	final := last >= 0 && v.Events[last].Final
	reported := got
	if final && len(got) > len(want) && !slices.ContainsFunc(got[len(want):], isFrame) {
		reported = got[:len(want)] // more errors after the one that is final
	}
	if n := len(reported); n == len(want) && alike(reported, want) {
		return Words
	} else if n > 0 && n < len(want) && !isFrame(reported[n-1]) && alike(reported, want[:n]) {
		if slices.Equal(reported, want[:n]) {
			return Stops
		}
		return Words
	}
	if last >= 0 && want[last] == unexpectedEOF && len(got) >= last && alike(got[:last], want[:last]) {
		switch {
		case len(got) == last:
			return Silent
		case len(got) == last+1 && isFrame(got[last]):
			return Delivers
		}
	}
	if v.Stricter != "" {
		return Lenient
	}
	switch i := differsAt(got, want); {
	case i < len(want) && want[i] == tooLarge, i < len(got) && got[i] == tooLarge:
		return Limit
	case final && i == last && i < len(got):
		return Continues
	}
	return Differs
}

// alike reports whether got has the frames of want, and errors where want has some.
func alike(got, want []string) bool {
	return slices.EqualFunc(got, want, func(g, w string) bool { return g == w || !isFrame(g) && !isFrame(w) })
}

// differsAt returns the position of the first event in which got and want differ.
func differsAt(got, want []string) int {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	return i
}
