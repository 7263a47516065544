package server

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// kernelUnread returns how many bytes have arrived at the socket and were not
// read.
func kernelUnread(c syscall.Conn) (int, bool) { return ioctl(c, unix.SIOCINQ) }

// kernelUnsent returns how many bytes were written to the socket, the end of
// the stream included, that the peer has not acknowledged.
func kernelUnsent(c syscall.Conn) (int, bool) { return ioctl(c, unix.SIOCOUTQ) }

func ioctl(c syscall.Conn, request uint) (n int, ok bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, false
	}
	err = raw.Control(func(fd uintptr) {
		var e error
		n, e = unix.IoctlGetInt(int(fd), request)
		ok = e == nil
	})
	return n, ok && err == nil
}
