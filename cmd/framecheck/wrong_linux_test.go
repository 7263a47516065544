//go:build !race

package main

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

// ofListener is the case that judges how a listener closes. A fault that changes
// connections wraps the one of package server, which loses that.
const ofListener = "9.15"

// mostRounds is how often a case may be played until it finds its fault: a machine that is
// busy may not let the server come to it.
const mostRounds = 3

// lenient are the cases whose fault may be not strict: servers differ about the rule, or
// the fault is a reset in place of the end. docs/framecheck.md has the choices.
var lenient = []string{"2.3", "5.1", "6.7", "8.6", "9.1", "9.2", "9.7", "9.18", "10.6"}

// For each case there is a server that breaks its rule: the case finds it. With
// -framecheck.all, no other case does.
func TestWrong(t *testing.T) {
	t.Parallel()
	wrong := build(t, "./internal/wrong")
	var all sync.WaitGroup
	slots := make(chan struct{}, 4)
	for _, number := range numbers(t) {
		if number == "8.5" {
			continue // it is informational: there is no rule to break
		}
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			s, only := setupOf(number), number
			if *allFlag {
				only = ""
			}
			found := false
			for round := 0; round < mostRounds && !found; round++ {
				r := judge(t, s, only, []string{"-grace=5s", "-patience=2s"}, s.of(wrong, number)...)
				found = finds(t, r, number)
			}
			assert.True(t, found, "case %s does not find its fault", number)
		})
	}
	all.Wait()
}

// A server that gives all answers and then waits for its clients to leave breaks only the
// rules about the end.
func TestOneTraitOneRule(t *testing.T) {
	t.Parallel()
	wrong := build(t, "./internal/wrong")
	r := judge(t, plain, "9.1,9.2,9.4,9.10,9.14,9.16", []string{"-grace=3s", "-patience=2s"}, plain.of(wrong, "patient")...)
	got := map[string]level{}
	for _, c := range r.Cases {
		got[c.Number] = c.Verdict
	}
	assert.Equal(t, map[string]level{
		"9.1": fail, "9.2": pass, "9.4": notStrict, "9.10": fail, "9.14": notStrict, "9.16": notStrict,
	}, got)
	assert.Contains(t, r.Cases[0].Reason, "nothing within the bound of 3s") // which is the time to end, and the longer one
}

// finds reports whether a case finds its fault, and verifies that no other case does.
func finds(t *testing.T, r *report, number string) (found bool) {
	for _, c := range r.Cases {
		deviates := c.Verdict == fail || c.Verdict == notStrict
		switch {
		case c.Number == number:
			found = c.Verdict == fail || deviates && slices.Contains(lenient, number)
		case deviates && c.Number != ofListener:
			t.Errorf("case %s finds the fault of %s: %s: %s\n%s", c.Number, number, c.Verdict, c.Reason, strings.Join(c.Seen, "\n"))
		}
	}
	return found
}
