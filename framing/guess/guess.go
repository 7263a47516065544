package guess

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"github.com/wholeframe/wholeframe/framing"
)

// MaxSample is the number of bytes that [Specs] examines at most; it ignores what follows
// them.
const MaxSample = 256 << 10

const (
	most  = 3 // guesses that are returned
	shown = 3 // payloads in a Guess
	least = 8 // bits that a guess saves: random data does so once in 256 times

	maxFrames = 4096    // that are examined
	maxTrial  = 1 << 24 // bytes of payload that an incomplete frame may announce
	rivals    = 16      // fits that are compared with those that follow
)

// A Guess is a spec with which data can be split.
type Guess struct {
	Spec      string   // as package spec reads it: "length,width=2"
	Protocols []string // the presets that split the data at the same places; may be empty
	Frames    int      // complete frames that were examined, at most 4,096
	First     [][]byte // the payloads of the first frames, at most three
	Bits      float64  // the evidence: random data has as much with a chance of 2 to the power of -Bits
	Why       string   // the evidence in one line
}

// Specs returns the likeliest specs for data, the beginning of a stream, at most three and
// the best first. Of those that split data at the same places, or into the same payloads,
// only the best is returned. The result is empty if no spec is likelier than random bytes.
//
// Specs does not modify or retain data, and never fails. Its work is bounded, about a
// second at most, and so is its memory: see [MaxSample].
func Specs(data []byte) []Guess {
	whole := len(data) <= MaxSample
	data = data[:min(len(data), MaxSample)]
	if len(data) == 0 || bytes.Count(data, data[:1]) == len(data) {
		return nil // one value, again and again, is like anything
	}
	n := newNoise(data)
	var best []*fit
	try := func(c candidate) {
		if f := split(c, data); f != nil {
			f.weigh(n, data, whole)
			best = insert(best, f)
		}
	}
	for _, c := range candidates(data) {
		try(c)
	}
	for _, f := range slices.Clone(best[:min(most, len(best))]) {
		for _, c := range f.checked() {
			try(c)
		}
	}
	var all []Guess
	for _, f := range best[:min(most, len(best))] {
		if f.bits >= least {
			all = append(all, f.guess(data))
		}
	}
	return all
}

// insert inserts f into best, which is sorted, after its equals: the more usual candidates
// come first. What splits the data like another one is merged with it.
func insert(best []*fit, f *fit) []*fit {
	if i := slices.IndexFunc(best, f.same); i >= 0 {
		other := best[i]
		protocols := slices.Concat(other.protocols, f.protocols)
		if f.bits <= other.bits {
			other.protocols = protocols
			return best
		}
		f.protocols = protocols
		best = slices.Delete(best, i, i+1)
	}
	i := slices.IndexFunc(best, func(o *fit) bool { return o.bits < f.bits })
	if i < 0 {
		i = len(best)
	}
	best = slices.Insert(best, i, f)
	return best[:min(rivals, len(best))]
}

// A fit is a candidate that splits the data.
type fit struct {
	candidate
	frames    []extent
	rest      int     // bytes after them
	announced *extent // the incomplete frame there, if its size is known
	bits      float64 // what it saves
	scratch   []byte
	budget    int // bytes that remains may still examine
}

// An extent is where a frame lies in the data.
type extent struct{ begin, end, start, stop int } // the payload is [start:stop]

// split returns nil if the data is not a sequence of frames, of which the last may be
// incomplete, or if none has a payload.
func split(c candidate, data []byte) *fit {
	// Most candidates fail at once: they are not given a copy of all data.
	d, _, err := c.framer.Split(bytes.Clone(data[:min(64, len(data))]), framing.Resume{})
	if err != nil && err != framing.ErrFill || d.End-d.Start > maxTrial {
		return nil
	}
	b := framing.NewBuffer(c.framer)
	b.SetMaxPayload(maxTrial)
	b.Write(data)
	f := &fit{candidate: c, budget: maxProbed}
	for _, err := range b.Frames() {
		if err != nil {
			return nil
		}
		end, d := int(b.Offset()), b.Frame()
		begin := end - d.Size
		f.frames = append(f.frames, extent{begin, end, begin + d.Start, begin + d.End})
		if len(f.frames) == maxFrames {
			break
		}
	}
	if !slices.ContainsFunc(f.frames, func(e extent) bool { return e.stop > e.start }) {
		return nil
	}
	f.rest = len(b.Bytes())
	if d := b.Pending(); d.Size > 0 {
		begin := int(b.Offset())
		f.announced = &extent{begin, begin + d.Size, begin + d.Start, begin + d.End}
	}
	return f
}

// same reports whether f and o split the data at the same places, or into the same
// payloads.
func (f *fit) same(o *fit) bool {
	if len(f.frames) != len(o.frames) {
		return false
	}
	ends, payloads := true, true
	for i, a := range f.frames {
		b := o.frames[i]
		ends = ends && a.end == b.end
		payloads = payloads && a.start == b.start && a.stop == b.stop
	}
	return ends || payloads
}

// guess returns f as it is reported.
func (f *fit) guess(data []byte) Guess {
	g := Guess{Spec: f.spec, Protocols: f.protocols, Frames: len(f.frames), Bits: f.bits}
	low, high := math.MaxInt, 0
	for _, e := range f.frames {
		low, high = min(low, e.end-e.begin), max(high, e.end-e.begin)
	}
	sizes := count(high, "byte")
	if low < high {
		sizes = fmt.Sprintf("%d to %s", low, sizes)
	}
	end := "the last one ends where the data ends"
	if f.rest > 0 {
		end = count(f.rest, "byte") + " follow"
	}
	g.Why = fmt.Sprintf("%s of %s, %s; random bytes look like this once in 2^%.0f times", count(g.Frames, "frame"), sizes, end, f.bits)
	b := framing.NewBuffer(f.framer)
	b.SetMaxPayload(maxTrial)
	b.Write(data)
	for payload := range b.Frames() {
		if g.First = append(g.First, slices.Clone(payload)); len(g.First) == shown || len(g.First) == len(f.frames) {
			break
		}
	}
	return g
}

// count returns "1 byte", "2 bytes".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
