package framingtest

import (
	"iter"
	"slices"
)

// smaller returns the failure of the smallest case it finds that breaks the law, as s
// does with fail.
func (k *kit) smaller(l law, s sample, fail *failure) *failure {
	work := 1 << 20 // bytes that may be tried; each case counts for a thousand at least
	for again := true; again; {
		again = false
		for less := range k.less(s) {
			if work -= max(1000, len(slices.Concat(append(less.payloads, less.wire)...))); work < 0 {
				break
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
