package server

import (
	"io"
	"net"

	"github.com/wholeframe/wholeframe/framing"
)

// An out lets the goroutines of a connection take turns at writing whole
// frames. After a write that fails none is written any more. The turn is taken
// through a channel, for it lasts as long as the peer lets it.
type out struct {
	turn  chan struct{}
	w     io.Writer
	err   error
	sends *framing.Writer // made by the first Send
}

func (o *out) init(w io.Writer) { o.turn, o.w = make(chan struct{}, 1), w }

// Write writes p, which holds whole frames.
func (o *out) Write(p []byte) (n int, err error) {
	o.turn <- struct{}{}
	defer func() { <-o.turn }()
	if o.err == nil {
		n, o.err = o.w.Write(p)
	}
	return n, o.err
}

// send writes one message at once.
func (o *out) send(c *Conn, payload []byte) error {
	o.turn <- struct{}{}
	defer func() { <-o.turn }()
	if o.err != nil {
		return o.err
	}
	if o.sends == nil {
		o.sends = framing.NewWriter(o.w, c.srv.Framer)
		o.sends.SetMaxPayload(c.srv.maxPayload())
		o.sends.SetPool(&c.srv.pool)
	}
	err := o.sends.WriteFrame(payload)
	o.err = o.sends.Flush() // also of a write that failed in WriteFrame; not of a payload that was refused
	o.sends.Release()
	if err == nil {
		err = o.err
	}
	return err
}

// close makes every further write fail with net.ErrClosed, and returns the
// error of the write that failed, if one has. It is one turn: a frame that was
// torn between the question and the end would go unseen.
func (o *out) close() (failed error) {
	o.turn <- struct{}{}
	defer func() { <-o.turn }()
	if o.err != nil {
		return o.err
	}
	o.err = net.ErrClosed
	return nil
}

// A vectorOut is an out on a wire, which takes several slices as one.
type vectorOut struct{ *out }

// WriteBuffers writes v, which holds whole frames.
func (o vectorOut) WriteBuffers(v *net.Buffers) (n int64, err error) {
	o.turn <- struct{}{}
	defer func() { <-o.turn }()
	if o.err == nil {
		n, o.err = o.w.(*wire).WriteBuffers(v)
	}
	return n, o.err
}
