package server

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// ErrPending is returned by a method of [Conn] that is refused while answers are
// promised.
var ErrPending = errors.New("server: answers are promised that were not given")

// promises are the answers of a connection that its handler has promised.
type promises struct {
	mu    sync.Mutex
	n     int           // open ones
	bytes int           // of their payloads
	lost  int           // ended without an answer
	last  time.Duration // when one has ended
	ended chan struct{} // closed when the next one ends; nil if nobody waits
}

// Go promises an answer that comes later: it calls answer in a goroutine of its
// own, with a copy of payload, and does not wait for it. answer may modify the copy,
// but must not retain it after returning. It replies with [Conn.WriteFrame], any
// number of times. Until it returns the connection is not idle, and is not ended
// when the peer has ended its side, or the server drains. Go may be called several
// times for one frame.
//
// An error ends the connection with a reset, when all promises are kept: the peer
// cannot know whether its frame was handled. So does a panic. The error [io.EOF]
// ends the connection in order.
//
// While [Server.MaxPending] answers are promised, or the payloads of more than one
// would exceed MaxPayload, Go sends the replies that have gathered and waits; so
// nothing more is read. It returns an error, and does not call answer, if the
// context of the connection ends meanwhile.
func (c *Conn) Go(payload []byte, answer func(payload []byte) error) error {
	if !c.mayChange() {
		return ErrNotHandling
	}
	most := c.settings.Load().maxPayload
	for {
		full := c.promises.add(len(payload), c.srv.limits.maxPending, most)
		if full == nil {
			break
		}
		if err := c.Flush(); err != nil {
			return err
		}
		select {
		case <-full:
		case <-c.ctx.Done():
			return context.Cause(c.ctx)
		}
	}
	c.marks |= promised
	held := c.srv.frames.Get().(*[]byte)
	*held = append((*held)[:0], payload...)
	go c.keep(held, answer)
	return nil
}

// keep keeps a promise.
func (c *Conn) keep(payload *[]byte, answer func(payload []byte) error) {
	err := errPanic
	defer func() {
		if err == errPanic {
			c.panicked(recover())
		}
		if err != nil {
			c.wire.stop(&handlerError{err: err, torn: c.wire.failure() != nil, later: true})
		}
		isLost := err != nil && err != io.EOF || c.wire.failure() != nil
		if !isLost && c.srv.draining.Load() {
			c.answered.Add(1)
		}
		size := len(*payload)
		c.srv.frames.Put(payload)
		c.promises.end(size, isLost, c.srv.now())
	}()
	err = answer(*payload)
}

// add adds a promise for a payload of size bytes, unless there are maxN already,
// or several of more than maxBytes. It then returns a channel that is closed
// when one of them ends.
func (p *promises) add(size, maxN, maxBytes int) (full <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.n >= maxN || p.n > 0 && p.bytes > maxBytes-size {
		return p.nextEnd()
	}
	p.n++
	p.bytes += size
	return nil
}

func (p *promises) nextEnd() <-chan struct{} {
	if p.ended == nil {
		p.ended = make(chan struct{})
	}
	return p.ended
}

func (p *promises) end(size int, isLost bool, now time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n--
	p.bytes -= size
	p.last = now
	if isLost {
		p.lost++
	}
	if p.ended != nil {
		close(p.ended)
		p.ended = nil
	}
}

// wait waits until all have ended.
func (p *promises) wait() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.n > 0 {
		ended := p.nextEnd()
		p.mu.Unlock()
		<-ended
		p.mu.Lock()
	}
}

// open returns how many there are.
func (p *promises) open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n
}

// unanswered returns how many were not answered so far.
func (p *promises) unanswered() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n + p.lost
}

// busyUntil returns when the last one has ended: now if there is one.
func (p *promises) busyUntil(now time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.n > 0 {
		return now
	}
	return p.last
}
