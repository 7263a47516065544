package framing

// Frame says where the first frame of a stream lies.
//
// data[:Start] is the frame's header, data[Start:End] its payload and
// data[End:Size] its trailer.
type Frame struct {
	// Size is the number of bytes that the frame takes on the wire. Zero says
	// that it is not known yet, a number larger than len(data) that the frame
	// is announced but not whole yet.
	Size int

	// Start and End delimit the payload. They are final as soon as Size is
	// known. The one exception is a payload that Split unescapes or trims:
	// until such a frame is whole, End equals Start.
	Start, End int

	// Seen matters while Size is 0: so many leading bytes need no second look.
	Seen int
}

// A Framer cuts a byte stream into frames and builds frames from payloads.
//
// It is configuration only: made by a constructor that validates everything,
// immutable from then on, and safe for any number of connections at once. It
// does no I/O, keeps no state and logs nothing. All state of a connection
// lives in its [Buffer].
//
// The laws that every Framer keeps are listed in the package documentation.
type Framer interface {
	// Split looks for the first frame in data, which is never empty. seen is
	// 0, or what the last Split for this same frame returned as Seen; the
	// bytes before it are not looked at again until the frame is whole.
	//
	// Split may rewrite the bytes of a whole frame (unescape in place), so it
	// is called once on a whole frame and never asked again. It does not keep
	// data.
	//
	// An error with Size > 0 condemns that frame only (a bad escape, say): the
	// stream goes on behind it. Start and End are then what a shorter prefix
	// announced, if one did, for too large comes before condemned. An error
	// with Size == 0 means that the stream is lost; it arises only where no
	// shorter prefix announces a Size, so that it does not depend on how the
	// bytes arrived. A frame larger than math.MaxInt is such an error, a
	// [*TooLargeError].
	//
	// [ErrIdle] with Size > 0 says that the first Size bytes of data belong to
	// no frame and are not wrong. To the laws they are a frame of their own.
	Split(data []byte, seen int) (Frame, error)

	// Append appends the frame that carries payload to dst and returns the
	// extended slice. A payload that Split would not give back exactly is
	// refused with a [*PayloadError] or a [*TooLargeError]; dst is then
	// returned as it was. Append does not keep payload or change it.
	Append(dst, payload []byte) ([]byte, error)

	// MaxEncodedLen returns the most bytes that a payload of n bytes, 0 or
	// more, can take on the wire, in any form that Split accepts. It leaves
	// room for a whole header even where n is too small for one, and saturates
	// at math.MaxInt.
	MaxEncodedLen(n int) int
}

// A Skipper is a [Framer] that finds the end of a frame whose beginning is
// gone. Without it, a frame of unknown size that grows too large is the end of
// the stream.
type Skipper interface {
	// Skip returns how many leading bytes of data may be forgotten, and
	// whether the frame ends behind them; with no bytes, and end, the next
	// frame begins at data[0]. It stops only between symbols, never inside an
	// escape or a part of a delimiter: what it leaves is shown to it again,
	// with more behind, and is not changed. data may be empty.
	Skip(data []byte) (n int, end bool)
}

// An Ender is a [Framer] that knows what a last piece without its terminator
// carries (the last line of a file), for readers that ask for it with
// AcceptUnterminated.
type Ender interface {
	// End returns the payload of data, the bytes between the last frame and
	// the end of the stream; there is at least one. The payload is a part of
	// data, which End may rewrite.
	End(data []byte) (payload []byte, err error)
}

// A Prefixer is a [Framer] whose frame is a header that depends on the
// payload's size alone, the payload as it is, and a constant trailer. It
// serves header and payload in one vectored write, and payloads larger than
// memory.
type Prefixer interface {
	// AppendHeader appends the header of a payload of size bytes to dst and
	// returns the extended slice. A size that cannot be carried, a negative one
	// included, is refused with a [*PayloadError] or a [*TooLargeError]; dst is
	// then returned as it was.
	AppendHeader(dst []byte, size int64) ([]byte, error)

	// Trailer returns the bytes behind the payload, or nil. They are not to be
	// changed.
	Trailer() []byte
}

// An Encloser is a [Framer] whose frames hold their payload as it is, between a
// header and a trailer, but that has to look at the payload to know whether it
// can be carried. It serves payloads that are written without a copy, as a
// [Prefixer] does.
type Encloser interface {
	// Enclose returns what stands before and behind payload in its frame;
	// neither is to be changed. If ok is false it cannot say: Append then
	// carries the payload, or says why not.
	Enclose(payload []byte) (header, trailer []byte, ok bool)
}
