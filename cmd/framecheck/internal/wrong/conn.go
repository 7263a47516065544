//go:build linux

package main

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/server"
)

// A world is what all connections share.
type world struct {
	fault   fault
	server  *server.Server
	limit   int
	closing atomic.Bool // the signal has come
	stuck   atomic.Bool // the process does not end
	count   atomic.Int64

	turn  sync.Mutex // of writes, if a fault lets all wait for one
	mu    sync.Mutex
	conns map[*conn]bool
	kept  [][]byte
}

// leak opens a descriptor that nobody closes.
func leak() {
	fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	_, _ = fd, err // there may be none left, which is what a leak leads to
}

// A conn knows what has arrived, and lets a fault change what the server sees of it.
type conn struct {
	*net.TCPConn
	w     *world
	buf   *framing.Buffer
	begun time.Time
	last  time.Time // of the last read

	reads, total int // of all reads
	chunk        int // bytes of the last read
	singles      int // reads of one byte
	alone        int // reads of one whole frame
	middling     int // reads of 100 to 3500 bytes
	frames, size int // whole messages, and the size of the last one
	run          int // how many of that size came in a row
	pending      int // bytes of a frame that is not whole
	wrong        error
	notified     bool // a TLS alert has come
	times        int  // how often the fault has seen what it looks for

	held   []byte // an answer that waits
	skip   int    // bytes of an answer that are written
	padded int    // zeros that are still to be read
}

func (w *world) add(c *net.TCPConn) *conn {
	wrong := &conn{TCPConn: c, w: w, buf: framing.NewBuffer(w.server.Framer), begun: time.Now(), last: time.Now()}
	wrong.buf.SetMaxPayload(w.limit)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns[wrong] = true
	return wrong
}

// those returns how many connections are as is says.
func (w *world) those(is func(*conn) bool) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		if is(c) {
			n++
		}
	}
	return n
}

// Read reads, and lets the fault change the result.
func (c *conn) Read(p []byte) (int, error) {
	if c.padded > 0 {
		n := min(c.padded, len(p))
		c.padded -= n
		clear(p[:n])
		return n, nil
	}
	n, err := c.TCPConn.Read(p)
	if n > 0 {
		c.arrived(p[:n])
	}
	if f := c.w.fault.read; f != nil && n > 0 {
		n, err = f(c, p[:n])
	}
	if f := c.w.fault.readError; f != nil && err != nil && n == 0 {
		if f(c, err) {
			return c.Read(p)
		}
	}
	if n > 0 {
		c.last = time.Now()
	}
	return n, err
}

// arrived notes what a read has brought.
func (c *conn) arrived(p []byte) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.reads++
	c.total += len(p)
	c.chunk = len(p)
	switch n := len(p); {
	case n == 1:
		c.singles++
	case n >= 100 && n <= 3500:
		c.middling++
	}
	if c.w.server.TLSConfig != nil {
		c.notified = c.notified || endsWithAlert(p)
		return
	}
	if c.wrong != nil {
		return
	}
	empty := len(c.buf.Bytes()) == 0
	c.buf.Write(p)
	frames := 0
	for {
		payload, ok, err := c.buf.Next()
		if c.wrong = err; err != nil || !ok {
			break
		}
		frames++
		if c.run++; len(payload) != c.size {
			c.run = 1
		}
		c.size = len(payload)
	}
	c.frames += frames
	c.pending = len(c.buf.Bytes())
	if empty && frames == 1 && c.pending == 0 {
		c.alone++
	}
}

// endsWithAlert reports whether the last TLS record of p is an alert. Its size tells,
// with either of the ciphers that are in use.
func endsWithAlert(p []byte) bool {
	for _, size := range []int{23, 31} {
		if n := len(p) - size; n >= 0 && p[n] == alertRecord && p[n+1] == 3 {
			return true
		}
	}
	return false
}

// spoil changes the last byte of what was read.
func (c *conn) spoil(p []byte) (int, error) {
	p[len(p)-1] ^= 1
	return len(p), nil
}

// abort resets the connection.
func (c *conn) abort() {
	_ = c.SetLinger(0) // it may be closed
	_ = c.TCPConn.Close()
}

// answer writes a message that nobody asked for.
func (c *conn) answer() {
	frame, err := c.w.server.Framer.Append(nil, []byte("?"))
	if err != nil {
		panic(err) // the framings of the tests carry it
	}
	_, _ = c.TCPConn.Write(frame) // the client may be gone
}

// tooLarge returns the size of a message that was too large, or 0.
func (c *conn) tooLarge() int {
	var e *framing.TooLargeError
	if errors.As(c.wrong, &e) {
		return int(e.Size)
	}
	return 0
}

// malformed reports whether bytes came that the framing does not allow.
func (c *conn) malformed() bool {
	var e *framing.FormatError
	return errors.As(c.wrong, &e)
}

// withoutHeader removes the header of the frame at fault from what was read.
func (c *conn) withoutHeader(p []byte) (int, error) {
	at := int(c.buf.Offset()) - (c.total - len(p))
	if at < 0 || at+4 > len(p) {
		return len(p), nil
	}
	n := copy(p[at:], p[at+4:])
	if at+n == 0 {
		return c.Read(p)
	}
	return at + n, nil
}

// Write writes, and lets the fault do it in its way.
func (c *conn) Write(p []byte) (int, error) {
	var n int
	var err error
	if f := c.w.fault.write; f != nil {
		n, err = f(c, p)
	} else {
		n, err = c.TCPConn.Write(p)
	}
	if f := c.w.fault.writeError; f != nil && err != nil {
		f(c)
	}
	return n, err
}

// SetWriteDeadline sets the deadline, unless the fault has none.
func (c *conn) SetWriteDeadline(t time.Time) error {
	if f := c.w.fault.patient; f != nil && f(c) {
		return nil
	}
	return c.TCPConn.SetWriteDeadline(t)
}

// CloseWrite ends the sending side, or does what the fault does then.
func (c *conn) CloseWrite() error {
	if f := c.w.fault.closeWrite; f != nil && f(c) {
		return nil
	}
	return c.TCPConn.CloseWrite()
}

// Close closes the connection.
func (c *conn) Close() error {
	c.w.mu.Lock()
	delete(c.w.conns, c)
	c.w.mu.Unlock()
	if f := c.w.fault.close; f != nil {
		f(c)
	}
	return c.TCPConn.Close()
}

// Unread and Unsent ask the kernel, as the server does where a connection is not
// wrapped.
func (c *conn) Unread() (int, error) { return c.ioctl(unix.SIOCINQ) }

// Unsent is described with Unread.
func (c *conn) Unsent() (int, error) { return c.ioctl(unix.SIOCOUTQ) }

func (c *conn) ioctl(request uint) (n int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	if failed := raw.Control(func(fd uintptr) { n, err = unix.IoctlGetInt(int(fd), request) }); failed != nil {
		return 0, failed
	}
	return n, err
}

// peek waits until least bytes have arrived, or the end, and not longer than bound.
func (c *conn) peek(least int, bound time.Duration) (n int, ended bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, true
	}
	b := make([]byte, 512)
	for began := time.Now(); time.Since(began) < bound; time.Sleep(time.Millisecond) {
		var failed error
		_ = raw.Control(func(fd uintptr) { n, _, failed = unix.Recvfrom(int(fd), b, unix.MSG_PEEK|unix.MSG_DONTWAIT) })
		if failed == nil && n == 0 || failed != nil && failed != unix.EAGAIN {
			return 0, true
		}
		if n >= least || c.state() == closed {
			break
		}
	}
	return max(n, 0), false
}

// States of a connection, as the kernel numbers them.
const (
	closed    = 7
	closeWait = 8
)

// state returns that of the connection.
func (c *conn) state() (state uint8) {
	raw, err := c.SyscallConn()
	if err != nil {
		return closed
	}
	_ = raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			state = info.State
		}
	})
	return state
}

// halfClosed reports whether the client has ended its side.
func (c *conn) halfClosed() bool { return c.state() == closeWait }

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
func isEnd(err error) bool  { return err == io.EOF }
func isLate(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
