package client

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/wholeframe/wholeframe/framing"
)

// A Client calls the servers at Addrs, which are replicas of one another. It dials
// when the first call needs a connection, and again when one has ended. Addrs and
// Framer must be set; every other field has a useful zero value. The fields must not
// be changed after the first call.
//
// A Client is safe for concurrent use. It must not be copied. ReplyKey, Push and
// Goodbye, and those functions passed to Go that get a reply, are called one at a time
// for one connection. The other functions, and those passed to Go that get an error, may
// be called by several goroutines at a time.
type Client struct {
	// Addrs are the addresses of the servers: "HOST:PORT", or a path if Network is
	// "unix". Calls go to those that can be reached, in turn.
	Addrs []string

	// Framer splits and builds the frames of every connection.
	Framer framing.Framer

	// Network is the network that is dialed. If empty, it is "tcp".
	Network string

	// TLSConfig, if not nil, makes every connection a TLS connection. If its
	// ServerName is empty, it is the host of the address.
	TLSConfig *tls.Config

	// Dial connects to an address. If nil, a [net.Dialer] is used. With TLSConfig,
	// the handshake follows.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)

	// Open, if not nil, is called on a new connection before it carries calls, to
	// read a greeting, authenticate, or subscribe. An error closes the connection, and
	// counts as a failure to reach the address. Open may set another Framer for
	// reading, but not for writing. It must not retain conn. The NetConn of conn wraps
	// the connection, which a method NetConn of its own returns.
	Open func(ctx context.Context, conn *framing.Conn) error

	// RequestKey and ReplyKey read the key that a reply has in common with its
	// request, for servers that do not answer in order. RequestKey returns false for a
	// request that has no reply; Call refuses it. ReplyKey returns false for a frame
	// that is not a reply; it goes to Push. If RequestKey is nil, replies are taken in
	// the order of the requests, and the key that ReplyKey returns is not used. If
	// ReplyKey is nil, every frame is a reply. Neither may retain or modify payload.
	RequestKey, ReplyKey func(payload []byte) (key uint64, ok bool)

	// Push, if not nil, is called with each frame that is not the reply to a call. The
	// payload is valid until Push returns. Push must not block: the replies that
	// follow on that connection wait for it. If Push is nil, such a frame is dropped if
	// ReplyKey is set, and otherwise ends the connection, because no later reply could
	// be trusted.
	Push func(payload []byte)

	// Goodbye, if not nil, is called with each frame received, and reports whether it
	// is the server's last: no request that is unanswered by then has been or will be
	// handled. The connection is closed. Goodbye must not retain or modify payload.
	Goodbye func(payload []byte) bool

	// Resend sends requests again that were not sent or not handled, on another
	// connection, until the context of the call ends. A call then also waits, until
	// its context ends, while no server can be reached, or while servers refuse the
	// request by ending connections: give each call a deadline.
	Resend bool

	// Repeatable, if not nil, reports whether request may be handled more than once.
	// Resend then applies to it also if its outcome is Unknown.
	Repeatable func(request []byte) bool

	// TrustFIN says that the servers end a connection with FIN only if they have not
	// handled what they have not answered, and that there is no proxy in the path: see
	// the package documentation. If false, such requests have the outcome Unknown.
	// TrustFIN has no effect on Unix sockets without TLS, which cannot be reset.
	TrustFIN bool

	// MaxPayload is the maximum payload size in bytes, in both directions. If zero,
	// 1 MiB is used; if negative, there is no limit. A larger request is refused. A
	// larger reply fails its call or, if ReplyKey is set, ends the connection, because
	// its key is not known.
	MaxPayload int

	// MaxConns is the maximum number of connections to each address. If zero, 1 is
	// used; if negative, there is no limit. Another connection is made only when a call
	// has to wait: MaxInFlight calls are in flight on each of those that are open, or
	// 64 KiB of frames are still to be written.
	MaxConns int

	// MaxInFlight is the maximum number of calls in flight on one connection. If zero,
	// 256 is used; if negative, there is no limit. 1 disables pipelining. Further
	// calls wait. A call whose context has ended counts until its reply comes; a
	// connection on which there are MaxInFlight of these is reset.
	MaxInFlight int

	// DialTimeout limits connecting, the TLS handshake and Open together. If zero, 5
	// seconds is used; if negative, there is no timeout.
	DialTimeout time.Duration

	// ReplyTimeout limits how long a connection may deliver no reply while it owes one
	// to a request that has been written, whether the context of the call has ended or
	// not. The connection is then reset, and the calls fail. Frames that are not replies
	// do not count. If zero, 1 minute is used; if negative, there is no timeout.
	ReplyTimeout time.Duration

	// WriteTimeout limits how long a write may block. The connection is then reset. No
	// write is longer than 128 KiB: longer requests take several. If zero, 10 seconds
	// is used; if negative, there is no timeout.
	WriteTimeout time.Duration

	// IdleTimeout closes a connection that has carried no frame for this long. If
	// zero, 90 seconds is used, which is less than servers usually allow; if negative,
	// there is no timeout. Pings and their replies do not count.
	IdleTimeout time.Duration

	// Ping, if not nil, is the payload of a request that is sent whenever a connection
	// has carried no frame for PingInterval. If no reply comes within ReplyTimeout, the
	// connection is reset. Meanwhile a call with the key of Ping waits for the reply, or
	// for another connection.
	Ping []byte

	// PingInterval is the interval of Ping. If zero, 30 seconds is used; if negative,
	// Ping is not sent.
	PingInterval time.Duration

	// MaxBackoff limits the pause between attempts to reach an address, which starts
	// at 50 ms and doubles with each failure in a row. Half of each pause is random. A
	// connection that ends within MaxBackoff, with calls in flight, is a failure too. If
	// zero, 5 seconds is used; if negative, there is no pause.
	MaxBackoff time.Duration

	pool sync.Pool // of *call

	mu         sync.Mutex
	started    bool // what follows, up to addrs, is set
	limits     limits
	pingKey    uint64
	epoch      time.Time
	ctx        context.Context // of dialing
	cancel     context.CancelFunc
	addrs      []*address
	cold       int                // addresses without a connection and a dialer
	open       []*conn            // those that take calls
	next       int                // index in open of the connection whose turn it is
	conns      map[*conn]struct{} // open, and those that are ending
	waiting    list               // calls without a connection
	calls      int                // calls that have not ended
	closing    bool               // no further calls
	closed     bool               // no further connections
	drained    chan struct{}      // made by Shutdown, closed when calls is 0
	goroutines int
	gone       chan struct{} // made by Shutdown, closed when goroutines is 0
	stats      Stats
}

// Stats are counts of a [Client].
type Stats struct {
	Conns     int    // open connections
	InFlight  int    // calls that have not ended, those that wait for a connection included
	Dialed    uint64 // connections made
	Failed    uint64 // attempts to connect that failed
	Resent    uint64 // requests sent again
	Late      uint64 // replies dropped because their call had ended
	Unmatched uint64 // frames dropped, or passed to Push, that were not the reply to a call
}

// Call sends request and returns the reply, which belongs to the caller. It returns
// when ctx ends at the latest; a reply that comes later is dropped. Call does not
// modify request, and does not retain it when it returns.
//
// Every error is a [*CallError]. It wraps the reason, such as [context.Cause] of ctx.
func (c *Client) Call(ctx context.Context, request []byte) (reply []byte, err error) {
	return c.do(ctx, request, false)
}

// Send sends payload as a frame to which no reply is expected. When it returns nil, the
// frame was passed to a connection; it may still be lost.
func (c *Client) Send(ctx context.Context, payload []byte) error {
	_, err := c.do(ctx, payload, true)
	return err
}

// Go sends request as Call does, and returns without waiting for the reply. done is
// called exactly once, from another goroutine, with what Call would return, except
// that reply is valid only until done returns. done must not block: the replies that
// follow on that connection wait for it. In particular it must not call Call, Go or Send.
//
// Go waits until the request has a place on a connection: while MaxInFlight and MaxConns
// are used up, and while the client connects. With Resend that may last until ctx ends.
// request must not be modified until done is called. If ctx can end, Go allocates memory
// to watch it.
func (c *Client) Go(ctx context.Context, request []byte, done func(reply []byte, err error)) {
	cl := c.newCall(ctx, request)
	cl.done = done
	if ctx.Done() != nil {
		cl.stop = context.AfterFunc(ctx, func() { c.abandon(cl) })
	}
	if c.submit(cl) {
		<-cl.signal // until it is placed or has failed
		c.release(cl)
	}
}

// do sends payload and waits for the reply, or if oneway is set, until it is written.
func (c *Client) do(ctx context.Context, payload []byte, oneway bool) ([]byte, error) {
	cl := c.newCall(ctx, payload)
	cl.oneway = oneway
	c.submit(cl)
	if ctx.Done() == nil {
		<-cl.signal
	} else {
		select {
		case <-cl.signal:
		case <-ctx.Done():
			c.abandon(cl)
			<-cl.signal
		}
	}
	reply, err := cl.reply, cl.err
	c.release(cl)
	return reply, err
}

// submit passes cl to a connection, or makes it wait for one, or fails it. It reports
// whether the goroutine of Go has to wait.
func (c *Client) submit(cl *call) (wait bool) {
	var refused error
	if c.RequestKey != nil && !cl.oneway {
		if key, ok := c.RequestKey(cl.request); ok {
			cl.key, cl.keyed = key, true
		} else {
			refused = ErrNoKey
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	switch err := c.start(); {
	case err != nil:
		refused = err
	case c.closing:
		refused = ErrClosed
	case cl.ctx.Err() != nil:
		refused = context.Cause(cl.ctx)
	}
	if refused != nil {
		c.fail(cl, NotSent, refused)
		return false
	}
	if c.cold > 0 {
		c.dialAll()
	}
	if c.placeNew(cl) {
		return false
	}
	if cl.done != nil {
		cl.refs.Add(1)
		cl.admit = true
	}
	cl.state = waiting
	c.waiting.pushBack(cl)
	c.grow()
	c.failFast()
	return cl.done != nil
}

// placeNew is place for a call that has not waited. If Framer panics, which the caller
// may recover from, cl has ended.
func (c *Client) placeNew(cl *call) bool {
	returned := false
	defer func() {
		if !returned {
			c.end(cl)
		}
	}()
	placed := c.place(cl)
	returned = true
	return placed
}

// place passes cl to a connection with room for it, or fails it if the request is
// refused. It returns false if cl has to wait. c.mu must be held, as in everything
// below.
func (c *Client) place(cl *call) bool {
	duplicate, other := false, false // a connection has the key; another may get room
	for range c.open {
		if c.next++; c.next >= len(c.open) {
			c.next = 0
		}
		cn := c.open[c.next]
		if same := cn.byKey[cl.key]; cl.keyed && same != nil {
			duplicate = true
			other = other || same.ping // which is soon answered
			continue
		}
		if !cn.hasRoom() {
			other = true
			continue
		}
		if err := cn.put(cl); err != nil {
			c.fail(cl, NotSent, err)
		}
		return true
	}
	if !duplicate || other {
		return false
	}
	c.fail(cl, NotSent, ErrDuplicateKey)
	return true
}

// dispatch places calls that wait. One that waits for a key does not hold up the others.
func (c *Client) dispatch() {
	for cl := c.waiting.first; cl != nil && slices.ContainsFunc(c.open, (*conn).hasRoom); {
		prev, next := cl.prev, cl.next
		c.waiting.remove(cl)
		if cl.ctx.Err() != nil { // what abandons it has not run yet
			c.fail(cl, NotSent, context.Cause(cl.ctx))
		} else if !c.place(cl) {
			c.waiting.insert(prev, cl, next)
		}
		cl = next
	}
}

// failFast fails the calls that wait if no server can be reached at present.
func (c *Client) failFast() {
	if c.Resend || len(c.open) > 0 {
		return
	}
	var last *address
	for _, a := range c.addrs {
		if a.attempting || a.err == nil {
			return
		}
		if last == nil || a.failedAt > last.failedAt {
			last = a
		}
	}
	for cl := c.waiting.first; cl != nil; cl = c.waiting.first {
		c.waiting.remove(cl)
		c.fail(cl, NotSent, last.err)
	}
}

// fail ends cl, which must be neither waiting nor in flight any more, with a CallError.
// outcome is that of the last attempt.
func (c *Client) fail(cl *call, outcome Outcome, err error) {
	e := &CallError{Outcome: min(outcome, cl.outcome), Err: err}
	if cl.conn != nil {
		e.Addr = cl.conn.addr.name
	}
	c.end(cl)
	if cl.admit {
		cl.admit = false
		cl.signal <- struct{}{}
	}
	switch {
	case cl.ping:
	case cl.done == nil:
		cl.err = e
		cl.signal <- struct{}{}
	default:
		c.spawn(func() { c.callDone(cl, nil, e) })
	}
}

// end notes that cl ends now.
func (c *Client) end(cl *call) {
	cl.state = ended
	if !cl.ping {
		c.calls--
		c.checkDrained()
	}
}

// callDone calls the function that was passed to Go.
func (c *Client) callDone(cl *call, reply []byte, err error) {
	if cl.stop != nil {
		cl.stop()
	}
	cl.done(reply, err)
	c.release(cl)
}

// abandon fails cl, whose context has ended, if it has not ended yet.
func (c *Client) abandon(cl *call) {
	c.mu.Lock()
	err := context.Cause(cl.ctx)
	var stopped *conn
	switch cl.state {
	case waiting:
		c.waiting.remove(cl)
		for _, a := range c.addrs {
			if a.err != nil && len(c.open) == 0 {
				err = fmt.Errorf("%w (%w)", err, a.err)
				break
			}
		}
		c.fail(cl, NotSent, err)
	case inFlight:
		if cl.conn.forget(cl) {
			stopped = cl.conn
		}
		c.fail(cl, Unknown, err)
	}
	c.mu.Unlock()
	if stopped != nil {
		stopped.close()
	}
}

// Shutdown waits until every call has ended, and closes the connections. Further calls
// fail with [ErrClosed]. If ctx ends first, Shutdown calls Close and returns
// [context.Cause] of ctx. It must not be called from a function of the Client.
func (c *Client) Shutdown(ctx context.Context) error {
	c.mu.Lock()
	c.closing = true
	if c.drained == nil {
		c.drained, c.gone = make(chan struct{}), make(chan struct{})
	}
	c.checkDrained()
	c.mu.Unlock()
	for _, over := range []chan struct{}{c.drained, c.gone} {
		select {
		case <-over: // even if ctx has ended
		default:
			select {
			case <-over:
			case <-ctx.Done():
				c.Close()
				return context.Cause(ctx)
			}
		}
		c.Close()
	}
	return nil
}

// Close closes all connections. Calls that have not ended fail with [ErrClosed], and
// so do further ones. Close returns nil.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closing, c.closed = true, true
	if c.cancel != nil {
		c.cancel()
	}
	for cl := c.waiting.first; cl != nil; cl = c.waiting.first {
		c.waiting.remove(cl)
		c.fail(cl, NotSent, ErrClosed)
	}
	var ending []*conn
	for cn := range c.conns {
		if cn.stop(ErrClosed, cn.inFlight > 0 || cn.queued > cn.written) {
			ending = append(ending, cn)
		}
	}
	c.checkDrained()
	c.mu.Unlock()
	for _, cn := range ending {
		cn.close()
	}
	return nil
}

// checkDrained reports to Shutdown.
func (c *Client) checkDrained() {
	if c.drained != nil && c.calls == 0 {
		closeOnce(c.drained)
	}
	if c.gone != nil && c.closed && c.goroutines == 0 {
		closeOnce(c.gone)
	}
}

func closeOnce(ch chan struct{}) {
	select {
	case <-ch:
	default:
		close(ch)
	}
}

// spawn calls f in a goroutine that Shutdown waits for.
func (c *Client) spawn(f func()) {
	c.goroutines++
	go func() {
		defer func() {
			c.mu.Lock()
			c.goroutines--
			c.checkDrained()
			c.mu.Unlock()
		}()
		f()
	}()
}

// Stats returns the present counts.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Conns, s.InFlight = len(c.open), c.calls
	return s
}

// now returns the monotonic time since start.
func (c *Client) now() time.Duration { return time.Since(c.epoch) }
