package main

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// unacknowledged returns how many bytes that were written the peer's kernel has not
// acknowledged.
func unacknowledged(c *net.TCPConn) (n int) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) }) // closed: 0
	return n
}

// smallBuffer gives a socket a small receive buffer. It does so before the socket
// connects, for a window that was announced is not taken back.
func smallBuffer(_, _ string, c syscall.RawConn) (err error) {
	failed := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 16<<10) })
	if failed != nil {
		return failed
	}
	return err
}

// peerHasEnded reports whether the peer has reset a connection, or ended its side, though
// nothing was read.
func peerHasEnded(c *net.TCPConn) (is, known bool) {
	const closed, closeWait = 7, 8 // as the kernel numbers states
	raw, err := c.SyscallConn()
	if err != nil {
		return true, true
	}
	failed := raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		is, known = err == nil && (info.State == closed || info.State == closeWait), err == nil
	})
	return is || failed != nil, known || failed != nil
}
