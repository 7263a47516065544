package client_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/client"
	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// A fakeNet is a network in memory. Its dial function connects to the servers that
// listen in it.
type fakeNet struct {
	mu      sync.Mutex
	servers map[string]func(*fakeConn)
	dialed  []fakeDial
	serving sync.WaitGroup
	buffer  int // of a connection in each direction, in bytes; fakeBuffer if 0
}

type fakeDial struct {
	addr string
	at   time.Time
}

// listen makes serve the server at addr, in a goroutine for each connection; nil means
// that connecting is refused.
func (n *fakeNet) listen(addr string, serve func(*fakeConn)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.servers == nil {
		n.servers = make(map[string]func(*fakeConn))
	}
	n.servers[addr] = serve
}

func (n *fakeNet) dial(_ context.Context, _, addr string) (net.Conn, error) {
	n.mu.Lock()
	n.dialed = append(n.dialed, fakeDial{addr, time.Now()})
	serve := n.servers[addr]
	n.mu.Unlock()
	if serve == nil {
		return nil, &net.OpError{Op: "dial", Net: "fake", Err: syscall.ECONNREFUSED}
	}
	near, far := fakePair(cmp.Or(n.buffer, fakeBuffer))
	n.serving.Go(func() { serve(far) })
	return near, nil
}

// dials returns the number of attempts to connect to addr.
func (n *fakeNet) dials(addr string) (count int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, d := range n.dialed {
		if d.addr == addr {
			count++
		}
	}
	return count
}

// A fakeConn is one end of a connection in memory, which like TCP has a buffer in each
// direction, FIN and RST.
type fakeConn struct {
	in, out *half
	linger  bool
	conn    *framing.Conn // for servers
}

const fakeBuffer = 4 << 10

func fakePair(buffer int) (a, b *fakeConn) {
	var mu sync.Mutex
	x, y := newHalf(&mu, buffer), newHalf(&mu, buffer)
	a, b = &fakeConn{in: x, out: y, linger: true}, &fakeConn{in: y, out: x, linger: true}
	b.conn = framing.NewConn(b, lengthprefix.Uint32())
	return a, b
}

// A half carries the bytes of one direction.
type half struct {
	mu      *sync.Mutex
	changed sync.Cond
	buffer  int
	data    []byte
	fin     bool  // no more bytes are written
	eaten   bool  // Write returns ECONNRESET once, and then Read io.EOF
	gone    bool  // nobody reads
	err     error // of reading and writing
}

func newHalf(mu *sync.Mutex, buffer int) *half {
	return &half{mu: mu, changed: sync.Cond{L: mu}, buffer: buffer}
}

func (c *fakeConn) Read(p []byte) (int, error) {
	h := c.in
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.gone:
			return 0, net.ErrClosed
		case len(h.data) > 0:
			n := copy(p, h.data)
			h.data = h.data[n:]
			h.changed.Broadcast()
			return n, nil
		case h.err != nil:
			return 0, h.err
		case h.fin:
			return 0, io.EOF
		}
		h.changed.Wait()
	}
}

func (c *fakeConn) Write(p []byte) (n int, err error) {
	h := c.out
	h.mu.Lock()
	defer h.mu.Unlock()
	for n < len(p) {
		switch {
		case h.eaten:
			h.eaten, h.gone = false, true
			c.in.fin = true
			c.in.changed.Broadcast()
			return n, syscall.ECONNRESET
		case h.err != nil:
			return n, h.err
		case h.fin:
			return n, net.ErrClosed
		case h.gone:
			return n, syscall.EPIPE
		case len(h.data) < h.buffer:
			k := min(len(p)-n, h.buffer-len(h.data))
			h.data = append(h.data, p[n:n+k]...)
			n += k
			h.changed.Broadcast()
		default:
			h.changed.Wait()
		}
	}
	return n, nil
}

func (c *fakeConn) CloseWrite() error {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.out.fin = true
	c.out.changed.Broadcast()
	return nil
}

func (c *fakeConn) SetLinger(sec int) error {
	c.linger = sec != 0
	return nil
}

// Close sends FIN, or RST after SetLinger(0).
func (c *fakeConn) Close() error {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.out.fin, c.in.gone = true, true
	if !c.linger {
		c.out.err, c.in.err = syscall.ECONNRESET, syscall.ECONNRESET
	}
	c.out.changed.Broadcast()
	c.in.changed.Broadcast()
	return nil
}

// reset sends RST.
func (c *fakeConn) reset() {
	c.SetLinger(0)
	c.Close()
}

func (c *fakeConn) LocalAddr() net.Addr              { return &net.UnixAddr{Name: "fake"} }
func (c *fakeConn) RemoteAddr() net.Addr             { return &net.UnixAddr{Name: "fake"} }
func (c *fakeConn) SetDeadline(time.Time) error      { return os.ErrNoDeadline }
func (c *fakeConn) SetReadDeadline(time.Time) error  { return os.ErrNoDeadline }
func (c *fakeConn) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }

// read returns the payload of the next request as a string, or "" at the end.
func (c *fakeConn) read() string {
	payload, err := c.conn.ReadFrame()
	if err != nil {
		return ""
	}
	return string(payload)
}

// reply sends a frame.
func (c *fakeConn) reply(payload string) { c.conn.WriteFrame([]byte(payload)) }

// echo answers every request with itself, until the client closes.
func echo(c *fakeConn) {
	for request := c.read(); request != ""; request = c.read() {
		c.reply(request)
	}
	c.Close()
}

// drain reads until the client closes.
func drain(c *fakeConn) {
	for c.read() != "" {
	}
	c.Close()
}

// newFakeClient returns a Client of servers that each connect to their own address.
func newFakeClient(t *testing.T, n *fakeNet, addrs ...string) *client.Client {
	c := newBareClient(n, addrs...)
	t.Cleanup(func() {
		c.Close()
		c.Shutdown(context.Background()) // waits for what dials
		n.serving.Wait()
	})
	return c
}

// newBareClient is newFakeClient for those who call Close themselves.
func newBareClient(n *fakeNet, addrs ...string) *client.Client {
	return &client.Client{Addrs: addrs, Framer: lengthprefix.Uint32(), Dial: n.dial}
}

// call calls and returns the reply as a string.
func call(ctx context.Context, c *client.Client, request string) (string, error) {
	reply, err := c.Call(ctx, []byte(request))
	return string(reply), err
}

// mustCall calls and fails the test if the reply is not want.
func mustCall(t *testing.T, c *client.Client, request, want string) {
	t.Helper()
	if got, err := call(t.Context(), c, request); got != want || err != nil {
		t.Errorf("Call(%q) = %q, %v; want %q, nil", request, got, err, want)
	}
}

// wantError fails the test unless err is a *CallError with this outcome that wraps
// reason.
func wantError(t *testing.T, err error, outcome client.Outcome, reason error) {
	t.Helper()
	var e *client.CallError
	if !errors.As(err, &e) || e.Outcome != outcome || !errors.Is(err, reason) {
		t.Errorf("error %v; want a *CallError: %v: %v", err, outcome, reason)
	}
}
