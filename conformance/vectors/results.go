package vectors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A result is a line of a runner; runners/README.md describes it.
type result struct {
	Decoder string
	Encoder string
	Vector  string
	Skip    string
	Events  []string
	Cuts    [][2]json.RawMessage
	Wire    *string
	Refused *string
}

// Results are what decoders and encoders made of the vectors.
type Results struct {
	set      Set
	decoders map[string]*decoder
	encoders map[string]map[outcome]int
	played   map[string]bool
}

type decoder struct {
	grades map[Grade]int
	cuts   int // the vectors that depend on how the stream is cut
	laws   map[violation]*example
}

// A violation is what a decoder differs in: a law or a specification.
type violation struct {
	grade Grade
	law   string
}

// An example is the first vector in which a decoder differs so, of count.
type example struct {
	vector Decode
	got    []string
	count  int
}

// An outcome is what an encoder made of a payload.
type outcome string

const (
	sameFrame   outcome = "same frame"
	refused     outcome = "refused, as expected"
	refusedMore outcome = "refused, frame expected"
	otherFrame  outcome = "another frame"
	written     outcome = "written, refusal expected"
)

var outcomes = []outcome{sameFrame, refused, otherFrame, refusedMore, written}

// NewResults returns Results for the vectors of set, without any.
func NewResults(set Set) *Results {
	return &Results{
		set: set, decoders: make(map[string]*decoder), encoders: make(map[string]map[outcome]int), played: make(map[string]bool),
	}
}

// Add adds what a runner printed.
func (r *Results) Add(output []byte) error {
	for line := range bytes.Lines(output) {
		var one result
		err := json.Unmarshal(line, &one)
		if err == nil {
			err = r.add(one)
		}
		if err != nil {
			return fmt.Errorf("result %s: %w", bytes.TrimSpace(line), err)
		}
	}
	return nil
}

func (r *Results) add(one result) error {
	if one.Encoder != "" {
		v, ok := r.set.Encode[one.Vector]
		if !ok {
			return fmt.Errorf("there is no encode vector %q", one.Vector)
		}
		if (one.Wire == nil) == (one.Refused == nil) {
			return fmt.Errorf("want either wire or refused")
		}
		if r.encoders[one.Encoder] == nil {
			r.encoders[one.Encoder] = make(map[outcome]int)
		}
		r.encoders[one.Encoder][outcomeOf(v, one.Wire)]++
		return nil
	}
	v, ok := r.set.Decode[one.Vector]
	if !ok {
		return fmt.Errorf("there is no decode vector %q", one.Vector)
	}
	if one.Skip != "" {
		return nil
	}
	r.played[v.Name] = true
	d := r.decoders[one.Decoder]
	if d == nil {
		d = &decoder{grades: make(map[Grade]int), laws: make(map[violation]*example)}
		r.decoders[one.Decoder] = d
	}
	grade := Of(v, one.Events)
	d.grades[grade]++
	if law := grade.law(v); law != "" {
		d.note(violation{grade, law}, v, one.Events)
	}
	if len(one.Cuts) > 0 {
		d.cuts++
		var events []string
		if err := json.Unmarshal(one.Cuts[0][1], &events); err != nil {
			return err
		}
		d.note(violation{"depends on cuts", "L3"}, v, events)
	}
	return nil
}

// note counts an example; the shortest is kept. What a decoder makes of malformed bytes
// is not an example, for it could be used against programs with that decoder.
func (d *decoder) note(what violation, v Decode, got []string) {
	if slices.ContainsFunc(v.Events, func(e Event) bool { return e.Error == "malformed" }) {
		return
	}
	e := d.laws[what]
	if e == nil {
		e = &example{vector: v, got: got}
		d.laws[what] = e
	}
	e.count++
	if len(v.Events) < len(e.vector.Events) {
		e.vector, e.got = v, got
	}
}

func outcomeOf(v Encode, wire *string) outcome {
	switch {
	case wire == nil && v.Wire == nil:
		return refused
	case wire == nil:
		return refusedMore
	case v.Wire == nil:
		return written
	case *wire == *v.Wire:
		return sameFrame
	}
	return otherFrame
}

// Markdown returns the tables of the page.
func (r *Results) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d decode vectors were played by at least one decoder.\n\n", len(r.played), len(r.set.Decode))
	b.WriteString("| decoder | vectors |")
	for _, g := range Grades {
		fmt.Fprintf(&b, " %s |", g)
	}
	b.WriteString(" depends on cuts |\n|---|---:|" + strings.Repeat("---:|", len(Grades)+1) + "\n")
	for _, name := range slices.Sorted(maps.Keys(r.decoders)) {
		d := r.decoders[name]
		total := 0
		for _, n := range d.grades {
			total += n
		}
		fmt.Fprintf(&b, "| %s | %d |", name, total)
		for _, g := range Grades {
			fmt.Fprintf(&b, " %s |", count(d.grades[g]))
		}
		fmt.Fprintf(&b, " %s |\n", count(d.cuts))
	}
	b.WriteString("\n## What they differ in\n\n| decoder | grade | law or framing | vectors | for example | expected | yields |\n|---|---|---|---:|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(r.decoders)) {
		laws := r.decoders[name].laws
		for _, what := range slices.SortedFunc(maps.Keys(laws), compareViolations) {
			e := laws[what]
			fmt.Fprintf(&b, "| %s | %s | %s | %d | `%s` | %s | %s |\n",
				name, what.grade, what.law, e.count, e.vector.Name, list(e.vector.events()), list(e.got))
		}
	}
	b.WriteString("\n## Encoders\n\n| encoder |")
	for _, o := range outcomes {
		fmt.Fprintf(&b, " %s |", o)
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|", len(outcomes)) + "\n")
	for _, name := range slices.Sorted(maps.Keys(r.encoders)) {
		fmt.Fprintf(&b, "| %s |", name)
		for _, o := range outcomes {
			fmt.Fprintf(&b, " %s |", count(r.encoders[name][o]))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func compareViolations(a, b violation) int {
	order := func(g Grade) int {
		if i := slices.Index(Grades, g); i >= 0 {
			return i
		}
		return len(Grades)
	}
	return cmp.Or(order(a.grade)-order(b.grade), strings.Compare(a.law, b.law))
}

// count leaves a cell empty for zero.
func count(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// list returns events in a cell, the first three of them, shortened.
func list(events []string) string {
	const most, width = 3, 24
	var cells []string
	for i, e := range events {
		if i == most {
			cells = append(cells, "…")
			break
		}
		if len(e) > width {
			e = e[:width] + "…"
		}
		cells = append(cells, "`"+e+"`")
	}
	return cmp.Or(strings.Join(cells, ", "), "nothing")
}
