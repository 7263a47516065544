package framingtest

import (
	"bytes"

	"github.com/wholeframe/wholeframe/framing"
)

// framingStart is the Resume of the first call for a frame.
var framingStart framing.Resume

// checkResumption checks L4, resumption: Split with the Resume that it returned
// gives the result of Split with the zero Resume. Before the call that makes Size
// known, it does not examine the bytes before Resume.Pos again.
func checkResumption(k *kit, s sample) {
	if len(s.ends) > 0 {
		s = sample{wire: s.wire[:min(len(s.wire), s.ends[0]+1)]}
	}
	// From every place to some later ones, or to all if there are few; and in a
	// chain of all of them.
	places := append(s.places(), len(s.wire))
	chain := framingStart
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
			k.resume(s.wire[:to], k.split(s.wire, from, framingStart).resume)
		}
	}
}

// resume returns Split of data with r, and compares it with Split from the start. If
// the size of the frame is still unknown, data[:r.Pos] cannot be examined.
func (k *kit) resume(data []byte, r framing.Resume) (resumed result) {
	fresh := k.first(data)
	if fresh.waits() && r.Pos > 0 {
		resumed = k.splitHidden(data, r.Pos, r)
	} else {
		resumed = k.split(data, len(data), r)
	}
	if r != framingStart {
		k.cases++
	}
	if !resumed.same(fresh) {
		k.failf("Split with this Resume found %v; with the zero Resume %v", resumed, fresh)
	}
	return resumed
}

// splitHidden returns Split of data, of which the first bytes cannot be examined. If
// memory cannot be protected, other bytes are there.
func (k *kit) splitHidden(data []byte, hidden int, r framing.Resume) result {
	k.now = call{do: "Split", data: data, resume: r}
	b := bytes.Clone(data)
	for i := range b[:hidden] {
		b[i] ^= byte(0x55 + 7*i)
	}
	if k.wall != nil {
		b = k.wall.hide(data, hidden)
	}
	s := result{n: len(data)}
	if k.wall.examined(func() { s.Frame, s.resume, s.err = k.f.Split(b, r) }) {
		k.failf("%d bytes have arrived, and Split has returned no Size; it examines again bytes before the last %d", len(data), len(data)-hidden)
	}
	if !bytes.Equal(b[hidden:], data[hidden:]) {
		k.failf("Split has modified an incomplete frame")
	}
	return s
}

// checkLinearWork checks L8, linear work: over all calls for one frame, Split
// examines each byte a bounded number of times, however the bytes arrive.
func checkLinearWork(k *kit, s sample) {
	for _, step := range []int{97, 1000} {
		r := framingStart
		for n := step; n < min(len(s.wire), 40*step); n += step {
			next := k.split(s.wire, n, r)
			if !next.waits() {
				break // the call that makes Size known may examine all bytes
			}
			if old := n - step - again; old > 0 {
				k.cases++
				if k.splitHidden(s.wire[:n], old, r); k.wall == nil && r.Pos < old {
					k.failf("Split did not resume at the last %d bytes", n-old)
				}
			}
			r = next.resume
		}
	}
}
