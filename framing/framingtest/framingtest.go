package framingtest

import (
	"testing"

	"github.com/wholeframe/wholeframe/framing"
)

// Config tells the kit what it cannot find out about a framer. The zero Config
// is right for most.
type Config struct {
	// Payloads are examples of what Append accepts. They are needed for a
	// framer that accepts so little that the kit does not hit upon it:
	// payloads with a structure of their own, or that end in a delimiter of
	// three bytes or more. The other payloads are built from them.
	Payloads [][]byte

	// Wire are examples of streams that the framer reads but never writes: a
	// second delimiter, a longer form of a header. Each begins at the start of
	// a frame. The hostile streams are built from them too.
	Wire [][]byte
}

// Run checks that f keeps every law of a [framing.Framer], and that a
// [framing.Buffer], a [framing.Reader] and a [framing.Writer] keep their
// promises with it. Each law is a subtest: -run 'TestMine/L3' selects one.
func Run(t *testing.T, f framing.Framer) {
	t.Helper()
	Config{}.Run(t, f)
}

// Run is like the function [Run] for a framer that c describes.
func (c Config) Run(t *testing.T, f framing.Framer) {
	t.Helper()
	k, fail := probe(f, c)
	if k != nil {
		defer k.close()
	}
	if fail != nil {
		t.Fatal(fail)
	}
	for _, l := range laws {
		if l.applies != nil && !l.applies(k) {
			continue
		}
		t.Run(l.name, func(t *testing.T) {
			if fail := l.verdict(k, t.Name()); fail != nil {
				t.Error(fail)
			}
		})
	}
}
