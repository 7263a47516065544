package framingtest

import "slices"

// shrinkWork is how many bytes may be tried to make a failing input smaller,
// each input counting for a thousand at least.
const shrinkWork = 1 << 20

// smaller returns the failure of the smallest input that it finds to break the
// law like in, which breaks it with fail.
func (l law) smaller(k *kit, in input, fail *failure) *failure {
	for work, again := 0, true; again; {
		again = false
		for less := range k.less(in) {
			if work += max(1000, in.size()); work > shrinkWork {
				return fail
			}
			if f := l.try(k, less); f != nil {
				in, fail, again = less, f, true
				break
			}
		}
	}
	return fail
}

// less yields inputs that are smaller than in, those that are much smaller
// first.
func (k *kit) less(in input) func(yield func(input) bool) {
	return func(yield func(input) bool) {
		if in.cuts != nil {
			less := in
			less.cuts = nil
			if !yield(less) {
				return
			}
		}
		if in.wire == nil {
			for p := range without(in.payloads[0]) {
				if !yield(input{payloads: [][]byte{p}}) {
					return
				}
			}
			return
		}
		if in.payloads == nil {
			for wire := range without(in.wire) {
				if !yield(input{wire: wire, cuts: trimCuts(in.cuts, len(wire))}) {
					return
				}
			}
			return
		}
		for fewer := range without(in.payloads) {
			less := k.stream(fewer...)
			less.cuts = trimCuts(in.cuts, len(less.wire))
			if len(less.ends) == len(fewer) && !yield(less) {
				return
			}
		}
		for i, p := range in.payloads {
			for q := range without(p) {
				payloads := slices.Clone(in.payloads)
				payloads[i] = q
				less := k.stream(payloads...)
				less.cuts = trimCuts(in.cuts, len(less.wire))
				if len(less.ends) == len(payloads) && !yield(less) {
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
