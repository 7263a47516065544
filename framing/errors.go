package framing

import (
	"errors"
	"fmt"
	"io"

	"github.com/wholeframe/wholeframe/framing/internal/plural"
)

// DefaultMaxPayload is the payload limit of a new [Buffer], [Reader], [Writer] or
// [Conn], in bytes.
const DefaultMaxPayload = 1 << 20

// ErrFrame is matched, through [errors.Is], by the read errors that lose a single
// frame. The stream is still synchronized after one, and the next call returns
// the following frame. Any other FormatError, TooLargeError or UnexpectedEOFError is
// terminal.
var ErrFrame = errors.New("framing: invalid frame")

// ErrSkipping is returned by SetFramer while the rest of a frame is being skipped
// or streamed.
var ErrSkipping = errors.New("framing: a frame is being skipped")

// ErrFill is returned by [Framer.Split], with a positive Size, to report that the
// first Size bytes are fill between frames: a heartbeat newline, or a delimiter
// sent to resynchronize the receiver. Readers discard fill; they never return
// ErrFill.
var ErrFill = errors.New("framing: fill between frames")

// ErrNoHeader is returned by [Encloser.AppendHeader] if it cannot tell the header
// from what it was given of the payload.
var ErrNoHeader = errors.New("framing: more of the payload is needed for its header")

// A TooLargeError reports a received frame whose payload exceeds the limit.
type TooLargeError struct {
	Size   uint64 // announced payload size in bytes; 0 if the limit was exceeded before the size was known
	Max    uint64 // the limit in bytes
	Offset int64  // stream offset of the frame's first byte; set by readers, not by Framers
	Final  bool   // the stream cannot be followed beyond this frame
	Hint   string // if not empty, the protocol that the first bytes resemble: "an HTTP request"
}

func (e *TooLargeError) Error() string {
	size := "payload"
	if e.Size > 0 {
		size = "payload of " + plural.Of(e.Size, "byte")
	}
	return fmt.Sprintf("framing: frame at offset %d: %s exceeds the limit of %s%s", e.Offset, size, plural.Of(e.Max, "byte"), parenthesis(e.Hint))
}

// Is reports whether target is [ErrFrame] and only one frame is lost.
func (e *TooLargeError) Is(target error) bool { return target == ErrFrame && !e.Final }

// A FormatError reports received bytes that the framing does not allow.
type FormatError struct {
	Offset int64  // stream offset of the frame's first byte
	Err    error  // what is wrong, and what is allowed
	Final  bool   // the stream cannot be followed beyond this frame
	Hint   string // if not empty, the protocol that the bytes received so far resemble: "an HTTP request"
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("framing: frame at offset %d: %v%s", e.Offset, e.Err, parenthesis(e.Hint))
}

// Unwrap returns Err.
func (e *FormatError) Unwrap() error { return e.Err }

// Is reports whether target is [ErrFrame] and only one frame is lost.
func (e *FormatError) Is(target error) bool { return target == ErrFrame && !e.Final }

func parenthesis(hint string) string {
	if hint == "" {
		return ""
	}
	return " (this looks like " + hint + ")"
}

// An UnexpectedEOFError reports that the stream ended inside a frame.
type UnexpectedEOFError struct {
	Have   int64 // bytes of the frame that arrived
	Want   int64 // bytes that the frame occupies on the wire; 0 if that was not known yet
	Offset int64 // stream offset of the frame's first byte
}

func (e *UnexpectedEOFError) Error() string {
	if e.Want == 0 {
		return fmt.Sprintf("framing: frame at offset %d: unexpected EOF after %s", e.Offset, plural.Of(e.Have, "byte"))
	}
	return fmt.Sprintf("framing: frame at offset %d: unexpected EOF after %d of %s", e.Offset, e.Have, plural.Of(e.Want, "byte"))
}

// Unwrap returns [io.ErrUnexpectedEOF].
func (e *UnexpectedEOFError) Unwrap() error { return io.ErrUnexpectedEOF }

// A PayloadError reports a payload that was refused on writing, because it exceeds
// the limit or because reading would not return it. Nothing of it was written.
type PayloadError struct {
	Size   int64  // the payload's size in bytes
	Reason string // what is wrong, and what is allowed
}

func (e *PayloadError) Error() string {
	return fmt.Sprintf("framing: payload of %s refused: %s", plural.Of(e.Size, "byte"), e.Reason)
}

// A SourceError reports a payload that could not be written because the
// [io.Reader] that provides it failed or ended too early.
type SourceError struct {
	Have  int64 // bytes of the payload that were read
	Want  int64 // the payload's size in bytes
	Err   error // io.ErrUnexpectedEOF, or the error of the source
	Final bool  // part of the frame was written, and nothing can follow it
}

func (e *SourceError) Error() string {
	torn := ""
	if e.Final {
		torn = " (part of the frame was written: nothing can follow)"
	}
	return fmt.Sprintf("framing: payload ends after %d of %s: %v%s", e.Have, plural.Of(e.Want, "byte"), e.Err, torn)
}

// Unwrap returns Err, or nil if Err matches [ErrFrame]: that the source of the payload
// can continue does not mean that the Writer can.
func (e *SourceError) Unwrap() error {
	if errors.Is(e.Err, ErrFrame) {
		return nil
	}
	return e.Err
}

// A ConfigError reports a configuration that a constructor rejects.
type ConfigError struct {
	Framer string // the package that was to be configured: "lengthprefix"
	Option string // the invalid option: "width"
	Reason string // what is wrong, and what is allowed
}

func (e *ConfigError) Error() string {
	return e.Framer + ": " + e.Option + ": " + e.Reason
}
