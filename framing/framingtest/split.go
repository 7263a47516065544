package framingtest

import (
	"bytes"
	"math"
	"slices"

	"github.com/wholeframe/wholeframe/framing"
)

// checkResumption checks L4, resumption: Split with the Resume that it returned gives
// the result of Split with the zero Resume. Before the call that makes Size known, it
// does not examine the bytes before Resume.Pos again.
func checkResumption(k *kit, s sample) {
	if len(s.ends) > 0 {
		s = sample{wire: s.wire[:min(len(s.wire), s.ends[0]+1)]}
	}
	// From every place to some later ones, or to all if there are few; and in a chain
	// of all of them.
	places := append(s.places(), len(s.wire))
	var chain framing.Resume
	for i, from := range places {
		r := k.resume(s.wire[:from], chain)
		if r.Size == framing.Resync || r.lost() || r.complete() {
			return
		}
		chain = r.resume
		later := places[i+1:]
		if len(s.wire) > 24 && len(later) > 2 {
			later = []int{later[len(later)/2], later[len(later)-1]}
		}
		for _, to := range later {
			k.resume(s.wire[:to], k.first(s.wire[:from]).resume)
		}
	}
}

// resume returns Split of data with r, and compares it with Split from the start. If
// the size of the frame is still unknown, data[:r.Pos] cannot be examined.
func (k *kit) resume(data []byte, r framing.Resume) (resumed result) {
	fresh, hidden := k.first(data), 0
	if fresh.waits() {
		hidden = r.Pos
	}
	resumed = k.splitHidden(data, len(data), hidden, r)
	if r != (framing.Resume{}) {
		k.cases++
	}
	if !resumed.same(fresh) {
		k.failf("Split with this Resume found %v; with the zero Resume %v", resumed, fresh)
	}
	return resumed
}

// checkHonesty checks L5, honesty: for a strict prefix of a frame, Split reports no
// complete frame, and the Size, Start and End that it announces are the final ones.
func checkHonesty(k *kit, s sample) {
	frame := 0 // size of the first frame, if that is known
	if s.ends != nil {
		frame = s.ends[0]
	}
	var before result
	for _, n := range append(s.places(), len(s.wire)) {
		k.cases++
		r := k.split(s.wire, n, framing.Resume{})
		if other := k.first(s.wire[:n]); !r.same(other) {
			k.failf("Split examines the spare capacity of data: it found %v; with other bytes there %v", r, other)
		}
		switch {
		case n < frame && (r.err != nil || r.complete()) || frame > 0 && r.Size > 0 && r.Size != frame:
			k.failf("these are %d of the %d bytes of a frame that Append wrote; Split found %v", n, frame, r)
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
	case r.Size != s.Size || r.Start != s.Start || r.End != s.End && r.End != r.Start || r.err != nil && s.err == nil:
		return false
	case r.err != nil || !s.complete() || r.End == r.Start || r.Size-r.End != len(k.trailer):
		return true
	}
	// The payload could have been streamed as it arrived, and the trailer been
	// compared with the constant one.
	right := bytes.Equal(wire[r.End:r.Size], k.trailer)
	return right == (s.err == nil) && (!right || bytes.Equal(s.payload, wire[r.Start:r.End]))
}

// checkBound checks L7, bound: a frame that Split accepts occupies at most
// MaxEncodedLen of its payload's size. A longer header is an error.
func checkBound(k *kit, s sample) {
	last := 0
	for _, n := range boundSizes {
		k.now = call{does: "MaxEncodedLen(%[3]d)", n: int64(n)}
		m := k.f.MaxEncodedLen(n)
		if m < last {
			k.failf("MaxEncodedLen = %d; for a smaller payload it is %d; it must not decrease, and saturate at math.MaxInt", m, last)
		}
		last = m
	}
	for _, e := range k.read(s.wire, nil, -1) {
		k.cases++
		if n := k.f.MaxEncodedLen(len(e.payload)); e.size > n {
			k.failf("the frame at offset %d has %d bytes and a payload of %d; MaxEncodedLen(%d) = %d", e.start, e.size, len(e.payload), len(e.payload), n)
		}
		// A Buffer with a small limit shows Split no more than MaxEncodedLen(0)
		// bytes. It could not skip a frame whose header is longer.
		rest, header := s.wire[e.start:], k.header()
		if k.skipper == nil && header < e.size && k.split(rest, header, framing.Resume{}).waits() && k.split(rest, e.size-1, framing.Resume{}).Size > 0 {
			k.failf("Split announces this frame, but not within MaxEncodedLen(0) = %d bytes: there is no room for the header", header)
		}
	}
}

// boundSizes are the payload sizes that MaxEncodedLen is called with, ascending.
var boundSizes = func() []int {
	sizes := slices.Concat(boundaries, []int{1 << 20, 1 << 30, math.MaxInt/2 - 1, math.MaxInt / 2, math.MaxInt/2 + 1, math.MaxInt / 255 * 254})
	for n := range 300 {
		sizes = append(sizes, n, math.MaxInt-n)
	}
	slices.Sort(sizes)
	return sizes
}()

// checkLinearWork checks L8, linear work: over all calls for one frame, Split examines
// each byte a bounded number of times, however the bytes arrive.
func checkLinearWork(k *kit, s sample) {
	for _, step := range []int{97, 1000} {
		var r framing.Resume
		for n := step; n < min(len(s.wire), 40*step); n += step {
			next := k.split(s.wire, n, r)
			if !next.waits() {
				break // the call that makes Size known may examine all bytes
			}
			if old := n - step - again; old > 0 {
				k.cases++
				if k.splitHidden(s.wire, n, old, r); k.wall == nil && r.Pos < old {
					k.failf("Split did not resume within the last %d bytes", n-old)
				}
			}
			r = next.resume
		}
	}
}
