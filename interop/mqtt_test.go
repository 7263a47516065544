package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMQTT has mosquitto_pub and mosquitto_sub talk to mosquitto. The second message has
// a length of three bytes.
func TestMQTT(t *testing.T) {
	addr, port := freeAddr(t)
	config := filepath.Join(t.TempDir(), "mosquitto.conf")
	require.NoError(t, os.WriteFile(config, []byte("listener "+port+" 127.0.0.1\nallow_anonymous true\n"), 0o600))
	start(t, exec.Command("mosquitto", "-c", config))
	await(t, "tcp", addr)

	r := newRelay(t, "tcp", addr, []string{"mqtt"}, []string{"mqtt"})
	args := []string{"-V", "5", "-p", r.port, "-q", "2", "-t", "a/b"}
	texts := []string{"hello", strings.Repeat("x", 20_000), "last"}
	for _, text := range texts {
		run(t, text, exec.Command("mosquitto_pub", append(args, "-r", "-s")...))
		have := run(t, "", exec.Command("mosquitto_sub", append(args, "-C", "1")...))
		require.Equal(t, text+"\n", have)
	}
	// CONNECT, PUBLISH, PUBREL; CONNECT, SUBSCRIBE, PUBREC
	require.GreaterOrEqual(t, r.requests.Load(), int64(6*len(texts)))
	require.GreaterOrEqual(t, r.replies.Load(), int64(5*len(texts)))
}
