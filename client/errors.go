package client

import "errors"

var (
	// ErrClosed is the reason why a call fails after Close or Shutdown.
	ErrClosed = errors.New("client closed")

	// ErrGoodbye is the reason why a connection has ended after a frame that Goodbye
	// recognizes.
	ErrGoodbye = errors.New("the server said goodbye")

	// ErrDuplicateKey is the reason why a request is refused whose key is, on each of the
	// open connections, that of another call in flight, or of one that has ended and
	// whose reply may still come.
	ErrDuplicateKey = errors.New("another call in flight has the same key")

	// ErrNoKey is the reason why Call refuses a request in which RequestKey finds no
	// key.
	ErrNoKey = errors.New("the request has no key")

	// ErrReplyTimeout is the reason why a connection has ended that has delivered no
	// reply for ReplyTimeout.
	ErrReplyTimeout = errors.New("no reply within ReplyTimeout")

	// ErrWriteTimeout is the reason why a connection has ended whose peer has not read
	// 128 KiB within WriteTimeout.
	ErrWriteTimeout = errors.New("no progress in writing within WriteTimeout")

	errIdle       = errors.New("idle for IdleTimeout")
	errAbandoned  = errors.New("MaxInFlight calls have ended without a reply")
	errUnexpected = errors.New("a reply without a request")
)

// An Outcome says what is known of a request whose call has failed.
type Outcome uint8

const (
	Unknown    Outcome = iota // it may have been handled
	NotHandled                // it was sent, and the server has surely not handled it
	NotSent                   // none of it was passed to a connection
)

// String returns "may have been handled", "not sent" or "not handled".
func (o Outcome) String() string {
	switch o {
	case NotSent:
		return "not sent"
	case NotHandled:
		return "not handled"
	}
	return "may have been handled"
}

// A CallError reports a call that has failed. Every error of Call, Go and Send is a
// *CallError.
type CallError struct {
	Outcome Outcome // whether the request may have been handled
	Addr    string  // the server that it was sent to last, or empty
	Err     error   // the reason
}

func (e *CallError) Error() string {
	to := ""
	if e.Addr != "" {
		to = " to " + e.Addr
	}
	return "client: request" + to + " " + e.Outcome.String() + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *CallError) Unwrap() error { return e.Err }

// A ConfigError reports a field of [Client] with which it cannot call.
type ConfigError struct {
	Field  string // its name: "Framer"
	Reason string // what is wrong, and what is needed
}

func (e *ConfigError) Error() string { return e.Field + ": " + e.Reason }
