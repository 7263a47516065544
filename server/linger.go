package server

import (
	"errors"
	"io"
	"log/slog"
	"math"
	"time"

	"github.com/wholeframe/wholeframe/framing"
)

const (
	minLook = time.Millisecond      // between two looks whether all is acknowledged
	maxLook = 20 * time.Millisecond // the same, while there is progress
)

// force ends the connection whatever it does.
func (c *Conn) force() {
	defer c.cancel() // whatever a wrapped connection does
	c.wire.force()
}

// isForced reports whether the connection was forced, or is about to be: its handler
// may return before force has reached it, because its context or that of another
// connection has ended.
func (c *Conn) isForced() bool {
	select {
	case <-c.srv.forcing:
		return true
	default:
		return c.wire.isForced()
	}
}

// settle sends the remaining promised answers, replies and pushes, and the goodbye,
// when the connection ends with err, or with the error that settle returns. The
// connection may be abandoned meanwhile.
func (c *Conn) settle(err error) error {
	if c.release == nil || c.marks&hijacked != 0 {
		return err
	}
	if reason, _ := c.closeReason(err, nil); reason == CloseFailed {
		c.cancel() // nobody waits for answers
	}
	c.complete = c.withReplies(err)
	if !errors.Is(err, errForced) {
		c.flushOf(c.complete) // the wire keeps the error
	}
	c.settling.Store(true)
	c.promises.wait()
	if late := c.wire.ending(); late != nil && isOrderly(err) {
		err = late
	}
	c.unpushed = c.pushes.finish()
	c.sayGoodbye(err)
	return err
}

// isOrderly reports whether err ends a connection without anybody's fault.
func isOrderly(err error) bool {
	if _, ok := err.(*closeError); ok {
		return true
	}
	return err == io.EOF || err == errDrained || err == errIdleTimeout
}

// sayGoodbye calls the hook Goodbye, if it is the server that ends the connection.
func (c *Conn) sayGoodbye(err error) {
	f := c.srv.Goodbye
	if f == nil || !c.isOpen.Load() || c.isForced() {
		return
	}
	if c.promises.unanswered() > 0 || c.pushes.isSlow() || c.wire.failure() != nil {
		return // a reset follows: the peer must not take every frame without an answer for one that was not handled
	}
	reason, cause := c.closeReason(err, nil)
	if _, byHandler := err.(*handlerError); byHandler || !reason.hasGoodbye() {
		return
	}
	before := c.wire.bytesOut.Load()
	defer func() { c.lastWord = int(c.wire.bytesOut.Load() - before) }()
	defer c.handling.Store(false)
	defer c.logPanic()
	c.marks |= leaving
	c.handling.Store(true)
	f(c, reason, cause)
	c.replies.Flush()
}

// withReplies returns how many frames have all the replies that they get, when the
// connection ends with err: those that were handled, except one to which the
// handler gave none.
func (c *Conn) withReplies(err error) uint64 {
	var handler *handlerError
	errors.As(err, &handler)
	if handler.noReply() && !handler.later || err == errPanic && c.handling.Load() {
		return c.handled - 1
	}
	return c.handled
}

// unflushed returns how many frames have replies that have not left, when the
// connection has ended.
func (c *Conn) unflushed() int { return int(c.complete - min(c.complete, c.left.Load()+c.delayed)) }

// close closes the connection, which ended with err, in the way that err needs.
// Closing raw resets the connection, until its last reply is acknowledged.
func (c *Conn) close(err error) {
	if c.marks&hijacked != 0 {
		c.cause = err
		return
	}
	defer c.raw.Close()
	if !c.claimed.CompareAndSwap(false, true) {
		c.reason = CloseForced // and abandon has reported it
		return
	}
	if c.release == nil {
		c.reason, c.cause = c.closeReason(err, nil) // it was not served
		return
	}
	var handler *handlerError
	errors.As(err, &handler)
	c.count()
	failed := c.wire.endWrites()
	if c.pushes.isSlow() && (failed == nil || errors.Is(failed, errForced)) {
		failed = errSlow // also if all that was queued has left, or it was forced for being slow
	}
	if b := c.buf.Bytes(); len(b) > 0 {
		c.sample = quote(b)
	}
	c.account(err, failed)
	c.reason, c.cause = c.closeReason(err, failed)
	c.release()
	c.wire.drain.linger()
	switch {
	case failed != nil || c.report.Forced > 0:
	case err == errPanic || handler.noReply() || c.promises.unanswered() > 0:
		// The peer cannot know how far its last frame got, or one whose promise is
		// broken: a reset, as soon as the other replies are acknowledged.
		c.linger(false, 0)
	default:
		if failed = c.end(); failed != nil {
			c.reason, c.cause = c.closeReason(err, failed)
		}
	}
}

// account notes what a closing server reports of this connection.
func (c *Conn) account(err, failed error) {
	if !c.srv.draining.Load() {
		return
	}
	var handler *handlerError
	errors.As(err, &handler)
	isForced := errors.Is(err, errForced) || errors.Is(failed, errForced) || c.isForced()
	inHalfFrame, halfRecord := c.wire.drain.isHalf()
	isHalf := len(c.buf.Bytes()) > 0 || halfRecord
	r := Report{Answered: int(c.answered.Load())}
	hasPanicked := errors.Is(err, errPanic)
	if failed != nil || isForced {
		r.Unflushed += c.unflushed() + c.unpushed
	}
	if err == errPanic || isForced && handler.noReply() && !handler.later {
		r.Unanswered++ // the frame that the handler had
	}
	if failed != nil || isForced || hasPanicked {
		r.Unanswered += c.promises.unanswered() + c.countUnanswered(c.buf)
	}
	if isForced && r.Unflushed+r.Unanswered > 0 {
		r.Forced++
	}
	if isHalf && handler == nil && (err == errDrained || inHalfFrame || errors.Is(err, io.ErrUnexpectedEOF)) {
		r.HalfFrames++
	}
	c.setReport(r)
}

// setReport sets what is reported of the connection, also if Shutdown does not wait
// for its end any longer.
func (c *Conn) setReport(r Report) {
	c.srv.mu.Lock()
	defer c.srv.mu.Unlock()
	c.report = r
}

// abandon closes a connection whose Handler or write does not return, and reports
// what is lost. It is called by another goroutine after the connection was forced:
// its own touches nothing then but what close does, if it can claim that.
func (c *Conn) abandon() (r Report) {
	defer protect() // a framer that panicked may do so again
	defer c.raw.Close()
	if !c.claimed.CompareAndSwap(false, true) {
		return r
	}
	r.Answered = int(c.answered.Load())
	r.Unanswered = c.promises.unanswered()
	switch {
	case c.settling.Load():
		r.Unflushed = c.unflushed()
		r.Unanswered += int(c.handled-c.complete) + c.countUnanswered(c.buf)
	case !c.handling.Load():
		// It is stuck in a write.
		r.Unflushed = max(int(c.framesIn.Load())-int(c.left.Load())-int(c.delayed), 0)
	default:
		if n := c.pending(); n > 0 { // else the Handler has returned at this moment
			r.Unflushed = max(n-1-int(c.delayed), 0)
			r.Unanswered++
		}
		if !c.stream.open { // else the rest of its payload comes first
			rest := c.settings.Load().newBuffer()
			rest.Write(c.buf.Bytes())
			r.Unanswered += c.countUnanswered(rest)
		}
	}
	r.Unflushed += c.pushes.queued()
	return r
}

// countUnanswered counts the frames that had arrived whole and will not be
// handled, the first of them in buf.
func (c *Conn) countUnanswered(buf *framing.Buffer) (count int) {
	defer protect() // a framer that panicked may do so again
	c.wire.drain.count()
	until := c.srv.now() + stragglers/2
	for {
		_, ok, err := buf.Next()
		switch {
		case ok:
			count++
			continue
		case err != nil:
			return count
		}
		if _, err := c.wire.fill(buf, until, nil); err != nil {
			return count
		}
	}
}

// end sends the end of the stream and lingers. It returns an error if replies
// were not acknowledged.
func (c *Conn) end() error {
	left, _ := c.wire.unacknowledged()
	if left == 0 {
		c.wire.resetOnClose(false)
		if c.ended {
			return nil // nothing can arrive any more that would reset the connection
		}
	}
	before := c.wire.bytesOut.Load()
	if c.wire.closeWrite() {
		c.enter(StateHalfClosed)
		return c.linger(true, 1+int(c.wire.bytesOut.Load()-before))
	}
	if left == 0 {
		return nil
	}
	err := c.linger(false, 0)
	if err == nil {
		c.wire.resetOnClose(false)
	}
	return err
}

// linger waits until the peer's system has acknowledged all replies and, if fin
// says that the end of the stream was sent too, until the peer ends its side or
// has had time enough. It reads and discards meanwhile: closing with bytes unread
// would reset the connection, and throw away replies that are on their way. It
// returns why replies were not acknowledged, if they were not.
//
// The last end bytes that were sent are not part of a reply: the alert of TLS, if
// any, and one for the end of the stream, which systems count too.
func (c *Conn) linger(fin bool, end int) error {
	var (
		scratch    [1 << 10]byte
		limits     = &c.srv.limits
		now        = c.srv.now()
		heard      = now   // when the peer was heard last
		progress   = now   // when the last bytes were acknowledged
		sent       = stale // when all were
		before     = math.MaxInt
		look       = minLook
		quiet      time.Duration
		unexpected int
	)
	for {
		left, known := c.wire.unacknowledged()
		if left < before {
			if fin && left <= end {
				c.wire.resetOnClose(false)
			}
			before, progress = left, now
		}
		if left == 0 && sent == stale {
			sent, quiet = now, c.wire.quiet()
		}
		until := never
		switch {
		case sent == stale:
			if c.ended && left <= end {
				return nil
			}
			if now-progress >= limits.write {
				return c.lost(end, errWriteTimeout)
			}
			until = now + look
			look = min(2*look, max(maxLook, (now-progress)/8))
		case fin && c.ended, !fin && known:
			return nil
		case !fin:
			until = sent + quiet
		default:
			silence := max(sent, heard) + quiet
			until = after(sent, limits.linger)
			switch {
			case c.srv.draining.Load():
				until = max(until, silence) // as long as it continues to send
			case c.draining:
				until = max(until, min(silence, after(sent, limits.grace))) // the same
			}
			if known {
				until = min(until, silence)
			}
		}
		if sent != stale && now >= until {
			return nil
		}
		if c.ended {
			if err := c.pause(until - now); err != nil {
				return c.lost(end, err)
			}
			now = c.srv.now()
			continue
		}
		n, err := c.wire.discard(scratch[:], until)
		now = c.srv.now()
		if n == 0 && err != nil && isTimeout(err) {
			n, _ = unread(c.raw, c.wire.sock) // the deadline did not look
			err = nil
		}
		switch {
		case n > 0:
			heard = now
		case err == io.EOF:
			c.ended = true
		case err != nil:
			return c.lost(end, err)
		case now < until:
			if unexpected++; unexpected > maxUnexpected {
				return c.lost(end, io.ErrNoProgress)
			}
		}
	}
}

// lost reports the replies that are not acknowledged, for the reason err, and
// returns err, or nil if there are none. The last end bytes sent do not count as
// replies, nor do those that Goodbye has sent before them.
func (c *Conn) lost(end int, err error) error {
	end += c.lastWord
	left, _ := c.wire.unacknowledged()
	if left <= end {
		return nil
	}
	if c.srv.draining.Load() {
		r := c.report
		r.Unacknowledged += left - end
		r.Forced = 1
		c.setReport(r)
	}
	return err
}

// pause waits for d. It returns an error if the connection is forced or was reset.
func (c *Conn) pause(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-c.srv.forcing:
		return errForced
	case <-t.C:
	}
	if c.wire.sock == nil {
		return nil
	}
	return kernelError(c.wire.sock)
}

// log logs why the connection ended: a warning if the peer or the handler did
// something wrong, else at debug level.
func (c *Conn) log() {
	remote, why := c.remote(), ""
	if c.srv.LogConnections {
		c.srv.log(noBudget, slog.LevelInfo, "connection", "remote", remote, "reason", c.reason.String(),
			"duration", c.srv.now()-c.began, "frames_in", c.framesIn.Load(), "frames_out", c.framesOut.Load(),
			"bytes_in", c.wire.bytesIn.Load(), "bytes_out", c.wire.bytesOut.Load())
	}
	if c.cause != nil {
		why = errorText(c.cause)
	}
	msg := c.reason.warning()
	if msg == "" {
		c.srv.log(noBudget, slog.LevelDebug, "connection ended", "remote", remote, "reason", c.reason.String(), "why", why)
		return
	}
	args := []any{"remote", remote, "err", why}
	if c.sample != "" && c.reason != CloseHandlerError && c.reason != CloseReplyRefused && c.reason != CloseHandshake {
		args = append(args, "bytes", c.sample)
	}
	c.srv.log(ofPeers, slog.LevelWarn, msg, args...)
}
