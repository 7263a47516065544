package main

import (
	"net"

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
