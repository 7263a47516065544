package framingtest

import "slices"

// checkChunking checks L3, chunking: however the bytes arrive, and whatever the
// limit, frames and errors are the same.
func checkChunking(k *kit, s sample) {
	unlimited := k.read(s.wire, nil, -1)
	for i, limit := range limits(s) {
		if i > 1 && len(s.wire) > 1<<12 {
			break
		}
		whole := unlimited
		if limit >= 0 {
			whole = k.read(s.wire, nil, limit)
			k.compareLimit(whole, unlimited, s.wire, limit)
		}
		for cuts := range s.cuttings(i == 0) {
			if i > 1 && len(cuts) == 1 && len(s.wire) > 16 {
				continue // other limits have found nothing there
			}
			k.compare(k.read(s.wire, cuts, limit), whole, "in chunks", "in one chunk")
		}
	}
}

// limits returns the limits to read s with; -1: none.
func limits(s sample) []int {
	limits := []int{-1}
	for _, p := range s.payloads[:min(3, len(s.payloads))] {
		limits = append(limits, max(0, len(p)-1), len(p))
	}
	if s.payloads == nil {
		limits = append(limits, 2)
	}
	limits = append(limits, 0)
	for i := len(limits) - 1; i > 0; i-- {
		if slices.Contains(limits[:i], limits[i]) {
			limits = slices.Delete(limits, i, i+1)
		}
	}
	return limits
}

// compareLimit fails if limited, read with a limit, is not what unlimited is, except
// that a frame whose payload exceeds the limit is one error.
func (k *kit) compareLimit(limited, unlimited []event, wire []byte, limit int) {
	k.cases++
	for i, want := range unlimited {
		got := at(limited, i)
		switch {
		case want.err == "" && len(want.payload) <= limit && got.same(want):
		case want.err != "" && !got.tooLarge && got.final == want.final && got.start == want.start:
		case got.start != want.start || !got.tooLarge || want.err == "" && len(want.payload) <= limit:
			k.failf("event %d, with a limit of %d: %v\nevent %d, without a limit: %v", i+1, limit, got, i+1, want)
		case want.err != "":
			return // what is too large is skipped, whatever it contains
		case got.final:
			said := k.now
			frame := wire[want.start:]
			whole := k.first(frame)
			if whole.Size > 1 && k.split(frame, min(whole.Size-1, len(frame)), framingStart).Size > 0 {
				k.now = said
				k.failf("event %d, with a limit of %d: %v\nThe Framer announces the size of the frame, so it can be skipped", i+1, limit, got)
			}
			return
		}
	}
}
