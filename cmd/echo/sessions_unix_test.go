//go:build unix

package main

import (
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Closing logs what is shown.
func TestSessions_Closing(t *testing.T) {
	t.Parallel()
	shown := only(t, sessionsFile, "```\n((?:level=INFO.*\n)+)```")[1]
	p := serve(t)
	p.signal(syscall.SIGINT)
	assert.Equal(t, exitClean, p.exit())
	assert.Equal(t, varies.ReplaceAllString(shown, ""), varies.ReplaceAllString(p.stderr.text(), ""))
}

func TestSessions_Unix(t *testing.T) {
	t.Parallel()
	m := only(t, sessionsFile, `go run ./cmd/echo -addr=unix:(\S+)\n\$ printf '(.*)' \| nc -N -U (\S+)\n([^`+"`"+`]*)`+"```")
	require.Equal(t, m[1], m[3])
	path := filepath.Join(t.TempDir(), strings.TrimPrefix(m[1], "/tmp/"))
	serve(t, "-addr=unix:"+path)
	c, err := net.Dial("unix", path)
	require.NoError(t, err)
	defer c.Close()
	checkSession(t, c, m[2], false, m[4])
}
