package shutdown

import (
	"context"
	"flag"
	"net"
	"sync/atomic"
	"testing"
)

var multipathFlag = flag.Int("shutdown.mptcp", 30, "run this many `rounds` over Multipath TCP")

// C1, C2, C3 and C4 over Multipath TCP, where what is acknowledged is what has
// arrived by all paths.
func TestC1MultipathTCP(t *testing.T) {
	b := local
	b.networks = []string{"tcp", "tcp", "tls"}
	var multipath atomic.Int64
	var d net.Dialer
	d.SetMultipathTCP(true)
	dial := func(network, addr string) (net.Conn, error) {
		nc, err := d.Dial(network, addr)
		if err != nil {
			return nil, err
		}
		if is, err := nc.(*net.TCPConn).MultipathTCP(); err == nil && is {
			multipath.Add(1)
		}
		return nc, nil
	}
	var lc net.ListenConfig
	lc.SetMultipathTCP(true)
	rounds(t, *multipathFlag, atATime, b, func(p *plan) ([]*client, []Finding) {
		l, err := lc.Listen(context.Background(), "tcp", loopback())
		if err != nil {
			t.Error(err)
			return nil, nil
		}
		return p.run(serveHere(t, p, l, dial), dial)
	})
	t.Logf("%d connections over Multipath TCP", multipath.Load())
	if multipath.Load() == 0 {
		t.Error("the kernel has no Multipath TCP: sysctl net.mptcp.enabled")
	}
}
