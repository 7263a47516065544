package framing

import (
	"context"
	"net"
)

// Dial connects to addr, as [net.Dialer.DialContext] does, and returns a Conn for
// frames of f. Once connected, the end of ctx has no effect; [Conn.NetConn] has
// deadlines.
func Dial(ctx context.Context, network, addr string, f Framer) (*Conn, error) {
	var d net.Dialer
	nc, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return NewConn(nc, f), nil
}
