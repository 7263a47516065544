package framingtest

import (
	"bytes"
	"slices"
	"unsafe"
)

// checkFinisher checks that Finish returns, for a final frame without its
// terminator, the payload that Split returns for the frame with it.
func checkFinisher(k *kit, s sample) {
	for _, n := range append(s.places(), len(s.wire)) {
		piece := s.wire[:n]
		if !k.first(piece).waits() {
			return
		}
		payload, err := k.finish(piece)
		var want [][]byte
		for _, t := range k.terminators {
			frame := slices.Concat(piece, t)
			if r := k.split(frame, len(frame), framingStart); r.valid() && r.Size == len(frame) {
				want = append(want, r.payload)
			}
		}
		if want == nil {
			continue
		}
		k.cases++
		if err != nil || !slices.ContainsFunc(want, func(w []byte) bool { return bytes.Equal(payload, w) }) {
			k.now = call{do: "Finish", data: piece}
			k.failf("Finish = %s, %v; Split, with one of the terminators %q, found %q", quote(payload), err, k.terminators, want)
		}
	}
}

// findTerminators finds what follows an unchanged payload in frames.
func (k *kit) findTerminators() {
	for _, s := range slices.Concat(k.own, k.hostile) {
		var r result
		_ = k.attempt(func() { r = k.first(s.wire) }) // the laws will show it
		if !r.valid() || r.End == r.Size || !bytes.Equal(r.payload, s.wire[r.Start:r.End]) {
			continue
		}
		t := s.wire[r.End:r.Size]
		if len(k.terminators) < 8 && !slices.ContainsFunc(k.terminators, func(u []byte) bool { return bytes.Equal(t, u) }) {
			k.terminators = append(k.terminators, t)
		}
	}
}

// finish returns what Finish returns for a copy of data.
func (k *kit) finish(data []byte) (payload []byte, err error) {
	k.now = call{do: "Finish", data: data}
	b := bytes.Clone(data)
	payload, err = k.finisher.Finish(b)
	if len(payload) > 0 {
		at := uintptr(unsafe.Pointer(unsafe.SliceData(payload))) - uintptr(unsafe.Pointer(unsafe.SliceData(b)))
		if at > uintptr(len(b)) || at+uintptr(len(payload)) > uintptr(len(b)) {
			k.failf("Finish returned %s, which is not a part of data", quote(payload))
		}
	}
	return payload, err
}
