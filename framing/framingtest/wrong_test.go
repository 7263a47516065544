package framingtest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
)

var errMalformed = errors.New("malformed")

// A wrong Framer has one classic defect.
type wrong struct {
	defect string
	law    string // that must reject it
	make   func() framing.Framer
}

// wrongs are all of them.
var wrongs = slices.Concat(wrongDelimiters, wrongLengths, wrongEscapes, wrongMethods, wrongMemory, wrongContract)

func TestSimpleFramersKeepTheLaws(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]framing.Framer{
		"ending in one byte":    ending(";"),
		"ending in two bytes":   ending("\r\n"),
		"ending in three bytes": ending("END"),
		"counted in 2 bytes":    counted(2),
		"counted in 8 bytes":    counted(8),
		"escaped":               escaped(),
		"varied":                varied(),
		"netstrings":            netstrings(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			Run(t, f)
		})
	}
}

func TestEveryWrongFramerIsRejected(t *testing.T) {
	t.Parallel()
	if len(wrongs) < 94+14 {
		t.Errorf("got %d wrong framers; want 108 or more", len(wrongs))
	}
	for _, w := range wrongs {
		t.Run(w.defect, func(t *testing.T) {
			t.Parallel()
			k := newKit(w.make())
			defer k.wall.close()
			var c Config
			for _, p := range wrongSamples[w.defect] {
				c.Payloads = append(c.Payloads, []byte(p))
			}
			if fail := k.attempt(func() { k.prepare(c) }); fail != nil {
				t.Fatalf("prepare: %v", fail)
			}
			i := slices.IndexFunc(laws, func(l law) bool { return strings.HasPrefix(l.name, w.law) })
			if i < 0 || laws[i].applies != nil && !laws[i].applies(k) {
				t.Fatalf("law %q does not apply", w.law)
			}
			fail := k.verdict(laws[i])
			if fail == nil {
				t.Fatalf("%s does not reject it", w.law)
			}
			t.Log(fail)
		})
	}
}
