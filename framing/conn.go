package framing

import (
	"fmt"
	"io"
	"iter"
	"net"
	"sync"
)

// A Conn reads and writes frames on a [net.Conn].
//
// One goroutine at a time may read; any number may write, and their frames
// never interleave. Close may be called at any time, and so may the methods of
// the net.Conn that set deadlines: a read that times out loses nothing and may
// be repeated, a write that times out may have torn a frame and is the end of
// writing.
type Conn struct {
	conn net.Conn
	r    Reader

	// Frames gather in next while another goroutine writes; the first of the
	// waiting goroutines then writes them all. No lock is held meanwhile.
	sink    sink // for the goroutine that has set writing
	mu      sync.Mutex
	written sync.Cond // writing, done or err has changed
	enc     encoder
	writing bool
	next    []byte // frames that wait
	spare   []byte // an empty buffer to take next's place
	use     usage  // of both
	batch   uint64 // number of the batch in next
	done    uint64 // batches below it are written
	offset  int64  // stream offset of next
	err     error  // the first write error
}

// NewConn returns a Conn for frames of f on c, with a limit of
// [DefaultMaxPayload] bytes in both directions.
func NewConn(c net.Conn, f Framer) *Conn {
	n := &Conn{conn: c}
	n.r.init(c, f)
	n.enc.init(f)
	n.sink.init(c)
	n.written.L = &n.mu
	return n
}

// ReadFrame reads the next frame: see [Reader.ReadFrame].
func (c *Conn) ReadFrame() ([]byte, error) { return c.r.ReadFrame() }

// AppendFrame reads the next frame and appends its payload to dst: see
// [Reader.AppendFrame].
func (c *Conn) AppendFrame(dst []byte) ([]byte, error) { return c.r.AppendFrame(dst) }

// NextReader returns the next frame's payload as an io.Reader: see
// [Reader.NextReader].
func (c *Conn) NextReader() (size int64, payload io.Reader, err error) { return c.r.NextReader() }

// Frames returns an iterator over the frames that follow: see [Reader.Frames].
func (c *Conn) Frames() iter.Seq2[[]byte, error] { return c.r.Frames() }

// Buffered returns the bytes that were read and not returned as frames yet:
// see [Reader.Buffered].
func (c *Conn) Buffered() []byte { return c.r.Buffered() }

// WriteFrame writes the frame that carries payload, which it does not keep. When
// it returns nil the whole frame was handed to the connection. Calls that come
// together share one write. A payload that is refused, with an error as
// [Writer.WriteFrame] returns it, writes nothing and changes nothing; a write that
// fails is final, as for [Writer].
func (c *Conn) WriteFrame(payload []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sink.vectored && len(payload) >= vectorAt && len(payload) <= c.enc.max {
		for c.writing {
			c.written.Wait()
		}
		if head, tail, ok := c.enc.enclose(c.next, payload); ok && c.err == nil {
			c.next = head
			return c.write(payload, tail)
		}
	}
	if err := c.gather(payload); err != nil {
		return err
	}
	return c.flush()
}

// WriteFrames writes the frames that carry payloads one directly behind the
// other, in one write where that can be. If one of them is refused, none is
// written, and the error, which wraps the one of WriteFrame, says which.
func (c *Conn) WriteFrames(payloads ...[]byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil || len(payloads) == 0 {
		return c.err
	}
	before := len(c.next)
	for i, p := range payloads {
		if err := c.gather(p); err != nil {
			c.next = c.next[:before]
			return fmt.Errorf("payload %d of %d: %w", i+1, len(payloads), err)
		}
	}
	return c.flush()
}

// gather appends payload's frame to those that wait.
func (c *Conn) gather(payload []byte) error {
	if c.err != nil {
		return c.err
	}
	if len(payload) > c.enc.max {
		return c.enc.tooLarge(payload, c.offset+int64(len(c.next)))
	}
	buf, err := c.enc.framer.Append(begin(c.next), payload)
	c.next = buf
	return err
}

// flush returns when the batch that gathers now is written, by this goroutine
// or by another.
func (c *Conn) flush() error {
	for batch := c.batch; c.done <= batch; {
		switch {
		case c.writing:
			c.written.Wait()
		case c.err != nil:
			return c.err
		default:
			c.write(nil, nil)
		}
	}
	return nil
}

// write writes the frames that wait, followed by body and tail, and unlocks mu
// while it does. Nobody else may be writing.
func (c *Conn) write(body, tail []byte) error {
	buf := c.begin(int64(len(body) + len(tail)))
	c.mu.Unlock()
	var err error
	if body == nil {
		err = c.sink.write(buf)
	} else {
		err = c.sink.writeVec(buf, body, tail)
	}
	c.mu.Lock()
	c.finish(buf, err)
	return err
}

// begin begins to write the frames that wait, which it returns, and more bytes
// behind them.
func (c *Conn) begin(more int64) (buf []byte) {
	buf = c.next
	c.next, c.spare = c.spare, nil
	c.offset += int64(len(buf)) + more
	c.batch++
	c.writing = true
	return buf
}

// finish says that buf, which begin has returned, is written.
func (c *Conn) finish(buf []byte, err error) {
	c.writing = false
	if c.err = err; err == nil {
		c.done = c.batch
	}
	c.spare = reuse(buf, &c.use)
	c.written.Broadcast()
}

// WriteFrom writes the frame whose payload is the next size bytes of src: see
// [Writer.WriteFrom]. When it returns nil the whole frame was handed to the
// connection. Other writers wait meanwhile, however long src takes.
func (c *Conn) WriteFrom(src io.Reader, size int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.writing {
		c.written.Wait()
	}
	if c.err != nil {
		return c.err
	}
	n := len(c.next)
	head, err := c.enc.header(c.next, size)
	if err != nil {
		return err
	}
	c.next = head
	trailer := c.enc.prefixer.Trailer()
	more := size + int64(len(trailer))
	c.begin(more)
	c.mu.Unlock()
	buf, err := c.sink.writeFrom(head, src, size)
	if err == nil {
		buf = append(buf, trailer...)
	} else {
		buf = buf[:min(n, len(buf))] // the frames that waited before it
	}
	if c.sink.err == nil && len(buf) > 0 {
		if failed := c.sink.write(buf); failed != nil {
			err = failed
		}
	}
	c.mu.Lock()
	if err != nil && c.sink.err == nil {
		c.offset -= int64(len(head)-n) + more
	}
	c.finish(buf, c.sink.err)
	return err
}

// SetMaxPayload sets the limit of both directions: see [Reader.SetMaxPayload]
// and [Writer.SetMaxPayload]. It must not be called while another goroutine
// reads.
func (c *Conn) SetMaxPayload(n int) {
	c.r.SetMaxPayload(n)
	c.mu.Lock()
	c.enc.setMax(n)
	c.mu.Unlock()
}

// SetFramer makes f the framer of both directions from the next frame on: see
// [Reader.SetFramer]. It must not be called while another goroutine reads.
func (c *Conn) SetFramer(f Framer) error {
	if err := c.r.SetFramer(f); err != nil {
		return err
	}
	c.mu.Lock()
	c.enc.setFramer(f)
	c.mu.Unlock()
	return nil
}

// Close closes the connection. Frames whose write has not returned may be lost.
func (c *Conn) Close() error { return c.conn.Close() }

// Conn returns the connection beneath, to set deadlines, say. Reading or
// writing it directly would tear frames.
func (c *Conn) Conn() net.Conn { return c.conn }
