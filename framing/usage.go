package framing

// usage watches how much of a buffer is used, so that one that has become
// large for a few frames does not stay large for ever.
type usage struct {
	times int // how often it was used since the last look
	peak  int // the most bytes it held in that time
	start int // what to start with after a release
}

// note notes that the buffer holds n bytes.
func (u *usage) note(n int) {
	u.times++
	u.peak = max(u.peak, n)
}

// often is how many uses it takes to judge a buffer. It is odd, so that each of
// two that take turns comes to be judged.
const often = 17

// fit returns the size that a buffer of size bytes should have: after 17 uses
// that needed a quarter of it at most, twice what they needed, but at least
// least bytes; else size.
func (u *usage) fit(size, least int) int {
	if u.times < often {
		return size
	}
	if u.peak <= size/4 {
		size = min(size, max(least, 2*u.peak))
	}
	u.times, u.peak = 0, 0
	return size
}

// release notes that the buffer, of size bytes, is given up. If it is to start
// again with what was needed, that is its size, or half if a quarter was enough.
func (u *usage) release(size int, again bool) {
	if u.times > 0 && u.peak <= size/4 {
		size /= 2
	}
	*u = usage{}
	if again {
		u.start = size
	}
}
