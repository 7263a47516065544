package framingtest

import (
	"bytes"
	"slices"
)

// checkRoundTrip checks L1, round trip: if Append accepts a payload, Split of the
// appended bytes returns exactly that payload and consumes exactly those bytes;
// otherwise Append returns an error. Append accepts every payload that Split
// returns.
func checkRoundTrip(k *kit, s sample) {
	for _, p := range s.payloads {
		k.roundTrip(p)
	}
	if s.payloads != nil {
		return
	}
	for rest, r := range k.frames(s.wire) {
		if !r.valid() {
			continue
		}
		if err := k.roundTrip(r.payload); err != nil {
			k.failf("Split of %s returned this payload, which Append refuses: %v", quote(rest), err)
		}
	}
}

// roundTrip appends payload in several ways and splits the frame. It returns the
// error of Append.
func (k *kit) roundTrip(payload []byte) error {
	wire, refused := k.appendTo(nil, payload, 0)
	for _, dst := range []string{"", "before", "\r"} {
		for _, room := range []int{0, 1, len(wire) + 9} {
			if len(payload) > 1<<10 && room == 1 {
				continue
			}
			other, err := k.appendTo([]byte(dst), payload, room)
			if (err == nil) != (refused == nil) {
				k.failf("Append to %q: error %v; to nil: error %v", dst, err, refused)
			}
			if !bytes.Equal(other, wire) {
				k.failf("Append to %q appends %s; to nil %s", dst, quote(other), quote(wire))
			}
		}
	}
	if refused != nil {
		k.refusal(refused, int64(len(payload)))
		return refused
	}
	k.cases++
	for _, next := range [][]byte{nil, wire, {0}, {0xFF}} {
		r := k.first(slices.Concat(wire, next))
		if !r.valid() || r.Size != len(wire) || !bytes.Equal(r.payload, payload) {
			k.now = call{do: "Append", data: payload}
			k.failf("the frame is %s; Split, if %d bytes follow, returned %v", quote(wire), len(next), r)
		}
	}
	return nil
}

// appendTo returns a copy of what Append appends to a copy of dst that has room more
// bytes of capacity.
func (k *kit) appendTo(dst, payload []byte, room int) (wire []byte, refused error) {
	k.now = call{do: "Append", data: payload}
	const spare = "spare capacity"
	p := append(append(make([]byte, 0, len(payload)+len(spare)), payload...), spare...)
	if dst != nil || room > 0 {
		dst = append(make([]byte, 0, len(dst)+room), dst...)
	}
	before := bytes.Clone(dst)
	out, err := k.f.Append(dst, p[:len(payload)])
	switch {
	case !bytes.Equal(p[:len(payload)], payload):
		k.failf("Append has modified the payload: it is now %s", quote(p[:len(payload)]))
	case string(p[len(payload):]) != spare:
		k.failf("Append has written into the spare capacity of the payload: %s", quote(p[len(payload):]))
	case !bytes.HasPrefix(out, before):
		k.failf("Append to %q returned %s", before, quote(out))
	case err != nil && len(out) != len(before):
		k.failf("Append returned an error (%v) and %d bytes more than dst", err, len(out)-len(before))
	case err != nil:
		return nil, err
	case len(out) == len(before):
		k.failf("Append accepts the payload and appends nothing; a frame occupies at least one byte")
	}
	wire = bytes.Clone(out[len(before):])
	if dst == nil {
		// The frame belongs to the caller.
		if other, err := k.f.Append(nil, k.payloads[len(k.payloads)-1]); err == nil {
			clear(other)
		}
		if !bytes.Equal(out, wire) {
			k.failf("the next Append has modified what this one returned: %s is now %s", quote(wire), quote(out))
		}
	}
	return wire, nil
}

// checkConcatenation checks L2, concatenation: frames appended one after another
// split into the same payloads in the same order.
func checkConcatenation(k *kit, s sample) {
	var wire []byte
	for _, p := range s.payloads {
		k.now = call{do: "Append", data: p}
		var err error
		if wire, err = k.f.Append(wire, p); err != nil {
			k.failf("Append to nil accepts the payload; after %d bytes: error %v", len(wire), err)
		}
	}
	if !bytes.Equal(wire, s.wire) {
		k.failf("the last of %d frames is not the same after the others as alone", len(s.payloads))
	}
	k.compare(k.read(s.wire, nil, -1), s.expected(), "read", "appended")
}
