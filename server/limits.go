package server

import (
	"math"
	"time"

	"github.com/wholeframe/wholeframe/framing"
)

// limits are the limits of a [Server] with the defaults filled in. A timeout
// that is off is never.
type limits struct {
	maxPayload, maxConns, maxConnsPerAddr             int
	maxPending, maxQueue                              int
	idle, frame, write, handshake, grace, linger, age time.Duration
}

func (s *Server) resolveLimits() limits {
	return limits{
		maxPayload:      orDefault(s.MaxPayload, framing.DefaultMaxPayload, math.MaxInt),
		maxConns:        orDefault(s.MaxConns, defaultMaxConns(), math.MaxInt),
		maxConnsPerAddr: orDefault(s.MaxConnsPerAddr, math.MaxInt, math.MaxInt),
		maxPending:      orDefault(s.MaxPending, 100, math.MaxInt),
		maxQueue:        orDefault(s.MaxQueue, 1<<20, math.MaxInt),
		idle:            timeout(s.IdleTimeout, 2*time.Minute),
		frame:           timeout(s.FrameTimeout, 10*time.Second),
		write:           timeout(s.WriteTimeout, 10*time.Second),
		handshake:       timeout(s.HandshakeTimeout, 5*time.Second),
		grace:           timeout(s.Grace, 10*time.Second),
		linger:          timeout(s.Linger, 2*time.Second),
		age:             timeout(s.MaxAge, never),
	}
}

// orDefault returns what a limit means: zero is the default, less is none.
func orDefault[T int | time.Duration](value, usual, none T) T {
	switch {
	case value == 0:
		return usual
	case value < 0:
		return none
	}
	return value
}

// never is the time that does not come. Times are counted from the start of the
// server, on the monotonic clock.
const never = time.Duration(math.MaxInt64)

// timeout is orDefault for a timeout. One of more than 70 years is off, so that
// sums do not overflow.
func timeout(value, usual time.Duration) time.Duration {
	if value = orDefault(value, usual, never); value > never/4 {
		return never
	}
	return value
}

// after returns the time d after t.
func after(t, d time.Duration) time.Duration {
	if d == never {
		return never
	}
	return t + d
}

// now returns the time.
func (s *Server) now() time.Duration { return time.Since(s.epoch) }
