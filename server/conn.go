package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/wholeframe/wholeframe/framing"
)

// A Conn is a connection of a [Server], as its [Handler] sees it. Other goroutines
// may call Send, Context and the methods for addresses.
type Conn struct {
	srv  *Server
	raw  net.Conn  // as accepted
	wire wire      // raw with its deadlines
	tls  *tls.Conn // on wire, or nil
	in   io.Reader // tls or wire
	out  out       // on the same
	idle idler     // reads from raw while nothing waits

	ctx    context.Context
	cancel context.CancelFunc

	state               atomic.Uint32 // a State
	framesIn, framesOut tally

	// What follows is for the goroutine of the connection.

	buf     *framing.Buffer
	replies *framing.Writer
	pending int // messages handled whose answers wait in replies
	report  Report
	end     End // once state is StateClosed

	frameAt int64         // stream offset of the frame that is waited for
	waited  time.Duration // how long it was

	phase   phase
	drainBy time.Time // the end of the phase
	halfway int64     // halfFrame: stream offset of the frame
	ended   bool      // the peer has ended its side of raw
	flushed time.Time // draining: when the last answers were sent
}

// phase says what a connection reads.
type phase uint8

const (
	reading   phase = iota
	snapshot        // draining: what had arrived
	settling        // the same, where nobody tells how much that is: until it is quiet
	halfFrame       // draining: the rest of a frame that had arrived in part
)

const (
	flushEvery = 10 * time.Millisecond // draining

	settleGap   = 25 * time.Millisecond
	settleMax   = 250 * time.Millisecond // of waiting, handlers not counted: a deadline that has passed would not look at the socket
	settleBytes = 256 << 10              // about what a receive queue holds
	halfGap     = 500 * time.Millisecond
	halfMax     = 2 * time.Second
)

var (
	errIdleTimeout  = errors.New("server: idle timeout")
	errFrameTimeout = errors.New("server: frame timeout: the rest of a message did not come in time")
	errDrained      = errors.New("server: all that had arrived is answered")
	errPanic        = errors.New("server: the handler did not return")
)

func newConn(s *Server, raw net.Conn) *Conn {
	c := &Conn{srv: s, raw: raw}
	c.wire.init(raw, s.writeTimeout())
	c.in = &c.wire
	c.out.init(&c.wire)
	var dst io.Writer = vectorOut{&c.out}
	if s.TLSConfig != nil {
		c.tls = tls.Server(tlsWire{c.raw, &c.wire}, s.TLSConfig)
		c.in = c.tls
		c.out.init(c.tls)
		dst = &c.out
		c.wire.shaking = true
	}
	c.buf = framing.NewBuffer(s.Framer)
	c.buf.SetMaxPayload(s.maxPayload())
	c.buf.SetPool(&s.pool)
	c.replies = framing.NewWriter(dst, s.Framer)
	c.replies.SetMaxPayload(s.maxPayload())
	c.replies.SetPool(&s.pool)
	c.idle.init(c)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// WriteFrame writes a message for the peer. It is for the [Handler], while that
// runs; any other goroutine uses Send. Messages gather and are sent when no
// further whole message waits to be handled, when they fill a buffer, or by
// Flush. WriteFrame does not keep payload.
//
// A payload that the framing cannot carry is refused with a
// [*framing.PayloadError] or [*framing.TooLargeError]. Any other error is final.
func (c *Conn) WriteFrame(payload []byte) error {
	err := c.replies.WriteFrame(payload)
	if err == nil {
		c.framesOut.n++
	}
	return err
}

// Flush sends what WriteFrame has gathered. Like that it is for the [Handler].
// Its error is final.
func (c *Conn) Flush() error { return c.replies.Flush() }

// Send sends one message to the peer, now: when it returns nil, the message was
// handed to the operating system. Any goroutine may call it, at any time until
// the connection ends, and from then on it returns an error. It may overtake
// what WriteFrame has gathered, and blocks while the peer does not read. It does
// not keep payload; what it refuses it refuses like WriteFrame.
func (c *Conn) Send(payload []byte) error {
	err := c.out.send(c, payload)
	if err == nil {
		c.framesOut.Add(1)
	}
	return err
}

// Context returns the connection's context. It ends when the connection does,
// and when a Shutdown has run out of patience, but not when that begins:
// messages are still to be answered then.
func (c *Conn) Context() context.Context { return c.ctx }

// RemoteAddr returns the address of the peer.
func (c *Conn) RemoteAddr() net.Addr { return c.raw.RemoteAddr() }

// LocalAddr returns the address at which the peer was accepted.
func (c *Conn) LocalAddr() net.Addr { return c.raw.LocalAddr() }

// serve runs the connection from its beginning to its end.
func (c *Conn) serve() {
	err := errPanic
	defer func() {
		if err == errPanic {
			cause := fmt.Appendf(nil, "%v", recover()) // nil after runtime.Goexit
			c.srv.log(slog.LevelError, "handler panicked", "remote", c.raw.RemoteAddr().String(), "panic", quote(cause), "stack", string(debug.Stack()))
		}
		c.finish(err)
		c.release()
		c.cancel()
		c.enter(StateClosed)
		c.srv.end(c)
	}()
	c.notify(StateNew)
	if f := c.srv.ConnContext; f != nil {
		c.ctx = f(c.ctx, c.netConn())
	}
	err = c.run()
}

// netConn returns the connection as hooks see it.
func (c *Conn) netConn() net.Conn {
	if c.tls != nil {
		return c.tls
	}
	return c.raw
}

func (c *Conn) enter(s State) {
	if State(c.state.Load()) != s {
		c.notify(s)
	}
}

func (c *Conn) notify(s State) {
	c.state.Store(uint32(s))
	if f := c.srv.ConnState; f != nil {
		f(c.netConn(), s)
	}
}

// run handles messages until there are no more, and returns why.
func (c *Conn) run() error {
	if c.tls != nil {
		if err := c.handshake(); err != nil {
			return err
		}
	}
	for {
		if c.srv.draining.Load() {
			if err := c.hurry(); err != nil {
				return err
			}
		}
		message, ok, err := c.buf.Next()
		switch {
		case err != nil:
			return err
		case ok:
			c.framesIn.n++
			err := c.srv.Handler(c, message)
			if err == nil || errors.Is(err, io.EOF) {
				c.pending++
			}
			if err != nil {
				return &handlerError{err}
			}
		default:
			if err := c.flush(); err != nil {
				return err
			}
			if err := c.fill(); err == io.EOF {
				c.ended = c.tls == nil // a close_notify does not end raw
				_, err = c.buf.Finish()
				return err
			} else if err != nil {
				return err
			}
		}
	}
}

// handlerError is an error that the handler returned.
type handlerError struct{ err error }

func (e *handlerError) Error() string { return e.err.Error() }
func (e *handlerError) Unwrap() error { return e.err }

// handshakeError is a TLS handshake that failed.
type handshakeError struct{ err error }

func (e *handshakeError) Error() string { return e.err.Error() }
func (e *handshakeError) Unwrap() error { return e.err }

func (c *Conn) handshake() error {
	if err := c.wire.shake(after(time.Now(), c.srv.handshakeTimeout())); err != nil {
		return err
	}
	if err := c.tls.HandshakeContext(c.ctx); err != nil {
		return &handshakeError{err}
	}
	return c.wire.shaken()
}

// hurry is called between messages while the server drains: the wait for Grace
// may be over, and what is answered until then must not be held back.
func (c *Conn) hurry() error {
	if c.wire.isForced() {
		return errForced
	}
	now := time.Now()
	if now.Sub(c.flushed) < flushEvery {
		return nil
	}
	c.flushed = now
	return c.flush()
}

// flush sends the answers to the messages that were handled.
func (c *Conn) flush() error {
	c.count()
	if err := c.replies.Flush(); err != nil {
		return err
	}
	if c.pending > 0 && c.srv.draining.Load() {
		c.report.Answered += c.pending
	}
	c.pending = 0
	return nil
}

// count publishes what the goroutine of the connection has counted.
func (c *Conn) count() {
	c.framesIn.publish()
	c.framesOut.publish()
}

// fill waits for bytes. It returns io.EOF at the end of the stream, or why
// nothing more is waited for.
func (c *Conn) fill() error {
	start := time.Now()
	half := len(c.buf.Bytes()) > 0
	by, more := c.readBy(start, half)
	for now := start; more; now = time.Now() {
		drain, err := c.wire.armRead(now, by, c.phase != reading)
		if err != nil {
			return err
		}
		if drain {
			by = c.drain(now)
			continue
		}
		n, err := c.read()
		switch {
		case n > 0:
			if half || c.phase == settling {
				c.waited += time.Since(start)
			}
			if c.phase == reading {
				c.enter(StateActive)
			}
			return nil
		case err == snapshotEnd{}:
			by, more = c.afterSnapshot(time.Now())
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		case by.IsZero() || time.Now().Before(by):
			// An older deadline, or the wake of Shutdown.
		case c.phase == settling:
			by, more = c.afterSnapshot(time.Now())
		case c.phase == halfFrame:
			more = false
		case half:
			return errFrameTimeout
		default:
			return errIdleTimeout
		}
	}
	return errDrained
}

// read adds to buf what one read brings.
func (c *Conn) read() (int, error) {
	if c.idle.reads() && c.phase == reading && len(c.buf.Bytes()) == 0 {
		return c.idle.fill()
	}
	return c.buf.Fill(c.in)
}

// release gives the memory back that nothing waits in.
func (c *Conn) release() {
	c.buf.Release()
	c.replies.Release()
}

// readBy returns by when bytes must have come, or the zero time, and whether
// there are any to wait for. half says that a frame has arrived in part.
func (c *Conn) readBy(now time.Time, half bool) (by time.Time, more bool) {
	switch c.phase {
	case settling:
		return now.Add(min(settleGap, settleMax-c.waited)), c.waited < settleMax
	case halfFrame:
		return earlier(now.Add(halfGap), c.drainBy), c.buf.Offset() == c.halfway
	case snapshot:
		return time.Time{}, true
	}
	if !half {
		if !c.srv.draining.Load() {
			c.enter(StateIdle)
		}
		return after(now, c.srv.idleTimeout()), true
	}
	if at := c.buf.Offset(); at != c.frameAt {
		c.frameAt, c.waited = at, 0
	}
	limit := c.srv.frameTimeout()
	if limit != forever {
		limit += time.Duration(len(c.buf.Bytes())>>16)*time.Second - c.waited
	}
	return after(now, limit), true
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// drain begins to read what had arrived when Shutdown was called.
func (c *Conn) drain(now time.Time) (by time.Time) {
	c.enter(StateDraining)
	if !c.wire.guess {
		c.phase = snapshot
		return time.Time{}
	}
	c.phase, c.waited = settling, 0
	return now.Add(settleGap)
}

// afterSnapshot begins to wait for the rest of a frame that had arrived in part,
// if there is one.
func (c *Conn) afterSnapshot(now time.Time) (by time.Time, more bool) {
	if len(c.buf.Bytes()) == 0 && !c.wire.records.half() {
		return by, false
	}
	c.phase, c.wire.left = halfFrame, -1
	c.halfway, c.drainBy = c.buf.Offset(), now.Add(halfMax)
	return now.Add(halfGap), true
}
