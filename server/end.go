package server

import (
	"errors"
	"io"

	"github.com/wholeframe/wholeframe/framing"
)

// End says why a connection has ended.
type End uint8

const (
	EndPeer          End = iota // the peer ended its side, between two messages or before a TLS handshake
	EndDone                     // the handler returned io.EOF
	EndDrained                  // Shutdown: what had arrived is answered
	EndForced                   // Shutdown or Close did not wait for it any longer
	EndIdleTimeout              // no message began in time
	EndFrameTimeout             // a message began and did not end in time
	EndWriteTimeout             // the peer did not read
	EndTooLarge                 // a message was larger than MaxPayload
	EndMalformed                // the framing was broken
	EndUnexpectedEOF            // the peer ended its side inside a message
	EndReplyRefused             // the framing cannot carry what the handler wrote
	EndHandlerError             // the handler returned another error
	EndPanic                    // the handler or the framer panicked
	EndHandshake                // the TLS handshake failed, or took too long
	EndFailed                   // the connection failed: a reset, for example
)

var endNames = [...]string{
	"peer", "done", "drained", "forced", "idle timeout", "frame timeout", "write timeout", "too large", "malformed",
	"unexpected EOF", "reply refused", "handler error", "panic", "handshake", "failed",
}

// String returns the name in words, as "peer" or "idle timeout".
func (e End) String() string {
	if int(e) < len(endNames) {
		return endNames[e]
	}
	return "unknown"
}

// warning returns what a warning says of the end, or "" if it is no reason for
// one: nobody has done wrong, or a line of its own has said it.
func (e End) warning() string {
	switch e {
	case EndFrameTimeout, EndWriteTimeout:
		return "connection stalled"
	case EndTooLarge, EndMalformed, EndUnexpectedEOF:
		return "connection broke the framing"
	case EndReplyRefused:
		return "reply refused by the framing"
	case EndHandlerError:
		return "handler failed"
	case EndHandshake:
		return "TLS handshake failed"
	}
	return ""
}

// why returns how the connection ended with err, and failed on its way out, and
// which of the two says so.
func (c *Conn) why(err, failed error) (End, error) {
	switch {
	case err == errPanic:
		return EndPanic, err
	case errors.Is(err, errForced) || errors.Is(failed, errForced):
		return EndForced, err
	case errors.Is(failed, errWriteTimeout):
		return EndWriteTimeout, failed
	case failed != nil:
		return EndFailed, failed
	}
	var (
		handler   *handlerError
		shake     *handshakeError
		tooLarge  *framing.TooLargeError
		format    *framing.FormatError
		truncated *framing.UnexpectedEOFError
		refused   *framing.PayloadError
	)
	switch {
	case errors.As(err, &handler):
		switch {
		case errors.As(err, &refused) || errors.As(err, &tooLarge):
			return EndReplyRefused, err
		case errors.Is(err, io.EOF):
			return EndDone, err
		}
		return EndHandlerError, err
	case errors.As(err, &shake):
		switch {
		case c.ctx.Err() != nil:
			return EndForced, err
		case errors.Is(err, io.EOF):
			return EndPeer, err
		}
		return EndHandshake, err
	case errors.As(err, &tooLarge):
		return EndTooLarge, err
	case errors.As(err, &format):
		return EndMalformed, err
	case errors.As(err, &truncated):
		return EndUnexpectedEOF, err
	case err == errFrameTimeout:
		return EndFrameTimeout, err
	case err == errIdleTimeout:
		return EndIdleTimeout, err
	case err == errDrained:
		return EndDrained, err
	case err == io.EOF:
		return EndPeer, err
	}
	return EndFailed, err
}
