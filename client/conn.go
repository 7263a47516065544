package client

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wholeframe/wholeframe/framing"
)

const (
	maxBatch = 64 << 10               // no frame is added to a batch of this many bytes or more
	maxWrite = 2 * maxBatch           // a longer batch is written in pieces of maxBatch bytes
	endWait  = time.Second            // how long a connection is still read after a write has failed, or the process was stopped
	lateness = 100 * time.Millisecond // if check is called that late the process was stopped
)

// A conn is a connection of a Client. One goroutine reads and one writes; the last of
// them to end settles the calls.
type conn struct {
	client *Client
	addr   *address
	nc     net.Conn      // the frames travel on it
	raw    net.Conn      // below TLS, or nc
	end    *endConn      // below TLS, or nil
	fc     *framing.Conn // reads from nc
	timer  *time.Timer   // calls check

	// Guarded by client.mu.
	batch    []byte           // frames that are to be written
	spare    []byte           // takes the place of batch while that is written
	queued   int64            // bytes of frames in all
	written  int64            // of them, the bytes passed to nc
	wake     sync.Cond        // batch is not empty, or cause is set
	replies  queue            // calls without keys whose reply is due
	byKey    map[uint64]*call // those with keys
	inFlight int              // calls in either
	ended    int              // of them, those that have ended
	sends    queue            // calls of Send that are not yet written
	opened   time.Duration
	batched  int           // calls whose frames are in batch, those of Send left out
	sending  int           // the same, in the batch that is being written
	heard    time.Duration // when a reply came last, or when a first call was written
	active   time.Duration // when a frame came or was sent last, pings left out
	writing  bool          // a write runs
	wrote    time.Duration // when it last made progress, or failed
	due      time.Duration // when check is to be called
	wasLate  bool          // the last call of check came too late
	received bool          // a frame has come
	answered bool          // a reply has come since heard was set
	used     bool          // a frame that is not the reply to a ping has come since active was set
	writeErr error         // the first write that failed
	cause    error         // why the connection ends
	reset    bool          // it ends with RST
	running  int           // goroutines
}

// An endConn notes that the stream below TLS has ended, whatever TLS makes of that.
type endConn struct {
	net.Conn
	ended atomic.Bool
}

func (c *endConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == io.EOF {
		c.ended.Store(true)
	}
	return n, err
}

// add makes a new connection take calls. client.mu must be held here, as wherever
// nothing else is said.
func (c *Client) add(cn *conn) {
	if c.closed {
		cn.raw.Close()
		return
	}
	c.stats.Dialed++
	cn.wake.L = &c.mu
	cn.opened = c.now()
	cn.heard, cn.active = cn.opened, cn.opened
	if c.RequestKey != nil {
		cn.byKey = make(map[uint64]*call)
	}
	cn.due = cn.opened + c.limits.check
	cn.timer = time.AfterFunc(c.limits.check, cn.check)
	c.conns[cn] = struct{}{}
	c.open = append(c.open, cn)
	cn.addr.conns++
	cn.running = 2
	c.spawn(cn.read)
	c.spawn(cn.write)
	c.dispatch()
}

func (cn *conn) hasRoom() bool {
	return cn.inFlight < cn.client.limits.inFlight && len(cn.batch) < maxBatch
}

// put adds the frame of cl to what is to be written.
func (cn *conn) put(cl *call) error {
	c := cn.client
	if n := len(cl.request); n > c.limits.payload {
		return &framing.PayloadError{Size: int64(n), Reason: fmt.Sprintf("it exceeds the limit of %d bytes", c.limits.payload)}
	}
	before := len(cn.batch)
	batch, err := c.Framer.Append(cn.batch, cl.request)
	if err != nil {
		return err
	}
	cn.batch = batch
	cl.start, cl.size = cn.queued, len(batch)-before
	cn.queued += int64(cl.size)
	cl.conn, cl.state = cn, inFlight
	switch {
	case cl.oneway:
		cl.seq = cn.sends.push(cl)
		cn.active = c.now()
	case cl.keyed:
		cn.byKey[cl.key] = cl
	default:
		cl.seq = cn.replies.push(cl)
	}
	if !cl.oneway {
		cn.inFlight++
		cn.batched++
	}
	if before == 0 {
		cn.wake.Signal()
	}
	if cl.admit {
		cl.admit = false
		cl.signal <- struct{}{}
	}
	return nil
}

// forget leaves abandoned in the place of cl, so that its reply is recognized. If no
// place is left for other calls, it stops the connection and returns true; then the
// caller must call close, without holding client.mu.
func (cn *conn) forget(cl *call) (stopped bool) {
	if cl.oneway {
		*cn.sends.at(cl.seq) = abandoned
		return false
	}
	if cl.keyed {
		cn.byKey[cl.key] = abandoned
	} else {
		*cn.replies.at(cl.seq) = abandoned
	}
	cn.ended++
	return cn.ended == cn.client.limits.inFlight && cn.stop(errAbandoned, true)
}

// take removes the call to which a frame with key is the reply, and returns nil if
// there is none.
func (cn *conn) take(key uint64) (cl *call) {
	if cn.byKey == nil {
		cl = cn.replies.pop()
	} else {
		cl = cn.byKey[key]
		delete(cn.byKey, key)
	}
	if cl != nil {
		cn.inFlight--
	}
	if cl == abandoned {
		cn.ended--
	}
	return cl
}

// write writes the frames that gather in batch. client.mu must not be held.
func (cn *conn) write() {
	c := cn.client
	c.mu.Lock()
	for {
		for len(cn.batch) == 0 && cn.cause == nil {
			cn.wake.Wait()
		}
		c.mu.Unlock()
		runtime.Gosched() // callers that are about to add a frame share this write
		c.mu.Lock()
		if cn.cause != nil {
			break
		}
		batch := cn.batch
		cn.batch, cn.spare = cn.spare, nil
		cn.sending, cn.batched = cn.batched, 0
		cn.writing, cn.wrote = true, c.now()
		c.dispatch()
		err := cn.writeBatch(batch)
		cn.writing = false
		if err != nil {
			// What the server has sent before is still read: see check.
			cn.writeErr, cn.wrote = err, c.now()
			cn.leave(err)
			if cn.cause == nil {
				cn.checkIn(endWait)
			}
			break
		}
		if cap(batch) <= 2*maxBatch {
			cn.spare = batch[:0]
		}
	}
	c.mu.Unlock()
	cn.exit()
}

// writeBatch writes batch, in pieces if it is long, so that progress is seen. It unlocks
// client.mu meanwhile.
func (cn *conn) writeBatch(batch []byte) error {
	c := cn.client
	for {
		piece := batch
		if len(batch) > maxWrite {
			piece = batch[:maxBatch]
		}
		batch = batch[len(piece):]
		c.mu.Unlock()
		n, err := cn.nc.Write(piece)
		c.mu.Lock()
		cn.written += int64(max(0, min(n, len(piece))))
		cn.endSends()
		if err == nil && n < len(piece) {
			err = io.ErrShortWrite
		}
		if err != nil {
			return err
		}
		waited := cn.awaits()
		if len(batch) == 0 {
			cn.sending = 0
		} else {
			cn.sending = min(cn.sending, 1) // only the last frame begins after maxBatch bytes
			cn.wrote = c.now()
		}
		if !waited && cn.awaits() {
			cn.heard = c.now()
		}
		if len(batch) == 0 || cn.cause != nil {
			return nil
		}
	}
}

// awaits reports whether a request has been written whose reply is due.
func (cn *conn) awaits() bool { return cn.inFlight > cn.batched+cn.sending }

// endSends ends the calls of Send whose frames are written.
func (cn *conn) endSends() {
	for q := &cn.sends; q.head < q.tail; {
		cl := *q.at(q.head)
		if cl != abandoned {
			if cl.start+int64(cl.size) > cn.written {
				return
			}
			cn.client.end(cl)
			cl.signal <- struct{}{}
		}
		q.pop()
	}
}

// read reads replies until the connection ends. client.mu must not be held.
func (cn *conn) read() {
	c := cn.client
	var err error
	for {
		var payload []byte
		payload, err = cn.fc.ReadFrame()
		if err != nil {
			if errors.Is(err, framing.ErrFrame) && cn.lost(err) {
				continue
			}
			break
		}
		if c.Goodbye != nil && c.Goodbye(payload) {
			err = ErrGoodbye
			break
		}
		if err = cn.receive(payload); err != nil {
			break
		}
	}
	c.mu.Lock()
	stopped := cn.stop(err, err != io.EOF && err != ErrGoodbye)
	c.mu.Unlock()
	if stopped {
		cn.close()
	}
	cn.exit()
}

// receive passes a frame to its call, or to Push. client.mu must not be held.
func (cn *conn) receive(payload []byte) error {
	c := cn.client
	var key uint64
	reply := true
	if c.ReplyKey != nil {
		key, reply = c.ReplyKey(payload)
	}
	c.mu.Lock()
	var cl *call
	if reply {
		cl = cn.take(key)
	}
	cn.hear(cl)
	switch cl {
	case nil:
		c.stats.Unmatched++
	case abandoned:
		c.stats.Late++
	default:
		c.end(cl)
	}
	c.mu.Unlock()
	switch {
	case cl == abandoned, cl != nil && cl.ping:
	case cl != nil && cl.done != nil:
		c.callDone(cl, payload, nil)
	case cl != nil:
		cl.reply = bytes.Clone(payload)
		cl.signal <- struct{}{}
	case c.Push != nil:
		c.Push(payload)
	case c.ReplyKey == nil:
		return errUnexpected
	}
	return nil
}

// hear notes that a frame has come, the reply to cl if that is not nil.
func (cn *conn) hear(cl *call) {
	cn.answered = cn.answered || cl != nil
	cn.used = cn.used || cl == nil || !cl.ping
	if !cn.received {
		cn.received = true
		cn.addr.reached()
	}
}

// catchUp sets the times when frames came, and sends requests in the place of those
// that were answered. This is done once for all frames of a read.
func (cn *conn) catchUp() {
	c := cn.client
	if !cn.answered && !cn.used {
		return
	}
	now := c.now()
	if cn.used {
		cn.active = now
	}
	if cn.answered {
		cn.heard = now
		c.dispatch()
	}
	cn.answered, cn.used = false, false
}

// A readConn is the net.Conn from which frames are read.
type readConn struct {
	net.Conn
	cn *conn
}

// Read is called when the frames of the last Read have been passed on.
func (r readConn) Read(p []byte) (int, error) {
	c := r.cn.client
	c.mu.Lock()
	r.cn.catchUp()
	c.mu.Unlock()
	return r.Conn.Read(p)
}

// NetConn returns the connection itself.
func (r readConn) NetConn() net.Conn { return r.Conn }

// lost fails the call whose reply was an invalid frame. It returns false if that is
// not known. client.mu must not be held.
func (cn *conn) lost(err error) bool {
	c := cn.client
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ReplyKey != nil {
		return false
	}
	cl := cn.take(0)
	cn.hear(cl)
	switch cl {
	case nil:
		return false
	case abandoned:
		c.stats.Late++
	default:
		c.fail(cl, Unknown, err)
	}
	return true
}

// check is called by the timer, not later than the next limit can be exceeded.
// client.mu must not be held.
func (cn *conn) check() {
	c := cn.client
	l := &c.limits
	c.mu.Lock()
	if cn.cause != nil {
		c.mu.Unlock()
		return
	}
	cn.catchUp()
	now := c.now()
	if now-cn.due > lateness && !cn.wasLate { // what has come meanwhile is read first
		cn.wasLate = true
		cn.checkIn(endWait)
		c.mu.Unlock()
		return
	}
	cn.wasLate = false
	next := l.check
	// over reports whether limit has passed since a time.
	over := func(since, limit time.Duration) bool {
		if limit == never {
			return false
		}
		left := since + limit - now
		if left > 0 {
			next = min(next, left)
		}
		return left <= 0
	}
	stopped := false
	switch {
	case cn.writeErr != nil:
		if over(cn.wrote, endWait) {
			stopped = cn.stop(cn.writeErr, true)
		}
	case cn.writing && over(cn.wrote, l.write):
		stopped = cn.stop(ErrWriteTimeout, true)
	case cn.awaits() && over(cn.heard, l.reply):
		stopped = cn.stop(ErrReplyTimeout, true)
	case cn.inFlight > 0 || cn.written < cn.queued:
	case over(cn.active, l.idle):
		stopped = cn.stop(errIdle, false)
	case over(max(cn.active, cn.heard), l.ping) && cn.hasRoom():
		cl := c.newCall(context.Background(), c.Ping)
		cl.ping, cl.key, cl.keyed = true, c.pingKey, c.RequestKey != nil
		if err := cn.put(cl); err != nil {
			stopped = cn.stop(err, true)
		}
	}
	if !stopped {
		cn.checkIn(next)
	}
	c.mu.Unlock()
	if stopped {
		cn.close()
	}
}

// checkIn makes the timer call check when d has passed.
func (cn *conn) checkIn(d time.Duration) {
	cn.due = cn.client.now() + d
	cn.timer.Reset(d)
}

// stop ends the connection, with RST if reset is set. It returns false if that was done
// before; otherwise the caller must call close, without holding client.mu.
func (cn *conn) stop(cause error, reset bool) bool {
	if cn.cause != nil {
		return false
	}
	cn.cause, cn.reset = cause, reset
	cn.leave(cause)
	cn.wake.Signal()
	return true
}

// leave makes the connection take no further calls, because of err.
func (cn *conn) leave(err error) {
	c, a := cn.client, cn.addr
	i := slices.Index(c.open, cn)
	if i < 0 {
		return
	}
	c.open = slices.Delete(c.open, i, i+1)
	a.conns--
	c.recount()
	switch {
	case err == ErrClosed || err == errIdle || err == errAbandoned:
	case c.now()-cn.opened > c.limits.pause, cn.received && cn.inFlight == 0:
		a.reached()
	default:
		a.failed(c, fmt.Errorf("connection to %s ended before a reply: %w", a.name, err))
	}
}

// close closes the connection. client.mu must not be held.
func (cn *conn) close() {
	if !cn.reset {
		cn.nc.Close()
		return
	}
	if l, ok := cn.raw.(interface{ SetLinger(sec int) error }); ok {
		l.SetLinger(0)
	}
	cn.raw.Close()
}

// exit ends one of the goroutines; the last settles the calls. client.mu must not be
// held.
func (cn *conn) exit() {
	c := cn.client
	c.mu.Lock()
	defer c.mu.Unlock()
	if cn.running--; cn.running > 0 {
		return
	}
	cn.timer.Stop()
	delete(c.conns, cn)
	rest := cn.rest()
	again := cn.settle(rest)
	for _, cl := range slices.Backward(again) {
		switch {
		case c.closed:
			c.fail(cl, cn.outcome(cl), ErrClosed)
		case cl.ctx.Err() != nil:
			c.fail(cl, cn.outcome(cl), context.Cause(cl.ctx))
		default:
			c.stats.Resent++
			cl.outcome = min(cl.outcome, cn.outcome(cl))
			cl.state = waiting
			c.waiting.pushFront(cl)
		}
	}
	if c.waiting.first != nil {
		c.dialAll()
		c.dispatch()
		c.failFast()
	}
}

// rest removes the calls that have not ended, and returns them in the order in which
// they were sent.
func (cn *conn) rest() (rest []*call) {
	for _, q := range []*queue{&cn.replies, &cn.sends} {
		for cl := q.pop(); cl != nil; cl = q.pop() {
			rest = append(rest, cl)
		}
	}
	for _, cl := range cn.byKey {
		rest = append(rest, cl)
	}
	rest = slices.DeleteFunc(rest, func(cl *call) bool { return cl == abandoned || cl.ping })
	slices.SortFunc(rest, func(a, b *call) int { return cmp.Compare(a.start, b.start) })
	for _, cl := range rest {
		cl.state = ended
	}
	return rest
}

// settle fails the calls that must not be sent again, and returns the others. It
// unlocks client.mu meanwhile.
func (cn *conn) settle(rest []*call) (again []*call) {
	c := cn.client
	c.mu.Unlock()
	for i, cl := range rest {
		if c.Resend && (cn.outcome(cl) != Unknown || c.Repeatable != nil && c.Repeatable(cl.request)) {
			again = append(again, cl)
			rest[i] = nil
		}
	}
	c.mu.Lock()
	for _, cl := range rest {
		if cl != nil {
			c.fail(cl, cn.outcome(cl), cn.cause)
		}
	}
	return again
}

// outcome returns what is known of cl, which was in flight when the connection ended.
func (cn *conn) outcome(cl *call) Outcome {
	switch {
	case cl.start >= cn.written:
		return NotSent
	case cn.cause == ErrGoodbye, cn.cause == io.EOF && cn.client.TrustFIN && cn.trusted():
		return NotHandled
	}
	return Unknown
}

// trusted reports whether the end of the stream was sent by the server in good order.
//
// After a reset, Linux returns ECONNRESET once, from whatever call comes first. If that
// is Write, Read returns io.EOF. So io.EOF counts only if no write has failed, which none
// does while a server that has sent FIN lingers. A Unix socket cannot be reset: its
// stream ends in the same way whatever has happened to the server.
func (cn *conn) trusted() bool {
	if cn.end != nil {
		return !cn.end.ended.Load() // TLS has ended with close_notify
	}
	if a := cn.raw.RemoteAddr(); a != nil && strings.HasPrefix(a.Network(), "unix") {
		return false
	}
	return cn.writeErr == nil || errors.Is(cn.writeErr, net.ErrClosed)
}
