package delimiter

// An automaton finds delimiters in one step per byte (A. V. Aho and M. J. Corasick,
// "Efficient String Matching", Communications of the ACM 18(6), 1975). Its state is
// the longest suffix of the bytes read that begins a delimiter; state 0 is the empty
// one. An element is the state after a byte, plus 256 times the size of the longest
// delimiter that ends there.
type automaton [][256]uint16

// newAutomaton returns the automaton for delims, which are as New accepts them: at
// most 255 bytes, so that a state fits in a byte, and with a delimiter inside another
// only at its end, so that only a whole delimiter ends one.
func newAutomaton(delims []string) automaton {
	a := make(automaton, 1)
	depth := []int{0}                    // size of the suffix that a state is
	shorter := []uint8{0}                // the longest proper suffix that is a state
	at := make([]uint8, len(delims))     // the state after the bytes of a delimiter so far
	for size, filled := 0, 1; ; size++ { // size is the number of these bytes
		for ; filled < len(a); filled++ {
			a[filled] = a[shorter[filled]]
		}
		more := false
		for i, d := range delims {
			if size >= len(d) {
				continue
			}
			more = true
			next := &a[at[i]][d[size]]
			if state := uint8(*next); depth[state] <= size {
				*next = uint16(len(a))
				depth, shorter = append(depth, size+1), append(shorter, state)
			}
			if size+1 == len(d) {
				*next |= uint16(len(d)) << 8
			}
			at[i] = uint8(*next)
			if int(at[i]) == len(a) {
				a = append(a, [256]uint16{})
			}
		}
		if !more {
			return a
		}
	}
}
