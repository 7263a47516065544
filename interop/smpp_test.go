package interop

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSMPP has a client of the npm package smpp talk to a server of it.
func TestSMPP(t *testing.T) {
	addr, port := freeAddr(t)
	r := newRelay(t, "tcp", addr, []string{"smpp"}, []string{"smpp"})
	require.Equal(t, `bind_transceiver 0
received 5
submit_sm 0
received 10000
submit_sm 0
unbind 0
`, run(t, "", node(t, "smpp.js", port, r.port)))
	require.Equal(t, int64(4), r.requests.Load())
	require.Equal(t, int64(4), r.replies.Load())
}
