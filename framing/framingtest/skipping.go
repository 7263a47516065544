package framingtest

import "github.com/wholeframe/wholeframe/framing"

// unknown is the end of a frame that no call has found yet, notFound that of one
// that does not end.
const (
	unknown  = -2
	notFound = -1
)

// checkSkipping checks L9, skipping: Skip finds the same end however the bytes
// arrive, and after any prefix for which Split has returned no Size.
func checkSkipping(k *kit, s sample) {
	wire := s.wire
	if len(s.ends) > 2 {
		wire = wire[:s.ends[1]]
	}
	end, resync := unknown, unknown
	if whole := k.first(wire); whole.complete() {
		end = whole.Size
	}
	chain, chained := framingStart, 0
	for _, n := range append(sample{wire: wire}.places(), len(wire)) {
		r := k.split(wire, n, framingStart)
		switch {
		case r.Size < 0:
			k.skipFrom(wire, n, r.resume, &resync)
		case !r.waits():
			return
		case n >= k.header():
			if end == unknown { // the stream may be lost later, and Skip go on
				other := unknown
				k.skipFrom(wire, n, r.resume, &other)
			} else {
				k.skipFrom(wire, n, r.resume, &end)
			}
		}
		if r.Size < 0 || n <= chained {
			continue
		}
		// The Resume of a Split that has seen the bytes one by one.
		if chain = k.split(wire, n, chain).resume; chain != r.resume && n >= k.header() && end != unknown {
			k.skipFrom(wire, n, chain, &end)
		}
		chained = n
		if n > 256 && len(wire) > 1<<12 {
			break
		}
	}
}

// skipFrom checks that Skip, which gets wire[:n] or more first, finds the end, in
// any chunking. If end is unknown, it becomes what Skip finds in one chunk.
func (k *kit) skipFrom(wire []byte, n int, r framing.Resume, end *int) {
	try := func(cuts []int) {
		at := k.skipOver(wire, cuts, r)
		if *end == unknown {
			*end = at
		}
		k.cases++
		if at != *end {
			k.now = call{do: "Skip", data: wire, resume: r, cuts: cuts}
			k.failf("the frame ends at byte %d; Skip, with the bytes cut at %v, ended at byte %d (-1: not at all)", *end, cuts, at)
		}
	}
	try(nil)
	if n == len(wire) {
		return
	}
	try([]int{n})
	for _, c := range (sample{wire: wire[n:]}).places() {
		if c < 16 || c%8 == 0 {
			try([]int{n, n + c})
		}
	}
	drip := []int{n}
	for c := n + 1; c < len(wire) && c < n+512; c++ {
		drip = append(drip, c)
	}
	try(drip)
}

// skipOver returns where Skip ends the frame at the front of wire, or notFound.
func (k *kit) skipOver(wire []byte, cuts []int, r framing.Resume) int {
	at, to := 0, 0
	for chunk := range chunks(wire, cuts) {
		to += len(chunk)
		if at == to {
			continue
		}
		n, next, end := k.skip(wire[at:to], r)
		at, r = at+n, next
		if end && at == 0 {
			k.failf("Skip found the next frame where the invalid one starts")
		}
		if end {
			return at
		}
		if left := to - at; left > again {
			k.failf("Skip leaves %d bytes to be passed again; a frame that is skipped would be held in memory", left)
		}
	}
	return notFound
}
