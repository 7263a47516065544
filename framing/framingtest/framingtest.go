package framingtest

import (
	"slices"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
)

// Config tells the kit what it cannot find out about a Framer. The zero Config
// suffices for most.
type Config struct {
	// Payloads are samples of what Append accepts. They are needed for a Framer
	// that accepts so little that guessing does not find it: payloads with a
	// structure of their own, or that end in a delimiter of three bytes or more.
	// More payloads are made from the samples.
	Payloads [][]byte

	// Wire are samples of streams that Split accepts and Append never writes: a
	// second delimiter, a longer form of a header. Each starts with a frame. More
	// streams are made from the samples, valid and invalid.
	Wire [][]byte
}

// Run checks that f keeps the laws of a [framing.Framer]. Each law is a subtest:
// -run 'TestMine/L3' selects one.
func Run(t *testing.T, f framing.Framer) {
	t.Helper()
	Config{}.Run(t, f)
}

// Run is like the function [Run], with the samples of c.
func (c Config) Run(t *testing.T, f framing.Framer) {
	t.Helper()
	k := newKit(f)
	defer k.wall.close()
	if fail := k.attempt(func() { k.prepare(c) }); fail != nil {
		t.Fatal(fail)
	}
	t.Log(k.summary())
	for _, l := range laws {
		if l.applies != nil && !l.applies(k) {
			continue
		}
		t.Run(l.name, func(t *testing.T) {
			if fail := k.verdict(l); fail != nil {
				t.Error(fail)
			} else if k.cases == 0 {
				t.Log("nothing was checked: " + l.unless)
			}
		})
	}
}

// A law is a check of one case, and the cases to check it with.
type law struct {
	name    string
	check   func(*kit, sample)
	samples func(*kit) []sample
	applies func(*kit) bool // nil: to every Framer
	unless  string          // why there may have been nothing to check
}

var laws = []law{
	{"L1-round-trip", checkRoundTrip, (*kit).payloadsAndOthers, nil, ""},
	{"L2-concatenation", checkConcatenation, (*kit).ownStreams, nil, ""},
	{"L3-chunking", checkChunking, (*kit).streams, nil, ""},
	{"L4-resumption", checkResumption, (*kit).streams, nil, "the first bytes of every stream told the size of its frame"},
	{"L5-honesty", checkHonesty, (*kit).streams, nil, ""},
	{"L6-hostile-bytes", checkHostileBytes, (*kit).otherStreams, nil, ""},
	{"L7-bound", checkBound, (*kit).streams, nil, ""},
	{"L8-linear-work", checkLinearWork, (*kit).longStreams, nil, "no frame was found for which Split waits longer than a field takes to arrive"},
	{"L9-skipping", checkSkipping, (*kit).streams, func(k *kit) bool { return k.skipper != nil }, "no frame was found whose size Split does not know when the limit is reached"},
	{"Encloser", checkEncloser, (*kit).payloadsAndOthers, func(k *kit) bool { return k.encloser != nil }, "AppendHeader returned ErrNoHeader for every payload"},
	{"Finisher", checkFinisher, (*kit).streams, func(k *kit) bool { return k.finisher != nil }, "no frame was found that ends in a terminator which is not delivered"},
}

// verdict returns how k breaks the law, in the smallest case that is found, or nil.
func (k *kit) verdict(l law) *failure {
	k.cases = 0
	for _, s := range l.samples(k) {
		if fail := k.attempt(func() { l.check(k, s) }); fail != nil {
			return k.smaller(l, s, fail)
		}
	}
	if k.cases == 0 && l.unless == "" {
		return &failure{what: "no case was found to check: give samples in Config.Payloads"}
	}
	return nil
}

// smaller returns the failure of the smallest case it finds that breaks the law, as s
// does with fail.
func (k *kit) smaller(l law, s sample, fail *failure) *failure {
	work := 1 << 20 // bytes that may be tried; each case counts for a thousand at least
	for again := true; again; {
		again = false
		for less := range k.less(s) {
			work -= max(1000, len(slices.Concat(append(less.payloads, less.wire)...)))
			if f := k.attempt(func() { l.check(k, less) }); f != nil {
				s, fail, again = less, f, work > 0
			}
			if again || work < 0 {
				break
			}
		}
	}
	return fail
}

// less yields cases that are smaller than s, those that are much smaller first.
func (k *kit) less(s sample) func(yield func(sample) bool) {
	parts, remake := s.payloads, func(parts [][]byte) sample { return sample{payloads: parts} }
	switch {
	case s.payloads == nil:
		parts, remake = [][]byte{s.wire}, func(parts [][]byte) sample { return sample{wire: parts[0]} }
	case s.wire != nil:
		remake = func(parts [][]byte) sample { return k.stream(parts...) }
	}
	return func(yield func(sample) bool) {
		try := func(parts [][]byte) bool {
			less := remake(parts)
			return len(less.wire) == 0 && s.wire != nil || yield(less)
		}
		for fewer := range without(parts) {
			if !try(fewer) {
				return
			}
		}
		for i, part := range parts {
			for p := range without(part) {
				if !try(slices.Concat(parts[:i], [][]byte{p}, parts[i+1:])) {
					return
				}
			}
		}
	}
}

// without yields all without some of its elements, never without all.
func without[E any](all []E) func(yield func([]E) bool) {
	return func(yield func([]E) bool) {
		for n := len(all) / 2; n > 0; n /= 2 {
			for i := 0; i+n <= len(all); i += n {
				if fewer := slices.Concat(all[:i], all[i+n:]); len(fewer) > 0 && !yield(fewer) {
					return
				}
			}
		}
	}
}
