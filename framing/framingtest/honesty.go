package framingtest

// honesty checks L5: of a strict prefix of a frame nothing is said that does
// not stay true.
func (k *kit) honesty(in input) *failure {
	at := places(input{wire: in.wire, ends: in.ends})
	at = append(at, len(in.wire))
	frame := 0 // size of the first frame, if that is known
	if in.ends != nil {
		frame = in.ends[0]
	}
	var before result
	was := 0
	for _, n := range at {
		r, fail := k.split(in.wire, n, 0)
		if fail != nil {
			return fail
		}
		// The same with other bytes behind data.
		s, fail := k.split(in.wire[:n], n, 0)
		if fail != nil {
			return fail
		}
		if !r.same(s) {
			return failf(k.now, "Split looks at bytes behind data, in its spare capacity: it finds %v, and with other bytes there %v", r, s)
		}
		switch {
		case n < frame && r.err != nil:
			return failf(k.now, "The first %d of %d bytes of a frame that Append wrote: %v", n, frame, r)
		case n < frame && r.whole:
			return failf(k.now, "The first %d of %d bytes of a frame pass for a whole one: %v", n, frame, r)
		case frame > 0 && r.Size > 0 && r.Size != frame:
			return failf(k.now, "The first %d of %d bytes of a frame: %v", n, frame, r)
		case was > 0 && !before.leadsTo(r):
			return failf(k.now, "Of the first %d bytes Split says: %v\nof the first %d bytes: %v", was, before, n, r)
		}
		before, was = r, n
	}
	return nil
}

// leadsTo reports whether s may be said of more bytes, after r.
func (r result) leadsTo(s result) bool {
	switch {
	case r.waits():
		return true
	case r.lost() || r.whole:
		return r.same(s)
	case r.Size != s.Size || r.Start != s.Start:
		return false
	case r.err != nil:
		return s.err != nil
	case s.err != nil:
		return true
	default:
		return r.End == s.End || r.End == r.Start
	}
}
