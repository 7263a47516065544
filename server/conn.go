package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/server/internal/proxyproto"
)

// A Conn is a connection of a [Server], as its hooks and its [Handler] see it.
//
// There are three ways to send a frame. [Conn.Reply] and [Conn.ReplyFrom] are for
// the Handler; replies gather, so that many leave in one write. [Conn.WriteFrame]
// is for any goroutine and writes at once, as WriteFrame of a [framing.Conn] does:
// it blocks while the peer does not read. [Conn.Push] is for any goroutine and
// never blocks: a peer that does not read loses its connection. Frames of the last
// two may overtake replies that have gathered.
//
// The methods that change the connection, those that reply, Go, StartTLS, Hijack
// and TLS are for the Handler, and for [Server.Open], while they run; Reply and
// Flush are for [Server.Goodbye] too. Any goroutine may call the other methods.
type Conn struct {
	// Session is the protocol's own: what Goodbye and Closed, or a Handler that many
	// connections share, need to know of the client. Open sets it; the server does not
	// look at it.
	Session any

	srv  *Server
	raw  net.Conn // as accepted
	wire wire     // on raw

	settings atomic.Pointer[settings]
	promises promises
	pushes   pushes

	base       connContext
	ctx        context.Context // derived from base
	cancel     context.CancelFunc
	began      time.Duration // when it was accepted
	age        *time.Timer   // until it is as old as it may be; nil if it may be of any age
	client     netip.Prefix  // for which it counts, if valid
	hasSlot    bool          // it counts for MaxConns
	done       chan struct{} // closed when it has ended; nil if nobody waits
	silence    int64         // the offset at which it begins
	freshUntil time.Duration // until then it may be silent, although the server drains

	state     atomic.Uint32 // a State
	framesIn  atomic.Uint64 // as published
	framesOut atomic.Uint64
	handling  atomic.Bool // a handler or a hook runs, or has returned a moment ago
	isOpen    atomic.Bool // Open has returned
	settling  atomic.Bool // its goroutine waits for promises, pushes or Goodbye, and changes nothing
	claimed   atomic.Bool // by who closes it: its own goroutine, or abandon

	left     atomic.Uint64 // frames whose replies have left: the first ones of handled
	answered atomic.Uint64 // of those, the ones that left while the server drained

	// The rest is for the goroutine of the connection, and for the one that counts
	// what a stuck handler leaves, which looks at settling and handling first.

	buf      *framing.Buffer
	replies  *framing.Writer
	handler  Handler
	idle     time.Duration // the limit
	stream   stream        // the frame that Server.Stream handles
	handled  uint64        // frames, the one included that is being handled
	gone     uint64        // the frame at which all replies so far had left
	replied  uint64        // frames of Reply
	counted  [2]uint64     // of both, those that are published
	marks    marks         // of the frame that is being handled
	delayed  uint64        // frames whose answers are promised, since the replies to the others have left
	complete uint64        // when it has ended: frames that have all the replies they get

	release  func() // gives back memory that is not in use
	clock    frameClock
	flushed  time.Duration // when it was last looked whether to flush
	unwaited int           // bytes read since the connection had to wait
	draining bool          // the drain has begun
	aged     bool          // because of its age
	parked   bool          // the wait for bytes is resumed: it ends at parkedBy
	parkedBy time.Duration
	ended    bool        // the peer has ended its side of raw
	report   Report      // of its losses; set with Server.mu held
	unpushed int         // pushes that could not be sent
	lastWord int         // bytes that Goodbye has sent
	sample   string      // quoted: bytes of the frame with which it ended
	cause    error       // why it ended
	reason   CloseReason // the same, once state is StateClosed
}

// marks tell what a handler has done besides replying.
type marks uint8

const (
	promised marks = 1 << iota
	hijacked
	leaving // Goodbye runs: only replies are allowed
)

// A frameClock measures how long an incomplete frame was waited for.
type frameClock struct {
	offset int64         // of the frame
	waited time.Duration // so far
	looked int64         // the wait after whose deadline the socket was looked at: see isLate
	late   int           // bytes that had arrived by then
}

const (
	gatherFrames = 16                    // the clock is looked at after this many replies
	gatherTime   = 10 * time.Millisecond // replies that are older are flushed
	holdTime     = 10 * time.Millisecond // a connection that has waited for less keeps its memory this long while it waits
	parkTime     = time.Second           // one that waits for more gets a new stack
	turnBytes    = 256 << 10             // are read without a wait before others get the processor
	stopped      = 10 * time.Millisecond // if a deadline is noticed that late the process was stopped
)

// ErrNotHandling is returned by a method of [Conn] that is for the [Handler] while
// that runs, when it does not run.
var ErrNotHandling = errors.New("server: the handler does not run; other goroutines use WriteFrame or Push")

var (
	errNoHandler    = errors.New("server: Open has returned no handler, and the server has none")
	errIdleTimeout  = errors.New("server: idle timeout")
	errFrameTimeout = errors.New("server: frame timeout: the rest of a frame did not come in time")
	errDrained      = errors.New("server: all that had arrived is answered")
	errParked       = errors.New("server: another goroutine resumes the connection")
	errPanic        = errors.New("server: handler panicked or exited")
)

func newConn(s *Server, raw net.Conn) *Conn {
	now := s.now()
	c := &Conn{srv: s, raw: raw, handler: s.Handler, idle: s.limits.idle, began: now, freshUntil: now + freshFor}
	c.settings.Store(&s.settings)
	c.wire.init(raw, s)
	c.base.srv = s
	c.base.Context, c.cancel = context.WithCancel(context.Background())
	c.ctx = &c.base
	return c
}

// makeBuffers makes the buffers, for which it asks the Framer.
func (c *Conn) makeBuffers() {
	c.buf = c.settings.Load().newBuffer()
	c.buf.SetPool(&c.srv.pool)
	c.makeWriter()
	c.release = func() { c.buf.Release(); c.replies.Release() }
}

// makeWriter makes the Writer of replies, on the wire as it is.
func (c *Conn) makeWriter() {
	var dst io.Writer = &c.wire
	if c.wire.tls != nil || !isVectored(c.raw) {
		dst = struct{ io.Writer }{dst} // without WriteBuffers
	}
	set := c.settings.Load()
	c.replies = framing.NewWriter(dst, set.write)
	c.replies.SetMaxPayload(set.maxPayload)
	c.replies.SetPool(&c.srv.pool)
}

// A connContext is the context of a connection. It knows the server, which
// Shutdown asks for.
type connContext struct {
	context.Context
	srv *Server
}

type serverKey struct{}

func (c *connContext) Value(key any) any {
	if key == (serverKey{}) {
		return c.srv
	}
	return c.Context.Value(key)
}

// Reply writes a frame with payload to the peer. It is for the [Handler] while that
// runs, and for the hooks Open and Goodbye; any other goroutine uses WriteFrame.
// Replies gather. They leave when no further whole frame is buffered, when they fill
// a buffer, after 16 frames if the first of them is older than 10 ms, or by Flush.
// Reply does not keep payload.
//
// A payload that the framing cannot carry is refused with a
// [*framing.PayloadError], and a reply after the handler has returned with
// [ErrNotHandling]. Any other error is final.
func (c *Conn) Reply(payload []byte) error {
	if !c.handling.Load() {
		return ErrNotHandling
	}
	err := c.replies.WriteFrame(payload)
	if err == nil {
		c.replied++
		c.flushedAll()
	}
	return err
}

// mayChange reports whether a handler, or Open, runs.
func (c *Conn) mayChange() bool { return c.handling.Load() && c.marks&leaving == 0 }

// Flush sends the replies that have gathered. Like Reply it is for the [Handler].
// Its error is final.
func (c *Conn) Flush() error {
	if !c.handling.Load() {
		return ErrNotHandling
	}
	isEmpty := c.replies.Buffered() == 0
	err := c.replies.Flush()
	if !isEmpty && err == nil {
		c.flushedAll()
	}
	return err
}

// flushedAll notes that a reply was written, and with it, if the buffer is empty,
// all before: those to earlier frames are complete.
func (c *Conn) flushedAll() {
	if c.replies.Buffered() == 0 && c.handled > 0 {
		c.gone = c.handled
		c.haveLeft(c.handled - 1)
	}
}

// pending returns how many frames were handled whose replies have not left.
func (c *Conn) pending() int { return int(c.handled - c.left.Load()) }

// haveLeft notes that all replies to the first n frames have been sent, except those
// that are promised.
func (c *Conn) haveLeft(n uint64) {
	before := c.left.Load()
	if n <= before {
		return
	}
	if c.srv.draining.Load() {
		c.answered.Add(n - before - c.delayed)
	}
	c.delayed = 0
	c.left.Store(n)
}

// WriteFrame writes a frame with payload to the peer at once. When it returns nil
// the whole frame was handed to the operating system. Any number of goroutines
// may call it at the same time, until the connection ends; then it returns an
// error. It may overtake replies that have gathered, and blocks while the peer
// does not read: if that lasts for WriteTimeout, the connection ends. It does not
// keep payload, and refuses it as Reply does.
func (c *Conn) WriteFrame(payload []byte) error {
	return c.write((*settings).encode, payload, 1)
}

// WriteFill writes fill to the peer at once: bytes between frames that the peer
// discards, such as the heart-beats of STOMP. Bytes that are not fill in the framing are
// refused with a [*framing.PayloadError]. In all else it is like WriteFrame.
func (c *Conn) WriteFill(fill []byte) error {
	return c.write((*settings).encodeFill, fill, 0)
}

// write encodes data and writes it at once. It adds frames to the count of frames sent.
func (c *Conn) write(encode func(set *settings, dst, data []byte) ([]byte, error), data []byte, frames uint64) error {
	buf := c.srv.frames.Get().(*[]byte)
	defer c.srv.frames.Put(buf)
	var err error
	if *buf, err = encode(c.settings.Load(), (*buf)[:0], data); err != nil {
		return err
	}
	if _, err = c.wire.Write(*buf); err != nil {
		c.wire.stop(err) // no frame can be answered any more
		return err
	}
	c.framesOut.Add(frames)
	return nil
}

// Context returns the context of the connection. It ends when the connection
// does, or when a Shutdown does not wait any longer, but not when a Shutdown
// begins: frames are still to be answered then.
func (c *Conn) Context() context.Context { return c.ctx }

// RemoteAddr returns the address of the peer, or of its client if it is a proxy
// of [Server.ProxyFrom].
func (c *Conn) RemoteAddr() net.Addr { return c.wire.remoteAddr() }

// LocalAddr returns the address at which the peer was accepted, or its client by
// the proxy.
func (c *Conn) LocalAddr() net.Addr { return c.wire.localAddr() }

// TLS returns the state of the TLS connection, or nil if the connection is not
// one. It has the peer's certificates, if [tls.Config] asks for them.
func (c *Conn) TLS() *tls.ConnectionState {
	if c.wire.tls == nil {
		return nil
	}
	state := c.wire.tls.ConnectionState()
	return &state
}

// Close ends the connection in order: the frame that is being handled is the last.
// Its replies, promised answers and pushes are sent, then what [Server.Goodbye]
// replies, and the end of the stream. Close does not wait for that. A further
// call does nothing. cause, which may be nil, is given to [Server.Closed].
func (c *Conn) Close(cause error) { c.wire.stop(&closeError{cause}) }

// serve runs the connection from its beginning.
func (c *Conn) serve() {
	c.guard(func() error {
		if c.wire.sock == nil {
			c.wire.resetOnClose(true)
		}
		err := c.readProxyHeader()
		c.notify(StateNew)
		if err != nil {
			return err
		}
		if err := c.admit(); err != nil {
			return err
		}
		c.makeBuffers()
		c.limitAge()
		if f := c.srv.ConnContext; f != nil {
			c.ctx = f(c.ctx, c.wire.netConn())
		}
		if err := c.handshake(); err != nil {
			return err
		}
		if err := c.open(); err != nil {
			return err
		}
		return c.run()
	})
}

// open calls the hook Open.
func (c *Conn) open() error {
	if f := c.srv.Open; f != nil {
		c.handling.Store(true)
		handler, err := f(c)
		if err != nil {
			return &handlerError{err: err, answered: true, torn: c.wire.failure() != nil}
		}
		if c.marks&hijacked != 0 {
			return errHijacked
		}
		c.marks = 0 // a promise of Open is to no frame
		c.freshUntil = c.srv.now() + freshFor
		if handler != nil {
			c.handler = handler
		}
	}
	if c.handler == nil {
		return &handlerError{err: errNoHandler, answered: true}
	}
	c.isOpen.Store(true)
	return nil
}

// park waits for bytes and resumes the connection. It is the first function of a
// new goroutine, whose stack is small because nothing was called on it before.
func (c *Conn) park() {
	c.wire.poll.wait(&c.wire)
	c.guard(c.run)
}

// guard calls run, which runs the connection to its end or until it parks.
func (c *Conn) guard(run func() error) {
	err := errPanic
	defer func() {
		cause := recover() // of close
		if err == errParked {
			go c.park()
		} else {
			c.leave(cause)
		}
	}()
	defer func() {
		if err == errPanic {
			c.panicked(recover())
		}
		if err != errParked {
			defer func() { c.close(err) }() // also if settle panics
			err = c.settle(err)
		}
	}()
	err = run()
}

// panicked logs what recover returned: nil after runtime.Goexit.
func (c *Conn) panicked(cause any) {
	c.srv.log(ofPanics, slog.LevelError, "handler panicked", "remote", c.remote(),
		"panic", quote(fmt.Appendf(nil, "%v", cause)), "stack", string(debug.Stack()))
}

// remote returns the address of the peer for the log and the report.
func (c *Conn) remote() string {
	defer protect()
	return printable(c.RemoteAddr().String(), maxLogged)
}

// leave is the last act of the goroutine, whatever a wrapped connection has done
// while it was closed: cause is what it has panicked with.
func (c *Conn) leave(cause any) {
	if cause != nil {
		c.panicked(cause)
		c.reason = ClosePanic
	}
	if c.done != nil {
		defer close(c.done)
	}
	defer c.srv.connGone(c) // after the log: Shutdown returns when the last one is gone
	defer c.log()
	defer c.callClosed()
	c.cancel()
	if c.age != nil {
		c.age.Stop()
	}
	c.notify(StateClosed)
}

// callClosed calls the hook Closed.
func (c *Conn) callClosed() {
	defer c.logPanic()
	if f := c.srv.Closed; f != nil {
		f(c, c.reason, c.cause)
	}
}

// logPanic is deferred where a hook may panic that has nothing to harm.
func (c *Conn) logPanic() {
	if cause := recover(); cause != nil {
		c.panicked(cause)
	}
}

func (c *Conn) enter(s State) {
	if State(c.state.Load()) != s {
		c.notify(s)
	}
}

func (c *Conn) notify(s State) {
	c.state.Store(uint32(s))
	if f := c.srv.ConnState; f != nil {
		f(c.wire.netConn(), s)
	}
}

// handshake runs the TLS handshake, if there is one.
func (c *Conn) handshake() error {
	t := c.wire.tls
	if t == nil {
		return nil
	}
	run := func() error { return t.HandshakeContext(c.ctx) }
	if err := c.wire.handshake(run, after(c.srv.now(), c.srv.limits.handshake)); err != nil {
		return err
	}
	c.freshUntil = c.srv.now() + freshFor
	return nil
}

// run handles frames until there are no more, and returns why. It returns
// errParked if another goroutine is to resume it.
func (c *Conn) run() error {
	for {
		if c.wire.alert.Load() {
			if err := c.hurry(); err != nil {
				return err
			}
		}
		switch payload, ok, err := c.buf.Next(); {
		case err != nil:
			if err := c.runStream(err); err != nil {
				return err
			}
		case !ok:
			if err := c.turn(); err != nil {
				return err
			}
			continue
		default:
			before := c.replied
			c.handled++
			c.handling.Store(true) // abandon sees what was done before
			if err := c.handler(c, payload); err != nil {
				return c.handlerError(err, before)
			}
		}
		if c.marks != 0 {
			if c.marks&hijacked != 0 {
				return errHijacked
			}
			c.marks = 0
			c.delayed++
		}
		if c.replies.Buffered() == 0 && (c.gone == c.handled || c.srv.draining.Load() && c.wire.failure() == nil) {
			c.haveLeft(c.handled)
		}
		if c.pending()%gatherFrames == 0 && !c.srv.draining.Load() {
			if err := c.flushAged(); err != nil {
				return err
			}
		}
	}
}

// turn sends the replies and waits for more bytes. At the end of the stream it
// returns io.EOF, if that is between two frames.
func (c *Conn) turn() error {
	if err := c.flush(); err != nil {
		return err
	}
	err := c.fill()
	if err == io.EOF {
		_, err = c.buf.Finish()
	}
	return err
}

// hurry is called between frames while the server drains, or when the connection
// must end: the wait for Grace may be over, and what is answered until then must
// not be held back.
func (c *Conn) hurry() error {
	if err := c.wire.ending(); err != nil {
		return err
	}
	c.handling.Store(false)
	return c.flushAged()
}

// flushAged flushes replies unless that was done a moment ago.
func (c *Conn) flushAged() error {
	now := c.srv.now()
	if now-c.flushed < gatherTime {
		return nil
	}
	c.flushed = now
	return c.flush()
}

// flush sends the replies to the frames that were handled.
func (c *Conn) flush() error {
	return c.flushOf(c.handled)
}

// flushOf sends the replies that there are, which are those to the first n frames.
func (c *Conn) flushOf(n uint64) error {
	c.handling.Store(false)
	c.count()
	isEmpty := c.replies.Buffered() == 0
	err := c.replies.Flush()
	if err == nil && isEmpty {
		err = c.wire.failure() // of WriteFrame, with which the handler may have replied
	}
	if err == nil {
		c.haveLeft(n)
	}
	return err
}

// count publishes how many frames were handled and replied.
func (c *Conn) count() {
	c.framesIn.Add(c.handled - c.counted[0])
	c.framesOut.Add(c.replied - c.counted[1])
	c.counted = [...]uint64{c.handled, c.replied}
}

// fill waits for bytes. It returns io.EOF at the end of the stream, or why
// nothing more is waited for.
func (c *Conn) fill() error {
	start := c.srv.now()
	offset, arrived := c.front()
	incomplete := arrived > 0
	by, more := c.waitUntil(start, offset, arrived)
	// Until hold it keeps its memory, until park its stack.
	hold, park, release := start, never, c.release
	if c.stream.open {
		release = nil // a reply that is written from the stream may use the memory
	} else if c.wire.isPolled() {
		if start-c.flushed < holdTime {
			hold += holdTime
		}
		if c.parked {
			c.parked, by = false, c.parkedBy
		} else if !incomplete {
			park = start + parkTime
		}
	}
	c.flushed = start
	for unexpected, late := 0, false; more; {
		var n int
		var err error
		if hold > start {
			n, err = c.wire.fill(c.buf, min(by, hold), nil)
		} else {
			n, err = c.wire.fill(c.buf, min(by, park), release)
		}
		if n > 0 {
			c.received(n, start, incomplete)
			if offset == 0 && proxyproto.Begins(c.buf.Bytes()) {
				return errUnexpectedProxyHeader
			}
			return nil
		}
		now := c.srv.now()
		switch {
		case err == errWoken:
			c.enter(StateDraining)
			c.draining, c.aged = true, !c.srv.draining.Load()
			c.wire.drain.start(now, c.freshUntil, c.isSilent())
		case err == errSnapshotEnd:
			more = c.wire.drain.next(now, offset, incomplete)
		case err == errStopped:
			return c.wire.ending()
		case !isTimeout(err):
			c.ended = err == io.EOF && c.wire.tls == nil // a close_notify does not end raw
			return err
		case hold > start && now >= hold:
			hold = start
			continue
		case park <= now && now < by:
			park = never
			if !c.draining && c.wire.armParked(by) {
				c.parked, c.parkedBy = true, by
				return errParked
			}
			continue
		case now < by:
			// A deadline that was set before, that a hook has set, or the wake of Shutdown.
			if unexpected++; unexpected > maxUnexpected {
				return err
			}
			continue
		case !late && c.isLate(now, by, offset, incomplete):
			late = true
			by = now + time.Second
			continue
		case c.draining && !c.stream.open:
			more = c.wire.drain.next(now, offset, incomplete)
		case incomplete:
			return errFrameTimeout
		default:
			if by = after(c.promises.busyUntil(now), c.idle); by <= now {
				return errIdleTimeout
			}
			continue
		}
		if more {
			by, more = c.waitUntil(now, offset, arrived)
		}
	}
	return errDrained
}

// front returns the offset of the frame at the front, and how many bytes of it
// have arrived.
func (c *Conn) front() (offset, arrived int64) {
	offset, arrived = c.buf.Offset(), int64(len(c.buf.Bytes()))
	if c.stream.open {
		return c.stream.offset, offset + arrived - c.stream.offset
	}
	return offset, arrived
}

// waitUntil returns by when bytes must come, and whether to wait for any. offset
// is that of the frame at the front, of which arrived bytes have arrived.
func (c *Conn) waitUntil(now time.Duration, offset, arrived int64) (by time.Duration, more bool) {
	limit := c.srv.limits.frame
	switch {
	case c.draining && !c.stream.open:
		return c.wire.drain.wait(now, offset)
	case arrived == 0:
		if !c.srv.draining.Load() {
			c.enter(StateIdle)
		}
		return after(now, c.idle), true
	case limit == never:
		return never, true
	}
	if c.clock.offset != offset {
		c.clock.offset, c.clock.waited = offset, 0
	}
	return now + limit + time.Duration(arrived>>16)*time.Second - c.clock.waited, true
}

// received notes that n bytes were received after a wait since start.
func (c *Conn) received(n int, start time.Duration, incomplete bool) {
	switch {
	case c.draining && !c.stream.open:
		c.wire.drain.hasWaited(c.srv.now() - start)
	case incomplete:
		c.clock.waited += c.srv.now() - start
	}
	if !c.draining {
		c.enter(StateActive)
	}
	c.clock.late = max(c.clock.late-n, 0)
	if c.wire.poll.waited {
		c.unwaited = 0
	} else if c.unwaited += n; c.unwaited >= turnBytes {
		c.unwaited = 0
		runtime.Gosched()
	}
}

// isLate reports whether bytes had arrived although the deadline by has passed:
// that is not silence, but a process that was stopped. They are looked for once
// in each wait for a frame, or for its rest, so that a peer that sends all the
// time gains nothing.
func (c *Conn) isLate(now, by time.Duration, offset int64, incomplete bool) bool {
	wait := offset*2 + 1
	if incomplete {
		wait++
	}
	if c.clock.looked != wait {
		n, known := unread(c.raw, c.wire.sock)
		if !known && now-by > stopped {
			n = 1
		}
		c.clock.looked, c.clock.late = wait, n
	}
	return c.clock.late > 0
}

// isSilent reports whether the peer has sent nothing yet, or nothing since StartTLS.
func (c *Conn) isSilent() bool { return c.buf.Offset() == c.silence && len(c.buf.Bytes()) == 0 }
