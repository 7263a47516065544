package framingtest

import "slices"

// checkChunking checks L3, chunking: however the bytes arrive, and whatever the
// limit, frames and errors are the same.
func checkChunking(k *kit, s sample) {
	all := k.read(s.wire, nil, -1)
	for i, limit := range k.limits(s) {
		if i > 1 && len(s.wire) > 1<<12 {
			break
		}
		whole := k.read(s.wire, nil, limit)
		k.compareLimit(whole, all, s.wire, limit)
		for cuts := range s.cuttings(i == 0) {
			if i > 1 && len(cuts) == 1 && len(s.wire) > 16 {
				continue // other limits have found nothing there
			}
			k.compare(k.read(s.wire, cuts, limit), whole, "in chunks", "in one chunk")
		}
		if i == 0 && len(s.wire) <= 64 {
			k.interleave(s.wire, whole)
		}
	}
}

// limits returns the limits to read s with; -1: none.
func (k *kit) limits(s sample) []int {
	if s.payloads == nil {
		return []int{-1, 2, 0}
	}
	limits := []int{-1}
	for _, p := range s.payloads[:min(3, len(s.payloads))] {
		for _, n := range []int{len(p) - 1, len(p)} {
			if n >= 0 && !slices.Contains(limits, n) {
				limits = append(limits, n)
			}
		}
	}
	if !slices.Contains(limits, 0) {
		limits = append(limits, 0)
	}
	return limits
}

// compareLimit fails if events, read with a limit, are not all, read without one,
// except that a frame whose payload exceeds the limit is one error.
func (k *kit) compareLimit(events, all []event, wire []byte, limit int) {
	if limit < 0 {
		return
	}
	said := k.now
	for i, want := range all {
		fits := want.kind != validFrame || len(want.payload) <= limit
		var got event
		if i < len(events) {
			got = events[i]
		}
		switch {
		case i < len(events) && got.kind != tooLarge && fits && (got.same(want) || want.kind != validFrame && got.kind == want.kind && got.start == want.start):
			continue
		case i == len(events) || got.kind != tooLarge || got.start != want.start || fits && want.kind == validFrame:
			k.now = said
			what := "nothing"
			if i < len(events) {
				what = got.String()
			}
			k.failf("event %d, with a limit of %d: %s\nevent %d, without a limit: %v", i+1, limit, what, i+1, want)
		case want.kind != validFrame:
			return // what is too large is skipped, whatever it holds
		case got.final && k.announces(wire[want.start:]):
			k.now = said
			k.failf("event %d, with a limit of %d: %v\nthe Framer announces the size of the frame, so it can be skipped", i+1, limit, got)
		case got.final:
			return
		}
	}
}

// announces reports whether the size of the frame at the front of wire is known to
// a Buffer whatever its limit is.
func (k *kit) announces(wire []byte) bool {
	whole := k.first(wire)
	return whole.Size > 1 && k.split(wire, min(whole.Size-1, len(wire)), framingStart).Size > 0
}

// interleave checks that two connections that share a Framer do not disturb each
// other.
func (k *kit) interleave(wire []byte, want []event) {
	other := k.another(wire)
	k.now = call{do: "Buffer", data: wire, cuts: every(1, len(wire)), n: -1}
	a, b := k.connect(-1), k.connect(-1)
	for i := range max(len(wire), len(other)) {
		if i < len(other) {
			b.receive(other[i : i+1])
		}
		if i < len(wire) {
			a.receive(wire[i : i+1])
		}
	}
	k.compare(a.finish(), want, "in turns with another connection, which receives "+quote(other), "alone, in one chunk")
}

// another returns a short stream that is not wire.
func (k *kit) another(wire []byte) []byte {
	for _, s := range k.own {
		if len(s.wire) > len(wire)/2 && string(s.wire) != string(wire) {
			return s.wire[:min(len(s.wire), 64)]
		}
	}
	return wire
}
