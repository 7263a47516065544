package server

import (
	"errors"
	"io"
	"syscall"

	"github.com/wholeframe/wholeframe/framing"
)

// CloseReason is why a connection has ended.
type CloseReason uint8

const (
	ClosePeer          CloseReason = iota // the peer ended its side between two frames, or left before its first
	CloseDone                             // the handler returned io.EOF
	CloseKicked                           // Conn.Close was called
	CloseHijacked                         // Conn.Hijack was called
	CloseDrained                          // Shutdown: every received frame was answered
	CloseAged                             // MaxAge: every received frame was answered
	CloseForced                           // Shutdown or Close stopped waiting
	CloseIdleTimeout                      // no frame began in time
	CloseFrameTimeout                     // a frame began and did not end in time
	CloseWriteTimeout                     // the peer did not read
	CloseSlow                             // the peer read more slowly than frames were pushed
	CloseTooLarge                         // a payload was larger than MaxPayload
	CloseMalformed                        // the peer sent a malformed frame
	CloseUnexpectedEOF                    // the peer ended its side inside a frame
	CloseReplyRefused                     // the framing could not carry a payload that the handler wrote
	CloseHandlerError                     // the handler returned another error
	ClosePanic                            // the handler, the framer or the connection panicked
	CloseHandshake                        // the TLS handshake failed, or took too long
	CloseProxyHeader                      // the PROXY header was malformed, missing or unexpected, or took too long
	CloseRefused                          // MaxConnsPerAddr, Admit, or the lack of a descriptor
	CloseFailed                           // the connection failed: a reset, for example
)

var reasonNames = [...]string{
	"peer", "done", "kicked", "hijacked", "drained", "aged", "forced", "idle_timeout", "frame_timeout", "write_timeout", "slow",
	"too_large", "malformed", "unexpected_eof", "reply_refused", "handler_error", "panic", "handshake", "proxy_header",
	"refused", "failed",
}

// String returns the reason in words, such as "peer" or "idle_timeout".
func (r CloseReason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "unknown"
}

// isOrderly reports whether nothing went wrong.
func (r CloseReason) isOrderly() bool {
	switch r {
	case ClosePeer, CloseDone, CloseKicked, CloseHijacked, CloseDrained, CloseAged, CloseIdleTimeout:
		return true
	}
	return false
}

// hasGoodbye reports whether it is the server that ends the connection, and not with
// a reset.
func (r CloseReason) hasGoodbye() bool {
	switch r {
	case CloseKicked, CloseDrained, CloseAged, CloseIdleTimeout, CloseFrameTimeout, CloseTooLarge, CloseMalformed:
		return true
	}
	return false
}

// warning returns the message of the warning that the reason deserves, or "" if
// nobody did anything wrong, or another line has reported it.
func (r CloseReason) warning() string {
	switch r {
	case CloseFrameTimeout, CloseWriteTimeout, CloseSlow:
		return "connection stalled"
	case CloseTooLarge, CloseMalformed, CloseUnexpectedEOF:
		return "connection broke the framing"
	case CloseReplyRefused:
		return "reply refused by the framing"
	case CloseHandlerError:
		return "handler failed"
	case CloseHandshake:
		return "TLS handshake failed"
	case CloseProxyHeader:
		return "no PROXY header accepted"
	case CloseRefused:
		return "connection refused"
	}
	return ""
}

// handlerError is an error that the handler returned.
type handlerError struct {
	err      error
	answered bool // the handler had answered the frame before
	torn     bool // a reply could not be written
	stream   bool // it was Server.Stream
	later    bool // it was a promised answer
}

// handlerError returns the error that the handler of a frame has returned, where
// repliedBefore replies were given before.
func (c *Conn) handlerError(err error, repliedBefore uint64) error {
	return &handlerError{err: err, answered: c.replied > repliedBefore, torn: c.wire.failure() != nil, stream: c.stream.open}
}

// noReply reports whether the frame had no reply, neither one that was sent nor
// one that was lost, and needed one.
func (e *handlerError) noReply() bool {
	return e != nil && !e.answered && !e.torn && e.err != io.EOF
}

func (e *handlerError) Error() string { return e.err.Error() }
func (e *handlerError) Unwrap() error { return e.err }

// handshakeError is why a TLS handshake failed.
type handshakeError struct{ err error }

func (e *handshakeError) Error() string { return e.err.Error() }
func (e *handshakeError) Unwrap() error { return e.err }

// closeError is that Conn.Close was called.
type closeError struct{ cause error }

func (e *closeError) Error() string { return "server: Conn.Close was called" }

// closeReason returns why the connection ended, where err ended the reading and
// failed, if it is not nil, the writing, and the error that tells more.
func (c *Conn) closeReason(err, failed error) (CloseReason, error) {
	switch {
	case errors.Is(err, errPanic):
		return ClosePanic, err
	case failed == errSlow || c.wire.ending() == errSlow:
		return CloseSlow, errSlow
	case errors.Is(err, errForced) || errors.Is(failed, errForced):
		return CloseForced, err
	case errors.Is(failed, errWriteTimeout):
		return CloseWriteTimeout, failed
	}
	var (
		handshake *handshakeError
		handler   *handlerError
		payload   *framing.PayloadError
		proxy     *proxyHeaderError
		refused   *refusedError
		source    *framing.SourceError
	)
	switch {
	case errors.As(err, &refused):
		return CloseRefused, err
	case errors.As(err, &proxy):
		switch {
		case c.isForced():
			return CloseForced, err
		case hasLeft(err):
			return ClosePeer, err
		}
		return CloseProxyHeader, err
	case errors.As(err, &handshake):
		switch {
		case c.isForced():
			return CloseForced, err
		case hasLeft(err):
			return ClosePeer, err
		}
		return CloseHandshake, err
	case failed != nil && !errors.As(failed, &source):
		return CloseFailed, failed
	case errors.As(err, &handler):
		switch {
		case errors.As(err, &payload):
			return CloseReplyRefused, err
		case handler.err == io.EOF:
			return CloseDone, err
		case handler.stream && (c.readReason(err) != CloseFailed || c.stream.err != nil && c.stream.err != io.EOF):
			return c.readReason(err), err
		}
		return CloseHandlerError, err
	case failed != nil: // the source of a reply failed in the middle
		return CloseHandlerError, failed
	}
	if kick, ok := err.(*closeError); ok {
		return CloseKicked, kick.cause
	}
	return c.readReason(err), err
}

// readReason returns why nothing more is read, where the reading has ended with err.
func (c *Conn) readReason(err error) CloseReason {
	var (
		tooLarge  *framing.TooLargeError
		format    *framing.FormatError
		truncated *framing.UnexpectedEOFError
	)
	switch {
	case errors.As(err, &tooLarge):
		return CloseTooLarge
	case errors.As(err, &format):
		return CloseMalformed
	case errors.As(err, &truncated):
		return CloseUnexpectedEOF
	case errors.Is(err, errFrameTimeout):
		return CloseFrameTimeout
	case err == errIdleTimeout:
		return CloseIdleTimeout
	case err == errDrained && c.aged:
		return CloseAged
	case err == errDrained:
		return CloseDrained
	case err == io.EOF || hasLeft(err) && (c.buf == nil || c.isSilent()):
		return ClosePeer
	}
	return CloseFailed
}

// hasLeft reports whether err means that the peer has left. A probe connects and
// leaves, often with a reset, and is not a fault.
func hasLeft(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNABORTED)
}
