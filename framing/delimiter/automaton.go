package delimiter

// An automaton finds delimiters in one step per byte (A. V. Aho and M. J. Corasick,
// "Efficient String Matching", Communications of the ACM 18(6), 1975). Its state is
// the longest suffix of the bytes read that begins a delimiter; state 0 is the empty
// one.
type automaton struct {
	next  [][256]uint8 // the state after a byte
	delim []uint8      // size of the longest delimiter that ends in a state, or 0
}

// newAutomaton returns the automaton for delims, which are as New accepts them: at
// most 255 bytes, so that a state fits in one, and with a delimiter inside another
// only at its end, so that only a whole delimiter ends one.
func newAutomaton(delims []string) automaton {
	a := automaton{next: make([][256]uint8, 1), delim: make([]uint8, 1)}
	depth := []int{0}                    // size of the suffix that a state is
	shorter := []uint8{0}                // the longest proper suffix that is a state
	at := make([]uint8, len(delims))     // the state after the bytes of a delimiter so far
	for size, filled := 0, 1; ; size++ { // size is the number of these bytes
		for ; filled < len(a.next); filled++ {
			a.next[filled] = a.next[shorter[filled]]
		}
		more := false
		for i, d := range delims {
			if size >= len(d) {
				continue
			}
			more = true
			state := a.next[at[i]][d[size]]
			if depth[state] <= size {
				depth, shorter = append(depth, size+1), append(shorter, state)
				state = uint8(len(a.next))
				a.next[at[i]][d[size]] = state
				a.next, a.delim = append(a.next, [256]uint8{}), append(a.delim, 0)
			}
			at[i] = state
			if size+1 == len(d) {
				a.delim[state] = uint8(len(d))
			}
		}
		if !more {
			return a
		}
	}
}
