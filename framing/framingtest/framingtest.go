package framingtest

import (
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
	{"L9-skipping", checkSkipping, (*kit).streams, (*kit).isSkipper, "no frame was found whose size Split does not know when the limit is reached"},
	{"Encloser", checkEncloser, (*kit).payloadsAndOthers, (*kit).isEncloser, "AppendHeader returned ErrNoHeader for every payload"},
	{"Finisher", checkFinisher, (*kit).streams, (*kit).isFinisher, "no frame was found that ends in a terminator which is not delivered"},
}

// verdict returns how k breaks the law, or nil.
func (k *kit) verdict(l law) *failure {
	k.cases = 0
	for _, s := range l.samples(k) {
		if fail := k.attempt(func() { l.check(k, s) }); fail != nil {
			return k.smaller(l, s, fail)
		}
	}
	if k.cases == 0 && l.unless == "" {
		return &failure{"no case was found to check: give samples in Config.Payloads", ""}
	}
	return nil
}
