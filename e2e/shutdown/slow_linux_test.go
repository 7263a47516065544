package shutdown

import (
	"net"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// A slowConn reads 2 MiB a second.
type slowConn struct{ net.Conn }

func (c slowConn) Read(p []byte) (int, error) {
	const piece = 32 << 10
	time.Sleep(piece * time.Second / (2 << 20))
	return c.Conn.Read(p[:min(len(p), piece)])
}

func (c slowConn) CloseWrite() error { return c.Conn.(*net.TCPConn).CloseWrite() }

func dialSlow(network, addr string) (net.Conn, error) {
	nc, err := net.Dial(network, addr)
	if err != nil {
		return nil, err
	}
	nc.(*net.TCPConn).SetReadBuffer(64 << 10) // or its kernel takes it all
	return slowConn{nc}, nil
}

// C2 and C3 with clients that read slowly and continue to send, through HAProxy,
// which holds many of the answers when the server closes.
func TestC3ProxySlowReader(t *testing.T) {
	p := &plan{framing: "length", framer: lengthprefix.Uint32(), fill: textFill, network: "tcp", clients: 20,
		window: 256, max: 32 << 10, trickle: 150 * time.Millisecond, proxied: true, warm: true, wait: 300 * time.Millisecond}
	proxy, err := newProxy(t, serveHere(t, p, p.listen(t), net.Dial))
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.close()
	var total tally
	clients, found := p.run(proxy, dialSlow)
	total.add(clients, found)
	t.Log(&total)
	for _, f := range found {
		t.Error(f)
	}
}
