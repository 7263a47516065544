package server

import (
	"errors"
	"io"
	"math"
	"os"
	"time"
)

const (
	quiet   = 100 * time.Millisecond // of silence, all being acknowledged, end the linger
	maxLook = 20 * time.Millisecond  // between two looks whether all is acknowledged
)

// force ends the connection whatever it does.
func (c *Conn) force() {
	c.cancel()
	c.wire.force()
}

// finish closes the connection, which ended with err, in the way that err needs.
func (c *Conn) finish(err error) {
	if !errors.Is(err, errForced) {
		c.flush() // the answers so far; out keeps the error
	}
	c.count()
	failed := c.out.close()
	c.log(err, failed)
	c.account(err, failed)

	switch {
	case err == errPanic:
		// The peer cannot know how far its last message got: no end of the
		// stream, but a reset, as soon as it has the answers before.
		c.waitSent()
		reset(c.raw)
	case failed != nil || c.report.Forced > 0:
		reset(c.raw)
	case c.ended:
		c.raw.Close() // nothing can arrive any more that would reset the connection
	default:
		c.closeTLS()
		if closeWrite(c.raw) {
			c.enter(StateHalfClosed)
			c.discard()
		}
		c.raw.Close()
	}
}

// closeTLS says goodbye on the TLS layer.
func (c *Conn) closeTLS() {
	if c.tls != nil && c.tls.ConnectionState().HandshakeComplete {
		c.tls.CloseWrite()
	}
}

// account notes what a closing server reports of this connection.
func (c *Conn) account(err, failed error) {
	if !c.srv.draining.Load() {
		return
	}
	var handler *handlerError
	errors.As(err, &handler)
	isForced := errors.Is(err, errForced) || errors.Is(failed, errForced) || c.wire.isForced()
	isHalf := len(c.buf.Bytes()) > 0 || c.wire.records.half()
	r := &c.report
	if failed != nil || isForced {
		r.Unflushed += c.pending
	}
	if err == errPanic || isForced && handler != nil {
		r.Unanswered++ // the message that the handler had
	}
	if failed != nil || isForced || err == errPanic {
		r.Unanswered += c.countUnanswered()
	}
	if isForced && r.Unflushed+r.Unanswered > 0 {
		r.Forced++
	}
	if isHalf && handler == nil && (err == errDrained || c.phase == halfFrame || errors.Is(err, io.ErrUnexpectedEOF)) {
		r.HalfFrames++
	}
}

// countUnanswered counts the messages that had arrived whole and will not be
// handled.
func (c *Conn) countUnanswered() (count int) {
	defer func() { _ = recover() }() // a framer that panicked may do so again
	c.wire.count(time.Now().Add(stragglers / 2))
	for {
		_, ok, err := c.buf.Next()
		switch {
		case ok:
			count++
			continue
		case err != nil || c.wire.left <= 0 && c.tls == nil:
			return count
		}
		if _, err := c.buf.Fill(c.in); err != nil {
			return count
		}
	}
}

// discard reads and discards until the peer ends its side, or has had time
// enough. Closing with bytes unread would reset the connection, and throw away
// answers that are still on their way.
func (c *Conn) discard() {
	c.lingerWhile(func(now, sent, heard time.Time, known bool) (until time.Time) {
		until = after(sent, c.srv.linger())
		if silence := later(sent, heard).Add(quiet); known && (until.IsZero() || silence.Before(until)) {
			until = silence
		}
		return until
	})
}

// waitSent waits until the peer has acknowledged everything.
func (c *Conn) waitSent() {
	c.lingerWhile(func(now, sent, heard time.Time, known bool) time.Time {
		if known {
			return now
		}
		return sent.Add(quiet)
	})
}

// lingerWhile reads and discards until everything sent is acknowledged, and
// then until the time that end returns. end is told when that was, when the
// peer was heard last, and whether acknowledgements are known at all.
func (c *Conn) lingerWhile(end func(now, sent, heard time.Time, known bool) time.Time) {
	var (
		scratch  [4 << 10]byte
		now      = time.Now()
		heard    = now
		progress = now // when the last bytes were acknowledged
		sent     time.Time
		before   = math.MaxInt
		look     = time.Millisecond
	)
	for {
		left, known := unsent(c.raw)
		if left < before {
			before, progress = left, now
		}
		if sent.IsZero() && (left == 0 || !known) {
			sent = now
		}
		var until time.Time
		if sent.IsZero() {
			if now.Sub(progress) >= c.srv.writeTimeout() {
				return
			}
			until = now.Add(look)
			look = min(2*look, maxLook)
		} else if until = end(now, sent, heard, known); !until.IsZero() && !now.Before(until) {
			return
		}
		if _, err := c.wire.armRead(now, until, true); err != nil {
			return
		}
		n, err := c.raw.Read(scratch[:])
		now = time.Now()
		if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
			n, _ = unread(c.raw) // the deadline did not look
			err = nil
		}
		switch {
		case n > 0:
			heard = now
		case err != nil:
			return
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// log says why the connection ended: a warning if the peer or the handler did
// something wrong, else at debug level.
func (c *Conn) log(err, failed error) {
	c.end, err = c.why(err, failed)
	remote := c.raw.RemoteAddr().String()
	msg, waiting := c.end.warning(), c.buf.Bytes()
	var handler *handlerError
	switch {
	case msg == "":
		c.srv.debug("connection ended", "remote", remote, "why", err)
	case c.end == EndHandshake || len(waiting) == 0 || errors.As(err, &handler):
		c.srv.warn(msg, "remote", remote, "err", err)
	default:
		c.srv.warn(msg, "remote", remote, "err", err, "bytes", quote(waiting))
	}
}
