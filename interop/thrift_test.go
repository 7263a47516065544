package interop

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestThrift has a client of the npm package thrift call a server of it.
func TestThrift(t *testing.T) {
	addr, port := freeAddr(t)
	r := newRelay(t, "tcp", addr, []string{"thrift"}, []string{"thrift"})
	require.Equal(t, `received 0
received 1
received 10
received 100000
true true true true
`, run(t, "", node(t, "thrift.js", port, r.port)))
	require.Equal(t, int64(4), r.requests.Load())
	require.Equal(t, int64(4), r.replies.Load())
}
