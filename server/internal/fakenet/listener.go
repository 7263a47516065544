package fakenet

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// A Listener is a net.Listener, and what its connections are dialed through. Make it with [Listen].
type Listener struct {
	addr net.Addr

	mu       sync.Mutex
	cond     sync.Cond // something an Accept may wait for has changed
	queue    []*Conn   // dialed, not yet accepted; the oldest first
	fail     []error   // for the next Accept calls
	closed   bool
	deadline deadline
	dialed   int
	accepted int
	calls    []time.Time
	open     map[*Conn]bool // accepted, not yet closed
}

// Listen returns a new listener. Its address is the same for every listener, 192.0.2.1:7: there is no port to be in use.
func Listen() *Listener {
	l := &Listener{
		addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 7},
		open: make(map[*Conn]bool),
	}
	l.cond.L = &l.mu
	return l
}

// Dial puts a connection into the accept queue and returns the client's end, at once and whether or not anybody accepts,
// as the kernel does. Each connection has its own client address. On a closed listener Dial returns an error that is
// syscall.ECONNREFUSED.
func (l *Listener) Dial(opts ...Option) (*Conn, error) {
	o := options{buffers: 64 << 10}
	for _, opt := range opts {
		opt(&o)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: l.addr, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	const ports = 10_000
	addr := &net.TCPAddr{IP: net.IPv4(198, 51, 100, byte(1+l.dialed/ports)), Port: 50_000 + l.dialed%ports}
	l.dialed++
	client, server := newLink(addr, l.addr, &o)
	client.sendFirst(o.sent)
	server.onClose = func() { l.forget(server) }
	l.queue = append(l.queue, server)
	l.cond.Broadcast()
	return client, nil
}

// Accept takes the oldest connection off the accept queue. Errors set by [Listener.FailAccept] come first.
// On a closed listener the error is net.ErrClosed, after a deadline os.ErrDeadlineExceeded.
func (l *Listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, time.Now())
	for {
		switch {
		case l.closed:
			return nil, l.opError("accept", net.ErrClosed)
		case l.deadline.passed():
			return nil, l.opError("accept", os.ErrDeadlineExceeded)
		case len(l.fail) > 0:
			err := l.fail[0]
			l.fail = l.fail[1:]
			return nil, l.opError("accept", sysError("accept4", err))
		case len(l.queue) > 0:
			c := l.queue[0]
			l.queue = l.queue[1:]
			l.accepted++
			l.open[c] = true
			return c, nil
		}
		l.cond.Wait()
	}
}

// FailAccept makes the next Accept calls, and one that waits already, return these errors, one each, in a *net.OpError.
// The accept queue stays as it is.
func (l *Listener) FailAccept(errs ...error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = append(l.fail, errs...)
	l.cond.Broadcast()
}

// SetDeadline sets the time from which Accept fails, also one that waits already. The zero time means never.
func (l *Listener) SetDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return l.opError("set", net.ErrClosed)
	}
	l.deadline.set(t, &l.cond)
	return nil
}

// Close resets every connection in the accept queue, ends waiting Accepts, and refuses later Dials.
func (l *Listener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return l.opError("close", net.ErrClosed)
	}
	l.closed = true
	l.deadline.stop()
	queue := l.queue
	l.queue = nil
	l.cond.Broadcast()
	l.mu.Unlock()

	// Closing a connection takes l.mu: see forget.
	var err error
	for _, c := range queue {
		err = errors.Join(err, c.Reset())
	}
	return err
}

// Addr returns the listener's address.
func (l *Listener) Addr() net.Addr { return l.addr }

// Queued returns the number of connections in the accept queue.
func (l *Listener) Queued() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue)
}

// Accepted returns how many connections Accept has returned.
func (l *Listener) Accepted() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.accepted
}

// AcceptCalls returns when Accept was called, each time, whatever came of it.
func (l *Listener) AcceptCalls() []time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]time.Time(nil), l.calls...)
}

// Open returns how many connections were accepted and are not closed yet.
func (l *Listener) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open)
}

func (l *Listener) forget(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
}

func (l *Listener) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Addr: l.addr, Err: err}
}
