package guess_test

import (
	"testing"

	"github.com/wholeframe/wholeframe/framing/guess"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// FuzzSpecs verifies that a guess splits hostile bytes as it says.
func FuzzSpecs(f *testing.F) {
	const most = 100 // bytes: there are hundreds of candidates
	for i, r := range rows() {
		data := newSource(uint64(i)).stream(r.name, r.spec, 3)
		f.Add(data[:min(most, len(data))])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > most {
			return
		}
		for _, g := range guess.Specs(data) {
			ends, payloads := cuts(must(spec.Parse(g.Spec)), data)
			if len(ends) != g.Frames || g.Frames < len(g.First) {
				t.Fatalf("%q: %d frames; want %d of %s", data, g.Frames, len(ends), g.Spec)
			}
			for i, p := range g.First {
				if string(p) != string(payloads[i]) {
					t.Fatalf("%q: payload %d of %s is %q; want %q", data, i, g.Spec, p, payloads[i])
				}
			}
		}
	})
}
