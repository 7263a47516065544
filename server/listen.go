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
	// umask decides. On Linux the file never has more than these permissions,
	// elsewhere only once Listen has returned.
	SocketMode fs.FileMode
}

// Listen announces on the local network address. The network must be "tcp",
// "tcp4", "tcp6" or "unix". It is the [net.Listen] of a server that closes
// without a casualty, and differs from that as follows.
//
// From the moment that [Server.Shutdown] is called, no new client is taken in,
// and none whose connection was or is about to be established is reset. For TCP
// that needs Linux: the listener drops the first segment of a new connection,
// the system of the client sends it again, a second later, and is refused.
// Elsewhere, and with other listeners, a client that connects while the listener
// is being closed may be reset. Connections do not use Multipath TCP, with which
// Linux cannot do that.
//
// A file of a Unix socket that an earlier process has left, because it was
// killed, is replaced if nobody accepts connections there; else the error is
// syscall.EADDRINUSE. Processes that start at the same time take turns (lock
// file: the address with ".lock" appended). When the listener is closed, or
// Shutdown is called, the file is removed, unless another one has taken its
// place. That needs a Unix system; elsewhere a file that was left must be removed
// by hand. An address that begins with "@" is one of Linux' abstract names,
// which have no files.
//
// The error is a [*ConfigError] for a network or address that cannot be served,
// and a [*net.OpError] for any other.
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

// Shared returns l as a listener whose socket belongs to other processes too,
// because the system's service manager has passed it on (socket activation), or
// because this process will hand it over to its successor. Shutdown leaves the
// socket as it is: connections in the accept queue stay there, for whoever
// accepts next, new clients are not kept away, and the file of a Unix socket is
// not removed. Closing it closes the descriptor of this process only.
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
