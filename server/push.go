package server

import (
	"cmp"
	"errors"
	"iter"
	"maps"
	"net"
	"slices"
	"sync"
)

// pushBatch is how many bytes of small pushes leave in one write.
const pushBatch = 32 << 10

var errSlow = errors.New("server: the peer reads its pushes too slowly")

// pushes are the frames that were pushed to a connection and have not left.
type pushes struct {
	mu     sync.Mutex
	frames [][]byte
	size   int           // of frames, and of those that are being written
	idle   chan struct{} // closed when the goroutine that writes ends; nil if it does not run
	closed bool          // no more are taken
	slow   bool          // because MaxQueue was exceeded: a frame is missing
}

// Push queues a frame with payload for the peer, and never waits. Frames leave in
// the order of their pushes, and may overtake replies that have gathered. If more
// than [Server.MaxQueue] bytes are queued, because the peer reads too slowly, the
// connection is reset, with [CloseSlow]; with [CloseWriteTimeout] if the peer reads
// nothing for WriteTimeout. When the connection ends in order, what is queued is sent
// before the end of the stream.
//
// A payload that the framing cannot carry is refused as by Reply. When the
// connection ends, Push returns [net.ErrClosed]; frames that are still queued then
// may be lost without an error.
func (c *Conn) Push(payload []byte) error {
	frame, err := c.settings.Load().encode(nil, payload)
	if err != nil {
		return err
	}
	return c.push(frame)
}

// Broadcast pushes a frame with payload to each of conns, such as those of
// [Server.Conns]. The frame is built once for all that have the same Framer.
// Connections that have ended are skipped. The error is that of the first one
// whose framing cannot carry the payload.
func Broadcast(conns iter.Seq[*Conn], payload []byte) (refused error) {
	var frame []byte
	var of *settings // that frame is built for
	for c := range conns {
		if set := c.settings.Load(); of == nil || !set.encodesAs(of) {
			built, err := set.encode(nil, payload)
			if err != nil {
				refused = cmp.Or(refused, err)
				continue
			}
			frame, of = built, set
		}
		c.push(frame)
	}
	return refused
}

// Conns returns the connections for which [Server.Open] has returned, and that
// have not ended, when the iteration begins.
func (s *Server) Conns() iter.Seq[*Conn] {
	return func(yield func(*Conn) bool) {
		s.mu.Lock()
		conns := slices.Collect(maps.Keys(s.conns))
		s.mu.Unlock()
		for _, c := range conns {
			if c.isOpen.Load() && !yield(c) {
				return
			}
		}
	}
}

// push queues frame, which others may share.
func (c *Conn) push(frame []byte) error {
	p := &c.pushes
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return net.ErrClosed
	case p.size > 0 && p.size > c.srv.limits.maxQueue-len(frame):
		p.closed, p.slow = true, true
		go c.giveUp(errSlow) // which may wait for the connection
		return errSlow
	}
	p.frames = append(p.frames, frame)
	p.size += len(frame)
	if p.idle == nil {
		p.idle = make(chan struct{})
		go c.writePushes()
	}
	return nil
}

// giveUp resets the connection for a reason.
func (c *Conn) giveUp(reason error) {
	c.wire.stop(reason)
	c.force()
}

// writePushes writes what is queued until nothing is.
func (c *Conn) writePushes() {
	buf := c.srv.frames.Get().(*[]byte)
	defer c.srv.frames.Put(buf)
	defer c.wire.protect()
	written, failed := 0, true
	defer func() {
		if failed {
			c.pushes.fail(written)
		}
	}()
	for n := 0; ; {
		var batch []byte
		if batch, n = c.pushes.next((*buf)[:0], n); n == 0 {
			failed = false
			return
		}
		if len(batch) <= pushBatch {
			*buf = batch
		}
		var err error
		if written, err = c.wire.Write(batch); err != nil {
			c.wire.stop(err) // the peer may send nothing that would tell
			return
		}
		written = 0
		c.framesOut.Add(uint64(n))
	}
}

// next notes that the first left frames have left, and returns the next n, which
// leave in one write, appended to buf unless it is a large one. If n is zero, the
// goroutine that writes must end.
func (p *pushes) next(buf []byte, left int) (batch []byte, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.frames[:left] {
		p.size -= len(f)
	}
	p.frames = slices.Delete(p.frames, 0, left)
	if len(p.frames) > 0 && len(p.frames[0]) > pushBatch {
		return p.frames[0], 1
	}
	for n < len(p.frames) && len(buf)+len(p.frames[n]) <= pushBatch {
		buf = append(buf, p.frames[n]...)
		n++
	}
	if n == 0 {
		p.frames = nil // which may be large
		p.endWriting()
	}
	return buf, n
}

func (p *pushes) endWriting() {
	close(p.idle)
	p.idle = nil
}

// fail notes that a write has failed after the first written bytes of its frames:
// nothing more can leave.
func (p *pushes) fail(written int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.frames) > 0 && len(p.frames[0]) <= written {
		written -= len(p.frames[0])
		p.frames = p.frames[1:]
	}
	p.closed = true
	p.endWriting()
}

// isSlow reports whether MaxQueue was exceeded.
func (p *pushes) isSlow() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.slow
}

// queued returns how many frames have not left.
func (p *pushes) queued() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.frames)
}

// finish takes no more pushes, waits until what is queued has left or cannot, and
// returns how many frames have not.
func (p *pushes) finish() (lost int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if idle := p.idle; idle != nil {
		p.mu.Unlock()
		<-idle
		p.mu.Lock()
	}
	return len(p.frames)
}
