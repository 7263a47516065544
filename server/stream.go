package server

import (
	"errors"
	"io"

	"github.com/wholeframe/wholeframe/framing"
)

// A stream is the frame that Server.Stream handles.
type stream struct {
	open   bool  // the hook runs
	offset int64 // of the frame
	err    error // why no more of it can be read
}

// ReplyFrom writes a frame whose payload is the next size bytes of src, like Reply,
// but without holding more of it than a buffer if the framing announces the size.
// Such a payload may be larger than MaxPayload. When src fails in the middle, part
// of the frame may have been sent: the error is a [*framing.SourceError], and if
// it is final the connection ends in a reset.
func (c *Conn) ReplyFrom(src io.Reader, size int64) error {
	if !c.handling.Load() {
		return ErrNotHandling
	}
	err := c.replies.WriteFrom(src, size)
	var source *framing.SourceError
	switch {
	case err == nil:
		c.replied++
		c.flushedAll()
	case errors.As(err, &source) && source.Final:
		c.wire.fail(err)
	}
	return err
}

// runStream lets Server.Stream handle the frame that Next has refused with err. It
// returns why the connection ends: err, if that frame cannot be streamed.
func (c *Conn) runStream(err error) error {
	var tooLarge *framing.TooLargeError
	if c.srv.Stream == nil || !errors.As(err, &tooLarge) {
		return err
	}
	offset := c.buf.Offset()
	size, payload, ok := c.buf.Stream(c.fillStream)
	if !ok {
		return err
	}
	if err := c.flush(); err != nil { // the payload may take long to come
		return err
	}
	before := c.replied
	c.handled++
	c.stream = stream{open: true, offset: offset}
	c.handling.Store(true)
	c.wire.drain.streams(true)
	if err = c.srv.Stream(c, size, payload); err == nil {
		_, err = io.Copy(io.Discard, payload) // what the hook has left
	}
	if err != nil {
		err = c.handlerError(err, before)
	}
	c.stream.open = false
	c.wire.drain.streams(false)
	return err
}

// fillStream waits for bytes of the stream.
func (c *Conn) fillStream() error {
	if c.stream.err == nil {
		c.stream.err = c.fill()
	}
	return c.stream.err
}
