package interop

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSIP has sipp make twenty calls to sipp, over one connection.
func TestSIP(t *testing.T) {
	addr, port := freeAddr(t)
	server := exec.Command("sipp", "-sn", "uas", "-t", "t1", "-i", "127.0.0.1", "-p", port, "-nostdin")
	server.Dir = t.TempDir()
	start(t, server)
	await(t, "tcp", addr)
	r := newRelay(t, "tcp", addr, []string{"sip"}, []string{"sip"})

	client := exec.Command("sipp", "-sn", "uac", "-t", "t1", "-i", "127.0.0.1", "-m", "20", "-r", "100", "-d", "10", "-nostdin", r.addr)
	client.Dir = server.Dir
	run(t, "", client)
	require.Equal(t, int64(3*20), r.requests.Load()) // INVITE, ACK, BYE
	require.Equal(t, int64(3*20), r.replies.Load())  // 180, 200, 200
}
