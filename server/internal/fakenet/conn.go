package fakenet

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// A Conn is one end of a connection, with the method set and the manners of a *net.TCPConn.
// All methods may be called at any time from any goroutine; Writes run one after the other.
type Conn struct {
	local, remote net.Addr
	link          *link
	peer          *Conn
	onClose       func() // nil, or called once, after Close, without the link's lock

	// The rest is guarded by link.mu.
	kernel
	linger0        bool
	writing        bool // a Write is under way, perhaps waiting
	sent, received int64

	readDeadline, writeDeadline deadline
	readFaults, writeFaults     faults
}

// Read returns what has been received, waiting for the first byte of it. For its errors see the package comment.
func (c *Conn) Read(p []byte) (int, error) {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	for {
		switch {
		case c.closed():
			return 0, c.opError("read", net.ErrClosed)
		case len(p) == 0:
			return 0, nil
		case c.readDeadline.passed():
			return 0, c.opError("read", os.ErrDeadlineExceeded)
		}
		if struck, end, err := c.strike(&c.readFaults, Read, c.received, 0); end {
			return 0, c.faultError("read", err)
		} else if struck {
			continue
		}
		switch {
		case c.recv.Len() > 0:
			n, _ := c.recv.Read(p[:c.readFaults.before(c.received, len(p))])
			c.received += int64(n)
			c.peer.transmit()
			var err error
			if e := c.readFaults.due(c.received); e.kind == with {
				c.readFaults.struck()
				err = c.faultError("read", e.err)
			}
			return n, err
		case c.eof:
			return 0, io.EOF
		case c.err != nil:
			return 0, c.opError("read", c.takeError("read"))
		case c.dead:
			return 0, io.EOF
		}
		c.link.cond.Wait()
	}
}

// Write returns when the send buffer has taken all of p, or with the number of bytes that it took before an error.
// These will be sent, unless an RST comes.
func (c *Conn) Write(p []byte) (int, error) {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	for c.writing {
		c.link.cond.Wait()
	}
	c.writing = true
	defer func() {
		c.writing = false
		c.link.cond.Broadcast()
	}()

	for n := 0; ; {
		switch {
		case c.closed():
			return n, c.opError("write", net.ErrClosed)
		case c.writeDeadline.passed():
			return n, c.opError("write", os.ErrDeadlineExceeded)
		case c.err != nil:
			return n, c.opError("write", c.takeError("write"))
		case c.fin || c.dead:
			return n, c.opError("write", os.NewSyscallError("write", syscall.EPIPE))
		case len(p) == 0:
			return 0, nil
		}
		if e := c.writeFaults.due(c.sent + int64(len(p)) - 1); n == 0 && e.kind == zero {
			c.writeFaults.struck()
			return 0, nil
		}
		if struck, end, err := c.strike(&c.writeFaults, Write, c.sent, n); end {
			return n, c.faultError("write", err)
		} else if struck {
			continue
		}
		room := c.writeFaults.before(c.sent, min(len(p)-n, c.size-c.send.Len()))
		if room == 0 {
			c.link.cond.Wait()
			continue
		}
		c.send.Write(p[n : n+room])
		c.sent += int64(room)
		n += room
		c.transmit()
		if n < len(p) {
			continue
		}
		if e := c.writeFaults.due(c.sent); e.kind == with {
			c.writeFaults.struck()
			return n, c.faultError("write", e.err)
		}
		return n, nil
	}
}

// CloseWrite queues FIN after what was written.
func (c *Conn) CloseWrite() error {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	switch {
	case c.closed():
		return c.opError("close", net.ErrClosed)
	case c.dead || c.finished():
		return c.opError("close", os.NewSyscallError("shutdown", syscall.ENOTCONN))
	}
	c.fin = true
	c.transmit()
	c.link.cond.Broadcast()
	return nil
}

// Close ends every call that waits with net.ErrClosed. The peer gets what was written and FIN; if there are received
// bytes that were not read, or after SetLinger(0), it gets RST. Close never waits.
func (c *Conn) Close() error { return c.close(false) }

// Reset is SetLinger(0) and Close in one: it sends RST now.
func (c *Conn) Reset() error { return c.close(true) }

func (c *Conn) close(rst bool) error {
	if err := c.closeLocked(rst); err != nil {
		return err
	}
	if c.onClose != nil {
		c.onClose()
	}
	return nil
}

func (c *Conn) closeLocked(rst bool) error {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	if c.closed() {
		return c.opError("close", net.ErrClosed)
	}
	c.closedAt = time.Now()
	c.readDeadline.stop()
	c.writeDeadline.stop()
	switch {
	case c.dead:
	case rst || c.linger0 || c.recv.Len() > 0:
		c.sendRST()
	default:
		c.fin = true
		c.transmit()
	}
	c.link.cond.Broadcast()
	return nil
}

// SetLinger with 0 makes Close send RST, with a negative sec makes it send FIN, which is the default.
// A Close that waits, with a positive sec, is not supported.
func (c *Conn) SetLinger(sec int) error {
	if sec > 0 {
		return c.opError("set", errors.ErrUnsupported)
	}
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	if c.closed() {
		return c.opError("set", net.ErrClosed)
	}
	c.linger0 = sec == 0
	return nil
}

// LocalAddr returns this end's address.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets the read and the write deadline.
func (c *Conn) SetDeadline(t time.Time) error {
	return c.setDeadlines(t, &c.readDeadline, &c.writeDeadline)
}

// SetReadDeadline sets the time from which Read fails, also one that waits already, and also if there are bytes to read.
// The zero time means never.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadlines(t, &c.readDeadline) }

// SetWriteDeadline sets the time from which Write fails, also one that waits already. The zero time means never.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setDeadlines(t, &c.writeDeadline) }

func (c *Conn) setDeadlines(t time.Time, ds ...*deadline) error {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	if c.closed() {
		return c.opError("set", net.ErrClosed)
	}
	for _, d := range ds {
		d.set(t, &c.link.cond)
	}
	return nil
}

// Unread returns how many bytes have been received and not yet read, FIN not counted, as FIONREAD does.
func (c *Conn) Unread() (int, error) {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	if c.closed() {
		return 0, c.opError("unread", net.ErrClosed)
	}
	return c.recv.Len(), nil
}

// Unsent returns how many bytes were written and are not acknowledged by the peer's kernel, FIN counted as one, as SIOCOUTQ
// does on Linux. As there, an RST does not make it 0.
func (c *Conn) Unsent() (int, error) {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	if c.closed() {
		return 0, c.opError("unsent", net.ErrClosed)
	}
	n := c.send.Len()
	if c.fin && !c.finAcked {
		n++
	}
	return n, nil
}

// StopAck takes the network down between the two ends (true) or brings it back (false). While it is down nothing that
// either end sends arrives or is acknowledged: bytes and FIN wait in the send buffer, an RST is lost.
func (c *Conn) StopAck(stop bool) {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	c.link.down = stop
	c.transmit()
	c.peer.transmit()
}

// Peer returns the other end, for a test to look at. It is in the accept queue for a while.
func (c *Conn) Peer() *Conn { return c.peer }

// FIN returns when the peer's FIN arrived after all its bytes, whether or not they have been read; the zero time if it did not.
func (c *Conn) FIN() time.Time { return c.when(&c.finAt) }

// RST returns when an RST arrived and ended the connection; the zero time if none did. One that this end sent does not count.
func (c *Conn) RST() time.Time { return c.when(&c.rstAt) }

// Closed returns when this end was closed; the zero time if it is open.
func (c *Conn) Closed() time.Time { return c.when(&c.closedAt) }

func (c *Conn) when(t *time.Time) time.Time {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	return *t
}

// Sent returns how many bytes Write has taken. Less what Unsent returns, FIN aside, they have reached the peer's kernel.
func (c *Conn) Sent() int64 { return c.count(&c.sent) }

// Received returns how many bytes Read has returned.
func (c *Conn) Received() int64 { return c.count(&c.received) }

func (c *Conn) count(n *int64) int64 {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	return *n
}

// takeError returns what an RST left, once, as the kernel does with a socket's pending error.
func (c *Conn) takeError(call string) error {
	err := os.NewSyscallError(call, c.err)
	c.err = nil
	return err
}

// faultError is opError for a fault's error, which may be none, or io.EOF, which is never wrapped.
func (c *Conn) faultError(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return c.opError(op, sysError(op, err))
}

func (c *Conn) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}

// sysError wraps a system's error number as the system call's wrapper would, and nothing else.
func sysError(call string, err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		return os.NewSyscallError(call, errno)
	}
	return err
}
