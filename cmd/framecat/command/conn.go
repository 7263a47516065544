package command

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"time"
)

// A conn is a connection whose sending side can be ended alone.
type conn interface {
	net.Conn
	CloseWrite() error
}

// lookAgain is how long a connection is looked at once more when a deadline has
// passed: after SIGSTOP, or in a machine that was paused, the deadline has passed
// although bytes have arrived, and a read with such a deadline does not look.
const lookAgain = 50 * time.Millisecond

// A steadyConn is a TCP or Unix connection. Its Write may take any time as long as
// bytes leave, and its deadlines are not believed before the socket was looked at.
type steadyConn struct {
	conn
	limit time.Duration // of a write without progress; negative: none
}

func (c *steadyConn) Read(p []byte) (int, error) {
	n, err := c.conn.Read(p)
	if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		return n, err
	}
	if err := c.SetReadDeadline(time.Now().Add(lookAgain)); err != nil {
		return 0, err
	}
	return c.conn.Read(p)
}

func (c *steadyConn) Write(p []byte) (n int, err error) {
	if c.limit < 0 {
		return c.conn.Write(p)
	}
	looked := false
	for {
		wait := c.limit
		if looked {
			wait = lookAgain
		}
		if err := c.SetWriteDeadline(time.Now().Add(wait)); err != nil {
			return n, err
		}
		some, err := c.conn.Write(p[n:])
		n += some
		switch {
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return n, err
		case some == 0 && looked:
			return n, err
		}
		looked = some == 0
	}
}

// A tlsConn is a TLS connection. CloseWrite ends the stream below TLS, too, for
// peers that look for nothing else.
type tlsConn struct {
	*tls.Conn
	below conn
}

func (c *tlsConn) CloseWrite() error {
	if err := c.Conn.CloseWrite(); err != nil {
		return err
	}
	return c.below.CloseWrite()
}
