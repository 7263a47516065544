package server

import (
	"crypto/tls"
	"errors"
)

var (
	// ErrDraining is returned by a method of [Conn] that is refused since Shutdown
	// was called, or MaxAge is over.
	ErrDraining = errors.New("server: the connection drains")

	// ErrTLS is returned by [Conn.StartTLS] if the connection uses TLS.
	ErrTLS = errors.New("server: the connection uses TLS already")

	// ErrPlaintext is returned by [Conn.StartTLS] if the peer has sent bytes after
	// the frame that asked for TLS. They may be another's: see CVE-2011-0411.
	ErrPlaintext = errors.New("server: plaintext follows the frame that asked for TLS")
)

// StartTLS makes the connection a TLS connection (RFC 3207, RFC 4511, and others).
// It sends the replies that have gathered and a frame with lastReply, unless that
// is nil, in plaintext, and then takes the peer's handshake, within
// HandshakeTimeout. Frames that other goroutines send meanwhile wait for its end, and
// are encrypted.
//
// StartTLS is refused before it sends anything, and the connection remains as it is:
// with [ErrPlaintext] if bytes have arrived after the frame that is being handled,
// with [ErrTLS], with [ErrPending] while answers are promised, and with
// [ErrDraining] after Shutdown was called. After ErrPlaintext the
// Handler should end the connection: if it returns nil, the frames that follow are
// handled as plaintext. Any other error is final: the connection is unusable, and
// nothing is sent in plaintext.
//
// Open is not called again. Shutdown waits for a handshake that has begun.
func (c *Conn) StartTLS(lastReply []byte, config *tls.Config) error {
	var frame []byte
	switch {
	case !c.mayChange():
		return ErrNotHandling
	case c.wire.tls != nil:
		return ErrTLS
	case len(c.buf.Bytes()) > 0 || c.stream.open:
		return ErrPlaintext
	case c.promises.open() > 0:
		return ErrPending
	case lastReply != nil:
		var err error
		if frame, err = c.settings.Load().encode(nil, lastReply); err != nil {
			return err
		}
	}
	if err := c.Flush(); err != nil {
		return err
	}
	if err := c.wire.startTLS(c, frame, config); err != nil {
		return err
	}
	c.silence, c.freshUntil = c.buf.Offset(), c.srv.now()+freshFor
	c.makeWriter()
	if lastReply != nil {
		c.replied++
		c.flushedAll()
	}
	return nil
}

// startTLS sends lastFrame and takes the handshake. Nobody else writes meanwhile.
func (w *wire) startTLS(c *Conn, lastFrame []byte, config *tls.Config) error {
	if err := w.beginWrite(); err != nil {
		return err
	}
	done := errTorn
	defer func() { w.endWrite(done) }()
	if !w.reserveHandshake() {
		done = nil
		return ErrDraining
	}
	w.tls = tls.Server(tlsSide{w.raw, w}, config)
	done = w.handshake(func() error {
		if _, err := w.push(lastFrame); err != nil {
			return err
		}
		return w.tls.HandshakeContext(c.ctx)
	}, after(c.srv.now(), c.srv.limits.handshake))
	return done
}

// reserveHandshake lets a handshake begin, unless the server drains. From then on
// nothing else touches the deadlines.
func (w *wire) reserveHandshake() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inHandshake = w.drain.phase == reading && !w.forced
	return w.inHandshake
}
