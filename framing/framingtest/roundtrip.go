package framingtest

import (
	"bytes"
	"iter"
	"math"
	"slices"

	"pgregory.net/rapid"
)

// carried yields payloads to append: candidates, and what hostile streams
// deliver.
func (k *kit) carried() iter.Seq[input] {
	return func(yield func(input) bool) {
		for in := range k.candidates() {
			if !yield(in) {
				return
			}
		}
		for in := range k.hostile() {
			if !yield(in) {
				return
			}
		}
	}
}

func (k *kit) drawCarried(t *rapid.T) input {
	if rapid.Bool().Draw(t, "hostile") {
		return k.drawHostile(t)
	}
	return k.drawCandidate(t)
}

// roundTrip checks L1: what Append accepts, Split gives back.
func (k *kit) roundTrip(in input) *failure {
	var payload []byte
	if in.payloads != nil {
		payload = in.payloads[0]
	} else {
		r, fail := k.first(in.wire)
		if fail != nil || !r.whole || r.err != nil {
			return fail
		}
		payload = r.payload
	}
	wire, fail, refusal := k.appendTo(payload, nil, 0)
	if fail != nil {
		return fail
	}
	for _, dst := range [][]byte{nil, []byte("before"), []byte("\r")} {
		for _, room := range []int{0, 1, len(wire) + 9} {
			if len(payload) > 1<<10 && room == 1 {
				continue
			}
			again, fail, err := k.appendTo(payload, dst, room)
			if fail != nil {
				return fail
			}
			if (err == nil) != (refusal == nil) {
				return failf(k.now, "Append to %s says: %v; to nil: %v", quote(dst), err, refusal)
			}
			if !bytes.Equal(again, wire) {
				return failf(k.now, "Append to %s appends %s, to nil %s", quote(dst), quote(again), quote(wire))
			}
		}
	}
	if refusal != nil {
		return nil
	}
	if len(wire) == 0 {
		return failf(k.now, "Append accepts the payload and writes nothing: a frame takes at least one byte")
	}
	for _, behind := range [][]byte{nil, wire, {0}, {0xFF}} {
		data := slices.Concat(wire, behind)
		r, fail := k.first(data)
		switch {
		case fail != nil:
			return fail
		case !r.whole || r.err != nil || !bytes.Equal(r.payload, payload):
			return failf(call{do: "append", data: payload}, "Append accepts %s and writes %s, of which Split says, with %d bytes behind it: %v",
				quote(payload), quote(wire), len(behind), r)
		case r.Size != len(wire):
			return failf(call{do: "append", data: payload}, "Append writes %s, %d bytes, of which Split takes %d", quote(wire), len(wire), r.Size)
		}
	}
	return nil
}

// appendTo appends payload to a copy of dst with room more bytes of capacity,
// checks that nothing else is touched, and returns a copy of what was appended.
func (k *kit) appendTo(payload, dst []byte, room int) (wire []byte, fail *failure, refusal error) {
	const spare = 16
	k.now = call{do: "append", data: payload}
	p := append(make([]byte, 0, len(payload)+spare), payload...)
	rest := p[len(p):cap(p)]
	for i := range rest {
		rest[i] = 0xC3
	}
	var d []byte
	if dst != nil || room > 0 {
		d = append(make([]byte, 0, len(dst)+room), dst...)
	}
	out, err := k.f.Append(d, p)
	switch {
	case !bytes.Equal(p, payload):
		return nil, failf(k.now, "Append has changed the payload to %s", quote(p)), nil
	case bytes.ContainsFunc(rest, func(r rune) bool { return r != '\uFFFD' }) || bytes.Count(rest, []byte{0xC3}) != len(rest):
		return nil, failf(k.now, "Append has written into the spare capacity of the payload: %s", quote(rest)), nil
	case len(out) < len(dst) || !bytes.Equal(out[:len(dst)], dst):
		return nil, failf(k.now, "Append to %s returns %s: what was there before has changed", quote(dst), quote(out)), nil
	case err != nil && len(out) != len(dst):
		return nil, failf(k.now, "Append refuses the payload (%v), but returns dst with %d bytes more", err, len(out)-len(dst)), nil
	case err != nil:
		return nil, nil, err
	}
	wire = bytes.Clone(out[len(dst):])
	if dst == nil {
		// The frame is the caller's: another Append must not change it, nor
		// may a change of it be felt by another.
		if other, err := k.f.Append(nil, k.payloads[len(k.payloads)-1]); err == nil {
			clear(other)
		}
		if !bytes.Equal(out, wire) {
			return nil, failf(k.now, "Append returns memory that the next Append writes to: %s is now %s", quote(wire), quote(out)), nil
		}
	}
	return wire, nil, nil
}

// concatenation checks L2: frames behind one another split into the same
// payloads.
func (k *kit) concatenation(in input) *failure {
	var wire []byte
	for _, p := range in.payloads {
		k.now = call{do: "append", data: p}
		var err error
		if wire, err = k.f.Append(wire, p); err != nil {
			return failf(k.now, "Append accepts the payload alone, but not behind %d bytes: %v", len(wire), err)
		}
	}
	if !bytes.Equal(wire, in.wire) {
		return failf(k.now, "the last of %d frames is another behind the others than alone", len(in.payloads))
	}
	return k.differ(k.read(in.wire, nil, -1), k.written(in), "The frames of the stream are not those that were appended: read", "appended")
}

// written returns what reading in must yield.
func (k *kit) written(in input) []event {
	var events []event
	for i, p := range in.payloads {
		events = append(events, event{payload: p, offset: int64(in.ends[i])})
	}
	return append(events, event{kind: cleanEOF, err: "io.EOF", final: true})
}

// bound checks L7: no frame takes more than MaxEncodedLen.
func (k *kit) bound(in input) *failure {
	if fail := k.monotone(); fail != nil {
		return fail
	}
	for data, frames := in.wire, 0; len(data) > 0 && frames < 20; frames++ {
		r, fail := k.first(data)
		if fail != nil || r.Size == 0 {
			return fail
		}
		if n := k.f.MaxEncodedLen(len(r.payload)); r.whole && r.err == nil && r.Size > n {
			return failf(k.now, "Split accepts a frame of %d bytes with a payload of %d; MaxEncodedLen(%d) is %d", r.Size, len(r.payload), len(r.payload), n)
		}
		if fail := k.roomForHeader(data[:min(r.Size, len(data))], r); fail != nil {
			return fail
		}
		if !r.whole {
			return nil
		}
		data = data[r.Size:]
	}
	return nil
}

// roomForHeader checks that a frame that announces its size does so within
// MaxEncodedLen(0), of which a Buffer with a limit of 0 makes its window.
func (k *kit) roomForHeader(frame []byte, r result) *failure {
	n := k.header()
	if n >= len(frame) {
		return nil
	}
	early, fail := k.split(frame, n, 0)
	if fail != nil || !early.waits() {
		return fail
	}
	late, fail := k.split(frame, min(r.Size, len(frame))-1, 0)
	if fail != nil || late.Size == 0 {
		return fail
	}
	return failf(k.now, "MaxEncodedLen(0) is %d; after so many bytes of this frame Split does not know its size, and later, before it is whole, it does: a frame that is too large could not be refused at its header", n)
}

// monotone checks MaxEncodedLen itself.
func (k *kit) monotone() *failure {
	last, lastN := 0, -1
	ask := func(n int) *failure {
		k.now = call{do: "bound", size: int64(n)}
		m := k.f.MaxEncodedLen(n)
		if m < 0 || m < last {
			return failf(k.now, "MaxEncodedLen(%d) is %d, MaxEncodedLen(%d) is %d: it must not fall, and saturate at math.MaxInt", n, m, lastN, last)
		}
		last, lastN = m, n
		return nil
	}
	for n := range 20 {
		if fail := ask(n); fail != nil {
			return fail
		}
	}
	larger := slices.Concat(boundaries[1:], []int{1 << 20, 1 << 30, math.MaxInt/2 - 1, math.MaxInt / 2, math.MaxInt/2 + 1, math.MaxInt / 255 * 254})
	slices.Sort(larger)
	for _, n := range larger {
		if fail := ask(n); fail != nil {
			return fail
		}
	}
	for n := math.MaxInt - 300; n < math.MaxInt; n++ {
		if fail := ask(n); fail != nil {
			return fail
		}
	}
	return ask(math.MaxInt)
}
