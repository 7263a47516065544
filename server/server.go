package server

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wholeframe/wholeframe/framing"
)

// ErrServerClosed is returned by [Server.Serve] when Shutdown or Close has
// ended it, and everything it was to do is done.
var ErrServerClosed = errors.New("server: closed")

// A Handler answers one message. It is called for one message of a connection
// at a time, in the order of their arrival, and for many connections at once.
// message is valid, and may be changed, until it returns; the memory then serves
// other messages, of other connections too.
//
// It answers with [Conn.WriteFrame], any number of times. An error ends the
// connection: what was written before is sent, the error is logged as a
// warning, and the peer sees the end of the stream. [io.EOF] does that without
// a warning. A panic ends the connection with a reset, for the peer cannot know
// how far its message got, and leaves all others alone.
type Handler func(c *Conn, message []byte) error

// Echo is the [Handler] that sends every message back.
func Echo(c *Conn, message []byte) error {
	return c.WriteFrame(message)
}

// A Server accepts connections, hands their messages to a [Handler] and closes
// without losing one. Framer and Handler must be set, every other field has a
// safe meaning when it is zero. The fields must not be changed once Serve is
// called.
//
// In every limit and timeout 0 stands for the default, which its comment gives,
// and a negative value for none. The clocks for reading run only while the
// server waits for bytes, not while a handler runs or a reply is written.
type Server struct {
	// Framer cuts the messages of every connection, in both directions.
	Framer framing.Framer

	// Handler answers them.
	Handler Handler

	// TLSConfig, if it is not nil, makes every connection a TLS connection.
	TLSConfig *tls.Config

	// MaxPayload is the most bytes of a message in either direction: 1 MiB. A
	// larger one ends the connection.
	MaxPayload int

	// MaxConns is the most connections that are served at a time: 10,000, or 80 %
	// of the limit of open descriptors if that is less. Further ones wait in the
	// listener's backlog. A line is logged when the limit is reached, and another
	// when it no longer is.
	MaxConns int

	// IdleTimeout limits the wait for the first byte of a message: 2 minutes.
	IdleTimeout time.Duration

	// FrameTimeout limits the wait from a message's first byte to its last: 10
	// seconds, plus one second for each 64 KiB that were received of it.
	FrameTimeout time.Duration

	// WriteTimeout limits how long a write may make no progress: 10 seconds. It
	// does not limit a peer that reads slowly, as long as its system acknowledges
	// something in that time. A reply that is torn by it ends in a reset.
	WriteTimeout time.Duration

	// HandshakeTimeout limits the TLS handshake: 5 seconds.
	HandshakeTimeout time.Duration

	// Grace is how long Shutdown waits for what has been received to be
	// answered: 10 seconds.
	Grace time.Duration

	// Linger is how long a connection, its answers and the end of the stream
	// sent, waits for the peer to end its side: 2 seconds from the moment that
	// everything sent is acknowledged. Where the connection tells when that is, it
	// does not wait for a peer that has been silent for 100 ms since. What arrives
	// meanwhile is discarded; closing at once would reset the connection, and the
	// reset would throw away answers that are still on their way.
	Linger time.Duration

	// ConnContext, if it is not nil, returns the context of a new connection,
	// derived from ctx. c is the accepted connection, or the *tls.Conn on it.
	ConnContext func(ctx context.Context, c net.Conn) context.Context

	// ConnState, if it is not nil, is called when a connection changes its state,
	// from the goroutine of the connection, which waits for it. It must not panic.
	ConnState func(c net.Conn, state State)

	// Logger receives one warning for a connection that breaks its framing or
	// stalls, at most ten warnings a second, and the rest at debug level. Bytes
	// of a peer appear quoted, and at most 64 of them. nil stands for
	// slog.Default().
	Logger *slog.Logger

	draining atomic.Bool // state is more than serving
	warnings warnings
	notices  notices      // of accepting
	pool     framing.Pool // of the connections

	mu        sync.Mutex
	changed   sync.Cond // on mu: a connection has ended, or state has changed
	state     serverState
	maxConns  int
	full      fullness
	listeners map[*net.Listener]struct{} // of each Serve its own: interfaces need not be comparable
	conns     map[*Conn]struct{}
	stats     Stats // but for Open: of connections that have ended
	report    Report
	cause     error         // why connections were forced
	closing   chan struct{} // closed when Shutdown is called
	forcing   chan struct{} // closed when connections are forced
	shutdown  *round        // what Shutdown waits for
	round     *round        // that, or a later one
}

type serverState uint8

const (
	serving serverState = iota
	draining
	forced
)

// A ConfigError reports a field of [Server] with which it cannot serve, or a
// network or address on which it cannot.
type ConfigError struct {
	Field  string // its name: "Framer", or "network" or "address"
	Reason string // what is wrong, and what is needed
}

func (e *ConfigError) Error() string { return "server: " + e.Field + ": " + e.Reason }

// Serve accepts connections on l and serves each in a goroutine of its own. It
// may be called for several listeners.
//
// It returns [ErrServerClosed] after Shutdown or Close, and not before they are
// done: a main that returns when Serve does loses nothing. If Shutdown was called
// before Serve, as may happen to a goroutine that is just started, Serve answers
// the clients in l's accept queue, and returns; the error wraps a
// [*ShutdownError], too, if that is not done within Grace.
//
// Before that it returns only a [*ConfigError], or the error of a listener that
// is closed or dead. It tries again when accepting fails for a reason that may
// pass: errors of the operating system, like the lack of descriptors, and
// temporary ones. Another error of the listener's own ends Serve when Accept has
// returned nothing else for 30 seconds. Serve closes l in any case.
//
// Any listener of streams will do, and any [net.Conn]. A listener made by
// [Listen] closes without harm to clients that are just connecting, and one that
// other processes have too needs [Shared]. What closing promises needs methods
// that *net.TCPListener and *net.TCPConn have, and wrappers often hide: without
// the listener's SetDeadline those in its backlog are reset, without CloseWrite
// answers may be lost on their way, without SetLinger a torn answer cannot end
// in a reset. It is exact where the operating system tells how many bytes have
// arrived (Linux), or the connection does in methods Unread() (int, error) and
// Unsent() (int, error). For TLS set TLSConfig, rather than wrap the listener.
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	if err := s.check(); err != nil {
		return err
	}
	if a := l.Addr(); a != nil && a.Network() == "unixpacket" {
		return checkNetwork(a.Network())
	}
	s.mu.Lock()
	s.init()
	if s.state == forced {
		round := s.round
		s.mu.Unlock()
		l.Close()
		<-round.finished
		return ErrServerClosed
	}
	late := s.state == draining && s.round.isEmpty()
	if late {
		// Shutdown was called before go s.Serve(l) began, and has ended.
		s.round = newRound()
		go s.drain(s.round)
	}
	s.listeners[&l] = struct{}{}
	s.mu.Unlock()

	err := s.accept(l)

	l.Close()
	s.mu.Lock()
	delete(s.listeners, &l)
	s.leave()
	closing, round := s.state != serving, s.round
	s.mu.Unlock()
	if closing {
		<-round.finished
		if late && round.result != nil {
			return errors.Join(ErrServerClosed, round.result)
		}
		return ErrServerClosed
	}
	return err
}

func (s *Server) check() error {
	switch {
	case s.Framer == nil:
		return &ConfigError{"Framer", "is nil; it must say how messages are framed"}
	case s.Handler == nil:
		return &ConfigError{"Handler", "is nil; it must answer messages (Echo sends them back)"}
	}
	return nil
}

// init makes what the zero value lacks. mu is held.
func (s *Server) init() {
	if s.conns != nil {
		return
	}
	s.changed.L = &s.mu
	s.maxConns = orDefault(s.MaxConns, defaultMaxConns(), math.MaxInt)
	s.listeners = make(map[*net.Listener]struct{})
	s.conns = make(map[*Conn]struct{})
	s.closing = make(chan struct{})
	s.forcing = make(chan struct{})
	s.shutdown = newRound()
	s.round = s.shutdown
}

// leave notes that a listener or connection is gone. mu is held.
func (s *Server) leave() {
	if s.state != serving && len(s.listeners) == 0 && len(s.conns) == 0 && !s.round.isEmpty() {
		close(s.round.empty)
	}
	s.changed.Broadcast()
}

// start serves the accepted connection.
func (s *Server) start(nc net.Conn) {
	c := newConn(s, nc)
	s.mu.Lock()
	for s.state == serving && len(s.conns) >= s.maxConns {
		s.changed.Wait()
	}
	if s.state == forced {
		s.mu.Unlock()
		s.refuse(c)
		return
	}
	s.conns[c] = struct{}{}
	s.stats.Accepted++
	if s.state == draining {
		c.wire.wake()
	}
	s.mu.Unlock()
	go c.serve()
}

// refuse resets a connection that was accepted when the others had been forced,
// and reports what it had sent.
func (s *Server) refuse(c *Conn) {
	c.force()
	r := Report{}
	if c.tls == nil {
		r.Unanswered = c.countUnanswered()
	}
	if r.Unanswered > 0 {
		r.Forced = 1
	}
	reset(c.raw)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report.add(r)
}

// end forgets a connection that is closed, and adds up what it leaves.
func (s *Server) end(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.conns[c]; !ok {
		return // Shutdown has given it up
	}
	delete(s.conns, c)
	s.stats.add(c)
	s.stats.Ended[c.end]++
	if s.state != serving {
		s.report.add(c.report)
	}
	s.leave()
}

func (s *Server) logger() *slog.Logger {
	if s.Logger == nil {
		return slog.Default()
	}
	return s.Logger
}

// forever stands for a timeout that never comes.
const forever = time.Duration(math.MaxInt64)

func (s *Server) idleTimeout() time.Duration { return orDefault(s.IdleTimeout, 2*time.Minute, forever) }
func (s *Server) frameTimeout() time.Duration {
	return orDefault(s.FrameTimeout, 10*time.Second, forever)
}
func (s *Server) writeTimeout() time.Duration {
	return orDefault(s.WriteTimeout, 10*time.Second, forever)
}
func (s *Server) handshakeTimeout() time.Duration {
	return orDefault(s.HandshakeTimeout, 5*time.Second, forever)
}
func (s *Server) grace() time.Duration  { return orDefault(s.Grace, 10*time.Second, forever) }
func (s *Server) linger() time.Duration { return orDefault(s.Linger, 2*time.Second, forever) }
func (s *Server) maxPayload() int {
	return orDefault(s.MaxPayload, framing.DefaultMaxPayload, math.MaxInt)
}

// orDefault returns what a limit stands for: 0 is the default, less is none.
func orDefault[T int | time.Duration](value, usual, none T) T {
	switch {
	case value == 0:
		return usual
	case value < 0:
		return none
	}
	return value
}

// after returns the time d after t, or the zero time if that never comes.
func after(t time.Time, d time.Duration) time.Time {
	if d == forever {
		return time.Time{}
	}
	return t.Add(d)
}
