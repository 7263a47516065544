package framing

import (
	"errors"
	"io"
	"iter"
	"math"
	"os"
)

var errBadCount = errors.New("framing: Read returned an impossible count")

const (
	minBuffer  = 4 << 10  // what a buffer starts with, and goes back to
	maxReading = 64 << 10 // up to here a buffer grows because reads fill it, beyond only because a frame needs it
	never      = math.MaxInt
)

// A Buffer holds the bytes that have arrived and cuts frames off their front.
// It is everything of a [Reader] but the reading: bytes go in, through Write
// or Fill, and frames come out.
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
//	_, err := buf.End() // io.EOF, or the frame that is not whole
//
// Its memory grows with the bytes that arrive, never with what a header
// announces, and a large buffer is given back after some frames, or an idle
// wait, that did not need it. A Buffer is not safe for concurrent use.
type Buffer struct {
	framer Framer
	max    int // the most payload bytes; math.MaxInt: no limit
	window int // a frame within max takes at most so many bytes on the wire

	buf  []byte
	r, w int   // the bytes that wait are buf[r:w]
	base int64 // stream offset of buf[0]
	seen int   // what Split said of the frame at r
	want int   // bytes that must wait before Split is asked; never, unless state is cutting

	state state
	frame Frame // the last frame cut
	size  int   // of the frame at the front, or being skipped; 0: not announced
	start int64 // skipping: stream offset of the frame
	err   error // failed: the final error
	loose bool  // deliver a last piece without its terminator

	initial int    // what buf starts with
	full    bool   // the last Fill filled all the room there was
	usage   usage  // of buf, to give it back
	pool    *Pool  // where buf comes from, or nil
	block   *block // buf, if it comes from a Pool
}

// state says what the bytes at the front of a Buffer are.
type state uint8

const (
	cutting  state = iota // the next frame
	skipping              // the rest of a frame that was refused
	failed                // of no use: the stream is lost
)

// NewBuffer returns an empty Buffer that cuts frames with f and refuses
// payloads of more than [DefaultMaxPayload] bytes.
func NewBuffer(f Framer) *Buffer {
	b := new(Buffer)
	b.init(f)
	return b
}

func (b *Buffer) init(f Framer) {
	b.framer = f
	b.want = 1
	b.initial = minBuffer
	b.SetMaxPayload(DefaultMaxPayload)
}

// SetMaxPayload sets the most bytes that a payload may have from the next
// frame on, counted as delivered: what is stripped never counts. Zero allows
// empty payloads only, a negative n any size.
func (b *Buffer) SetMaxPayload(n int) {
	if n < 0 {
		n = math.MaxInt
	}
	b.max = n
	b.look()
}

// SetFramer makes f cut the bytes that wait and all that come, from the next
// frame on. While a frame is being skipped it returns [ErrSkipping], after a
// final error that error; nothing changes then.
func (b *Buffer) SetFramer(f Framer) error {
	switch b.state {
	case skipping:
		return ErrSkipping
	case failed:
		return b.err
	}
	b.framer = f
	b.look()
	return nil
}

// look makes Split look at the frame at the front as if for the first time.
func (b *Buffer) look() {
	b.window = max(b.framer.MaxEncodedLen(b.max), 1)
	if b.state == cutting {
		b.seen, b.want, b.size = 0, 1, 0
	}
}

// AcceptUnterminated makes End deliver what stands behind the last frame, if
// the framer is an [Ender]; where it is not, that remains an error.
func (b *Buffer) AcceptUnterminated(accept bool) { b.loose = accept }

// Next cuts off the next frame and returns its payload. If no whole frame has
// arrived, ok is false and err nil.
//
// The payload is a part of the Buffer, the caller's to change, and valid until
// the next call of Next, Write, Fill, End or Release. An err that matches
// [ErrFrame] costs one frame; any other is final, and Next returns it for ever.
func (b *Buffer) Next() (payload []byte, ok bool, err error) {
	for {
		// The short way, for the ordinary frame. While a frame is skipped, or
		// the stream lost, want is never reached.
		n := b.w - b.r
		if n < b.want {
			return b.next()
		}
		data := b.buf[b.r:][:min(n, b.window)]
		f, err := b.framer.Split(data, b.seen)
		if err == nil && uint(f.Size-1) < uint(len(data)) && f.End-f.Start <= b.max {
			b.r += f.Size
			b.seen, b.want = 0, 1
			b.frame = f
			return data[f.Start:f.End:f.End], true, nil
		}
		// Split may have rewritten the bytes: what it said is handed on, never
		// asked again.
		if err := b.refuse(data, f, err); err != nil || !b.ready() {
			return nil, false, err
		}
	}
}

// ready reports whether Split has bytes to be asked about. Where refuse found
// nothing wrong they stand behind idle ones, else more must arrive first.
func (b *Buffer) ready() bool { return b.w-b.r >= b.want }

// next is Next where Split has nothing to be asked.
func (b *Buffer) next() ([]byte, bool, error) {
	switch b.state {
	case failed:
		return nil, false, b.err
	case skipping:
		if b.skip() {
			return b.Next()
		}
	}
	return nil, false, nil
}

// refuse acts on what Split said of data where that is no frame to deliver: it
// returns the error to report, or nil after idle bytes and before the frame is
// whole.
func (b *Buffer) refuse(data []byte, f Frame, err error) error {
	tooLarge := f.End-f.Start > b.max || f.Size > b.window
	switch {
	case err == ErrIdle && f.Size > 0:
		b.r += min(f.Size, len(data))
		b.cut()
		return nil
	case f.Size == 0 && err != nil:
		return b.fail(lost(err, data, b.max, b.Offset()))
	case f.Size == 0 && len(data) < b.window:
		b.seen, b.want, b.size = f.Seen, len(data)+1, 0
		return nil
	case f.Size == 0:
		e := &TooLargeError{Max: uint64(b.max), Offset: b.Offset(), Looks: looksLike(data)}
		if _, ok := b.framer.(Skipper); !ok {
			e.Final = true
			return b.fail(e)
		}
		b.drop(0)
		b.seen = f.Seen // skipped over with what comes, so that Bytes still shows the beginning
		return e
	case tooLarge:
		e := &TooLargeError{Size: uint64(f.End - f.Start), Max: uint64(b.max), Offset: b.Offset(), Looks: looksLike(data[:min(f.Start, len(data))])}
		b.drop(f.Size)
		return e
	case err != nil:
		e := &FormatError{Offset: b.Offset(), Reason: err}
		b.drop(f.Size)
		return e
	default:
		b.seen, b.want, b.size = 0, f.Size, f.Size
		return nil
	}
}

func (b *Buffer) fail(err error) error {
	b.state, b.want, b.err = failed, never, err
	return err
}

// drop begins to skip the frame at the front: size bytes, or, if size is 0,
// up to where the Skipper sees its end.
func (b *Buffer) drop(size int) {
	b.start, b.size = b.Offset(), size
	b.state, b.want = skipping, never
}

// skip drops what has arrived of the frame that is being skipped, and reports
// whether that was all of it.
func (b *Buffer) skip() (end bool) {
	if b.r == b.w {
		return false
	}
	if b.size > 0 {
		left := int64(b.size) - (b.Offset() - b.start)
		n := int(min(left, int64(b.w-b.r)))
		b.r += n
		end = int64(n) == left
	} else {
		var n int
		b.r, b.seen = b.r+b.seen, 0
		n, end = b.framer.(Skipper).Skip(b.buf[b.r:b.w])
		b.r += n
	}
	if end {
		b.cut()
	}
	return end
}

// cut makes the byte at the front the first of the next frame.
func (b *Buffer) cut() { b.state, b.seen, b.want, b.size = cutting, 0, 1, 0 }

// Frames returns an iterator over the frames that have arrived whole. An error
// that costs one frame is yielded and the iteration goes on; a final error is
// yielded and ends it. The payloads are valid for one step.
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

// End says what it means that the stream ends here; call it when Next has
// returned all whole frames. Between frames it returns [io.EOF], inside a frame
// (also while skipping one) an [*UnexpectedEOFError], after a final error that
// error. With AcceptUnterminated it returns the last piece as a payload first,
// valid as long as one of Next; what comes after it, if anything, begins with a
// frame.
func (b *Buffer) End() (payload []byte, err error) {
	ender, ok := b.framer.(Ender)
	loose := b.loose && ok
	switch {
	case b.state == failed:
		return nil, b.err
	case b.state == skipping && loose && b.size == 0:
		b.r = b.w // a last piece that was refused
		b.cut()
		return nil, io.EOF
	case b.state == skipping:
		return nil, b.fail(&UnexpectedEOFError{Have: b.Offset() - b.start + int64(b.w-b.r), Want: int64(b.size), Offset: b.start})
	case b.r == b.w:
		return nil, io.EOF
	case loose:
		return b.end(ender)
	}
	return nil, b.fail(&UnexpectedEOFError{Have: int64(b.w - b.r), Want: int64(b.size), Offset: b.Offset()})
}

// end delivers the last piece, which has no terminator.
func (b *Buffer) end(e Ender) ([]byte, error) {
	offset := b.Offset()
	payload, err := e.End(b.buf[b.r:b.w])
	b.r = b.w
	b.cut()
	switch {
	case err != nil:
		return nil, b.fail(&FormatError{Offset: offset, Reason: err, Final: true})
	case len(payload) > b.max:
		return nil, &TooLargeError{Size: uint64(len(payload)), Max: uint64(b.max), Offset: offset}
	}
	return payload, nil
}

// Frame returns where the payload that Next returned last lay in its frame. It
// says nothing of a payload that End returned.
func (b *Buffer) Frame() Frame { return b.frame }

// Offset returns how many bytes of the stream were cut off or skipped so far:
// the stream offset of the first byte that Bytes returns.
func (b *Buffer) Offset() int64 { return b.base + int64(b.r) }

// Bytes returns the bytes that have arrived and are not cut off yet. They are
// valid until the next call of Next, Write, Fill, End or Release.
func (b *Buffer) Bytes() []byte { return b.buf[b.r:b.w] }

// Write adds p, which is copied, to the bytes that have arrived. It never fails.
func (b *Buffer) Write(p []byte) (int, error) {
	b.room(len(p))
	b.w += copy(b.buf[b.w:], p)
	b.usage.note(b.w)
	return len(p), nil
}

// Fill adds what one Read of src brings and returns Read's count and error; a
// source that keeps returning neither yields [io.ErrNoProgress].
func (b *Buffer) Fill(src io.Reader) (int, error) {
	b.room(1)
	for range 100 {
		n, err := src.Read(b.buf[b.w:])
		if n < 0 || n > len(b.buf)-b.w {
			return 0, errBadCount
		}
		if n > 0 || err != nil {
			b.w += n
			b.full = b.w == len(b.buf)
			if n > 0 {
				b.usage.note(b.w)
			}
			if n == 0 && len(b.buf) > b.initial && errors.Is(err, os.ErrDeadlineExceeded) {
				b.Release() // an idle wait is over that needed no large buffer
			}
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// Release gives back the memory of an empty Buffer, to its Pool if it has one. A
// server calls it before it waits for an idle connection. Where bytes wait, it
// does nothing.
func (b *Buffer) Release() {
	if b.r < b.w || b.buf == nil {
		return
	}
	b.base += int64(b.r)
	b.usage.release(len(b.buf), b.pool != nil)
	b.block.giveBack()
	b.buf, b.block, b.r, b.w, b.full = nil, nil, 0, 0, false
}

// SetPool makes b take what memory it needs from now on from p, which other
// Buffers and Writers may share. After Release it begins with as much as it
// needed before.
func (b *Buffer) SetPool(p *Pool) { b.pool = p }

// room makes room for n more bytes at least.
func (b *Buffer) room(n int) {
	waiting, size := b.w-b.r, len(b.buf)
	switch {
	case size == 0:
		size = max(b.initial, b.usage.start)
	case b.full && size < maxReading:
		size *= 2
	default:
		size = b.usage.fit(size, b.initial)
	}
	if need := waiting + n; size < need {
		size = max(need, 2*size)
		// Little more than the frame at the front takes: a source that always
		// has more then does not leave a large part of the next to be moved
		// (64 KiB behind a length: 0.6 of the time). In steps of a sixteenth,
		// so that frames that grow byte by byte do not each need a new buffer.
		if b.state == cutting && 0 < b.size && b.size < size {
			step := size/16 + 1
			size = min(size, max(need, b.size+step-b.size%step))
		}
	}
	switch free := len(b.buf) - b.w; {
	case size != len(b.buf):
		b.resize(size)
	case b.r > 0 && (free < n || waiting <= minBuffer || free < b.rest(waiting)):
		b.moveTo(b.buf)
	}
	b.full = false
}

// rest returns how many bytes the frame at the front needs beyond those that
// wait, or, if that is not known, how many make a Read worth its while.
func (b *Buffer) rest(waiting int) int {
	if b.state == cutting && b.size > 0 {
		return b.size - waiting
	}
	return minBuffer
}

// resize gives b a buffer of size bytes.
func (b *Buffer) resize(size int) {
	if b.pool == nil {
		b.moveTo(make([]byte, size))
		return
	}
	old := b.block
	b.block = b.pool.get(size)
	b.moveTo(b.block.mem[:size])
	old.giveBack()
}

// moveTo moves the bytes that wait to the front of buf.
func (b *Buffer) moveTo(buf []byte) {
	n := copy(buf, b.buf[b.r:b.w])
	b.base += int64(b.r)
	b.buf, b.r, b.w = buf, 0, n
}
