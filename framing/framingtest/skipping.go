package framingtest

// skipping checks L9: Skip stops at the same byte, however it is chopped, and
// that byte is the end of the frame.
func (k *kit) skipping(in input) *failure {
	if in.payloads == nil {
		return k.chopping(in.wire, -1)
	}
	// A frame that is too large is shown to Split up to a window of
	// MaxEncodedLen; what Split has not seen then goes through Skip.
	frame := in.ends[0]
	n := len(in.wire)
	if len(in.ends) > 2 {
		n = in.ends[1]
	}
	for _, window := range append(places(input{wire: in.wire[:frame]}), frame) {
		if window < k.header() || window > frame {
			continue
		}
		r, fail := k.split(in.wire, window, 0)
		if fail != nil {
			return fail
		}
		if !r.waits() {
			continue
		}
		if fail := k.chopping(in.wire[r.Seen:n], frame-r.Seen); fail != nil {
			return fail
		}
		if window > 64 && len(in.ends) > 1 {
			break
		}
	}
	return nil
}

// chopping checks that Skip stops at byte end of data, or, if end is negative,
// where it stops when data comes in one piece.
func (k *kit) chopping(data []byte, end int) *failure {
	where := func(at int) string {
		if at < 0 {
			return "does not see it"
		}
		return "stops there"
	}
	whole, fail := k.skipOver(data, nil)
	if fail != nil {
		return fail
	}
	if end >= 0 && whole != end {
		return failf(call{do: "skip", data: data}, "The frame that is to be skipped ends at byte %d. Skip %s: %d", end, where(whole), whole)
	}
	in := input{wire: data}
	if end > 0 {
		in.ends = []int{end}
	}
	for cuts := range cuttings(in) {
		at, fail := k.skipOver(data, cuts)
		if fail != nil {
			return fail
		}
		if at != whole {
			return failf(call{do: "read", data: data, cuts: cuts}, "In one piece, Skip stops at byte %d, in %d pieces at byte %d (-1: not at all)", whole, len(cuts)+1, at)
		}
	}
	return nil
}

// skipOver returns where Skip ends the frame that data is the rest of, or -1.
func (k *kit) skipOver(data []byte, cuts []int) (int, *failure) {
	at := 0
	for i := 0; i <= len(cuts); i++ {
		to := len(data)
		if i < len(cuts) {
			to = cuts[i]
		}
		if at == to {
			continue
		}
		n, end, fail := k.skip(data[at:to])
		if fail != nil {
			return 0, fail
		}
		at += n
		if end {
			return at, nil
		}
		if left := to - at; left > k.slack() {
			return 0, failf(k.now, "Skip leaves %d bytes to be seen again: what is skipped would fill the memory", left)
		}
	}
	return -1, nil
}
