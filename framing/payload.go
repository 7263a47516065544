package framing

import (
	"bytes"
	"errors"
	"io"
)

var errStalePayload = errors.New("framing: payload read after the next frame was requested or the memory released")

// NextReader returns the payload of the next frame as an io.Reader, and its size
// in bytes, without waiting for the payload and without holding more of it than a
// buffer: for payloads larger than memory.
//
//	size, payload, err := r.NextReader()
//	...
//	err = w.WriteFrom(payload, size)
//
// A payload is streamed if its framing announces the size and leaves the payload
// unchanged, as a length prefix does. The limit of SetMaxPayload, which bounds
// memory, does not apply to it; the caller should examine size, which is at most
// math.MaxInt. A frame within the limit that has already arrived whole is not
// streamed, and any other payload is held in memory, within the limit.
//
// The payload is valid until the next call of a read method, which discards its
// unread rest, or of Release. The Framer should not be changed before the payload is
// read: SetFramer returns [ErrSkipping] if a part of the frame has not arrived. Read
// returns [io.EOF] only at the end of the payload, and an [*UnexpectedEOFError] if the
// stream ends before that. An error of the source is returned as by ReadFrame, and the
// next Read resumes where this one stopped.
//
// The last byte of the payload is held back until the trailer, if the framing has
// one, has been verified. If it is wrong, Read returns a [*FormatError] in place of
// that byte, and the next frame can be read. If the payload is not read to its
// end, the next read method returns that error.
//
// The payload is an [io.WriterTo], so that [io.Copy] needs no buffer of its own.
// NextReader allocates it. The errors of NextReader are those of ReadFrame.
func (r *Reader) NextReader() (size int64, payload io.Reader, err error) {
	r.turn++
	whole, ok, err := r.buf.next(&r.src, true)
	switch {
	case err != nil:
		return 0, nil, err
	case ok:
		return int64(len(whole)), &payloadReader{r: r, turn: r.turn, whole: whole}, nil
	}
	f := r.buf.pending
	return int64(f.End - f.Start), &payloadReader{b: &r.buf, fill: func() error { return r.src.fill(&r.buf) }, r: r, turn: r.turn, frame: f}, nil
}

// Stream returns the payload of a frame that exceeds the limit as an io.Reader,
// and its size in bytes. It may be called when Next has just returned a
// [*TooLargeError]. If the framing does not announce the size, or changes the
// payload, ok is false. The next call of Next then discards the frame, as it would
// have without the call of Stream.
//
// When the payload needs bytes that are not buffered it calls fill, which must
// add some, for example with Fill, or return why there are none: [io.EOF] at the end
// of the stream. Otherwise the payload is one of [Reader.NextReader]. It is valid
// until the next call of Next, which discards its unread rest.
func (b *Buffer) Stream(fill func() error) (size int64, payload io.Reader, ok bool) {
	f := b.pending
	if b.state != skipping || b.Offset() != b.start || f.Size == 0 || !b.streams(b.Bytes(), f) {
		return 0, nil, false
	}
	if f.Size > len(b.Bytes()) {
		if _, _, err := b.framer.Split(b.Bytes(), Resume{}); err != nil {
			return 0, nil, false // too large is not all that is wrong with it
		}
	}
	b.state, b.trailer = streaming, b.enclosing()
	return int64(f.End - f.Start), &payloadReader{b: b, fill: fill, start: b.start, frame: f}, true
}

// A payloadReader is the payload that NextReader or Stream returns.
type payloadReader struct {
	b     *Buffer
	fill  func() error // adds bytes to b
	r     *Reader      // that has returned the payload, or nil
	turn  uint         // r.turn while the payload is valid
	start int64        // b.start while the payload is valid, without r
	frame Frame        // of a payload that is streamed
	whole []byte       // the rest of a payload that is held
	err   error        // sticky
}

// isStale reports whether the payload is no longer valid.
func (p *payloadReader) isStale() bool {
	if p.r != nil {
		return p.turn != p.r.turn
	}
	return p.err == nil && (p.b.state != streaming || p.b.start != p.start)
}

// peek returns buffered bytes of the payload, at least one, and reads if there are
// none.
func (p *payloadReader) peek() ([]byte, error) {
	switch {
	case p.isStale():
		return nil, errStalePayload
	case p.frame.Size == 0 && len(p.whole) == 0:
		return nil, io.EOF
	case p.frame.Size == 0:
		return p.whole, nil
	}
	b := p.b
	for p.err == nil {
		at := int(b.Offset() - b.start)
		header := min(max(0, p.frame.Start-at), b.w-b.r)
		b.r, at = b.r+header, at+header
		held := b.mem.buf[b.r:b.w]
		payload, trailer := p.frame.End-at, p.frame.Size-p.frame.End
		switch {
		case len(held) >= payload+trailer:
			if !bytes.HasSuffix(held[:payload+trailer], b.trailer) {
				p.err = b.end(payload + trailer)
				return nil, p.err
			}
			return held[:payload], nil
		case trailer > 0 && len(held) >= payload:
			held = held[:payload-1]
		}
		if len(held) > 0 {
			return held, nil
		}
		if err := p.fill(); err == io.EOF {
			_, p.err = b.Finish()
		} else if err != nil {
			return nil, err
		}
	}
	return nil, p.err
}

// take discards the first n bytes of what peek has returned.
func (p *payloadReader) take(n int) {
	if p.frame.Size == 0 {
		p.whole = p.whole[n:]
		return
	}
	b := p.b
	b.r += n
	if b.Offset() == b.start+int64(p.frame.End) {
		b.end(p.frame.Size - p.frame.End) // peek has verified it
		p.err = io.EOF
	}
}

// Read implements [io.Reader].
func (p *payloadReader) Read(dst []byte) (int, error) {
	if len(dst) == 0 {
		return 0, nil
	}
	data, err := p.peek()
	n := copy(dst, data)
	if n > 0 {
		p.take(n)
	}
	return n, err
}

// WriteTo implements [io.WriterTo].
func (p *payloadReader) WriteTo(w io.Writer) (written int64, err error) {
	for {
		data, err := p.peek()
		if err == io.EOF {
			return written, nil
		}
		if err != nil {
			return written, err
		}
		n, err := w.Write(data)
		switch {
		case n < 0 || n > len(data):
			return written, errBadWriteCount
		case n < len(data) && err == nil:
			err = io.ErrShortWrite
		}
		if n > 0 {
			p.take(n)
			written += int64(n)
		}
		if err != nil {
			return written, err
		}
	}
}
