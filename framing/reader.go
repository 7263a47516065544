package framing

import (
	"errors"
	"io"
	"iter"
	"os"
)

// A Reader reads frames from an [io.Reader]. It is not safe for concurrent use.
//
// An error of the source is returned unchanged, after the frames that arrived
// before it; only if it matches [ErrFrame], as that of a payload which is itself a
// stream of frames may, it is wrapped so that it does not. The Reader does not remember it: the next call reads from the source
// again and resumes where this one stopped, so a timeout inside a frame loses
// nothing. A source that has failed permanently must keep returning its error.
// [io.EOF], in contrast, is remembered.
type Reader struct {
	buf  Buffer
	src  source
	turn uint // counts the calls that make an earlier payload of NextReader stale
}

// A source is the io.Reader of a Reader.
type source struct {
	r   io.Reader
	err error // returned by Read along with bytes, or io.EOF
}

// fill reads into b once. If Read returns both bytes and an error, the error is
// saved and returned by the next call. io.EOF is sticky.
func (s *source) fill(b *Buffer) (err error) {
	if s.err == nil {
		var n int
		if n, s.err = b.Fill(s.r); n > 0 {
			return nil
		}
	}
	if err = s.err; err != io.EOF {
		s.err = nil
	}
	switch {
	case err == nil:
	case len(b.mem.buf) > b.mem.least && errors.Is(err, os.ErrDeadlineExceeded):
		b.Release() // a connection that was idle for the timeout needs no large buffer
		b.mem.first = 0
	case errors.Is(err, ErrFrame):
		err = &sourceError{err}
	}
	return err
}

// A sourceError is an error of a source that matches ErrFrame, which is about the
// frames that the source reads, not about those that are read from it.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return e.err.Error() }

// NewReader returns a Reader that reads frames of f from src and rejects payloads
// of more than [DefaultMaxPayload] bytes. It may read more from src than the
// frames it returns: see Unread.
func NewReader(src io.Reader, f Framer) *Reader {
	r := new(Reader)
	r.init(src, f)
	return r
}

func (r *Reader) init(src io.Reader, f Framer) {
	r.src.r = src
	r.buf.init(f)
}

// ReadFrame reads the next frame and returns its payload. The caller may modify
// the payload; it is valid until the next call of a read method.
//
// ReadFrame returns [io.EOF] only if the stream ends between two frames, and an
// [*UnexpectedEOFError] if it ends inside one. An error that matches [ErrFrame],
// a [*TooLargeError] or [*FormatError], loses one frame: the next call skips the
// rest of it and returns the following one. Errors of these types that do not
// match ErrFrame are terminal.
func (r *Reader) ReadFrame() ([]byte, error) {
	r.turn++
	payload, _, err := r.buf.next(&r.src, false)
	return payload, err
}

// AppendPayload reads the next frame as ReadFrame does, appends its payload to
// dst and returns the extended slice. With an error dst is returned unchanged.
func (r *Reader) AppendPayload(dst []byte) ([]byte, error) {
	payload, err := r.ReadFrame()
	return append(dst, payload...), err
}

// Frames returns an iterator over the frames that follow. It yields an error that
// loses one frame and continues, yields any other error and ends, and ends at
// [io.EOF] without yielding it. A payload is valid for one step. After a temporary
// error of the source a new call resumes where this one stopped.
func (r *Reader) Frames() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for {
			payload, err := r.ReadFrame()
			if err == io.EOF || !yield(payload, err) || err != nil && !errors.Is(err, ErrFrame) {
				return
			}
		}
	}
}

// SetMaxPayload sets the maximum payload size: see [Buffer.SetMaxPayload].
func (r *Reader) SetMaxPayload(n int) { r.buf.SetMaxPayload(n) }

// SetFramer replaces the Framer from the next frame on: see [Buffer.SetFramer].
func (r *Reader) SetFramer(f Framer) error { return r.buf.SetFramer(f) }

// AcceptUnterminated makes ReadFrame deliver a final frame without its
// terminator, such as the last line of a file, if the Framer is a [Finisher].
func (r *Reader) AcceptUnterminated(accept bool) { r.buf.AcceptUnterminated(accept) }

// Unread returns the bytes that were read from the source and not yet returned in
// frames. They are valid until the next call of a read method.
func (r *Reader) Unread() []byte { return r.buf.Bytes() }

// Offset returns the stream offset of the first byte that Unread returns.
func (r *Reader) Offset() int64 { return r.buf.Offset() }

// Release gives up the memory of r if no bytes are unread: see [Buffer.Release].
func (r *Reader) Release() {
	r.turn++
	r.buf.Release()
}

// SetPool makes r take its memory from p: see [Buffer.SetPool].
func (r *Reader) SetPool(p *Pool) { r.buf.SetPool(p) }
