package server

import (
	"fmt"
	"math"
	"net"
	"net/netip"
)

// A refusedError is why a connection is not served.
type refusedError struct{ err error }

func (e *refusedError) Error() string { return e.err.Error() }
func (e *refusedError) Unwrap() error { return e.err }

// admit decides whether the connection is served.
func (c *Conn) admit() error {
	if client := clientOf(c.RemoteAddr()); client.IsValid() && !c.srv.countClient(c, client) {
		return &refusedError{fmt.Errorf("server: %v has %d connections already", client, c.srv.limits.maxConnsPerAddr)}
	}
	if f := c.srv.Admit; f != nil {
		if err := f(c.wire.netConn()); err != nil {
			return &refusedError{err}
		}
	}
	return nil
}

// clientOf returns what counts as one client: an IPv4 address, or the first 64
// bits of an IPv6 address, which one subscriber has for many. Others, of Unix
// sockets for example, are none.
func clientOf(addr net.Addr) netip.Prefix {
	ip, bits := ipOf(addr), 64
	if ip.Is4() {
		bits = 32
	}
	client, _ := ip.Prefix(bits) // that of an invalid address is invalid
	return client
}

// countClient counts c as a connection of client, if that may have another one.
func (s *Server) countClient(c *Conn, client netip.Prefix) bool {
	if s.limits.maxConnsPerAddr == math.MaxInt {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clients[client] >= s.limits.maxConnsPerAddr {
		return false
	}
	s.clients[client]++
	c.client = client
	return true
}

// clientGoneLocked is countClient backwards.
func (s *Server) clientGoneLocked(c *Conn) {
	if s.clients[c.client]--; s.clients[c.client] <= 0 {
		delete(s.clients, c.client)
	}
}
