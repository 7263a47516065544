package interop

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestRPC has rpcinfo call rpcbind. Its port is fixed, so it is started in a network of
// its own, with a directory of its own for its Unix socket, which is reached from outside.
func TestRPC(t *testing.T) {
	server := exec.Command("unshare", "-nm", "sh", "-c", "mount -t tmpfs none /run && exec rpcbind -f")
	start(t, server)
	socket := fmt.Sprintf("/proc/%d/root/run/rpcbind.sock", server.Process.Pid)
	// In the directory from outside there may be a socket, too.
	require.Eventually(t, func() bool {
		command, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", server.Process.Pid))
		return err == nil && string(command) == "rpcbind\n"
	}, patience, 10*time.Millisecond)
	await(t, "unix", socket)
	r := newRelay(t, "unix", socket, []string{"onc-rpc"}, []string{"onc-rpc"})

	// A call of the procedure that does nothing, for each version.
	port, err := strconv.Atoi(r.port)
	require.NoError(t, err)
	addr := fmt.Sprintf("127.0.0.1.%d.%d", port>>8, port&0xff)
	for _, version := range []string{"2", "3", "4"} {
		require.Equal(t, "program 100000 version "+version+" ready and waiting\n",
			run(t, "", exec.Command("rpcinfo", "-a", addr, "-T", "tcp", "100000", version)))
	}
	require.Equal(t, int64(3), r.requests.Load())
	require.Equal(t, int64(3), r.replies.Load())
}
