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
	frame := s.wire
	if len(s.ends) > 0 {
		frame = frame[:min(len(frame), s.ends[0]+1)]
	}
	at := append(sample{wire: frame}.places(), len(frame))
	// From every place to some later ones, or to all if there are few; and in a
	// chain of all of them.
	chain := framingStart
	for i, from := range at {
		r := k.resume(frame, from, chain)
		if r.Size < 0 || r.lost() || r.complete() {
			return
		}
		chain = r.resume
		later := at[i+1:]
		if len(frame) > 24 && len(later) > 2 {
			later = []int{later[len(later)/2], later[len(later)-1]}
		}
		for _, to := range later {
			k.resume(frame, to, k.split(frame, from, framingStart).resume)
		}
	}
}

// resume returns Split of data[:n] with r, and compares it with Split from the
// start. If the size of the frame is still unknown, data[:r.Pos] cannot be read.
func (k *kit) resume(data []byte, n int, r framing.Resume) result {
	fresh := k.split(data, n, framingStart)
	var resumed result
	if fresh.waits() && r.Pos > 0 {
		var examined bool
		if resumed, examined = k.splitHidden(data[:n], r.Pos, r); examined {
			k.failf("Split examines bytes before Pos, %d, while the size of the frame is unknown", r.Pos)
		}
	} else {
		resumed = k.split(data, n, r)
	}
	if r != framingStart {
		k.cases++
	}
	if !resumed.same(fresh) {
		k.failf("Split with this Resume found %v; with the zero Resume %v", resumed, fresh)
	}
	return resumed
}

// splitHidden returns Split of data, of which the first hidden bytes cannot be read,
// and whether Split tried to. Where memory cannot be protected, other bytes are
// there, and examined is false.
func (k *kit) splitHidden(data []byte, hidden int, r framing.Resume) (s result, examined bool) {
	k.now = call{do: "Split", data: data, resume: r}
	b := k.wall.hide(data, hidden)
	var f framing.Frame
	var next framing.Resume
	var err error
	if k.wall.try(func() { f, next, err = k.f.Split(b, r) }) {
		return result{}, true
	}
	if f.Size > 0 && f.Size <= len(data) {
		return result{Frame: f, err: err, n: len(data)}, false // misled by the hidden bytes
	}
	seen := bytes.Clone(data)
	copy(seen[hidden:], b[hidden:])
	return k.judge(data, seen, len(data), f, next, err), false
}

// checkLinearWork checks L8, linear work: over all calls for one frame, Split
// examines each byte a bounded number of times, however the bytes arrive.
func checkLinearWork(k *kit, s sample) {
	for _, step := range []int{97, 1000} {
		r, old := framingStart, 0
		for n := step; n < len(s.wire) && n < 1<<16; n += step {
			hidden := max(0, old-again)
			if hidden > 0 {
				if !k.split(s.wire, n, r).waits() {
					break // the call that makes Size known may examine all bytes
				}
				k.cases++
				next, examined := k.splitHidden(s.wire[:n], hidden, r)
				if examined || k.wall == nil && r.Pos < hidden {
					k.failf("%d bytes arrived in reads of %d, and Split still examines bytes before the last %d", n, step, n-hidden)
				}
				r = next.resume
			} else {
				next := k.split(s.wire, n, r)
				if !next.waits() {
					break
				}
				r = next.resume
			}
			old = n
			if step < 1000 && n > 1<<12 {
				break
			}
		}
	}
}
