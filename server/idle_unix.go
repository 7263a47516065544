//go:build unix

package server

import (
	"io"
	"net"
	"os"
	"syscall"
)

// An idler reads the first bytes of a message, and holds no memory while it
// waits for them: it tries to read whenever the socket may have something, and
// gives the memory back when it has not. That takes no more system calls than
// net.Conn's Read, which tries first and waits then as well.
type idler struct {
	c    *Conn
	sock syscall.RawConn
	try  func(fd uintptr) (done bool) // tryRead: a method value allocates
	fd   uintptr                      // while it runs
	n    int                          // what it has read
	err  error
}

// init makes i read for c, unless that is not a socket itself: what wraps one
// must see its bytes.
func (i *idler) init(c *Conn) {
	var raw syscall.Conn
	switch c := c.raw.(type) {
	case *net.TCPConn:
		raw = c
	case *net.UnixConn:
		raw = c
	}
	if raw == nil || c.tls != nil {
		return
	}
	if sock, err := raw.SyscallConn(); err == nil {
		i.c, i.sock, i.try = c, sock, i.tryRead
	}
}

// reads reports whether there is a socket to read from.
func (i *idler) reads() bool { return i.sock != nil }

// fill is Fill of the connection's buffer.
func (i *idler) fill() (int, error) {
	w := &i.c.wire
	if w.begin() >= 0 {
		return i.c.buf.Fill(w) // Shutdown has come in between
	}
	i.n = 0
	err := i.sock.Read(i.try)
	w.done(i.n)
	if err != nil {
		return 0, err
	}
	return i.n, i.err
}

func (i *idler) tryRead(fd uintptr) (done bool) {
	i.fd = fd
	i.n, i.err = i.c.buf.Fill(i)
	if i.err == syscall.EAGAIN {
		i.c.release()
		return false
	}
	return true
}

// Read reads from the socket without waiting.
func (i *idler) Read(p []byte) (int, error) {
	for {
		n, err := syscall.Read(int(i.fd), p)
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return 0, err
		case err != nil:
			raw := i.c.raw
			return 0, &net.OpError{Op: "read", Net: raw.LocalAddr().Network(), Source: raw.LocalAddr(), Addr: raw.RemoteAddr(), Err: os.NewSyscallError("read", err)}
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}
