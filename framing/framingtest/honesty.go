package framingtest

import (
	"bytes"

	"github.com/wholeframe/wholeframe/framing"
)

// checkHonesty checks L5, honesty: for a strict prefix of a frame, Split reports no
// complete frame, and the Size, Start and End that it announces are the final ones.
func checkHonesty(k *kit, s sample) {
	frame := 0 // size of the first frame, if that is known
	if s.ends != nil {
		frame = s.ends[0]
	}
	var before result
	for _, n := range append(s.places(), len(s.wire)) {
		r := k.split(s.wire, n, framingStart)
		if other := k.split(s.wire[:n], n, framingStart); !r.same(other) {
			k.failf("Split examines the spare capacity of data: it found %v; with other bytes there %v", r, other)
		}
		k.cases++
		switch {
		case n < frame && r.err != nil:
			k.failf("these are %d of the %d bytes of a frame that Append wrote; Split found %v", n, frame, r)
		case n < frame && r.complete():
			k.failf("these are %d of the %d bytes of a frame; Split found %v", n, frame, r)
		case frame > 0 && r.Size > 0 && r.Size != frame:
			k.failf("these are %d bytes of a frame of %d; Split found %v", n, frame, r)
		case before.n > 0 && !k.leads(before, r, s.wire):
			k.failf("Split found %v; for the first %d bytes of these it found %v", r, before.n, before)
		}
		before = r
	}
}

// leads reports whether s may be the result for more bytes, after r.
func (k *kit) leads(r, s result, wire []byte) bool {
	switch {
	case r.waits():
		return true
	case r.err == framing.ErrFill:
		return s.err == framing.ErrFill && s.Size >= r.Size
	case r.lost() || r.Size < 0 || r.complete():
		return r.same(s)
	case r.Size != s.Size || r.Start != s.Start || r.End != s.End && r.End != r.Start:
		return false
	case r.err != nil:
		return s.err != nil
	case !s.complete() || r.End == r.Start || r.Size-r.End != len(k.trailer):
		return true
	}
	// The payload could have been streamed as it arrived, and the trailer been
	// compared with the constant one.
	if !bytes.Equal(wire[r.End:r.Size], k.trailer) {
		return s.err != nil
	}
	return s.err == nil && bytes.Equal(s.payload, wire[r.Start:r.End])
}
