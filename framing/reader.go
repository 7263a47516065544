package framing

import (
	"errors"
	"io"
	"iter"
)

// A Reader reads frames from an [io.Reader]: a [Buffer] and its source. It is
// not safe for concurrent use.
//
// An error of the source is returned as it is, after the frames that arrived
// before it. It is not the end of the Reader: the next call asks the source
// again and goes on where this one stopped, so a timeout in mid-frame loses
// nothing, and a dead source says so again. [io.EOF], in contrast, is final.
type Reader struct {
	buf     Buffer
	src     io.Reader
	err     error         // of src, not reported yet
	payload payloadReader // what NextReader has returned
}

// NewReader returns a Reader that reads frames of f from src and refuses
// payloads of more than [DefaultMaxPayload] bytes. It may read more from src
// than the frames it returns: see Buffered.
func NewReader(src io.Reader, f Framer) *Reader {
	r := new(Reader)
	r.init(src, f)
	return r
}

func (r *Reader) init(src io.Reader, f Framer) {
	r.src = src
	r.buf.init(f)
}

// ReadFrame reads the next frame and returns its payload, which is the
// caller's to change and valid until the next call of a read method.
//
// It returns [io.EOF] only where the stream ends between two frames, and an
// [*UnexpectedEOFError] where it ends inside one. An error that matches
// [ErrFrame] (a [*TooLargeError] or [*FormatError]) costs one frame: the next
// call skips what is left of it and goes on with the one behind it. These same
// types are final where they do not match ErrFrame.
func (r *Reader) ReadFrame() ([]byte, error) {
	b := &r.buf
	for {
		if n := b.w - b.r; n >= b.want {
			// Buffer.Next, written out: calling it costs a small frame a fifth.
			data := b.buf[b.r:][:min(n, b.window)]
			f, err := b.framer.Split(data, b.seen)
			if err == nil && uint(f.Size-1) < uint(len(data)) && f.End-f.Start <= b.max {
				b.r += f.Size
				b.seen, b.want = 0, 1
				b.frame = f
				return data[f.Start:f.End:f.End], nil
			}
			if err := b.refuse(data, f, err); err != nil {
				return nil, err
			}
			if b.ready() {
				continue
			}
		} else if payload, ok, err := b.next(); ok || err != nil {
			return payload, err
		}
		if err := r.fill(); err != nil {
			if err == io.EOF {
				return b.End()
			}
			return nil, err
		}
	}
}

// fill reads from the source. An error that came with bytes it keeps for the
// next call, io.EOF for ever.
func (r *Reader) fill() (err error) {
	if r.err == nil {
		var n int
		if n, r.err = r.buf.Fill(r.src); n > 0 {
			return nil
		}
	}
	if err = r.err; err != io.EOF {
		r.err = nil
	}
	return err
}

// AppendFrame reads the next frame like ReadFrame, appends its payload to dst
// and returns the extended slice; on error it returns dst as it was.
func (r *Reader) AppendFrame(dst []byte) ([]byte, error) {
	payload, err := r.ReadFrame()
	return append(dst, payload...), err
}

// Frames returns an iterator over the frames that follow. It yields an error
// that costs one frame and goes on, yields any other error and ends, and at
// [io.EOF] just ends. The payloads are valid for one step. After a temporary
// error of the source a new call goes on where this one stopped.
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

// SetMaxPayload sets the most bytes that a payload may have from the next
// frame on, counted as delivered: what is stripped never counts. Zero allows
// empty payloads only, a negative n any size.
func (r *Reader) SetMaxPayload(n int) { r.buf.SetMaxPayload(n) }

// SetFramer makes f cut the frames from the next one on, those that are
// buffered already included. While a frame is being skipped it returns
// [ErrSkipping], after a final error that error; nothing changes then.
func (r *Reader) SetFramer(f Framer) error { return r.buf.SetFramer(f) }

// AcceptUnterminated makes ReadFrame deliver what stands behind the last frame
// when the stream ends (the last line of a file that does not end in a
// newline), if the framer is an [Ender].
func (r *Reader) AcceptUnterminated(accept bool) { r.buf.AcceptUnterminated(accept) }

// Buffered returns the bytes that were read from the source and not returned
// as frames yet. They are valid until the next call of a read method.
func (r *Reader) Buffered() []byte { return r.buf.Bytes() }

// Offset returns the stream offset of the first byte behind the frames that
// were returned or skipped so far.
func (r *Reader) Offset() int64 { return r.buf.Offset() }
