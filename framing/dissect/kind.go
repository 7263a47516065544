package dissect

// A Kind says what a byte is to its framing.
type Kind uint8

const (
	Header     Kind = iota // before the payload: a length, a begin mark
	Payload                // of the payload, as it is
	Stuffing               // among the payload and not as it is: an escape, a code
	Trailer                // behind the payload: a delimiter, an end mark, padding
	Idle                   // between two frames, and not wrong
	Incomplete             // of a frame that is not whole, where no header says more
	Skipped                // of a frame that was refused
	Lost                   // where the stream can no longer be followed
)

var names = [...]string{"header", "payload", "stuffing", "trailer", "idle", "incomplete", "skipped", "lost"}

// String returns the name of k in lower case: "header".
func (k Kind) String() string {
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// A Part is a run of bytes of one kind, in the Wire of a [Piece].
type Part struct {
	Kind       Kind
	Start, End int // the bytes are Wire[Start:End]; there is at least one
}

// parts gathers parts that follow each other.
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
