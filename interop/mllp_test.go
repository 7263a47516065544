package interop

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMLLP has mllp-node send messages to itself, which are acknowledged.
func TestMLLP(t *testing.T) {
	addr, port := freeAddr(t)
	r := newRelay(t, "tcp", addr, []string{"mllp"}, []string{"mllp"})
	require.Equal(t, `received 61
sent 61, MSA|AA|1
received 71
sent 71, MSA|AA|10
received 20064
sent 20064, MSA|AA|20000
`, run(t, "", node(t, "mllp.js", port, r.port)))
	require.Equal(t, int64(3), r.requests.Load())
	require.Equal(t, int64(3), r.replies.Load())
}
