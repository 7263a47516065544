//go:build unix

package server

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// queued reports whether a connection waits in l's accept queue, if that is
// known. A wrapper may have a queue of its own, whatever the socket says.
func queued(l net.Listener) (waiting, known bool) {
	switch l.(type) {
	case *tcpListener, *unixListener, *net.TCPListener, *net.UnixListener:
	default:
		return false, false
	}
	raw, err := l.(syscall.Conn).SyscallConn()
	if err != nil {
		return false, false
	}
	err = raw.Control(func(fd uintptr) {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, e := unix.Poll(p, 0)
		for e == unix.EINTR {
			n, e = unix.Poll(p, 0)
		}
		waiting, known = n > 0, e == nil
	})
	return waiting, known && err == nil
}
