package interop

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSSHAgent has ssh-add give a key to ssh-agent, list it and remove it.
func TestSSHAgent(t *testing.T) {
	dir := t.TempDir()
	key, socket, via := filepath.Join(dir, "key"), filepath.Join(dir, "agent"), filepath.Join(dir, "via")
	run(t, "", exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "interop", "-f", key))
	public, err := os.ReadFile(key + ".pub")
	require.NoError(t, err)
	start(t, exec.Command("ssh-agent", "-D", "-a", socket))
	await(t, "unix", socket)
	l, err := net.Listen("unix", via)
	require.NoError(t, err)
	r := newRelayAt(t, l, "unix", socket, []string{"ssh-agent"}, []string{"ssh-agent"})

	add := func(args ...string) string {
		cmd := exec.Command("ssh-add", args...)
		cmd.Env = append(os.Environ(), "SSH_AUTH_SOCK="+via)
		return run(t, "", cmd)
	}
	add(key)
	require.Equal(t, string(public), add("-L"))
	add("-T", key+".pub") // a signature
	add("-d", key)
	requests := r.requests.Load()
	require.GreaterOrEqual(t, requests, int64(4))
	require.Equal(t, requests, r.replies.Load())
}
