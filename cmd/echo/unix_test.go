//go:build unix

package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// socketPath returns a path for a socket, in a directory of its own.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "echo") // t.TempDir may be too long for a socket
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "socket")
}

// echoes connects to the socket at path, and wants a line back.
func echoes(t *testing.T, path string) {
	t.Helper()
	c, err := net.Dial("unix", path)
	require.NoError(t, err)
	defer c.Close()
	roundTrip(t, c, "hello\n")
}

// A server that was killed leaves its socket; the next one takes its place.
func TestUnix_Killed(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	for range 3 {
		p := serve(t, "-addr", "unix:"+path)
		echoes(t, path)
		p.signal(syscall.SIGKILL)
		p.exit()
		_, err := os.Stat(path)
		require.NoError(t, err)
	}
	p := serve(t, "-addr", "unix:"+path)
	echoes(t, path)
	p.signal(syscall.SIGTERM)
	assert.Equal(t, 0, p.exit())
	_, err := os.Stat(path)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// Of several that start at the same time, where a killed one was, one serves, and
// the others say why they do not.
func TestUnix_Starters(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	p := serve(t, "-addr", "unix:"+path)
	p.signal(syscall.SIGKILL)
	p.exit()
	for range 4 {
		var all []*process
		for range 4 {
			all = append(all, launch(t, "-addr", "unix:"+path))
		}
		var serving *process
		for _, p := range all {
			if m := p.await(`msg=listening|echo: .*\n`); m[0] == "msg=listening" {
				assert.Nil(t, serving, "two servers listen")
				serving = p
				continue
			}
			assert.Equal(t, 1, p.exit())
			assert.Equal(t, "echo: listen unix "+path+": address already in use: a server is listening there\n", p.stderr.text())
		}
		require.NotNil(t, serving)
		echoes(t, path)
		serving.signal(syscall.SIGKILL)
		serving.exit()
	}
}

// A path that a socket cannot have is told so, with what it can.
func TestUnix_LongPath(t *testing.T) {
	t.Parallel()
	path := "/tmp/" + strings.Repeat("x", 195)
	code, _, stderr := finish(t, "-addr", "unix:"+path)
	assert.Equal(t, 1, code)
	assert.Regexp(t, `^echo: server: address: `+path+` has 200 bytes; a Unix socket's path can have 10[37]\n$`, stderr)
}

// A server whose path another one has taken leaves it alone when it closes.
func TestUnix_Successor(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	old := serve(t, "-addr", "unix:"+path)
	require.NoError(t, os.Remove(path))
	next := serve(t, "-addr", "unix:"+path)
	old.signal(syscall.SIGTERM)
	assert.Equal(t, 0, old.exit())
	echoes(t, path)
	next.signal(syscall.SIGTERM)
	assert.Equal(t, 0, next.exit())
	_, err := os.Stat(path)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestUnix_Mode(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	serve(t, "-addr", "unix:"+path, "-socket-mode", "0660")
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o660), info.Mode().Perm())
}
