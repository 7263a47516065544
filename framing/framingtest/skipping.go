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
	if len(s.ends) > 2 {
		s = sample{wire: s.wire[:s.ends[1]]}
	}
	end, resync := unknown, unknown
	if whole := k.first(s.wire); whole.complete() {
		end = whole.Size
	}
	for _, n := range append(s.places(), len(s.wire)) {
		r := k.split(s.wire, n, framingStart)
		switch {
		case r.Size == framing.Resync:
			k.skipFrom(s.wire, n, r.resume, &resync)
		case !r.waits() || n > 256 && len(s.wire) > 1<<12:
			return
		case n >= k.header():
			found := end // if the frame is never complete, Skip finds its own end
			k.skipFrom(s.wire, n, r.resume, &found)
		}
	}
}

// skipFrom checks that Skip, which gets wire[:n] or more first, finds the end, in any
// chunking. If end is unknown, it becomes what Skip finds in one chunk.
func (k *kit) skipFrom(wire []byte, n int, r framing.Resume, end *int) {
	try := func(cuts ...int) {
		k.cases++
		found := k.skipOver(wire, cuts, r)
		if *end == unknown {
			*end = found
		}
		if found != *end {
			k.now = call{do: "Skip", data: wire, resume: r}
			k.failf("the frame ends at byte %d; Skip, with the bytes cut at %v, ended at byte %d (-1: not at all)", *end, cuts, found)
		}
	}
	try()
	if n == len(wire) {
		return
	}
	try(n)
	for _, c := range (sample{wire: wire[n:]}).places() {
		if c < 16 || c%8 == 0 {
			try(n, n+c)
		}
	}
	drip := []int{n}
	for c := n + 1; c < len(wire) && c < n+512; c++ {
		drip = append(drip, c)
	}
	try(drip...)
}

// skipOver returns where Skip ends the frame at the front of wire, or notFound.
func (k *kit) skipOver(wire []byte, cuts []int, r framing.Resume) int {
	at := 0
	for _, to := range append(cuts, len(wire)) {
		if at == to {
			continue
		}
		n, next, end := k.skip(wire[at:to], r)
		at, r = at+n, next
		switch {
		case end && at == 0:
			k.failf("Skip found the next frame where the invalid one starts")
		case end:
			return at
		case to-at > again:
			k.failf("Skip leaves %d bytes to be passed again; a frame that is skipped would be held in memory", to-at)
		}
	}
	return notFound
}
