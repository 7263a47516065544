package server

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"

	"github.com/wholeframe/wholeframe/server/internal/proxyproto"
)

// The header of a proxy is read here, and not by a wrapper of the listener: a
// wrapper holds bytes that the snapshot of a drain does not see, hides the socket
// that is asked what is acknowledged, and comes after TLS where TLSConfig is set.

// A proxyHeaderError is why a connection has no PROXY header, or one that nobody
// expects.
type proxyHeaderError struct{ err error }

func (e *proxyHeaderError) Error() string { return "PROXY header: " + e.err.Error() }
func (e *proxyHeaderError) Unwrap() error { return e.err }

var errUnexpectedProxyHeader = &proxyHeaderError{errors.New("not expected from this address; see ProxyFrom")}

// isProxied reports whether a connection from addr must begin with a PROXY header.
func (s *Server) isProxied(addr net.Addr) bool {
	if _, ok := addr.(*net.UnixAddr); ok {
		return len(s.ProxyFrom) > 0
	}
	ip := ipOf(addr)
	return ip.IsValid() && slices.ContainsFunc(s.ProxyFrom, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// ipOf returns the IP address of addr without its zone, or none.
func ipOf(addr net.Addr) (ip netip.Addr) {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		ip = tcp.AddrPort().Addr()
	} else if addr != nil {
		port, _ := netip.ParseAddrPort(addr.String())
		ip = port.Addr()
	}
	return ip.Unmap().WithZone("")
}

// readProxyHeader reads the header of a connection that a proxy has made. No byte
// that follows it is read. As for a TLS handshake, a drain waits until it is
// complete, and the bytes of the header are not part of the snapshot.
func (c *Conn) readProxyHeader() error {
	if !c.srv.isProxied(c.raw.RemoteAddr()) {
		return nil
	}
	var failed error
	read := func() error {
		var header *proxyproto.Header
		header, failed = c.wire.readProxyHeader()
		if failed == nil {
			c.wire.proxied.Store(header)
		}
		return failed
	}
	err := c.wire.handshake(read, after(c.srv.now(), c.srv.limits.handshake))
	if failed != nil {
		return &proxyHeaderError{failed}
	}
	c.freshUntil = c.srv.now() + freshFor
	return err
}

func (w *wire) readProxyHeader() (*proxyproto.Header, error) {
	var data []byte
	for {
		header, need, err := proxyproto.Parse(data)
		if need == 0 {
			return &header, err
		}
		have := len(data)
		data = slices.Grow(data, need)[:have+need]
		n, err := w.Read(data[have:])
		if data = data[:have+n]; n > 0 {
			continue
		}
		if err == io.EOF && have > 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
	}
}

// remoteAddr returns the address of the client, and localAddr that to which it
// has connected: of the proxy, if there is one that tells.
func (w *wire) remoteAddr() net.Addr {
	if h := w.proxied.Load(); h != nil && h.Source != nil {
		return h.Source
	}
	return w.raw.RemoteAddr()
}

func (w *wire) localAddr() net.Addr {
	if h := w.proxied.Load(); h != nil && h.Destination != nil {
		return h.Destination
	}
	return w.raw.LocalAddr()
}

// A proxiedConn is a connection that a proxy has made, as hooks see it.
type proxiedConn struct {
	net.Conn
	w *wire
}

func (c *proxiedConn) RemoteAddr() net.Addr { return c.w.remoteAddr() }
func (c *proxiedConn) LocalAddr() net.Addr  { return c.w.localAddr() }

// NetConn returns the connection to the proxy, as that of a *tls.Conn does.
func (c *proxiedConn) NetConn() net.Conn { return c.Conn }
