package dissect

// A Kind is the role of a byte in its framing.
type Kind uint8

const (
	Header     Kind = iota // before the payload: a length, a begin mark
	Payload                // a byte of the payload, unchanged
	Stuffing               // added to the payload by the framing: an escape, a code
	Trailer                // after the payload: a delimiter, an end mark, padding
	Fill                   // between two frames
	Incomplete             // of an incomplete frame whose header is not known yet
	Skipped                // of a frame that was rejected
	Lost                   // after the point where the stream can no longer be followed
)

var names = [...]string{"header", "payload", "stuffing", "trailer", "fill", "incomplete", "skipped", "lost"}

// String returns the name of k in lower case: "header".
func (k Kind) String() string {
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// A Part is a run of bytes of one kind in the Wire of a [Piece].
type Part struct {
	Kind       Kind
	Start, End int // the bytes are Wire[Start:End], at least one
}

// parts are consecutive parts.
type parts []Part

// add adds n bytes of a kind.
func (p *parts) add(k Kind, n int) {
	if n <= 0 {
		return
	}
	at := 0
	if last := len(*p) - 1; last >= 0 {
		at = (*p)[last].End
		if (*p)[last].Kind == k {
			(*p)[last].End += n
			return
		}
	}
	*p = append(*p, Part{k, at, at + n})
}
