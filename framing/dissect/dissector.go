package dissect

import (
	"bytes"
	"errors"
	"io"

	"github.com/wholeframe/wholeframe/framing"
)

// A Piece is a frame, or a run of bytes that belong to no delivered frame.
type Piece struct {
	Offset  int64  // stream offset of the first byte
	Wire    []byte // the bytes as they arrived
	Parts   []Part // what they are; in order, they cover all of Wire
	Whole   bool   // the piece is a frame that is delivered
	Payload []byte // of a frame that is delivered
	Err     error  // why a frame is not delivered; set in its first piece
}

// A Dissector splits a stream into pieces as it arrives. It holds no more than a
// frame within its limit and the bytes written since the last call of Next. It is
// not safe for concurrent use.
type Dissector struct {
	buf   *framing.Buffer
	shape shape

	wire  []byte  // bytes that are in no piece yet
	at    int64   // stream offset of wire[0]
	ready []Piece // to be returned

	skipping bool  // a frame was rejected, and no other has begun
	err      error // why, if no piece has it yet
	header   int   // bytes of its header that are in no piece yet
	end      int64 // stream offset of the byte after it; 0 if that is not known
	lost     bool  // the stream cannot be followed
}

// New returns a Dissector for frames of f that rejects payloads of more than max
// bytes. If max is negative, there is no limit.
func New(f framing.Framer, max int) *Dissector {
	d := &Dissector{shape: shapeOf(f), buf: framing.NewBuffer(f)}
	d.buf.SetMaxPayload(max)
	return d
}

// All returns the pieces of data, which is a complete stream, and does not modify
// it; max is that of [New]. If data ends inside a frame, the Err of the last piece
// is an [*framing.UnexpectedEOFError].
func All(f framing.Framer, max int, data []byte) []Piece {
	d := New(f, max)
	d.Write(data)
	var all []Piece
	for p, ok := d.Next(); ok; p, ok = d.Next() {
		all = append(all, p)
	}
	if p, ok := d.Finish(); ok {
		all = append(all, p)
	}
	return all
}

// Write appends a copy of p to the stream. It never fails.
func (d *Dissector) Write(p []byte) (int, error) {
	d.wire = append(d.wire, p...)
	if !d.lost {
		d.buf.Write(p)
	}
	return len(p), nil
}

// Next returns the next piece, which the caller may retain, or false if more bytes
// have to arrive first. The bytes of a rejected frame are returned as they arrive, in
// several pieces, of which the first has the error; that one may have no bytes.
func (d *Dissector) Next() (p Piece, ok bool) {
	for len(d.ready) == 0 {
		if d.lost {
			d.cut(len(d.wire), Lost, nil)
			break
		}
		payload, ok, err := d.buf.Next()
		switch {
		case ok:
			d.frame(payload)
		case err == nil:
			d.pass(d.buf.Offset())
		case errors.Is(err, framing.ErrFrame):
			d.reject(err)
		default:
			d.pass(d.buf.Offset())
			d.cut(len(d.wire), Lost, err)
			d.lost = true
		}
		if !ok && err == nil {
			break
		}
	}
	if len(d.ready) == 0 {
		return Piece{}, false
	}
	p, d.ready = d.ready[0], d.ready[1:]
	return p, true
}

// Pending returns the bytes of a frame that is incomplete, without consuming them.
// It must be called only after Next has returned false.
func (d *Dissector) Pending() (p Piece, ok bool) {
	if len(d.wire) == 0 {
		return Piece{}, false
	}
	p = Piece{Offset: d.at, Wire: bytes.Clone(d.wire)}
	f := d.buf.Pending()
	var parts parts
	var header, payload int
	if f.Size > 0 {
		header = min(f.Start, len(d.wire))
		payload = min(f.End, len(d.wire)) - header
	}
	parts.add(Header, header)
	parts.add(Payload, payload)
	parts.add(Incomplete, len(d.wire)-header-payload)
	p.Parts = parts
	return p, true
}

// Finish reports the end of the stream. If the stream ends inside a frame, Finish
// returns the bytes of that frame, with the error. It must be called only after Next
// has returned false.
func (d *Dissector) Finish() (p Piece, ok bool) {
	if d.lost {
		return Piece{}, false
	}
	_, err := d.buf.Finish()
	if err == io.EOF {
		return Piece{}, false
	}
	p, ok = d.Pending()
	if !ok {
		p.Offset = d.at // all bytes of the frame were skipped
	}
	p.Err = err
	d.wire, d.at, d.lost = nil, d.at+int64(len(d.wire)), true
	return p, true
}

// frame makes a piece of the frame that Next of the Buffer returned, and one of the
// bytes before it.
func (d *Dissector) frame(payload []byte) {
	f := d.buf.Frame()
	d.pass(d.buf.Offset() - int64(f.Size))
	d.skipping = false
	d.add(Piece{Whole: true, Payload: bytes.Clone(payload), Parts: d.shape.parts(f, d.wire, payload)}, f.Size)
}

// reject records that the frame at the front is rejected, and makes a piece of the
// bytes before it. The Buffer skips the frame in later calls.
func (d *Dissector) reject(err error) {
	d.pass(d.buf.Offset())
	d.skipping, d.err, d.header, d.end = true, err, 0, 0
	if f := d.buf.Pending(); f.Size > 0 {
		d.header = f.Start
		if end := d.at + int64(f.Size); end > d.at {
			d.end = end
		}
	}
}

// pass makes pieces of the bytes before a stream offset, which are in no delivered
// frame.
func (d *Dissector) pass(to int64) {
	if d.skipping {
		skipped := int(to - d.at)
		if d.end > 0 {
			skipped = int(min(to, d.end) - d.at)
		}
		if skipped > 0 || d.err != nil {
			var parts parts
			header := min(d.header, skipped)
			parts.add(Header, header)
			parts.add(Skipped, skipped-header)
			d.add(Piece{Parts: parts, Err: d.err}, skipped)
			d.header, d.err = d.header-header, nil
		}
		d.skipping = d.end == 0 || d.at < d.end
	}
	d.cut(int(to-d.at), Fill, nil)
}

// cut makes a piece of the first n bytes, if there are any.
func (d *Dissector) cut(n int, k Kind, err error) {
	if n > 0 {
		d.add(Piece{Parts: []Part{{k, 0, n}}, Err: err}, n)
	}
}

// add makes p a piece of the first n bytes.
func (d *Dissector) add(p Piece, n int) {
	p.Offset, p.Wire = d.at, bytes.Clone(d.wire[:n])
	d.wire, d.at = d.wire[n:], d.at+int64(n)
	d.ready = append(d.ready, p)
}
