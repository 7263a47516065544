//go:build unix

package server

import (
	"io"
	"net"
	"os"
	"syscall"

	"github.com/wholeframe/wholeframe/framing"
)

// socketOf returns the socket of c, or nil if c is not a socket itself. What
// wraps a socket must see its bytes, and may hold some: embedding a
// *net.TCPConn it has SyscallConn too, which then tells of the socket alone.
func socketOf(c net.Conn) syscall.RawConn {
	var sock syscall.RawConn
	switch c := c.(type) {
	case *net.TCPConn:
		sock, _ = c.SyscallConn()
	case *net.UnixConn:
		sock, _ = c.SyscallConn()
	}
	return sock
}

// A poll is a read of a socket that has a say before it waits: it tries to read
// as soon as the socket may have something, and calls idle when it has not. That
// takes no more system calls than the Read of a net.Conn, which also tries first.
type poll struct {
	w      *wire
	buf    *framing.Buffer
	most   int
	idle   func()
	try    func(fd uintptr) (done bool) // tryFill: a method value allocates
	fd     uintptr                      // while tryFill runs
	n      int                          // result of the last Fill
	err    error
	waited bool
}

// fill is Fill of buf, of at most most bytes.
func (p *poll) fill(w *wire, buf *framing.Buffer, most int, idle func()) (int, error) {
	if p.try == nil {
		p.try = p.tryFill
	}
	p.w, p.buf, p.most, p.idle = w, buf, most, idle
	p.n, p.err, p.waited = 0, nil, false
	if err := w.sock.Read(p.try); err != nil {
		return 0, err
	}
	return p.n, p.err
}

func (p *poll) tryFill(fd uintptr) (done bool) {
	p.fd = fd
	p.n, p.err = p.buf.Fill(p)
	if p.err == syscall.EAGAIN {
		p.waited = true
		if p.idle != nil {
			p.idle()
		}
		return false
	}
	return true
}

// wait waits until the socket has something to read, or its deadline passes.
func (p *poll) wait(w *wire) { w.sock.Read(isReadable) }

func isReadable(fd uintptr) bool {
	var b [1]byte
	for {
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
		if err != syscall.EINTR {
			return err != syscall.EAGAIN
		}
	}
}

// Read reads from the socket without waiting.
func (p *poll) Read(b []byte) (int, error) {
	b = b[:min(len(b), p.most)]
	for {
		n, err := syscall.Read(int(p.fd), b)
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return 0, err
		case err != nil:
			raw := p.w.raw
			return 0, &net.OpError{Op: "read", Net: raw.LocalAddr().Network(), Source: raw.LocalAddr(), Addr: raw.RemoteAddr(), Err: os.NewSyscallError("read", err)}
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}
