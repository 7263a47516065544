//go:build unix

package main

import (
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// While the server drains it says so, and it ends only then. An answer that is
// larger than what systems keep for a peer that does not read holds the drain.
func TestMetrics_Draining(t *testing.T) {
	t.Parallel()
	p := serve(t, "-metrics-addr", "127.0.0.1:0", "-max-payload", "64MiB")
	c := p.dial()
	large := strings.Repeat("x", 32<<20) + "\n"
	_, err := io.WriteString(c, large)
	require.NoError(t, err)
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	status, text := p.get("/healthz")
	for status == 200 { // until the signal has come
		require.Equal(t, "ok\n", text)
		status, text = p.get("/healthz")
	}
	assert.Equal(t, 503, status)
	assert.Equal(t, "draining\n", text)
	assert.Equal(t, "1", series(second(p.get("/metrics")))["wholeframe_draining"])
	converse(t, c, "", large)
	assert.Equal(t, 0, p.exit())
}
