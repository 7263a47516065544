package server

import (
	"cmp"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/wholeframe/wholeframe/framing"
)

var errHijacked = errors.New("server: the connection was hijacked")

// Hijack takes the connection over from the server, after the replies and pushes
// so far were sent. It returns the accepted connection, or the *tls.Conn on it, or,
// through a proxy, one with the client's address and a method NetConn, and the bytes
// that were received after the frame that is being handled. The server
// no longer counts the connection, limits it, or waits for it when it closes; the
// caller must close it. Frames can no longer be sent with c, whose context ends when
// the Handler has returned.
//
// Hijack is refused, and the connection remains with the server, with [ErrPending]
// while answers are promised, with [ErrDraining] after Shutdown was called, and
// in [Server.Stream] with [framing.ErrSkipping]. Any other error is that of a frame that
// could not be sent, and final: the connection is reset.
func (c *Conn) Hijack() (nc net.Conn, received []byte, err error) {
	switch {
	case !c.mayChange():
		return nil, nil, ErrNotHandling
	case c.stream.open:
		return nil, nil, framing.ErrSkipping
	case c.promises.open() > 0:
		return nil, nil, ErrPending
	}
	if err := c.Flush(); err != nil {
		return nil, nil, err
	}
	if err := c.wire.failure(); err != nil {
		return nil, nil, err
	}
	c.count()
	if err := c.srv.forget(c); err != nil {
		return nil, nil, err
	}
	c.marks |= hijacked
	c.pushes.finish()
	if failed := c.wire.endWrites(); failed != nil || c.pushes.isSlow() {
		c.raw.Close() // with a reset
		return nil, nil, cmp.Or(failed, errSlow)
	}
	c.wire.setFree()
	return c.wire.netConn(), slices.Clone(c.buf.Bytes()), nil
}

// forget makes the connection one that the server does not know, unless it drains.
func (s *Server) forget(c *Conn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != serving {
		return ErrDraining
	}
	c.reason = CloseHijacked
	s.removeLocked(c)
	return nil
}

// setFree leaves raw to others.
func (w *wire) setFree() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.free = true
	w.raw.SetDeadline(time.Time{})
	w.resetOnClose(false)
}
