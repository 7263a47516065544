package framingtest

import (
	"bytes"
	"iter"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
)

// A sample is a case that a law is checked with: a stream, or a payload for Append.
type sample struct {
	payloads [][]byte // that Append was given; nil if it did not write wire
	wire     []byte   // nil if the sample is a payload, which may be refused
	ends     []int    // where the frames of wire end
}

// stream returns the stream that carries those of payloads that are accepted.
func (k *kit) stream(payloads ...[]byte) (s sample) {
	for _, p := range payloads {
		wire, err := k.append(p)
		if err != nil || len(s.wire)+len(wire) > 1<<18 {
			continue
		}
		s.payloads = append(s.payloads, p)
		s.wire = append(s.wire, wire...)
		s.ends = append(s.ends, len(s.wire))
	}
	return s
}

func (k *kit) streams() []sample      { return slices.Concat(k.own, k.hostile) }
func (k *kit) ownStreams() []sample   { return k.own }
func (k *kit) otherStreams() []sample { return k.hostile }

// payloadsAndOthers returns payloads, refused ones too, and streams whose payloads are
// to be appended.
func (k *kit) payloadsAndOthers() (all []sample) {
	for _, p := range slices.Concat(k.payloads, k.refused, k.large) {
		all = append(all, sample{payloads: [][]byte{p}})
	}
	return append(all, k.hostile...)
}

// longStreams returns long frames, and frames whose header or payload becomes long by
// a piece that is repeated.
func (k *kit) longStreams() (all []sample) {
	for _, p := range k.large {
		all = append(all, k.stream(p))
	}
	for _, s := range slices.Concat(thin(k.own, 3), k.hostile[:min(4, len(k.hostile))]) {
		for i := range min(len(s.wire), 24) {
			for _, piece := range [][]byte{{k.fill}, {'0'}, s.wire[i : i+1], s.wire[:i+1]} {
				all = append(all, sample{wire: slices.Concat(s.wire[:i], repeat(piece, 2000), s.wire[i:])})
			}
		}
	}
	return all
}

// makeStreams makes the streams that the laws are checked with, the same in every run.
// The environment variable FRAMINGTEST_CASES is the number of random ones, by default
// 60 of each kind.
func (k *kit) makeStreams(wire [][]byte) {
	random, err := strconv.Atoi(os.Getenv("FRAMINGTEST_CASES"))
	if err != nil {
		random = 60
	}
	rng := rand.New(rand.NewPCG(1, 2))
	add := func(payloads ...[]byte) {
		if s := k.stream(payloads...); len(s.wire) > 0 {
			k.own = append(k.own, s)
		}
	}
	n := len(k.payloads)
	for i, p := range k.payloads {
		add(p)
		add(p, k.payloads[(i+1)%n])
		if i%3 == 0 {
			add(p, k.payloads[(i*5+2)%n], p)
		}
	}
	slices.SortStableFunc(k.own, func(a, b sample) int { return len(a.wire) - len(b.wire) })
	add(slices.Concat(k.payloads, k.payloads)...)
	for i, p := range k.large {
		add(p)
		if i%3 == 0 {
			add(k.payloads[i%n], p, k.payloads[(i+1)%n])
		}
	}
	for range k.few(random) {
		payloads := make([][]byte, 1+rng.IntN(5))
		for i := range payloads {
			payloads[i] = k.randomPayload(rng)
		}
		add(payloads...)
	}
	if k.greedy != nil {
		k.hostile = k.own[:1] // others would take the machine's memory
		return
	}
	k.makeHostile(wire)
	for range k.few(random) {
		k.hostile = append(k.hostile, sample{wire: k.randomHostile(rng)})
	}
}

func pick[E any](rng *rand.Rand, all []E) E { return all[rng.IntN(len(all))] }

// randomPayload returns a payload, which may be refused.
func (k *kit) randomPayload(rng *rand.Rand) (p []byte) {
	switch rng.IntN(6) {
	case 0:
		return pick(rng, k.payloads)
	case 1:
		return k.fit(repeat(pick(rng, k.tokens), rng.IntN(300)))
	}
	for range rng.IntN(7) {
		p = append(p, pick(rng, k.tokens)...)
		if rng.IntN(4) == 0 {
			p = append(p, byte(rng.Uint32()))
		}
	}
	return k.fit(p)
}

// makeHostile makes streams that Append did not write: those of wire, all single
// bytes, tokens, runs of a byte, and damaged frames.
func (k *kit) makeHostile(wire [][]byte) {
	seen := make(map[string]bool)
	add := func(parts ...[]byte) {
		if w := slices.Concat(parts...); len(w) > 0 && !seen[string(w)] {
			seen[string(w)] = true
			k.hostile = append(k.hostile, sample{wire: w})
		}
	}
	for _, w := range wire {
		add(w)
		add(w, w)
	}
	for c := range 256 {
		add([]byte{byte(c)})
	}
	all := len(k.hostile)
	for i, t := range k.tokens {
		add(t, []byte("ab"))
		for j := range 6 {
			add(t, k.tokens[(i+j*j+1)%len(k.tokens)], k.tokens[(i*3+j)%len(k.tokens)])
		}
	}
	next := k.stream(k.payloads[min(1, len(k.payloads)-1)]).wire
	for _, c := range []byte{0, 1, 0x7F, 0x80, 0xFF, 'a', '0', '9', '-', ' '} {
		for _, n := range []int{2, 3, 4, 5, 8, 9, 10, 11, 30} {
			run := bytes.Repeat([]byte{c}, n)
			add(run, []byte{0})
			add(run, next)
		}
	}
	damaged := slices.Clone(wire)
	for _, p := range thin(k.payloads, 6) {
		damaged = append(damaged, k.stream(p).wire)
	}
	for i, w := range damaged {
		for j := range min(len(w), 14) {
			for _, c := range []byte{0, 1, w[j] - 1, w[j] + 1, 0x7F, 0x80, 0xFF, '-', ' '} {
				add(w[:j], []byte{c}, w[j+1:], next)
			}
			add(w[:j], w[j+1:], next)
			add(w[:j], next)
			add(w[:j], k.tokens[(i+j)%len(k.tokens)], w[j:], next)
		}
	}
	slices.SortStableFunc(k.hostile[all:], func(a, b sample) int { return len(a.wire) - len(b.wire) })
	k.hostile = slices.Concat(k.hostile[:all], thin(k.hostile[all:], k.few(280)))
}

// randomHostile returns a stream of tokens, or a damaged one that Append wrote.
func (k *kit) randomHostile(rng *rand.Rand) (wire []byte) {
	if rng.IntN(2) == 0 {
		for range 1 + rng.IntN(8) {
			wire = append(wire, pick(rng, k.tokens)...)
		}
		return wire
	}
	wire = pick(rng, k.own).wire
	wire = bytes.Clone(wire[:min(len(wire), 1<<12)])
	for range 1 + rng.IntN(3) {
		i := rng.IntN(len(wire))
		switch rng.IntN(3) {
		case 0:
			wire[i] = byte(rng.Uint32())
		case 1:
			wire = slices.Insert(wire, i, pick(rng, k.tokens)...)
		default:
			wire = append(wire[:i:i], pick(rng, k.tokens)...)
		}
	}
	return wire
}

// cuttings yields ways to cut s.wire: in one place and, if thorough, in two places if
// it is short; in places that matter if it is long.
func (s sample) cuttings(thorough bool) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		n := len(s.wire)
		for _, i := range s.places() {
			if !yield([]int{i}) {
				return
			}
		}
		if thorough && (n <= 8 || n <= 14 && s.ends != nil) {
			for i := 1; i < n; i++ {
				for j := i + 1; j < n; j++ {
					if !yield([]int{i, j}) {
						return
					}
				}
			}
		}
		switch {
		case n <= 200:
			yield(every(1, n))
		case n <= 1<<12:
			_ = yield(every(7, n)) && yield(every(100, n))
		default:
			yield(every(4096, n))
		}
	}
}

// places returns where a single cut matters: everywhere, if s.wire is short.
func (s sample) places() []int {
	n := len(s.wire)
	if n <= 64 {
		return every(1, n)
	}
	var cuts []int
	near := func(at, before, after int) {
		for i := max(1, at-before); i <= at+after && i < n; i++ {
			cuts = append(cuts, i)
		}
	}
	if n < 1<<12 {
		near(0, 0, 10)
		near(127, 1, 3)
		near(255, 1, 3)
		near(n, 10, 0)
	} else {
		near(0, 0, 4)
		near(n, 2, 0)
	}
	for _, end := range s.ends[:min(2, len(s.ends))] {
		near(end, 1, 4)
	}
	near(n/2, 0, 0)
	slices.Sort(cuts)
	return slices.Compact(cuts)
}

// every returns the multiples of step below n.
func every(step, n int) []int {
	cuts := make([]int, 0, n/step)
	for i := step; i < n; i += step {
		cuts = append(cuts, i)
	}
	return cuts
}
