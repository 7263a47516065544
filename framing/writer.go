package framing

import (
	"errors"
	"io"
	"math"
)

const (
	flushAt       = 32 << 10 // a Writer flushes by itself when so many bytes wait
	aroundPayload = 32       // a header and trailer take about so much at most

	vectorAt = 16 << 10 // payloads from this size on are not copied where a vectored write can take them
)

var errBadWriteCount = errors.New("framing: Write returned an impossible count")

// A Writer writes frames to an [io.Writer]. WriteFrame gathers small frames in
// a buffer, so that many of them leave in one Write; Flush writes what has
// gathered. It is not safe for concurrent use.
//
// After a write that fails or is short, or a frame that its source has torn,
// every later call returns that error: a torn frame is never followed by
// another. A payload that is refused writes nothing and changes nothing.
type Writer struct {
	enc  encoder
	sink sink
	buf  []byte // frames that wait
	use  usage  // of buf, to give it back

	pool  *Pool  // where buf comes from, or nil
	block *block // what was taken from it; buf has outgrown it where a framing adds much
}

// NewWriter returns a Writer that writes frames of f to dst and refuses
// payloads of more than [DefaultMaxPayload] bytes.
//
// Where dst is a [*net.TCPConn] or [*net.UnixConn], or has a method
// WriteBuffers(*net.Buffers) (int64, error), and f is a [Prefixer] or an
// [Encloser], large payloads go out with their header and trailer in one vectored
// write, without a copy.
func NewWriter(dst io.Writer, f Framer) *Writer {
	w := new(Writer)
	w.sink.init(dst)
	w.enc.init(f)
	return w
}

// WriteFrame writes the frame that carries payload into the buffer, and the
// buffer to the destination once it holds 32 KiB or more; a large payload may go
// to the destination directly. It does not keep payload.
//
// A payload over the limit is refused with a [*TooLargeError], one that the
// framing cannot carry with that or a [*PayloadError]. Any other error is final.
func (w *Writer) WriteFrame(payload []byte) error {
	if w.sink.err != nil {
		return w.sink.err
	}
	if len(payload) > w.enc.max {
		return w.enc.tooLarge(payload, w.sink.written+int64(len(w.buf)))
	}
	if len(payload) >= vectorAt && w.sink.vectored {
		if head, tail, ok := w.enc.enclose(w.room(0), payload); ok {
			err := w.sink.writeVec(head, payload, tail)
			w.clear(head)
			return err
		}
	}
	buf, err := w.enc.framer.Append(w.room(len(payload)), payload)
	w.buf = buf
	if err != nil {
		return err
	}
	if len(buf) >= flushAt {
		return w.Flush()
	}
	return nil
}

// WriteFrom writes the frame whose payload is the next size bytes of src, of
// which it holds 32 KiB at a time. It reads no more of src than that payload.
// The end of the frame may stay in the buffer, as with WriteFrame.
//
// That needs a framing whose header depends on the size alone, a [Prefixer]: any
// other refuses it with a [*PayloadError]. The limit of SetMaxPayload, which is
// there to bound memory, does not apply.
//
// Where src fails or ends too early, the error is a [*SourceError]. As long as src
// has given less than 32 KiB, nothing of the frame is written and nothing
// changes; later the frame is torn, and the error is final and says so.
func (w *Writer) WriteFrom(src io.Reader, size int64) error {
	if w.sink.err != nil {
		return w.sink.err
	}
	n := len(w.buf)
	head, err := w.enc.header(w.buf, size)
	if err != nil {
		return err
	}
	buf, err := w.sink.writeFrom(head, src, size)
	if err != nil {
		w.buf = buf[:min(n, len(buf))]
		return err
	}
	w.buf = append(buf, w.enc.prefixer.Trailer()...)
	if len(w.buf) >= flushAt {
		return w.Flush()
	}
	return nil
}

// Flush writes the frames that wait in the buffer.
func (w *Writer) Flush() error {
	if w.sink.err != nil || len(w.buf) == 0 {
		return w.sink.err
	}
	err := w.sink.write(w.buf)
	w.clear(w.buf)
	return err
}

// clear empties buf, which was written, for the frames that follow.
func (w *Writer) clear(buf []byte) {
	if w.buf = reuse(buf, &w.use); w.buf == nil {
		w.block.giveBack()
		w.block = nil
	}
}

// room returns the buffer, with room for the frame of a payload of n bytes, as
// most framings make it; Append makes what is missing.
func (w *Writer) room(n int) []byte {
	if cap(w.buf)-len(w.buf) < n+aroundPayload {
		w.grow(len(w.buf) + n + aroundPayload)
	}
	return w.buf
}

// grow gives the buffer size bytes at least, if there is a Pool to take them
// from; else Append does that as well.
func (w *Writer) grow(size int) {
	if w.pool == nil {
		w.buf = begin(w.buf)
		return
	}
	old := w.block
	w.block = w.pool.get(max(size, 2*cap(w.buf), w.use.start, minBuffer))
	w.buf = append(w.block.mem[:0], w.buf...)
	old.giveBack()
}

// Buffered returns how many bytes wait for Flush.
func (w *Writer) Buffered() int { return len(w.buf) }

// Release gives back the memory of an empty buffer, to its Pool if it has one. A
// server calls it before it waits for an idle connection. Where frames wait, it
// does nothing.
func (w *Writer) Release() {
	if len(w.buf) > 0 || w.buf == nil {
		return
	}
	w.use.release(cap(w.buf), w.pool != nil)
	w.block.giveBack()
	w.buf, w.block = nil, nil
}

// SetPool makes w take what memory it needs from now on from p, which other
// Writers and Buffers may share. After Release it begins with as much as it
// needed before.
func (w *Writer) SetPool(p *Pool) { w.pool = p }

// SetMaxPayload sets the most bytes that a payload may have, counted as Reader
// delivers them. Zero allows empty payloads only, a negative n any size.
func (w *Writer) SetMaxPayload(n int) { w.enc.setMax(n) }

// SetFramer makes f build the frames from the next one on. Those that wait in
// the buffer stay as they are.
func (w *Writer) SetFramer(f Framer) { w.enc.setFramer(f) }

// begin returns buf, with room in it if it had none.
func begin(buf []byte) []byte {
	if cap(buf) == 0 {
		return make([]byte, 0, minBuffer)
	}
	return buf
}

// reuse returns buf emptied, or nil if it has become larger than it needs to
// be, or minBuffer bytes of room if it was nil.
func reuse(buf []byte, u *usage) []byte {
	u.note(len(buf))
	if u.fit(cap(buf), minBuffer) < cap(buf) {
		return nil
	}
	return buf[:0]
}

// An encoder builds frames within a limit.
type encoder struct {
	framer   Framer
	prefixer Prefixer // framer, if it is one
	encloser Encloser // framer, if it is one
	max      int      // math.MaxInt: no limit
}

func (e *encoder) init(f Framer) {
	e.setFramer(f)
	e.max = DefaultMaxPayload
}

func (e *encoder) setFramer(f Framer) {
	e.framer = f
	e.prefixer, _ = f.(Prefixer)
	e.encloser, _ = f.(Encloser)
}

func (e *encoder) setMax(n int) {
	if n < 0 {
		n = math.MaxInt
	}
	e.max = n
}

// tooLarge returns the error for a payload of more than max bytes.
func (e *encoder) tooLarge(payload []byte, offset int64) error {
	return &TooLargeError{Size: uint64(len(payload)), Max: uint64(e.max), Offset: offset}
}

// header appends the header of a payload of size bytes to dst.
func (e *encoder) header(dst []byte, size int64) ([]byte, error) {
	if e.prefixer == nil {
		return dst, &PayloadError{Size: int(min(size, math.MaxInt)), Reason: "this framing needs the whole payload before it can write the first byte; WriteFrame carries it"}
	}
	return e.prefixer.AppendHeader(dst, size)
}

// enclose appends only the header of the frame of payload, which is within max,
// to dst and returns the trailer beside it, so that payload need not be copied.
// ok is false where that cannot be done: the framer's Append then does it, or says why not.
func (e *encoder) enclose(dst, payload []byte) (head, tail []byte, ok bool) {
	switch {
	case e.prefixer != nil:
		head, err := e.prefixer.AppendHeader(dst, int64(len(payload)))
		return head, e.prefixer.Trailer(), err == nil
	case e.encloser != nil:
		head, tail, ok := e.encloser.Enclose(payload)
		if !ok {
			return dst, nil, false
		}
		return append(dst, head...), tail, true
	}
	return dst, nil, false
}
