package interop

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRSocket has rsocket-tcp-client send requests to rsocket-tcp-server.
func TestRSocket(t *testing.T) {
	addr, port := freeAddr(t)
	r := newRelay(t, "tcp", addr, []string{"rsocket"}, []string{"rsocket"})
	require.Equal(t, `received 1
answered true
received 10
answered true
received 100000
answered true
`, run(t, "", node(t, "rsocket.js", port, r.port)))
	require.Equal(t, int64(4), r.requests.Load()) // SETUP, REQUEST_RESPONSE
	require.Equal(t, int64(3), r.replies.Load())
}
