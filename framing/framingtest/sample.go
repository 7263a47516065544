package framingtest

import (
	"iter"
	"slices"
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

// start returns where frame i of s starts.
func (s sample) start(i int) int {
	if i == 0 {
		return 0
	}
	return s.ends[i-1]
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

// smallerWork is the number of bytes that may be tried to make a case smaller; each
// case counts for a thousand at least.
const smallerWork = 1 << 20

// smaller returns the failure of the smallest case it finds that breaks the law, as s
// does with fail.
func (k *kit) smaller(l law, s sample, fail *failure) *failure {
	for work, again := 0, true; again; {
		again = false
		for less := range k.less(s) {
			size := len(less.wire)
			for _, p := range less.payloads {
				size += len(p)
			}
			if work += max(1000, size); work > smallerWork {
				return fail
			}
			if f := k.attempt(func() { l.check(k, less) }); f != nil {
				s, fail, again = less, f, true
				break
			}
		}
	}
	return fail
}

// less yields cases that are smaller than s, those that are much smaller first.
func (k *kit) less(s sample) iter.Seq[sample] {
	return func(yield func(sample) bool) {
		if s.payloads == nil {
			for wire := range without(s.wire) {
				if !yield(sample{wire: wire}) {
					return
				}
			}
			return
		}
		remake := func(payloads [][]byte) bool {
			if s.wire == nil {
				return yield(sample{payloads: payloads})
			}
			less := k.stream(payloads...)
			return len(less.ends) < len(payloads) || yield(less)
		}
		for fewer := range without(s.payloads) {
			if !remake(fewer) {
				return
			}
		}
		for i, p := range s.payloads {
			for q := range without(p) {
				payloads := slices.Clone(s.payloads)
				payloads[i] = q
				if !remake(payloads) {
					return
				}
			}
		}
	}
}

// without yields all without some of its elements, never without all.
func without[E any](all []E) iter.Seq[[]E] {
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
