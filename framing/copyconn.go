package framing

import "net"

// A CopyConn is a [Conn] whose ReadFrame returns a slice that the caller may
// retain. It has the methods of goframe.FrameConn and can take its place. They may
// be called concurrently as those of Conn may.
type CopyConn struct{ c *Conn }

// NewCopyConn returns a CopyConn on c.
func NewCopyConn(c *Conn) CopyConn { return CopyConn{c} }

// ReadFrame reads the next frame and returns a copy of its payload. Its errors are
// those of [Reader.ReadFrame].
func (c CopyConn) ReadFrame() ([]byte, error) {
	payload, err := c.c.ReadFrame()
	if err != nil {
		return nil, err
	}
	return append(make([]byte, 0, len(payload)), payload...), nil
}

// WriteFrame writes the frame that carries payload: see [Conn.WriteFrame].
func (c CopyConn) WriteFrame(payload []byte) error { return c.c.WriteFrame(payload) }

// Close closes the connection: see [Conn.Close].
func (c CopyConn) Close() error { return c.c.Close() }

// Conn returns the connection: see [Conn.NetConn].
func (c CopyConn) Conn() net.Conn { return c.c.NetConn() }
