package framingtest

import (
	"fmt"
	"slices"
)

// chunking checks L3: however the bytes arrive, and whatever the limit, frames
// and errors are the same.
func (k *kit) chunking(in input) *failure {
	for i, limit := range k.limitsFor(in) {
		if i > 1 && len(in.wire) > 1<<12 {
			break
		}
		whole := k.read(in.wire, nil, limit)
		for cuts := range cuttings(in) {
			if in.cuts == nil && (i > 0 && len(cuts) == 2 || i > 1 && len(cuts) == 1 && len(in.wire) > 16) {
				continue // other limits have found nothing there
			}
			if k.differ(k.read(in.wire, cuts, limit), whole, "", "") != nil {
				return k.fewerCuts(in.wire, cuts, limit, whole)
			}
		}
		if len(in.wire) <= 64 {
			if fail := k.interleaving(in.wire, limit, whole); fail != nil {
				return fail
			}
		}
	}
	return nil
}

// limitsFor returns the limits to read in with; -1: none.
func (k *kit) limitsFor(in input) []int {
	if in.payloads == nil {
		return []int{-1, 2, 0}
	}
	limits := []int{-1, in.smallest()}
	for i, p := range in.payloads {
		if i < 3 {
			limits = append(limits, len(p)-1, len(p))
		}
	}
	limits = append(limits, 0)
	var unique []int
	for i, l := range limits {
		if l >= 0 && !slices.Contains(unique, l) || i == 0 {
			unique = append(unique, l)
		}
	}
	return unique
}

// fewerCuts returns the failure that cuts lead to, without those that have no
// part in it.
func (k *kit) fewerCuts(wire []byte, cuts []int, limit int, whole []event) *failure {
	fails := func(cuts []int) *failure {
		return k.differ(k.read(wire, cuts, limit), whole, fmt.Sprintf("Cut in %d pieces", len(cuts)+1), "In one piece")
	}
	for n := len(cuts) / 2; n > 0; n /= 2 {
		for i := 0; i+n <= len(cuts); {
			if fewer := slices.Concat(cuts[:i], cuts[i+n:]); fails(fewer) != nil {
				cuts = fewer
			} else {
				i += n
			}
		}
	}
	return fails(cuts)
}

// interleaving checks that two connections that share a framer do not disturb
// each other.
func (k *kit) interleaving(wire []byte, limit int, want []event) *failure {
	other := k.fixedStreamAfter(wire)
	how := "Byte by byte, by turns with another connection that receives " + quote(other)
	k.now = call{do: "read", data: wire, cuts: every(1, len(wire)), max: limit}
	a, b := k.buffer(limit), k.buffer(-1)
	var events []event
	lost := false
	for i := range max(len(wire), len(other)) {
		if i < len(other) {
			b.Write(other[i : i+1])
			drain(b, nil)
		}
		if i < len(wire) && !lost {
			a.Write(wire[i : i+1])
			events, lost = drain(a, events)
		}
	}
	if !lost {
		_, err := a.End()
		events = append(events, errorEvent(err))
	}
	return k.differ(events, want, how, "In one piece, alone")
}

// fixedStreamAfter returns a short stream that is not wire.
func (k *kit) fixedStreamAfter(wire []byte) []byte {
	for in := range k.streams() {
		if len(in.wire) > len(wire)/2 && string(in.wire) != string(wire) {
			return in.wire[:min(len(in.wire), 64)]
		}
	}
	return wire
}
