package dissect

import (
	"bytes"
	"errors"
	"io"

	"github.com/wholeframe/wholeframe/framing"
)

// A Piece is a frame, or bytes that belong to none that is delivered.
type Piece struct {
	Offset  int64  // stream offset of the first byte
	Wire    []byte // the bytes as they arrived
	Parts   []Part // what they are; together they are all of Wire, in order
	Whole   bool   // this is a frame, and delivered
	Payload []byte // of a frame that is delivered
	Err     error  // why this is none; more pieces of the same frame do not repeat it
}

// A Dissector cuts a stream into pieces as it arrives. It holds no more than a
// frame within its limit and what was written and not asked for yet. It is not
// safe for concurrent use.
type Dissector struct {
	framer framing.Framer
	buf    *framing.Buffer
	shape  shape

	wire  []byte  // what has arrived and is in no piece yet
	at    int64   // stream offset of wire[0]
	ready []Piece // to be returned

	skipping bool  // a frame was refused, and no other has begun
	err      error // why, if no piece says so yet
	header   int   // bytes of its header that are in no piece yet
	end      int64 // stream offset behind it; 0: not known
	lost     bool  // no more frames can be cut
}

// New returns a Dissector of frames of f that refuses payloads of more than max
// bytes; a negative max allows any size.
func New(f framing.Framer, max int) *Dissector {
	d := &Dissector{framer: f, shape: shapeOf(f), buf: framing.NewBuffer(f)}
	d.buf.SetMaxPayload(max)
	return d
}

// All returns the pieces of data, which is a whole stream, and which it does not
// change; max is that of [New]. If data ends inside a frame, the last piece has
// an [*framing.UnexpectedEOFError].
func All(f framing.Framer, max int, data []byte) []Piece {
	d := New(f, max)
	d.Write(data)
	var all []Piece
	for p, ok := d.Next(); ok; p, ok = d.Next() {
		all = append(all, p)
	}
	if p, ok := d.End(); ok {
		all = append(all, p)
	}
	return all
}

// Write adds p, which is copied, to the bytes that have arrived. It never fails.
func (d *Dissector) Write(p []byte) (int, error) {
	d.wire = append(d.wire, p...)
	if !d.lost {
		d.buf.Write(p)
	}
	return len(p), nil
}

// Next returns the next piece of what has arrived; it is the caller's to keep.
// It returns false where more must arrive first. What is skipped of a frame
// comes as it arrives, in a piece each time, of which the first has the error;
// that one may have no bytes.
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
			d.refuse(err)
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

// Waiting returns what has arrived of a frame that is not whole yet, and stays
// where it is. Next must have returned all other pieces.
func (d *Dissector) Waiting() (p Piece, ok bool) {
	if len(d.wire) == 0 {
		return Piece{}, false
	}
	p = Piece{Offset: d.at, Wire: bytes.Clone(d.wire)}
	f := d.look()
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

// End says that the stream ends here. If it does so inside a frame, End returns
// what there is of it, with the error that says so. Next must have returned all
// other pieces.
func (d *Dissector) End() (p Piece, ok bool) {
	if d.lost {
		return Piece{}, false
	}
	_, err := d.buf.End()
	if err == io.EOF {
		return Piece{}, false
	}
	p, ok = d.Waiting()
	if !ok {
		p.Offset = d.at // all that came of the frame has been skipped
	}
	p.Err = err
	d.wire, d.at, d.lost = nil, d.at+int64(len(d.wire)), true
	return p, true
}

// frame makes a piece of the frame that was cut off last, and one of what stands
// before it.
func (d *Dissector) frame(payload []byte) {
	f := d.buf.Frame()
	d.pass(d.buf.Offset() - int64(f.Size))
	d.skipping = false
	d.add(Piece{Whole: true, Payload: bytes.Clone(payload), Parts: d.shape.parts(f, d.wire, payload)}, f.Size)
}

// refuse notes that the frame at the front is refused, and makes a piece of what
// stands before it. What there is of it is known when the Buffer has skipped it.
func (d *Dissector) refuse(err error) {
	d.pass(d.buf.Offset())
	d.skipping, d.err, d.header, d.end = true, err, 0, 0
	if f := d.look(); f.Size > 0 {
		d.header = f.Start
		if end := d.at + int64(f.Size); end > d.at {
			d.end = end
		}
	}
}

// pass makes pieces of the bytes before a stream offset, which are in no frame.
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
	d.cut(int(to-d.at), Idle, nil)
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

// window is more than any header takes.
const window = 128 << 10

// look returns what the framer says of the frame at the front. It shows the
// framer little at first: there may be many frames behind this one.
func (d *Dissector) look() (f framing.Frame) {
	most := min(window, len(d.wire))
	for n := 0; f.Size == 0 && n < most; {
		n = min(max(64, 8*n), most)
		f, _ = d.framer.Split(bytes.Clone(d.wire[:n]), 0)
	}
	return f
}
