package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"time"
)

// A ListenConfig holds the options of [Listen].
type ListenConfig struct {
	// SocketMode is the permissions of the file of a Unix socket. If zero, the
	// umask decides. Except on Linux, the file may have other permissions for a
	// moment when it is made.
	SocketMode fs.FileMode

	// ReusePort lets other processes of the same user listen on the same TCP
	// address, if all of them set it (SO_REUSEPORT): a new server can be started
	// before the old one is shut down, and no client is refused in between. A client
	// that connects while the old one closes may have to wait for a second, until its
	// system tries again. It needs Linux.
	ReusePort bool
}

// Listen listens on the network address, which must be of the network "tcp",
// "tcp4", "tcp6" or "unix". It is like [net.Listen], with the following
// differences.
//
// When [Server.Shutdown] is called, the listener stops accepting new clients, and
// resets none whose connection is established or about to be. For TCP this needs
// Linux: the listener drops the first segment of a new connection, the
// client's system sends the segment again, one second later, and is then refused.
// Elsewhere, and with other listeners, a client that connects while the listener
// closes may be reset. Connections do not use Multipath TCP, with which Linux
// cannot drop these segments.
//
// If a killed process has left the file of its Unix socket, the file is replaced.
// If a server still listens there, the error matches syscall.EADDRINUSE.
// Processes that start at the same time wait for each other, with a lock: an empty
// file that is made in the directory of the socket while a listener starts or
// closes, and is then removed. Its name is that of the socket between "." and
// ".wholeframe-lock". If either name belongs to any other file, that file is not
// changed, and Listen returns an error. The listener removes the file of its socket when it is
// closed, or Shutdown is called, but not a file that has replaced it. All this needs a
// Unix system; elsewhere a remaining file must be removed by hand. On Linux an address
// that begins with "@" is an abstract name, which has no file.
//
// The error is a [*ConfigError] for a network or address that cannot be served,
// and a [*net.OpError] otherwise.
func Listen(network, address string) (net.Listener, error) {
	return new(ListenConfig).Listen(context.Background(), network, address)
}

// Listen is the function [Listen] with these options. ctx limits the time that
// Listen takes; it has no effect on the listener.
func (c *ListenConfig) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	if err := checkNetwork(network); err != nil {
		return nil, err
	}
	if network == "unix" {
		if address == "" || address == "@" {
			return nil, &ConfigError{"address", fmt.Sprintf("%q is not a Unix socket; want a path, or a name after @", address)}
		}
		return c.listenUnix(ctx, address)
	}
	var lc net.ListenConfig
	lc.SetMultipathTCP(false)
	if c.ReusePort {
		if err := reusePort(&lc); err != nil {
			return nil, err
		}
	}
	l, err := lc.Listen(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &tcpListener{l.(*net.TCPListener)}, nil
}

// checkNetwork refuses networks that do not carry streams.
func checkNetwork(network string) error {
	switch network {
	case "tcp", "tcp4", "tcp6", "unix":
		return nil
	case "unixpacket", "unixgram":
		return &ConfigError{"network", fmt.Sprintf("%q carries packets, and would cut frames; want \"unix\"", network)}
	}
	return &ConfigError{"network", fmt.Sprintf("%q cannot be served; want \"tcp\", \"tcp4\", \"tcp6\" or \"unix\"", network)}
}

// ListenAndServe calls [Listen], and then [Server.Serve].
func (s *Server) ListenAndServe(network, address string) error {
	l, err := Listen(network, address)
	if err != nil {
		return err
	}
	return s.Serve(l)
}

// Shared returns a listener that accepts from l and leaves its socket to other
// processes that have it too: a service manager that has passed it on (socket
// activation), or a successor to which it is handed over. Shutdown stops
// accepting, and changes nothing else: connections in the accept queue stay
// there, new clients are not kept away, and the file of a Unix socket is not
// removed. Closing the listener closes the descriptor of this process only.
func Shared(l net.Listener) net.Listener {
	if u, ok := l.(interface{ SetUnlinkOnClose(bool) }); ok {
		u.SetUnlinkOnClose(false)
	}
	return &sharedListener{l}
}

type sharedListener struct{ net.Listener }

// SetDeadline lets Shutdown end a call of Accept.
func (l *sharedListener) SetDeadline(t time.Time) error {
	if d, ok := l.Listener.(deadliner); ok {
		return d.SetDeadline(t)
	}
	return errors.ErrUnsupported
}
