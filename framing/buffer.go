package framing

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
)

var (
	errBadReadCount = errors.New("framing: Read returned an impossible count")
	errBadResync    = errors.New("the framer's Split returned Resync without an error")
	errNoSkip       = errors.New("the framer's Skip makes no progress, or leaves more than 64 KiB")
)

// neverSplit is the value of Buffer.need while the next bytes start no frame.
const neverSplit = math.MaxInt

// A Buffer accumulates received bytes and splits them into frames. It is the
// decoder of a [Reader], for callers that do their own I/O, such as event loops.
//
//	buf := framing.NewBuffer(framer)
//	for chunk := range chunks {
//		buf.Write(chunk)
//		for payload, err := range buf.Frames() {
//			if err != nil {
//				return err
//			}
//			handle(payload)
//		}
//	}
//	_, err := buf.Finish() // io.EOF, or an error if a frame is incomplete
//
// Its memory grows with the bytes that arrive, never with what a header announces.
// A large buffer is replaced by a smaller one after 17 reads that did not need it; an
// idle Buffer keeps its memory until Release. A Buffer is not safe for concurrent
// use.
type Buffer struct {
	framer Framer
	max    int // payload limit; math.MaxInt if there is none
	window int // the most bytes that a frame within the limit occupies

	mem    memory
	r, w   int    // the buffered bytes are mem.buf[r:w]
	need   int    // buffered bytes required before calling Split again; neverSplit unless state is splitting
	resume Resume // what Split or Skip returned for these bytes
	base   int64  // stream offset of mem.buf[0]

	state   state
	frame   Frame  // the last frame returned
	pending Frame  // the announced frame at the front, or the one being skipped; Size is 0 if it is not known
	start   int64  // stream offset of the frame being skipped or streamed
	trailer []byte // what that frame must end with, unless it was reported as invalid
	err     error  // the terminal error
	partial bool   // deliver a final frame without its terminator
	full    bool   // the last Fill used all of the free space
}

// state describes the bytes at the front of a Buffer.
type state uint8

const (
	splitting state = iota // the start of a frame
	skipping               // the rest of a frame that is not delivered
	streaming              // the rest of a frame that NextReader or Stream has returned
	failed                 // unusable: err is terminal
)

// NewBuffer returns an empty Buffer that splits frames with f and rejects
// payloads of more than [DefaultMaxPayload] bytes.
func NewBuffer(f Framer) *Buffer {
	b := new(Buffer)
	b.init(f)
	return b
}

func (b *Buffer) init(f Framer) {
	b.framer = f
	b.mem.least = minBuffer
	b.SetMaxPayload(DefaultMaxPayload)
}

// SetMaxPayload sets the maximum payload size, in bytes as delivered, from the
// next frame on. If n is zero, only empty payloads are allowed; if n is negative,
// there is no limit.
func (b *Buffer) SetMaxPayload(n int) {
	if n < 0 {
		n = math.MaxInt
	}
	b.max = n
	b.restart()
}

// SetFramer replaces the Framer from the next frame on; bytes already buffered
// are split with f. It returns [ErrSkipping] after an error that matches
// [ErrFrame], until Next has skipped that frame, and the terminal error if there is one;
// the Framer is then unchanged.
func (b *Buffer) SetFramer(f Framer) error {
	switch b.state {
	case skipping, streaming:
		return ErrSkipping
	case failed:
		return b.err
	}
	b.framer = f
	b.restart()
	return nil
}

// restart makes Split examine the frame at the front from its first byte.
func (b *Buffer) restart() {
	b.window = max(b.framer.MaxEncodedLen(b.max), 1)
	if b.state == splitting {
		b.begin()
	}
}

// begin makes the byte at the front the first byte of a frame.
func (b *Buffer) begin() { b.state, b.resume, b.need, b.pending.Size = splitting, Resume{}, 1, 0 }

// AcceptUnterminated makes Finish deliver a final frame without its terminator,
// such as the last line of a file, if the Framer is a [Finisher].
func (b *Buffer) AcceptUnterminated(accept bool) { b.partial = accept }

// Next removes the next frame from the Buffer and returns its payload. If no
// complete frame is buffered, ok is false and err is nil.
//
// The payload is a part of the Buffer. The caller may modify it; it is valid until
// the next call of Next, Write, Fill, Finish or Release. An error that matches
// [ErrFrame] loses one frame; any other is terminal, and every later call returns
// it again.
func (b *Buffer) Next() (payload []byte, ok bool, err error) { return b.next(nil, false) }

// next is the one loop that calls Split. If src is not nil, it reads from there
// until a frame is complete; with stream set, a frame whose payload can be
// streamed is left at the front, in state streaming, once its size is known.
func (b *Buffer) next(src *source, stream bool) (payload []byte, ok bool, err error) {
	for {
		if n := b.w - b.r; n >= b.need {
			data := b.mem.buf[b.r:][:min(n, b.window)]
			f, resume, err := b.framer.Split(data, b.resume)
			if err == nil && uint(f.Size-1) < uint(len(data)) && f.End-f.Start <= b.max {
				b.r += f.Size
				b.frame = f
				if b.need != 1 { // else nothing was known of the frame
					b.begin()
				}
				return data[f.Start:f.End:f.End], true, nil
			}
			// Split may have rewritten the frame: it must not be asked again.
			b.resume = resume
			if err := b.incomplete(data, f, err, stream); err != nil || b.state == streaming {
				return nil, false, err
			}
			continue
		}
		switch b.state {
		case failed:
			return nil, false, b.err
		case streaming:
			b.state = skipping
			fallthrough
		case skipping:
			if end, err := b.skip(); end {
				if err != nil {
					return nil, false, err
				}
				continue
			}
		}
		if src == nil {
			return nil, false, nil
		}
		switch err := src.fill(b); err {
		case nil:
		case io.EOF:
			payload, err := b.Finish()
			return payload, err == nil, err
		default:
			return nil, false, err
		}
	}
}

// incomplete handles a result of Split for data that is not a frame to be
// returned. It returns the error to be reported, or nil if the next Split can
// find a frame.
func (b *Buffer) incomplete(data []byte, f Frame, err error, stream bool) error {
	tooLarge := f.End-f.Start > b.max || f.Size > b.window
	streams := stream && b.streams(data, f)
	switch {
	case err == ErrFill && f.Size > 0:
		b.drop(f)
		return nil
	case f.Size == 0 && err != nil:
		return b.fail(b.lost(err, data, true))
	case f.Size < 0:
		_, ok := b.framer.(Skipper)
		err := b.lost(cmp.Or(err, errBadResync), data, !ok)
		if !ok {
			return b.fail(err)
		}
		b.drop(Frame{})
		return err
	case f.Size == 0 && len(data) < b.window:
		b.need, b.pending.Size = len(data)+1, 0
		return nil
	case f.Size == 0:
		e := &TooLargeError{Max: uint64(b.max), Offset: b.Offset(), Hint: hint(data, len(data))}
		if _, ok := b.framer.(Skipper); !ok {
			e.Final = true
			return b.fail(e)
		}
		b.drop(Frame{})
		return e
	case streams && err == nil:
		b.drop(f)
		b.state, b.trailer = streaming, b.enclosing()
		return nil
	case tooLarge && !streams:
		e := &TooLargeError{Size: uint64(f.End - f.Start), Max: uint64(b.max), Offset: b.Offset(), Hint: hint(data, cmp.Or(f.Start, f.Size))}
		b.drop(f)
		return e
	case err != nil:
		e := &FormatError{Offset: b.Offset(), Err: err}
		b.drop(f)
		return e
	}
	b.need, b.pending = f.Size, f
	return nil
}

// lost returns the error to be reported where Split returned err and no end of the frame.
func (b *Buffer) lost(err error, data []byte, final bool) error {
	if e := (*TooLargeError)(nil); errors.As(err, &e) {
		most := uint64(b.max)
		if e.Max > 0 {
			most = min(most, e.Max)
		}
		return &TooLargeError{Size: e.Size, Max: most, Offset: b.Offset(), Final: final, Hint: hint(data, len(data))}
	}
	return &FormatError{Offset: b.Offset(), Err: err, Final: final, Hint: hint(data, len(data))}
}

func (b *Buffer) fail(err error) error {
	b.state, b.need, b.err = failed, neverSplit, err
	return err
}

// drop starts to skip f, the frame at the front: Size bytes or, if that is 0, as
// many as the Skipper says.
func (b *Buffer) drop(f Frame) {
	b.start, b.pending, b.trailer = b.Offset(), f, nil
	b.state, b.need = skipping, neverSplit
}

// streams reports whether NextReader streams f, the frame at the front: Split announces
// it before it is complete, its payload arrives as it is to be delivered, and the
// trailer can be verified.
func (b *Buffer) streams(data []byte, f Frame) bool {
	switch {
	case f.End == f.Start || len(b.enclosing()) != f.Size-f.End:
		return false
	case f.Size > len(data):
		return true
	case f.Size == 1:
		return false
	}
	announced, _, _ := b.framer.Split(data[:f.Size-1], Resume{})
	return announced == f
}

// enclosing returns the trailer of every frame that is announced.
func (b *Buffer) enclosing() []byte {
	if e, ok := b.framer.(Encloser); ok {
		return e.Trailer()
	}
	return nil
}

// skip discards the buffered bytes of the frame being skipped. If end is true,
// none is missing; an error then says that the frame did not end as it must.
func (b *Buffer) skip() (end bool, err error) {
	if b.pending.Size > 0 {
		rest := b.rest()
		n := int(min(rest, int64(b.w-b.r)))
		if n < int(rest) {
			b.r += max(0, n-len(b.trailer)) // the trailer is verified in one piece
			return false, nil
		}
		return true, b.end(n)
	}
	if b.r == b.w {
		return false, nil
	}
	n, resume, end := b.framer.(Skipper).Skip(b.mem.buf[b.r:b.w], b.resume)
	b.r += n
	b.resume = resume
	if end && b.Offset() == b.start || !end && b.w-b.r > maxReadAhead {
		return true, b.fail(&FormatError{Offset: b.start, Err: errNoSkip, Final: true})
	}
	if end {
		b.begin()
	}
	return end, nil
}

// rest returns how many bytes of the frame being skipped or streamed remain.
func (b *Buffer) rest() int64 { return int64(b.pending.Size) - (b.Offset() - b.start) }

// end discards the last n bytes of the frame being skipped or streamed, and
// verifies the trailer that they end with.
func (b *Buffer) end(n int) error {
	var err error
	trailer := b.mem.buf[b.r+n-len(b.trailer):][:len(b.trailer)]
	if !bytes.Equal(trailer, b.trailer) {
		err = &FormatError{Offset: b.start, Err: fmt.Errorf("malformed trailer: got %+q after the payload, want %+q", trailer, b.trailer)}
	}
	b.r += n
	b.begin()
	return err
}

// Frames returns an iterator over the complete frames that are buffered. It
// yields an error that loses one frame and continues; it yields any other error
// and ends. A payload is valid for one step.
func (b *Buffer) Frames() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for {
			payload, ok, err := b.Next()
			if !ok && err == nil {
				return
			}
			if !yield(payload, err) || err != nil && !errors.Is(err, ErrFrame) {
				return
			}
		}
	}
}

// Finish reports the end of the stream. It must be called only after Next has
// returned every complete frame. It returns [io.EOF] if the stream ended between
// frames, an [*UnexpectedEOFError] if it ended inside one, even one being
// skipped, and the terminal error if there is one.
//
// If AcceptUnterminated is set, the first call returns the remaining bytes as a
// payload, which is valid as long as one of Next. Bytes written after that start
// a frame.
func (b *Buffer) Finish() (payload []byte, err error) {
	if b.state == skipping && b.trailer == nil {
		b.skip() // the rest of an invalid frame, of which nothing may be missing
	}
	finisher, ok := b.framer.(Finisher)
	partial := b.partial && ok
	switch {
	case b.state == failed:
		return nil, b.err
	case b.state == skipping && partial && b.pending.Size == 0:
		b.r = b.w // the end of a final frame that was rejected
		b.begin()
		return nil, io.EOF
	case b.state == skipping || b.state == streaming:
		return nil, b.fail(&UnexpectedEOFError{Have: b.Offset() - b.start + int64(b.w-b.r), Want: int64(b.pending.Size), Offset: b.start})
	case b.r == b.w:
		return nil, io.EOF
	case partial:
		return b.finish(finisher)
	}
	return nil, b.fail(&UnexpectedEOFError{Have: int64(b.w - b.r), Want: int64(b.pending.Size), Offset: b.Offset()})
}

// finish returns the final frame, which has no terminator.
func (b *Buffer) finish(f Finisher) ([]byte, error) {
	offset := b.Offset()
	payload, err := f.Finish(b.mem.buf[b.r:b.w])
	b.r = b.w
	b.begin()
	switch {
	case err != nil:
		return nil, b.fail(&FormatError{Offset: offset, Err: err, Final: true})
	case len(payload) > b.max:
		return nil, &TooLargeError{Size: uint64(len(payload)), Max: uint64(b.max), Offset: offset}
	}
	return payload, nil
}

// Frame describes the frame most recently returned by Next. It is not updated by
// Finish.
func (b *Buffer) Frame() Frame { return b.frame }

// Pending describes the incomplete frame at the front of the Buffer, or the frame
// of which the rest is being skipped. Its Size is zero if that is not known.
func (b *Buffer) Pending() Frame {
	if b.pending.Size == 0 {
		return Frame{}
	}
	return b.pending
}

// Offset returns the stream offset of the first byte that Bytes returns: the
// number of bytes that were returned in frames or discarded.
func (b *Buffer) Offset() int64 { return b.base + int64(b.r) }

// Bytes returns the buffered bytes. They are valid until the next call of Next,
// Write, Fill, Finish or Release.
func (b *Buffer) Bytes() []byte { return b.mem.buf[b.r:b.w] }

// Write appends a copy of p to the buffered bytes. It never fails.
func (b *Buffer) Write(p []byte) (int, error) {
	b.room(len(p), false)
	b.w += copy(b.mem.buf[b.w:], p)
	b.mem.note(b.w)
	return len(p), nil
}

// Fill calls src.Read once, appends the bytes read, and returns the results of
// Read. If src repeatedly returns 0, nil, Fill returns [io.ErrNoProgress].
func (b *Buffer) Fill(src io.Reader) (int, error) {
	b.room(1, true)
	free := b.mem.buf[b.w:]
	if rest := b.pending.Size - (b.w - b.r); b.pending.Size > len(b.mem.buf)/4 && 0 < rest && rest < len(free) {
		// Read little more than the frame at the front: from a fast source it
		// would be much of the next frame, which then has to be moved.
		free = free[:min(len(free), rest+b.pending.Size/16)]
	}
	for range 100 {
		n, err := src.Read(free)
		if n < 0 || n > len(free) {
			return 0, errBadReadCount
		}
		if n > 0 || err != nil {
			b.w += n
			b.full = b.w == len(b.mem.buf)
			if n > 0 {
				b.mem.note(b.w)
			}
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// Release gives up the memory of an empty Buffer, to its Pool if it has one. A
// server calls it before it waits for an idle connection. If there are buffered
// bytes, it does nothing.
func (b *Buffer) Release() {
	if b.r < b.w || b.mem.buf == nil {
		return
	}
	b.mem.release()
	b.base += int64(b.r)
	b.r, b.w, b.full = 0, 0, false
}

// SetPool makes b take the memory that it needs from now on from p. After a
// Release, b starts with as much memory as it needed before, at most 64 KiB.
func (b *Buffer) SetPool(p *Pool) { b.mem.pool = p }

// room makes room for n more bytes, n >= 1. For a Read, it moves the buffered bytes to
// the front if the free space is less than what is wanted.
func (b *Buffer) room(n int, read bool) {
	held, size := b.w-b.r, len(b.mem.buf)
	switch {
	case size == 0:
		size = max(b.mem.least, b.mem.first)
	case b.full && size < maxReadAhead:
		size *= 2
	default:
		size = b.mem.fit()
	}
	if need := held + n; size < need {
		size = max(need, 2*size)
		if b.state == splitting && b.pending.Size > 0 {
			size = min(size, max(need, b.pending.Size))
		}
	}
	switch free := len(b.mem.buf) - b.w; {
	case size != len(b.mem.buf):
		b.mem.replace(size, b.mem.buf[b.r:b.w])
	case b.r > 0 && (free < n || held <= minBuffer || read && free < b.wanted()):
		copy(b.mem.buf, b.mem.buf[b.r:b.w])
	default:
		return
	}
	b.base += int64(b.r)
	b.r, b.w, b.full = 0, held, false
}

// wanted returns how many bytes the frame at the front needs beyond the buffered
// ones, or, if that is not known, how many are worth a Read.
func (b *Buffer) wanted() int {
	if b.state == splitting && b.pending.Size > 0 {
		return b.pending.Size - (b.w - b.r)
	}
	return minBuffer
}
