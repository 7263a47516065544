package framingtest

import (
	"bytes"
	"slices"
	"unsafe"
)

// ending checks that End says of a last piece of what Append writes what Split
// would, had its terminator come.
func (k *kit) ending(in input) *failure {
	terminators := k.terminators()
	at := places(input{wire: in.wire})
	for _, n := range append(at, len(in.wire)) {
		r, fail := k.split(in.wire, n, 0)
		if fail != nil {
			return fail
		}
		if !r.waits() {
			return nil
		}
		piece := in.wire[:n]
		payload, fail, err := k.end(piece)
		if fail != nil {
			return fail
		}
		for _, t := range terminators {
			whole := slices.Concat(piece, t)
			r, fail := k.first(whole)
			if fail != nil {
				return fail
			}
			if !r.whole || r.err != nil || r.Size != len(whole) || err == nil && bytes.Equal(payload, r.payload) {
				continue
			}
			// The piece may also make another terminator together with this
			// one: only what Append writes like this is sure.
			if wire, refusal := k.append(r.payload); refusal == nil && bytes.Equal(wire, whole) {
				return failf(call{do: "end", data: piece}, "End says of a last piece: %s, %v; with its terminator %s it is: %v", quote(payload), err, quote(t), r)
			}
		}
	}
	return nil
}

// terminators returns what some frames end with behind their payload, where
// that stands in them as it is.
func (k *kit) terminators() (all [][]byte) {
	add := func(wire []byte) {
		r, fail := k.first(wire)
		if fail != nil || !r.whole || !bytes.Equal(r.payload, wire[r.Start:r.End]) || r.End == r.Size {
			return
		}
		t := wire[r.End:r.Size]
		if !slices.ContainsFunc(all, func(u []byte) bool { return bytes.Equal(t, u) }) {
			all = append(all, t)
		}
	}
	for _, p := range k.payloads[:min(8, len(k.payloads))] {
		if wire, err := k.append(p); err == nil {
			add(wire)
		}
	}
	for _, wire := range k.wire {
		add(wire)
	}
	return all
}

// end calls End and checks that the payload is a part of data.
func (k *kit) end(data []byte) (payload []byte, fail *failure, err error) {
	k.now = call{do: "end", data: data}
	b := bytes.Clone(data)
	payload, err = k.ender.End(b)
	if len(payload) > 0 {
		from := uintptr(unsafe.Pointer(unsafe.SliceData(payload))) - uintptr(unsafe.Pointer(unsafe.SliceData(b)))
		if from > uintptr(len(b)) || from+uintptr(len(payload)) > uintptr(len(b)) {
			return nil, failf(k.now, "End returns a payload that is no part of data: %s", quote(payload)), nil
		}
	}
	return payload, nil, err
}
