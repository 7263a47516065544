package main

import (
	"net"
	"slices"
	"sync"
)

// A fewConns is a listener with at most max connections at a time. When another
// client comes, the oldest connection is closed: so those who hold connections
// keep nobody out.
type fewConns struct {
	net.Listener
	max int

	mu   sync.Mutex
	open []*fewConn // the oldest first
}

type fewConn struct {
	net.Conn
	of *fewConns
}

// Accept implements [net.Listener].
func (l *fewConns) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &fewConn{nc, l}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) == l.max {
		l.open[0].Conn.Close()
		l.open = l.open[1:]
	}
	l.open = append(l.open, c)
	return c, nil
}

// Close implements [net.Conn].
func (c *fewConn) Close() error {
	c.of.mu.Lock()
	if i := slices.Index(c.of.open, c); i >= 0 {
		c.of.open = slices.Delete(c.of.open, i, i+1)
	}
	c.of.mu.Unlock()
	return c.Conn.Close()
}
