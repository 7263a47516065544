package framing

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// DefaultMaxPayload is the limit of a new [Buffer], [Reader], [Writer] or
// [Conn], in bytes.
const DefaultMaxPayload = 1 << 20

// ErrFrame matches, with [errors.Is], every read error that costs one frame
// only: the next call goes on with the frame behind it. Every other framing
// error is final.
var ErrFrame = errors.New("framing: one frame lost")

// ErrSkipping is what SetFramer returns while a frame is being skipped: the new
// framer has to wait until that has passed.
var ErrSkipping = errors.New("framing: a frame is being skipped")

// ErrIdle is what Split of a [Framer] returns for bytes between two frames that
// say nothing: a second delimiter, sent to be sure that a frame begins there.
// They are passed over without a word, and no reader returns it.
var ErrIdle = errors.New("framing: idle bytes, not a frame")

// A TooLargeError reports a payload that is larger than the limit or, on
// writing, than what the framing can carry.
type TooLargeError struct {
	Size   uint64 // payload bytes as announced; 0 if the limit was passed before the size was known
	Max    uint64 // the most that is allowed
	Offset int64  // stream offset of the frame's first byte; 0 from a Framer, which does not know it
	Final  bool   // the stream cannot be followed beyond this frame
	Looks  string // what the frame's first bytes look like, if they tell: "an HTTP request", say
}

func (e *TooLargeError) Error() string {
	s := "framing: frame at offset " + strconv.FormatInt(e.Offset, 10) + ": payload "
	if e.Size > 0 {
		s += "of " + strconv.FormatUint(e.Size, 10) + " bytes is "
	}
	s += "larger than the limit of " + strconv.FormatUint(e.Max, 10)
	if e.Looks != "" {
		s += " (this looks like " + e.Looks + ")"
	}
	return s
}

// Is reports whether target is [ErrFrame] and the error costs one frame only.
func (e *TooLargeError) Is(target error) bool { return target == ErrFrame && !e.Final }

// A FormatError reports bytes that the framing does not allow.
type FormatError struct {
	Offset int64 // stream offset of the frame's first byte
	Reason error // what is wrong, and what would be right
	Final  bool  // the stream cannot be followed beyond this frame
}

func (e *FormatError) Error() string {
	return "framing: frame at offset " + strconv.FormatInt(e.Offset, 10) + ": " + e.Reason.Error()
}

// Unwrap returns Reason.
func (e *FormatError) Unwrap() error { return e.Reason }

// Is reports whether target is [ErrFrame] and the error costs one frame only.
func (e *FormatError) Is(target error) bool { return target == ErrFrame && !e.Final }

// lost returns err, with which Split lost the stream at data, as it is reported.
func lost(err error, data []byte, limit int, offset int64) error {
	if e := (*TooLargeError)(nil); errors.As(err, &e) {
		return &TooLargeError{Size: e.Size, Max: uint64(limit), Offset: offset, Final: true, Looks: cmp.Or(e.Looks, looksLike(data))}
	}
	return &FormatError{Offset: offset, Reason: err, Final: true}
}

// An UnexpectedEOFError reports that the stream ended inside a frame.
type UnexpectedEOFError struct {
	Have   int64 // bytes of the frame that arrived
	Want   int64 // bytes that the frame takes on the wire; 0 if that was not known yet
	Offset int64 // stream offset of the frame's first byte
}

func (e *UnexpectedEOFError) Error() string {
	if e.Want == 0 {
		return fmt.Sprintf("framing: frame at offset %d: unexpected EOF after %d bytes", e.Offset, e.Have)
	}
	return fmt.Sprintf("framing: frame at offset %d: unexpected EOF after %d of %d bytes", e.Offset, e.Have, e.Want)
}

// Unwrap returns [io.ErrUnexpectedEOF].
func (e *UnexpectedEOFError) Unwrap() error { return io.ErrUnexpectedEOF }

// A PayloadError reports a payload that a [Framer] refuses to carry, because
// reading would not give it back. Nothing of it was written.
type PayloadError struct {
	Size   int    // the payload's size in bytes
	Reason string // what is wrong, and what would be right
}

func (e *PayloadError) Error() string {
	return "framing: payload of " + strconv.Itoa(e.Size) + " bytes refused: " + e.Reason
}

// A SourceError reports a payload that could not be written because the
// [io.Reader] that it was to come from failed, or ended too early.
type SourceError struct {
	Have  int64 // bytes of the payload that it gave
	Want  int64 // the payload's size
	Err   error // io.ErrUnexpectedEOF, or what the source returned
	Final bool  // the frame is torn, and nothing can follow it; else nothing of it was written
}

func (e *SourceError) Error() string {
	s := "framing: payload ends after " + strconv.FormatInt(e.Have, 10) + " of " + strconv.FormatInt(e.Want, 10) + " bytes: " + e.Err.Error()
	if e.Final {
		s += " (its frame is torn: nothing can follow)"
	}
	return s
}

// Unwrap returns Err.
func (e *SourceError) Unwrap() error { return e.Err }

// A ConfigError reports a configuration that a constructor refuses.
type ConfigError struct {
	Framer string // the package that was to be configured: "lengthprefix"
	Option string // the option at fault: "width"
	Reason string // what is wrong, and what is allowed
}

func (e *ConfigError) Error() string {
	return e.Framer + ": " + e.Option + ": " + e.Reason
}

// looksLike names the commonest mistakes: a client of another protocol whose
// first bytes are taken for a length.
func looksLike(head []byte) string {
	if len(head) >= 3 && head[0] == 0x16 && head[1] == 0x03 && head[2] <= 0x04 {
		return "a TLS handshake"
	}
	if len(head) >= 4 {
		switch string(head[:4]) {
		case "GET ", "POST", "PUT ", "HEAD", "OPTI", "CONN", "DELE", "PATC", "PRI ":
			return "an HTTP request"
		case "HTTP":
			return "an HTTP response"
		case "SSH-":
			return "an SSH greeting"
		}
	}
	return ""
}
