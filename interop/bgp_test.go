package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestBGP has two daemons of BIRD tell each other 1,000 routes. One of them has 4,000
// communities, so that it takes a message of 16,000 bytes.
func TestBGP(t *testing.T) {
	dir := t.TempDir()
	_, port := freeAddr(t)
	// bird starts a daemon whose routes are to 10.AS.0.0 and the addresses after it.
	bird := func(addr string, as int, neighbor string) (socket string) {
		var routes strings.Builder
		for i := range 999 {
			fmt.Fprintf(&routes, "route 10.%d.%d.%d/32 blackhole;\n", as, i>>8, i&255)
		}
		fmt.Fprintf(&routes, "route 10.%d.255.255/32 blackhole {\n", as)
		for i := range 4000 {
			fmt.Fprintf(&routes, "bgp_community.add((1, %d));\n", i)
		}
		config, socket := filepath.Join(dir, addr+".conf"), filepath.Join(dir, addr)
		require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `
router id %s;
protocol static { ipv4; %s}; }
protocol bgp {
	local %s port %s as %d;
	neighbor %s;
	strict bind;
	multihop;
	connect delay time 1;
	enable extended messages;
	ipv4 { import all; export all; };
}
`, addr, &routes, addr, port, as, neighbor), 0o600))
		start(t, exec.Command("/usr/sbin/bird", "-f", "-c", config, "-s", socket, "-P", socket+".pid"))
		return socket
	}
	server := bird("127.0.0.2", 2, "127.0.0.1 as 3; passive")
	await(t, "tcp", "127.0.0.2:"+port)
	r := newRelay(t, "tcp", "127.0.0.2:"+port, []string{"bgp"}, []string{"bgp"})
	client := bird("127.0.0.3", 3, "127.0.0.1 port "+r.port+" as 2")
	for _, socket := range []string{server, client} {
		require.Eventually(t, func() bool {
			said, err := exec.Command("/usr/sbin/birdc", "-s", socket, "show", "route", "count").Output()
			return err == nil && strings.Contains(string(said), "2000 of 2000 routes")
		}, patience, 10*time.Millisecond)
	}
	require.GreaterOrEqual(t, r.requests.Load(), int64(6)) // OPEN, KEEPALIVE, UPDATE
	require.GreaterOrEqual(t, r.replies.Load(), int64(6))
}
