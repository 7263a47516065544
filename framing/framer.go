package framing

// A Frame describes where the first frame of a stream lies: data[:Start] is its
// header, data[Start:End] its payload and data[End:Size] its trailer.
type Frame struct {
	// Size is the number of bytes that the frame occupies on the wire, or zero
	// while that is not known. It may exceed len(data): the frame is then
	// announced but not complete.
	Size int

	// Start and End delimit the payload. They are final once Size is known. The
	// exception is a payload that has to be unescaped, trimmed or verified as a
	// whole: until such a frame is complete, End equals Start.
	Start, End int
}

// Resync is the Size that [Framer.Split] returns, with an error, for an invalid
// frame whose end only [Skipper.Skip] can find.
const Resync = -1

// A Resume is what Split and Skip remember of an incomplete frame from one call
// to the next. The zero Resume is for the start of a frame.
type Resume struct {
	// Pos is the number of leading bytes of data that need not be examined again.
	Pos int

	// State belongs to the Framer: a nesting depth, a running checksum, the kind
	// of frame that the first byte announced.
	State uint64
}

// A Framer splits a byte stream into frames and builds frames from payloads.
//
// A Framer is configuration only: made by a constructor that validates it, immutable
// afterwards, and safe for concurrent use by any number of connections. It does
// no I/O and keeps no state; the state of a connection lives in its [Buffer].
//
// The laws that every Framer keeps are listed in the package documentation.
type Framer interface {
	// Split looks for the first frame in data, which is never empty. While Size
	// is zero or exceeds len(data), it is called again with the same bytes and
	// more, and with the Resume that it returned; r is zero in the first call
	// for a frame. Before the call that makes Size known or returns an error, Split
	// does not examine data[:r.Pos].
	//
	// Split may rewrite the bytes of a complete frame, to unescape in place, so
	// it is called once for a complete frame. It must not retain data.
	//
	// If the error is non-nil, what it costs depends on Size:
	//
	//   - Size > 0: only this frame is invalid, and the next one starts at
	//     data[Size]. Start and End must equal the values reported for a shorter
	//     prefix, if there were any, because the size limit is checked first.
	//   - Size is [Resync]: only this frame is invalid, and the Framer, which must
	//     be a [Skipper], finds the next one: Skip is called with data and the
	//     Resume returned.
	//   - Size is zero: the stream cannot be resynchronized.
	//
	// Split must not return the last two once it has reported a Size for a prefix
	// of data; the result would depend on how the bytes were chunked. A frame
	// larger than math.MaxInt is a [*TooLargeError] of one of these two kinds.
	//
	// [ErrFill] with a positive Size, at most len(data), is not a fault: the first
	// Size bytes are fill between frames. The laws treat fill as a frame without a
	// payload.
	Split(data []byte, r Resume) (Frame, Resume, error)

	// Append appends the frame that carries payload to dst and returns the
	// extended slice. It returns dst unchanged and a [*PayloadError] if Split
	// would not return exactly this payload. Append does not modify or retain
	// payload.
	Append(dst, payload []byte) ([]byte, error)

	// MaxEncodedLen returns the maximum number of bytes that a payload of n bytes,
	// n >= 0, can occupy on the wire, in any form that Split accepts. It leaves
	// room for a complete header even if n is too small for one, and saturates at
	// math.MaxInt.
	MaxEncodedLen(n int) int
}

// A Skipper is a [Framer] that finds the end of a frame whose beginning has been
// discarded. With any other Framer, a frame of unknown size that exceeds the
// limit ends the stream.
type Skipper interface {
	// Skip reports that the first n bytes of data belong to the frame being
	// skipped and, if end is true, that they complete it, so that the next frame
	// starts at data[n]. The first call for a frame gets the Resume that Split
	// returned for the same data, or the beginning of it; each further call gets
	// data[n:] with the bytes that followed, and the Resume that Skip returned. Skip
	// examines all of data, which is not empty: end is false only if the frame does not
	// end in data, and then the bytes after n are at most 64 KiB with which its end, or
	// the next frame, may begin.
	//
	// Skip returns no error: if it meets bytes that no frame may contain, it ends the
	// frame before them, and Split reports them. Skip must not modify data[n:].
	Skip(data []byte, r Resume) (n int, next Resume, end bool)
}

// A Finisher is a [Framer] that can decode a final frame whose terminator is
// missing, such as the last line of a file. It serves readers that ask for that
// with AcceptUnterminated.
type Finisher interface {
	// Finish returns the payload of data, the bytes between the last complete
	// frame and the end of the stream. data is not empty. The payload is a part of
	// data, which Finish may rewrite.
	Finish(data []byte) (payload []byte, err error)
}

// An Encloser is a [Framer] whose frames carry the payload unchanged, between a
// header and a constant trailer. It serves payloads larger than memory, and
// vectored writes, which copy no payload.
type Encloser interface {
	// AppendHeader appends the header of a payload of size bytes to dst and
	// returns the extended slice. start is the beginning of that payload: none of
	// it, a part, or all size bytes. If that is too little to tell the header, or
	// if the payload may need another form of frame, AppendHeader returns
	// [ErrNoHeader]; Append, which gets all of the payload, decides then. A size
	// or a start that cannot be carried is refused with a [*PayloadError]. With
	// an error dst is returned unchanged.
	AppendHeader(dst, start []byte, size int64) ([]byte, error)

	// Trailer returns the bytes that follow the payload in a frame with that
	// header, and in every frame that Split announces before it is complete. The
	// caller must not modify them.
	Trailer() []byte
}
