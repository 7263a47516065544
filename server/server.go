package server

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wholeframe/wholeframe/framing"
)

// ErrServerClosed is returned by [Server.Serve] after a call of Shutdown or
// Close, once all connections have been closed.
var ErrServerClosed = errors.New("server: closed")

// ErrInHandler is returned by [Server.Shutdown] if its context is that of a
// connection of the server.
var ErrInHandler = errors.New("server: Shutdown was called with the context of a connection, whose handler must return first")

// A Handler answers one frame. The server calls it for one frame of a connection
// at a time, in the order of their arrival, and for different connections
// concurrently. The Handler may modify payload but must not retain it after
// returning.
//
// It answers with [Conn.Reply], any number of times. An error ends the
// connection and is logged as a warning. If the Handler has replied to the frame
// before, the replies are sent and then the end of the stream. If it has not, the
// replies to earlier frames are sent and the connection is reset: the end of the
// stream would say that the frame was not handled. A panic ends the connection with
// a reset, and no other connection.
//
// The error [io.EOF] itself, not one that wraps it, ends the stream without a
// warning. If the Handler has not replied to the frame, the peer may take it for
// one that was not handled, and send it again: do not pass on the io.EOF of
// something else.
type Handler func(c *Conn, payload []byte) error

// Echo is the [Handler] that sends every payload back.
func Echo(c *Conn, payload []byte) error {
	return c.Reply(payload)
}

// A Server accepts connections, hands the payloads of their frames to a [Handler]
// and closes without losing one. Framer must be set, and Handler or Open; every
// other field has a safe meaning when it is zero. The fields must not be changed
// once Serve is called. The methods may be called by any goroutine.
//
// The timeouts for reading run only while the server waits for bytes, not while a
// handler runs or a reply is written.
type Server struct {
	// Framer splits the frames of every connection, and builds its replies, until
	// the connection changes it.
	Framer framing.Framer

	// Handler answers the frames of a connection, unless Open has returned another.
	Handler Handler

	// Open, if it is not nil, is called for a new connection before its first frame
	// is read, after the TLS handshake if there is one, in the goroutine of the
	// connection. It may reply, for protocols in which the server speaks first, and
	// change the connection, and may return the connection's own Handler, for example a
	// method of its session. If that is nil, Handler is used. An error ends the
	// connection: what Open has replied is sent, then the end of the stream. It is
	// logged as a warning, unless it is io.EOF. A server that has ports with and without
	// TLS calls Conn.StartTLS in Open if LocalAddr is a port with TLS, without a last
	// reply.
	Open func(c *Conn) (Handler, error)

	// Stream, if it is not nil, is called in place of the Handler for a frame whose
	// payload is larger than MaxPayload, if the framing announces the size, as a
	// length prefix does. Its contract is that of a Handler, and payload, of size bytes,
	// is valid until it returns; what it has not read then is discarded. The payload
	// must arrive within FrameTimeout, which counts the waiting only, so a stream takes
	// at most one second for each 64 KiB and those of FrameTimeout. If the payload cannot
	// be read to its end, the connection ends, whatever Stream returns.
	Stream func(c *Conn, size int64, payload io.Reader) error

	// Goodbye, if it is not nil, is called when the server ends a connection, other than
	// with a reset, after the last answer and before the end of the stream, in the
	// goroutine of the connection. It may send last replies, which may be lost without an
	// error. reason is CloseDrained, CloseAged, CloseIdleTimeout, CloseFrameTimeout,
	// CloseTooLarge, CloseMalformed, or CloseKicked with the cause that Conn.Close was
	// given.
	Goodbye func(c *Conn, reason CloseReason, cause error)

	// Closed, if it is not nil, is called when a connection has ended, in its
	// goroutine, and also for one that has never been open: a failed handshake, for
	// example. Closed runs after Linger; release resources that others wait for in the
	// Handler or in Goodbye. err is the cause, such as a [*framing.FormatError] or the
	// error of the Handler, and may be nil.
	Closed func(c *Conn, reason CloseReason, err error)

	// TLSConfig, if it is not nil, makes every connection a TLS connection.
	TLSConfig *tls.Config

	// MaxPayload is the maximum size of a payload in bytes, in either direction.
	// A larger one ends the connection. If zero, 1 MiB is used; if negative, there
	// is no limit.
	MaxPayload int

	// MaxConns is the maximum number of connections that are served at a time.
	// Further ones wait in the listener's backlog. A connection counts until its
	// last reply is acknowledged. A line is logged when the limit is reached, and
	// another when it no longer is. If zero, 10,000 is used, or 80 % of the limit of
	// open descriptors if that is less; if negative, there is no limit.
	MaxConns int

	// MaxPending is the maximum number of answers of a connection that are promised
	// with Conn.Go and not given yet. If zero, 100 is used; if negative, there is no
	// limit.
	MaxPending int

	// MaxQueue is the maximum number of bytes that are queued by Conn.Push because the
	// peer reads too slowly. A connection that exceeds it is reset. One frame may always
	// be queued. If zero, 1 MiB is used; if negative, there is no limit.
	MaxQueue int

	// MaxConnsPerAddr is the maximum number of connections that are served at a
	// time for one address: an IPv4 address, or the first 64 bits of an IPv6
	// address. Further ones are reset at once. A Unix socket's have no address. If
	// zero or negative, there is no limit but MaxConns.
	MaxConnsPerAddr int

	// MaxAge is the maximum time for which a connection is served, so that clients
	// come back to a balancer that may choose another server. Each connection has
	// between 90 % and 110 % of it, at random, so that those of a restart do not all
	// come back at once. A connection that is old enough ends as in Shutdown: every
	// frame that has arrived whole is answered, then comes the end of the stream. If
	// zero or negative, there is no limit.
	MaxAge time.Duration

	// ProxyFrom is the addresses of proxies whose connections must begin with a
	// header of the PROXY protocol, version 1 or 2, before TLS. The address that the
	// header names is the connection's RemoteAddr, for hooks, limits and logs; where
	// it names none, as for the health check of a proxy (LOCAL), the proxy's own is.
	// If there is any, the connections of a Unix socket must begin with a header too:
	// the permissions of its file decide who may connect. A header may have 2 KiB
	// after its first 16 bytes, and must arrive within HandshakeTimeout; the fields
	// after the addresses are not read. From any other address a header ends the
	// connection, if it comes in one piece. If ProxyFrom is empty, no header is
	// expected.
	ProxyFrom []netip.Prefix

	// IdleTimeout is the maximum time to wait for the first byte of a frame. Fill
	// between frames begins the wait again. If zero, 2 minutes is used; if
	// negative, there is no timeout.
	IdleTimeout time.Duration

	// FrameTimeout is the maximum time to wait for the rest of a frame whose first
	// byte has arrived, plus one second for each 64 KiB that were received of it.
	// If zero, 10 seconds is used; if negative, there is no timeout.
	FrameTimeout time.Duration

	// WriteTimeout is the maximum time for which a write may make no progress, or a
	// reply stay unacknowledged at the end. It does not limit a peer that reads
	// slowly. A reply that is torn ends in a reset. If zero, 10 seconds is used; if
	// negative, there is no timeout.
	WriteTimeout time.Duration

	// HandshakeTimeout is the maximum time for a TLS handshake, and the maximum time
	// for a PROXY header before it. If zero, 5 seconds is used; if negative, there is
	// no timeout.
	HandshakeTimeout time.Duration

	// Grace is the maximum time that Shutdown waits for what has been received to
	// be answered, and for the answers to be acknowledged. If zero, 10 seconds is
	// used; if negative, only the context of Shutdown limits it.
	Grace time.Duration

	// Linger is the maximum time to wait for the peer to end its side after the
	// server has ended its own, measured from the time that everything sent is
	// acknowledged. Received bytes are discarded: closing at once would reset the
	// connection, and the reset would throw away replies that are on their way.
	// Where acknowledgements can be observed (Linux) the wait ends early, when the
	// peer has been silent for the time after which a lost packet is sent again and
	// some round trips, at least 200 ms. While Shutdown runs it lasts as long as
	// the peer continues to send, within Grace. If zero, 2 seconds is used; if
	// negative, there is no limit.
	Linger time.Duration

	// Admit, if it is not nil, returns an error for a new connection that is not to
	// be served: it is reset, and the error is logged as a warning. It is called
	// after the PROXY header, if there is one, and before the TLS handshake, by the
	// goroutine of the connection, which counts for MaxConns and MaxConnsPerAddr
	// meanwhile. c is the accepted connection, or the *tls.Conn on it, or, through a
	// proxy, one with the client's address and a method NetConn; Admit may use only
	// its addresses and SyscallConn.
	Admit func(c net.Conn) error

	// ConnContext, if it is not nil, returns the context of a new connection,
	// derived from ctx. c is what Admit is given.
	ConnContext func(ctx context.Context, c net.Conn) context.Context

	// ConnState, if it is not nil, is called when a connection changes its state,
	// from the goroutine of the connection, which waits for it. It must not panic.
	ConnState func(c net.Conn, state State)

	// LogConnections logs a line at level info for each connection that has ended:
	// its remote address, why it has ended, how long it was served, and the numbers of
	// frames and bytes received and sent.
	LogConnections bool

	// Logger receives one warning for a connection that breaks its framing or
	// stalls, one error for a panic, and the rest at debug level. Lines that peers can
	// cause, panics and failures to accept are each limited to ten a second. Bytes of a
	// peer are logged printable, at most 64 of them. If nil, slog.Default() is used.
	//
	// If the Logger blocks, one goroutine and up to 64 lines wait for it, and the end of
	// Shutdown is delayed by up to 100 ms; further lines are dropped. Nothing else waits
	// for the Logger.
	Logger *slog.Logger

	draining atomic.Bool // state is more than serving
	journal  journal
	pool     framing.Pool // of the connections
	frames   sync.Pool    // of *[]byte: for WriteFrame, Push and Go
	settings settings     // with which connections begin

	mu        sync.Mutex
	limits    limits
	epoch     time.Time // when init was called
	state     serverState
	full      fullness
	listeners map[*net.Listener]struct{} // of each Serve its own: interfaces need not be comparable
	conns     map[*Conn]struct{}
	clients   map[netip.Prefix]int // connections of each
	slots     chan struct{}        // holds one for each connection that counts for MaxConns
	stats     Stats                // but for Open: of connections that have ended
	report    Report
	cause     error         // why connections were forced
	closing   chan struct{} // closed when Shutdown begins
	forcing   chan struct{} // closed when connections are forced
	shutdown  *round        // what Shutdown waits for; nil before it is called
	round     *round        // that, or a later one
}

// A round is one wait for everything to end. There is a second one if Serve is
// called after the first.
type round struct {
	empty    chan struct{} // closed when no listener and no connection is left
	finished chan struct{} // closed when the round is over
	result   error         // what Shutdown returns
}

type serverState uint8

const (
	serving serverState = iota
	draining
	forced
)

// A ConfigError reports a field of [Server], or an argument, with which it cannot
// serve.
type ConfigError struct {
	Field  string // its name, such as "Framer", or the argument: "network", "address"
	Reason string // what is wrong, and what is needed
}

func (e *ConfigError) Error() string { return "server: " + e.Field + ": " + e.Reason }

// Serve accepts connections on l and serves each in a goroutine of its own. It
// may be called for several listeners.
//
// Serve returns [ErrServerClosed] once Shutdown or Close is done, so a main that
// returns after Serve loses nothing. If something was lost, the error wraps
// ErrServerClosed and the [*ShutdownError], and is therefore not equal to
// ErrServerClosed. If Shutdown was called before Serve, for example because the
// goroutine of Serve started late, Serve answers the clients in l's accept queue
// and returns.
//
// Otherwise Serve returns only a [*ConfigError], or the error of a listener that is
// closed or dead. It retries if accepting fails with an error of the operating
// system, such as the lack of descriptors, or a temporary one. Any other error of
// Accept may concern a single connection; it ends Serve if Accept has returned
// nothing else for 30 seconds. Serve always closes l.
//
// Serve accepts any stream listener and any [net.Conn]. A listener made by [Listen]
// closes without harm to clients that are just connecting, and a listener that
// other processes also use needs [Shared]. The promises of closing need methods that
// *net.TCPListener and *net.TCPConn have, and that wrappers often hide: without
// SetDeadline of the listener, the connections in its backlog are reset; without
// CloseWrite, replies may be lost on their way; without SetLinger, as on a Unix
// socket, a torn reply cannot end in a reset.
//
// Closing is exact where the operating system reports how many bytes have arrived
// and are acknowledged. Serve asks it (Linux) only about a connection of type
// *net.TCPConn or *net.UnixConn, and only there sends replies in vectored writes,
// because a type that wraps such a connection may buffer bytes. The wrapping type can
// report these itself, in methods Unread() (int, error), Unsent() (int, error) and
// WriteBuffers(*net.Buffers) (int64, error). Methods promoted from an embedded type
// do not count. For TLS, set TLSConfig instead of wrapping the listener.
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	if err := s.check(l.Addr()); err != nil {
		return err
	}
	s.mu.Lock()
	s.beginLocked()
	if s.state == forced {
		r := s.round
		s.mu.Unlock()
		<-r.finished
		return ErrServerClosed
	}
	s.listeners[&l] = struct{}{}
	if s.round != nil && s.round.isEmpty() {
		s.beginRoundLocked() // Shutdown was called, and has ended, before go s.Serve(l) began
	}
	s.mu.Unlock()

	err := s.accept(l)

	l.Close()
	s.mu.Lock()
	delete(s.listeners, &l)
	s.leaveLocked()
	r := s.round
	s.mu.Unlock()
	if r == nil {
		return err
	}
	<-r.finished
	if r.result != nil {
		return errors.Join(ErrServerClosed, r.result)
	}
	return ErrServerClosed
}

// ServeConn serves one connection, for example the one that a super-server has
// passed to the process, or a stream of a multiplexer, and closes it. It does not
// count for MaxConns. ServeConn returns when the connection has ended: nil if that
// was in order, and otherwise why. It returns [ErrServerClosed] if Shutdown was called
// before.
func (s *Server) ServeConn(nc net.Conn) error {
	if err := s.check(nc.LocalAddr()); err != nil {
		nc.Close()
		return err
	}
	s.mu.Lock()
	s.beginLocked()
	if s.state != serving {
		s.mu.Unlock()
		nc.Close()
		return ErrServerClosed
	}
	c := newConn(s, nc)
	c.done = make(chan struct{})
	s.conns[c] = struct{}{}
	s.stats.Accepted++
	s.mu.Unlock()
	c.serve()
	<-c.done
	if c.reason.isOrderly() {
		return nil
	}
	if c.cause == nil {
		return errors.New("server: connection ended: " + c.reason.String())
	}
	return c.cause
}

func (s *Server) check(addr net.Addr) error {
	switch {
	case s.Framer == nil:
		return &ConfigError{"Framer", "is nil; it must say how frames are delimited"}
	case s.Handler == nil && s.Open == nil:
		return &ConfigError{"Handler", "is nil; it must answer frames (Echo sends them back)"}
	case addr != nil && addr.Network() == "unixpacket":
		return checkNetwork("unixpacket")
	}
	for _, p := range s.ProxyFrom {
		if !p.IsValid() {
			return &ConfigError{"ProxyFrom", "has an invalid prefix; want one that netip.ParsePrefix has returned"}
		}
	}
	return nil
}

// initLocked makes what the zero value lacks.
func (s *Server) initLocked() {
	if s.conns != nil {
		return
	}
	s.epoch = time.Now()
	s.limits = s.resolveLimits()
	s.listeners = make(map[*net.Listener]struct{})
	s.conns = make(map[*Conn]struct{})
	s.clients = make(map[netip.Prefix]int)
	s.slots = make(chan struct{}, s.limits.maxConns)
	s.closing = make(chan struct{})
	s.forcing = make(chan struct{})
	s.frames.New = func() any { return new([]byte) }
}

// beginLocked begins to serve.
func (s *Server) beginLocked() {
	s.initLocked()
	if s.settings.read == nil {
		s.settings = settings{read: s.Framer, write: s.Framer, maxPayload: s.limits.maxPayload}
	}
}

// leaveLocked notes that a listener or connection is gone.
func (s *Server) leaveLocked() {
	if r := s.round; r != nil && len(s.listeners) == 0 && len(s.conns) == 0 && !r.isEmpty() {
		close(r.empty)
	}
}

// takeSlot waits until there is room for a connection and takes it. It returns
// false when Shutdown has begun.
func (s *Server) takeSlot() bool {
	select {
	case s.slots <- struct{}{}:
		return true
	default:
	}
	s.full.reached(s)
	select {
	case s.slots <- struct{}{}:
		return true
	case <-s.closing:
		return false
	}
}

// start serves the accepted connection.
func (s *Server) start(nc net.Conn) {
	c := newConn(s, nc)
	c.hasSlot = s.takeSlot()
	s.mu.Lock()
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
	defer protect()
	defer c.raw.Close()
	c.wire.resetOnClose(true)
	c.force()
	if c.wire.tls != nil {
		return
	}
	c.makeBuffers()
	if n := c.countUnanswered(c.buf); n > 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.report.add(Report{Unanswered: n, Forced: 1})
	}
}

// connGone forgets a connection that is closed, and adds up what it leaves.
func (s *Server) connGone(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.conns[c]; !ok {
		return // Shutdown has given it up, or it was hijacked
	}
	if s.state != serving {
		s.report.add(c.report)
	}
	s.removeLocked(c)
}

// removeLocked forgets a connection that has ended for its reason.
func (s *Server) removeLocked(c *Conn) {
	delete(s.conns, c)
	s.clientGoneLocked(c)
	s.stats.add(c)
	s.stats.Closed[c.reason]++
	if c.hasSlot {
		<-s.slots
	}
	s.leaveLocked()
}
