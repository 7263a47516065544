package server

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func kernelUnread(sock syscall.RawConn) (int, bool) { return ioctl(sock, unix.SIOCINQ) }

func kernelUnsent(sock syscall.RawConn) (int, bool) { return ioctl(sock, unix.SIOCOUTQ) }

func ioctl(sock syscall.RawConn, request uint) (n int, ok bool) {
	err := sock.Control(func(fd uintptr) {
		var e error
		n, e = unix.IoctlGetInt(int(fd), request)
		ok = e == nil
	})
	return n, ok && err == nil
}

// keepUrgent leaves urgent data in the stream (RFC 6093): the kernel would count
// what has arrived up to it only.
func keepUrgent(sock syscall.RawConn) {
	sock.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_OOBINLINE, 1) })
}

// kernelQuiet returns after which silence nothing more is on its way: the time
// after which a lost packet is sent again, and some round trips.
func kernelQuiet(sock syscall.RawConn) (quiet time.Duration) {
	quiet = quietLeast
	sock.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			quiet = max(quiet, time.Duration(info.Rto+3*info.Rtt)*time.Microsecond)
		}
	})
	return quiet
}

// kernelError returns the error of a socket whose stream has ended, where no
// read returns it.
func kernelError(sock syscall.RawConn) (failed error) {
	sock.Control(func(fd uintptr) {
		if n, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR); err == nil && n != 0 {
			failed = syscall.Errno(n)
		}
	})
	return failed
}
