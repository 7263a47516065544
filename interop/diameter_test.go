package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestDiameter has two daemons of freeDiameter exchange their capabilities, send a watchdog
// request, for which they wait about 6 seconds at least, and disconnect.
func TestDiameter(t *testing.T) {
	freeDiameter := func(name, port, config string) *exec.Cmd {
		path := filepath.Join(t.TempDir(), "conf")
		require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, `
Identity = "%s.example";
Realm = "example";
Port = %s;
SecPort = 0;
No_SCTP;
No_IPv6;
%s
`, name, port, config), 0o600))
		return exec.Command("freeDiameterd", "--config", path)
	}
	addr, port := freeAddr(t)
	peers := filepath.Join(t.TempDir(), "peers")
	require.NoError(t, os.WriteFile(peers, []byte("ALLOW_IPSEC client.example\n"), 0o600)) // without TLS
	start(t, freeDiameter("server", port, fmt.Sprintf(`LoadExtension = "acl_wl.fdx" : "%s";`, peers)))
	await(t, "tcp", addr)
	r := newRelay(t, "tcp", addr, []string{"diameter"}, []string{"diameter"})

	client := freeDiameter("client", "0", fmt.Sprintf(`TwTimer = 6;
ConnectPeer = "server.example" { ConnectTo = "127.0.0.1"; Port = %s; No_TLS; };`, r.port))
	start(t, client)
	require.Eventually(t, func() bool { return r.replies.Load() >= 2 }, patience, 10*time.Millisecond)
	require.NoError(t, client.Process.Signal(syscall.SIGINT))
	require.Eventually(t, func() bool { return r.replies.Load() >= 3 }, patience, 10*time.Millisecond)
	require.GreaterOrEqual(t, r.requests.Load(), int64(3))
}
