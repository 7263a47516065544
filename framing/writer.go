package framing

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"slices"

	"github.com/wholeframe/wholeframe/framing/internal/plural"
)

const (
	flushAt  = 32 << 10 // flush automatically at this many buffered bytes
	vectorAt = 16 << 10 // minimum payload size for a vectored write
	startLen = 4 << 10  // bytes of a payload that WriteFrom reads before the header, if that needs any
	overhead = 32       // room reserved for a header and trailer
)

var (
	errBadWriteCount = errors.New("framing: Write returned an impossible count")
	errInterrupted   = errors.New("framing: an earlier write ended in a panic or runtime.Goexit; part of a frame may have been written")
)

// buffersWriter is an io.Writer that writes several slices in one call, with the
// contract of [net.Buffers.WriteTo].
type buffersWriter interface {
	WriteBuffers(*net.Buffers) (int64, error)
}

// A Writer writes frames to an [io.Writer]. WriteFrame collects small frames in a
// buffer, so that one Write carries many of them; Flush writes the buffer. A
// Writer is not safe for concurrent use.
//
// After a failed or short write, or a frame whose source failed midway, every
// later call returns that error: an incomplete frame is never followed by another.
// A payload that is refused changes nothing.
type Writer struct {
	enc      encoder
	dst      io.Writer
	vectored bool // dst takes several slices in one system call
	err      error
	mem      memory // mem.buf holds the frames to be written

	parts [3][]byte // of a vectored write
	vec   net.Buffers
}

// An encoder is what a Writer was told about payloads.
type encoder struct {
	framer   Framer
	encloser Encloser // framer, if it is one
	max      int      // payload limit; math.MaxInt if there is none
}

// NewWriter returns a Writer that writes frames of f to dst and refuses payloads
// of more than [DefaultMaxPayload] bytes.
//
// If dst is a [*net.TCPConn] or [*net.UnixConn], or has a method
// WriteBuffers(*net.Buffers) (int64, error), and f is an [Encloser], payloads of
// 16 KiB and more are not copied: they are written with their header and trailer
// in one vectored write.
func NewWriter(dst io.Writer, f Framer) *Writer {
	w := new(Writer)
	w.init(dst, f)
	return w
}

func (w *Writer) init(dst io.Writer, f Framer) {
	w.SetFramer(f)
	w.SetMaxPayload(DefaultMaxPayload)
	w.mem.least = minBuffer
	w.dst = dst
	switch dst.(type) {
	case *net.TCPConn, *net.UnixConn, buffersWriter:
		w.vectored = true
	}
}

// WriteFrame adds the frame that carries payload to the buffer. If the buffer
// then holds 32 KiB or more it is written; a large payload may be written
// directly. WriteFrame does not retain payload.
//
// A payload that exceeds the limit, or that the framing cannot carry, is refused
// with a [*PayloadError]. Any other error is terminal.
func (w *Writer) WriteFrame(payload []byte) error {
	body, trailer, err := w.add(payload, w.vectors(payload))
	if err != nil {
		return err
	}
	if body != nil || len(w.mem.buf) >= flushAt {
		return w.flush(body, trailer)
	}
	return nil
}

// add adds the frame that carries payload to the buffer. If vectored is set and
// body is not nil, only the header was added, and body and trailer must be sent
// next.
func (w *Writer) add(payload []byte, vectored bool) (body, trailer []byte, err error) {
	if w.err != nil {
		return nil, nil, w.err
	}
	if len(payload) > w.enc.max {
		return nil, nil, w.enc.tooLarge(int64(len(payload)))
	}
	if vectored {
		w.reserve(0)
		if buf, err := w.enc.encloser.AppendHeader(w.mem.buf, payload, int64(len(payload))); err == nil {
			w.mem.buf = buf
			return payload, w.enc.encloser.Trailer(), nil
		}
	}
	w.reserve(len(payload))
	w.mem.buf, err = w.enc.framer.Append(w.mem.buf, payload)
	return nil, nil, err
}

// vectors reports whether payload is sent without a copy if its header is known.
func (w *Writer) vectors(payload []byte) bool {
	return len(payload) >= vectorAt && w.vectored && w.enc.encloser != nil
}

func (e *encoder) tooLarge(size int64) error {
	return &PayloadError{Size: size, Reason: "it exceeds the limit of " + plural.Of(e.max, "byte")}
}

// WriteFill adds fill to the buffer: bytes between frames that the receiver
// discards, such as a heartbeat newline. Bytes that are not fill in this framing
// are refused with a [*PayloadError]. Some fill is only tolerated on reading, and peers
// may answer it with an error: see the documentation of the framing. The buffer is
// written as by WriteFrame.
func (w *Writer) WriteFill(fill []byte) error {
	if err := w.addFill(fill); err != nil || len(w.mem.buf) < flushAt {
		return err
	}
	return w.flush(nil, nil)
}

// addFill adds fill to the buffer.
func (w *Writer) addFill(fill []byte) error {
	if w.err != nil {
		return w.err
	}
	for rest := slices.Clone(fill); len(rest) > 0; {
		f, _, err := w.enc.framer.Split(rest, Resume{})
		if err != ErrFill || f.Size < 1 || f.Size > len(rest) {
			return &PayloadError{Size: int64(len(fill)), Reason: fmt.Sprintf("byte %d is not fill between frames", len(fill)-len(rest))}
		}
		rest = rest[f.Size:]
	}
	w.reserve(len(fill))
	w.mem.buf = append(w.mem.buf, fill...)
	return nil
}

// WriteFrom writes the frame whose payload is the next size bytes of src, and
// reads nothing beyond them. The end of the frame may remain in the buffer, as
// with WriteFrame.
//
// If the framing is an [Encloser] that tells its header from the size or from the
// first 4 KiB of the payload, as a length prefix does, WriteFrom holds 32 KiB of
// the payload at a time, and the limit of SetMaxPayload, which bounds memory, does
// not apply. Any other payload is first read whole, within the limit.
//
// If src fails or returns fewer than size bytes, WriteFrom returns a
// [*SourceError]. If nothing of the frame was written by then, the Writer remains
// usable. Otherwise Final is set, and all later calls return the same error.
func (w *Writer) WriteFrom(src io.Reader, size int64) error {
	if w.err != nil {
		return w.err
	}
	w.reserve(int(min(max(0, size), flushAt)))
	w.err = errInterrupted
	buf, final, err := w.encode(w.enc, w.mem.buf, src, size)
	w.mem.buf, w.err = buf, nil
	if final {
		w.err = err
	}
	if err == nil && len(buf) >= flushAt {
		return w.flush(nil, nil)
	}
	return err
}

// encode appends the frame whose payload is size bytes of src to buf, sends buf
// whenever it holds flushAt bytes of the payload, and returns the rest. If final
// is set, the error is terminal; with any other, nothing of the frame was sent,
// and the rest is buf.
func (w *Writer) encode(e encoder, buf []byte, src io.Reader, size int64) (rest []byte, final bool, err error) {
	if size < 0 {
		return buf, false, &PayloadError{Size: size, Reason: "the size is negative"}
	}
	p := payloadSource{src: src, size: size}
	frame, start := buf, []byte(nil)
	err = ErrNoHeader
	if e.encloser != nil {
		frame, err = e.encloser.AppendHeader(buf, nil, size)
		if err == ErrNoHeader && size > 0 {
			start = make([]byte, min(size, startLen))
			if err := p.read(start); err != nil {
				return buf, false, err
			}
			frame, err = e.encloser.AppendHeader(buf, start, size)
		}
	}
	switch {
	case err == ErrNoHeader && size > int64(e.max):
		return buf, false, e.tooLarge(size)
	case err == ErrNoHeader:
		payload, err := p.readRest(start)
		if err != nil {
			return buf, false, err
		}
		frame, err = e.framer.Append(buf, payload)
		return frame, false, err
	case err != nil:
		return buf, false, err
	}
	full := len(frame) + flushAt
	frame = append(slices.Grow(frame, int(min(size, flushAt))), start...)
	for sent := false; p.have < size; {
		if len(frame) == full {
			if err := w.send(frame, nil, nil); err != nil {
				return nil, true, err
			}
			sent, full, frame = true, flushAt, frame[:0]
		}
		n := len(frame)
		frame = frame[:n+int(min(int64(full-n), size-p.have))]
		if err := p.read(frame[n:]); err != nil {
			if err.Final = sent; sent {
				buf = buf[:0]
			}
			return buf, sent, err
		}
	}
	return append(frame, e.encloser.Trailer()...), false, nil
}

// A payloadSource reads the payload of one frame from src.
type payloadSource struct {
	src        io.Reader
	size, have int64
}

// read fills buf with the next bytes of the payload.
func (p *payloadSource) read(buf []byte) *SourceError {
	empty := 0
	for len(buf) > 0 {
		n, err := p.src.Read(buf)
		switch {
		case n < 0 || n > len(buf):
			n, err = 0, errBadReadCount
		case n > 0:
			empty = 0
		case err == nil:
			if empty++; empty == 100 {
				err = io.ErrNoProgress
			}
		}
		buf = buf[n:]
		p.have += int64(n)
		if err == nil || len(buf) == 0 {
			continue // an error that comes with the last byte is not of this payload
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return &SourceError{Have: p.have, Want: p.size, Err: err}
	}
	return nil
}

// readRest returns the whole payload, which begins with start. Its memory grows
// with what src returns.
func (p *payloadSource) readRest(start []byte) ([]byte, error) {
	payload := start
	for p.have < p.size {
		n := len(payload)
		payload = append(payload, make([]byte, min(p.size-p.have, int64(max(n, startLen))))...)
		if err := p.read(payload[n:]); err != nil {
			return nil, err
		}
	}
	return payload, nil
}

// Flush writes the frames in the buffer.
func (w *Writer) Flush() error {
	if w.err != nil || len(w.mem.buf) == 0 {
		return w.err
	}
	return w.flush(nil, nil)
}

// flush sends the buffer, followed by body and trailer if body is not nil.
func (w *Writer) flush(body, trailer []byte) error {
	w.err = errInterrupted // in case send does not return
	w.err = w.send(w.mem.buf, body, trailer)
	w.mem.empty()
	return w.err
}

// send writes buf, followed by body and trailer if body is not nil.
func (w *Writer) send(buf, body, trailer []byte) error {
	var n, want int64
	var err error
	if body == nil {
		var short int
		short, err = w.dst.Write(buf)
		n, want = int64(short), int64(len(buf))
	} else {
		want = int64(len(buf) + len(body) + len(trailer))
		w.parts = [...][]byte{buf, body, trailer}
		w.vec = w.parts[:]
		if len(trailer) == 0 {
			w.vec = w.parts[:2]
		}
		if dst, ok := w.dst.(buffersWriter); ok {
			n, err = dst.WriteBuffers(&w.vec)
		} else {
			n, err = w.vec.WriteTo(w.dst)
		}
		clear(w.parts[:])
	}
	switch {
	case n < 0 || n > want:
		return errBadWriteCount
	case err == nil && n < want:
		return io.ErrShortWrite
	}
	return err
}

// reserve makes room for a typical frame around n payload bytes. It is only a
// hint: Append grows the buffer if that is too little.
func (w *Writer) reserve(n int) {
	if n += overhead; cap(w.mem.buf)-len(w.mem.buf) < n {
		w.grow(n)
	}
}

// grow makes room for n more bytes.
func (w *Writer) grow(n int) {
	buf := w.mem.buf
	w.mem.replace(max(len(buf)+n, 2*cap(buf), w.mem.first), buf)
	w.mem.buf = w.mem.buf[:len(buf)]
}

// Buffered returns the number of bytes in the buffer.
func (w *Writer) Buffered() int { return len(w.mem.buf) }

// Release gives up the memory of an empty buffer, to its Pool if it has one. A
// server calls it before it waits for an idle connection. If there are frames in
// the buffer, it does nothing.
func (w *Writer) Release() {
	if len(w.mem.buf) == 0 {
		w.mem.release()
	}
}

// SetPool makes w take the memory that it needs from now on from p. After a
// Release, w starts with as much memory as it needed before, at most 64 KiB.
func (w *Writer) SetPool(p *Pool) { w.mem.pool = p }

// SetMaxPayload sets the maximum payload size, in bytes as a Reader delivers them.
// If n is zero, only empty payloads are allowed; if n is negative, there is no
// limit.
func (w *Writer) SetMaxPayload(n int) {
	if n < 0 {
		n = math.MaxInt
	}
	w.enc.max = n
}

// SetFramer replaces the Framer from the next frame on. Frames in the buffer
// remain as they are.
func (w *Writer) SetFramer(f Framer) {
	w.enc.framer = f
	w.enc.encloser, _ = f.(Encloser)
}
