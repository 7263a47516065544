package framingtest

import "bytes"

// resumption checks L4: Split from Seen is Split from 0, and does not look at
// the bytes before Seen until the frame is whole.
func (k *kit) resumption(in input) *failure {
	n := len(in.wire)
	if len(in.ends) > 0 {
		n = min(n, in.ends[0]+1)
	}
	frame := in.wire[:n]
	at := places(input{wire: frame})
	at = append(at, n)
	if in.cuts != nil {
		at = append(trimCuts(in.cuts, n), n)
	}
	// From every place to every later one, where there are few; in a chain of
	// all of them in any case.
	seen := 0
	for i, from := range at {
		r, fail := k.resume(frame[:from], seen)
		if fail != nil || !r.waits() {
			return fail
		}
		seen = r.Seen
		if r, fail = k.split(frame, from, 0); fail != nil {
			return fail
		}
		far := at[i+1:]
		if n > 24 && len(far) > 2 {
			far = []int{far[len(far)/2], far[len(far)-1]}
		}
		for _, to := range far {
			if _, fail := k.resume(frame[:to], r.Seen); fail != nil {
				return fail
			}
		}
	}
	return nil
}

// trimCuts returns those of cuts that are below n.
func trimCuts(cuts []int, n int) []int {
	var below []int
	for _, c := range cuts {
		if c < n {
			below = append(below, c)
		}
	}
	return below
}

// resume compares Split(data, seen), which may not look at data[:seen], with
// Split(data, 0).
func (k *kit) resume(data []byte, seen int) (result, *failure) {
	fresh, fail := k.first(data)
	if fail != nil {
		return fresh, fail
	}
	if fresh.whole {
		// The whole frame may be looked at, once: to unescape it, or to verify
		// a checksum. So nothing is hidden.
		r, fail := k.split(data, len(data), seen)
		if fail == nil && !r.same(fresh) {
			fail = failf(k.now, "From %d, where Split has seen the bytes before, it finds: %v\nFrom 0: %v", seen, r, fresh)
		}
		return fresh, fail
	}
	if seen == 0 {
		return fresh, nil
	}
	k.now = call{do: "split", data: data, seen: seen}
	hidden := k.wall.hide(data, seen)
	var r result
	looked := k.wall.try(func() {
		r.Frame, r.err = k.f.Split(hidden, seen)
	})
	if looked {
		return fresh, failf(k.now, "Split looks again at bytes before %d, which it had seen, and the frame is not whole", seen)
	}
	if !bytes.Equal(hidden[seen:], data[seen:]) {
		return fresh, failf(k.now, "Split has rewritten the bytes of a frame that is not whole")
	}
	r.whole = r.Size > 0 && r.Size <= len(data)
	if r.whole || !r.same(fresh) {
		return fresh, failf(k.now, "From %d, where Split has seen the bytes before, it finds: %v\nFrom 0: %v", seen, r, fresh)
	}
	if r.waits() && (r.Seen < 0 || r.Seen > len(data)) {
		return fresh, failf(k.now, "Split has seen %d bytes of %d", r.Seen, len(data))
	}
	return r, nil
}

// linearWork checks L8: no byte of a long frame is offered more than a bounded
// number of times.
func (k *kit) linearWork(in input) *failure {
	frame := in.wire
	offered := 0
	for _, step := range []int{97, 1000, 4096} {
		seen := 0
		for n := step; n < len(frame); n += step {
			offered += n - seen
			r, fail := k.split(frame, n, seen)
			if fail != nil {
				return fail
			}
			if !r.waits() {
				break // Split is asked once more, when all has arrived
			}
			seen = r.Seen
			if again := n - seen; again > k.slack() {
				return failf(k.now, "Of %d bytes Split has seen %d: with every read it looks at %d bytes again. %d bytes were looked at so far", n, seen, again, offered)
			}
			if len(frame) > 1<<14 && step < 1000 && n > 1<<13 {
				break
			}
		}
	}
	return nil
}
