package framing

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

var errStalePayload = errors.New("framing: payload read after the next frame was asked for")

// NextReader returns the next frame's payload as an io.Reader, and its size in
// bytes, without waiting for the payload and without holding more of it than
// the buffer: for payloads larger than memory.
//
//	size, payload, err := r.NextReader()
//	...
//	err = w.WriteFrom(payload, size)
//
// That needs a framing that announces sizes, a [Prefixer]; the limit of
// SetMaxPayload, which is there to bound memory, does not apply then, so look at
// size, which is at most math.MaxInt. A payload of any other framing is held as a
// whole, as ReadFrame does it, within the limit.
//
// The payload is valid until the next call of a read method, which skips what
// was not read of it; until then its frame counts as being skipped: see
// [ErrSkipping]. It returns [io.EOF] at the payload's end only, and an
// [*UnexpectedEOFError] where the stream ends before. An error of the source is
// returned as it is, and the next Read goes on where that one stopped. Bytes
// behind the payload that are not the framing's trailer are a [*FormatError],
// which costs this one frame, in place of io.EOF. The payload is an
// [io.WriterTo] too, so that [io.Copy] needs no buffer of its own.
//
// The errors of NextReader itself are those of ReadFrame.
func (r *Reader) NextReader() (size int64, payload io.Reader, err error) {
	p := &r.payload
	*p = payloadReader{r: r}
	prefixer, ok := r.buf.framer.(Prefixer)
	if !ok {
		return p.hold(r.ReadFrame())
	}
	p.trailer = prefixer.Trailer()
	for {
		f, err := r.buf.announced()
		if err != nil {
			return 0, nil, err
		}
		if f.Size > 0 {
			p.begin(f)
			return int64(f.End - f.Start), p, nil
		}
		if err := r.fill(); err != nil {
			if err == io.EOF {
				return p.hold(r.buf.End())
			}
			return 0, nil, err
		}
	}
}

// hold makes p read whole, where there is no err.
func (p *payloadReader) hold(whole []byte, err error) (int64, io.Reader, error) {
	if err != nil {
		return 0, nil, err
	}
	p.whole = whole
	return int64(len(whole)), p, nil
}

// announced returns where the frame at the front lies, whole or not, as soon as
// Split tells; until then its Size is 0. What Split condemns in a frame that it
// has announced is the trailer, which has its turn behind the payload.
func (b *Buffer) announced() (Frame, error) {
	for {
		switch {
		case b.state == failed:
			return Frame{}, b.err
		case b.state == skipping && !b.skip():
			return Frame{}, nil
		case b.r == b.w:
			return Frame{}, nil
		}
		data := b.buf[b.r:b.w]
		data = data[:min(len(data), b.window)]
		f, err := b.framer.Split(data, b.seen)
		if f.Size > 0 && err != ErrIdle {
			return f, nil
		}
		if err := b.refuse(data, f, err); err != nil || !b.ready() {
			return Frame{}, err
		}
	}
}

// A payloadReader is the payload that NextReader returns.
type payloadReader struct {
	r       *Reader
	frame   Frame
	start   int64 // stream offset of the frame
	trailer []byte
	whole   []byte // what is left of a payload that is held as a whole
	err     error  // what there is from now on
}

// begin makes p read the frame at the front of the buffer, which counts as
// being skipped while it is.
func (p *payloadReader) begin(f Frame) {
	b := &p.r.buf
	p.frame, p.start = f, b.Offset()
	b.frame = f
	b.drop(f.Size)
	p.pass(min(f.Start, b.w-b.r))
}

// pass takes n bytes off the front, and notes if that was the whole frame.
func (p *payloadReader) pass(n int) {
	b := &p.r.buf
	b.r += n
	if p.at() == int64(p.frame.Size) {
		b.cut()
		p.err = io.EOF
	}
}

// at returns how many bytes of the frame have passed.
func (p *payloadReader) at() int64 { return p.r.buf.Offset() - p.start }

// peek returns bytes of the payload that have arrived, one at least.
func (p *payloadReader) peek() ([]byte, error) {
	b := &p.r.buf
	for p.err == nil {
		if p.frame.Size == 0 {
			if len(p.whole) > 0 {
				return p.whole, nil
			}
			return nil, io.EOF
		}
		if b.state != skipping || b.start != p.start {
			return nil, errStalePayload
		}
		at, waiting := p.at(), b.buf[b.r:b.w]
		switch {
		case at < int64(p.frame.Start):
			p.pass(int(min(int64(p.frame.Start)-at, int64(len(waiting)))))
			if p.err != nil || b.r < b.w {
				continue
			}
		case at < int64(p.frame.End):
			if len(waiting) > 0 {
				return waiting[:min(int64(len(waiting)), int64(p.frame.End)-at)], nil
			}
		case len(waiting) >= p.frame.Size-p.frame.End:
			behind := waiting[:p.frame.Size-p.frame.End]
			p.pass(len(behind))
			if !bytes.Equal(behind, p.trailer) {
				p.err = &FormatError{Offset: p.start, Reason: fmt.Errorf("malformed trailer: %q stands behind the payload, not %q", behind, p.trailer)}
			}
			continue
		}
		if err := p.r.fill(); err == io.EOF {
			_, p.err = b.End()
		} else if err != nil {
			return nil, err
		}
	}
	return nil, p.err
}

// take takes n bytes of what peek has returned.
func (p *payloadReader) take(n int) {
	if p.frame.Size == 0 {
		p.whole = p.whole[n:]
		return
	}
	p.pass(n)
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
