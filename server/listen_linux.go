package server

import (
	"errors"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// handshakes is how long a handshake may take that is under way when a listener
// leaves.
const handshakes = 100 * time.Millisecond

type tcpListener struct{ *net.TCPListener }

// leave has the kernel drop the segments that begin a connection. Their senders
// try again, and are refused once the listener is closed: they notice a delay, and
// no connection that ends without an answer.
func (l *tcpListener) leave() (window time.Duration) {
	raw, err := l.SyscallConn()
	if err != nil {
		return 0
	}
	const flags, syn, ack = 13, 0x02, 0x10 // of a TCP header
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: flags},
		{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: syn | ack},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: syn, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},          // drop
		{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff}, // keep
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	raw.Control(func(fd uintptr) {
		if unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program) == nil {
			window = handshakes
		}
	})
	return window
}

// reusePort makes the listeners of lc share their ports.
func reusePort(lc *net.ListenConfig) error {
	lc.Control = func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) {
			failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		})
		return errors.Join(err, failed)
	}
	return nil
}
