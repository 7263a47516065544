package server

import (
	"io"
	"math"
	"reflect"
	"time"

	"github.com/wholeframe/wholeframe/framing"
)

// settings are what a protocol may change about the frames of a connection.
// They are replaced as a whole, so that any goroutine can look at them.
type settings struct {
	read, write framing.Framer
	maxPayload  int // math.MaxInt if there is no limit
}

// encode appends the frame of payload to dst.
func (set *settings) encode(dst, payload []byte) ([]byte, error) {
	if len(payload) <= set.maxPayload {
		return set.write.Append(dst, payload)
	}
	w := framing.NewWriter(io.Discard, set.write) // which knows the error
	w.SetMaxPayload(set.maxPayload)
	return dst, w.WriteFrame(payload)
}

// encodeFill appends fill to dst.
func (set *settings) encodeFill(dst, fill []byte) ([]byte, error) {
	w := framing.NewWriter(io.Discard, set.write) // which knows what is fill
	return append(dst, fill...), w.WriteFill(fill)
}

// encodesAs reports whether both build the same frames.
func (set *settings) encodesAs(o *settings) bool {
	if set == o {
		return true
	}
	return set.maxPayload == o.maxPayload && reflect.TypeOf(set.write) == reflect.TypeOf(o.write) &&
		reflect.ValueOf(set.write).Comparable() && set.write == o.write
}

func (set *settings) newBuffer() *framing.Buffer {
	b := framing.NewBuffer(set.read)
	b.SetMaxPayload(set.maxPayload)
	return b
}

// change replaces the settings by a copy with a change.
func (c *Conn) change(f func(*settings)) {
	set := *c.settings.Load()
	f(&set)
	c.settings.Store(&set)
}

// SetFramer replaces the Framer of both directions from the next frame on. It
// returns the error of SetReadFramer, and then changes nothing.
func (c *Conn) SetFramer(f framing.Framer) error {
	if err := c.SetReadFramer(f); err != nil {
		return err
	}
	c.SetWriteFramer(f)
	return nil
}

// SetReadFramer replaces the Framer of the frames that are received, from the
// next one on. Bytes that have already arrived, for example half a frame, are split
// with f. In [Server.Stream] it returns [framing.ErrSkipping], and changes
// nothing: the rest of the frame has not arrived.
func (c *Conn) SetReadFramer(f framing.Framer) error {
	if err := c.buf.SetFramer(f); err != nil {
		return err
	}
	c.change(func(set *settings) { set.read = f })
	return nil
}

// SetWriteFramer replaces the Framer of the frames that are sent, from the next
// one on, those of WriteFrame, Push and Broadcast included. Replies that have
// gathered, and pushes that are queued, remain as they are.
func (c *Conn) SetWriteFramer(f framing.Framer) {
	c.replies.SetFramer(f)
	c.change(func(set *settings) { set.write = f })
}

// SetMaxPayload sets the maximum size of a payload in bytes, in either direction,
// from the next frame on, whether that has arrived or not, and from the next reply
// on. If n is zero, that of the Server is used; if n is negative, there is no limit.
func (c *Conn) SetMaxPayload(n int) {
	n = orDefault(n, c.srv.limits.maxPayload, math.MaxInt)
	c.buf.SetMaxPayload(n)
	c.replies.SetMaxPayload(n)
	c.change(func(set *settings) { set.maxPayload = n })
}

// SetIdleTimeout sets the maximum time to wait for the first byte of a frame, from
// the next wait on. If d is zero, that of the Server is used; if d is negative,
// there is no timeout.
func (c *Conn) SetIdleTimeout(d time.Duration) { c.idle = timeout(d, c.srv.limits.idle) }

// SetHandler replaces the Handler from the next frame on.
func (c *Conn) SetHandler(h Handler) { c.handler = h }
