package framing

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"sync"
)

// A Conn reads and writes frames on a connection: a [net.Conn], or any other
// [io.ReadWriteCloser], such as a serial port, an SSH channel or a pair of pipes.
//
// One goroutine at a time may call the methods that read, and any number those that
// write; frames never interleave. Close may be called at any time, and so may the
// methods of its NetConn that set deadlines: a read that times out loses nothing and
// may be repeated, a write that times out may have written part of a frame and is
// the end of writing.
type Conn struct {
	rwc io.ReadWriteCloser
	r   Reader

	// Frames are collected in w while another goroutine sends; the first of the
	// waiting goroutines then sends them all. mu is not held meanwhile.
	mu      sync.Mutex
	w       Writer    // what send uses is for the goroutine that has set sending
	spare   memory    // takes the place of w.mem during send
	sending bool      // a goroutine sends
	sent    sync.Cond // sending, done or w.err has changed
	batch   uint64    // number of the batch in w
	done    uint64    // batches below this number were sent
}

// NewConn returns a Conn for frames of f on rwc, with a payload limit of
// [DefaultMaxPayload] bytes in both directions.
func NewConn(rwc io.ReadWriteCloser, f Framer) *Conn {
	c := &Conn{rwc: rwc}
	c.r.init(rwc, f)
	c.w.init(rwc, f)
	c.spare.least = c.w.mem.least
	c.sent.L = &c.mu
	return c
}

// ReadFrame reads the next frame and returns its payload, which is valid until the
// next call of a read method: see [Reader.ReadFrame].
func (c *Conn) ReadFrame() ([]byte, error) { return c.r.ReadFrame() }

// AppendPayload reads the next frame and appends its payload to dst: see
// [Reader.AppendPayload].
func (c *Conn) AppendPayload(dst []byte) ([]byte, error) { return c.r.AppendPayload(dst) }

// NextReader returns the payload of the next frame as an io.Reader: see
// [Reader.NextReader].
func (c *Conn) NextReader() (size int64, payload io.Reader, err error) { return c.r.NextReader() }

// Frames returns an iterator over the frames that follow: see [Reader.Frames].
func (c *Conn) Frames() iter.Seq2[[]byte, error] { return c.r.Frames() }

// Unread returns the bytes that were read and not yet returned in frames; they are
// valid until the next call of a read method.
func (c *Conn) Unread() []byte { return c.r.Unread() }

// WriteFrame writes the frame that carries payload, and does not retain payload.
// When it returns nil, the whole frame was passed to the connection. Concurrent
// calls share one write. A payload that is refused, with a [*PayloadError], changes
// nothing; any other error is terminal.
func (c *Conn) WriteFrame(payload []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.sending && (c.w.vectors(payload) || len(c.w.mem.buf) >= flushAt) {
		c.sent.Wait() // the payload has to follow its header directly, or a batch is full
	}
	body, trailer, err := c.w.add(payload, c.w.vectors(payload))
	switch {
	case err != nil:
		return err
	case body != nil:
		return c.send(body, trailer)
	}
	return c.flush()
}

// WriteFrames writes the frames that carry payloads, one directly after the other,
// in one write if possible. If one of them is refused, none is written, and the
// error, which wraps that of WriteFrame, says which.
func (c *Conn) WriteFrames(payloads ...[]byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.w.err != nil || len(payloads) == 0 {
		return c.w.err
	}
	for c.sending && len(c.w.mem.buf) >= flushAt {
		c.sent.Wait()
	}
	if err := c.collect(payloads); err != nil {
		return err
	}
	return c.flush()
}

// collect adds the frames of all payloads to the buffer, or none, also if the Framer
// panics.
func (c *Conn) collect(payloads [][]byte) error {
	before, all := len(c.w.mem.buf), false
	defer func() {
		if !all {
			c.w.mem.buf = c.w.mem.buf[:before]
		}
	}()
	for i, p := range payloads {
		if _, _, err := c.w.add(p, false); err != nil {
			return fmt.Errorf("payload %d of %d: %w", i+1, len(payloads), err)
		}
	}
	all = true
	return nil
}

// WriteFill writes bytes between frames that the receiver discards: see
// [Writer.WriteFill].
func (c *Conn) WriteFill(fill []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.w.addFill(fill); err != nil || len(fill) == 0 {
		return err
	}
	return c.flush()
}

// flush returns when the batch that is collected now was sent, by this goroutine
// or by another.
func (c *Conn) flush() error {
	for batch := c.batch; c.done <= batch; {
		switch {
		case c.sending:
			c.sent.Wait()
		case c.w.err != nil:
			return c.w.err
		default:
			c.send(nil, nil)
		}
	}
	return nil
}

// send sends the collected frames, followed by body and trailer, and unlocks mu
// meanwhile. No other goroutine may be sending.
func (c *Conn) send(body, trailer []byte) error {
	mem, err := c.begin(), errInterrupted
	defer func() { c.end(mem, err) }()
	err = c.w.send(mem.buf, body, trailer)
	return err
}

// begin starts to send the collected frames, which it returns, and unlocks mu.
func (c *Conn) begin() memory {
	mem := c.w.mem
	c.w.mem, c.spare = c.spare, memory{}
	c.batch++
	c.sending = true
	c.mu.Unlock()
	return mem
}

// end locks mu. What begin returned was sent, or err is the terminal error.
func (c *Conn) end(mem memory, err error) {
	c.mu.Lock()
	mem.empty()
	mem.pool = c.w.mem.pool // SetPool may have been called meanwhile
	c.spare = mem
	c.sending = false
	if err != nil {
		c.w.err = err
	} else {
		c.done = c.batch
	}
	c.sent.Broadcast()
}

// WriteFrom writes the frame whose payload is the next size bytes of src: see
// [Writer.WriteFrom]. When it returns nil, the whole frame was passed to the
// connection. Other writers wait meanwhile, however long src takes.
func (c *Conn) WriteFrom(src io.Reader, size int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.sending {
		c.sent.Wait()
	}
	if c.w.err != nil {
		return c.w.err
	}
	c.w.reserve(int(min(max(0, size), flushAt)))
	enc := c.w.enc
	mem, terminal := c.begin(), errInterrupted
	defer func() { c.end(mem, terminal) }()
	rest, final, err := c.w.encode(enc, mem.buf, src, size)
	mem.buf = rest
	if final {
		terminal = err
		return err
	}
	var sendErr error
	if len(rest) > 0 { // if src failed, the frames of others
		sendErr = c.w.send(rest, nil, nil)
	}
	if terminal = sendErr; terminal != nil {
		return terminal
	}
	return err
}

// SetMaxPayload sets the payload limit of both directions: see
// [Buffer.SetMaxPayload] and [Writer.SetMaxPayload]. It must not be called while
// another goroutine reads.
func (c *Conn) SetMaxPayload(n int) {
	c.r.SetMaxPayload(n)
	c.mu.Lock()
	c.w.SetMaxPayload(n)
	c.mu.Unlock()
}

// SetFramer replaces the Framer of both directions from the next frame on. It
// returns the error of [Conn.SetReadFramer], and then changes nothing.
func (c *Conn) SetFramer(f Framer) error {
	if err := c.SetReadFramer(f); err != nil {
		return err
	}
	c.SetWriteFramer(f)
	return nil
}

// SetReadFramer replaces the Framer of the frames that are read, from the next one
// on: see [Buffer.SetFramer]. It must not be called while another goroutine reads.
func (c *Conn) SetReadFramer(f Framer) error { return c.r.SetFramer(f) }

// SetWriteFramer replaces the Framer of the frames that are written, from the next
// one on.
func (c *Conn) SetWriteFramer(f Framer) {
	c.mu.Lock()
	c.w.SetFramer(f)
	c.mu.Unlock()
}

// Release gives up the memory in which no bytes are buffered: see
// [Buffer.Release]. It must not be called while another goroutine reads.
func (c *Conn) Release() {
	c.r.Release()
	c.mu.Lock()
	c.w.Release()
	c.spare.release()
	c.mu.Unlock()
}

// SetPool makes c take the memory that it needs from now on from p: see
// [Buffer.SetPool]. It must not be called while another goroutine reads.
func (c *Conn) SetPool(p *Pool) {
	c.r.SetPool(p)
	c.mu.Lock()
	c.w.SetPool(p)
	c.spare.pool = p
	c.mu.Unlock()
}

// CloseWrite sends the end of the stream after the frames whose write has returned.
// Reading continues. If the connection has no CloseWrite of its own, the error is
// [errors.ErrUnsupported]. On a *tls.Conn the alert close_notify is sent, and then the
// end of the stream below it.
func (c *Conn) CloseWrite() error {
	rwc, ok := c.rwc.(closeWriter)
	if !ok {
		return errors.ErrUnsupported
	}
	err := rwc.CloseWrite()
	if layer, ok := c.rwc.(interface{ NetConn() net.Conn }); ok && err == nil {
		if below, ok := layer.NetConn().(closeWriter); ok {
			err = below.CloseWrite()
		}
	}
	return err
}

type closeWriter interface{ CloseWrite() error }

// Close closes the connection. Frames whose write has not returned may be lost.
func (c *Conn) Close() error { return c.rwc.Close() }

// NetConn returns the connection that was passed to NewConn, for example to set
// deadlines, or nil if it is not a [net.Conn]. Reading or writing it directly
// corrupts the stream of frames.
func (c *Conn) NetConn() net.Conn {
	conn, _ := c.rwc.(net.Conn)
	return conn
}
