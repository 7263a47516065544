//go:build unix

package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Ctrl-C ends a session, and a capture that never ends, without a word more
// than the exit code.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{echo(t, "line")}, {"-decode"}} {
		ctx, cancel := context.WithTimeout(context.Background(), patient)
		defer cancel()
		cmd := exec.CommandContext(ctx, os.Args[0], args...)
		cmd.Env = append(os.Environ(), asCommand+"=1")
		stdin, err := cmd.StdinPipe()
		require.NoError(t, err)
		defer stdin.Close()
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		require.NoError(t, cmd.Start())
		_, err = stdin.Write([]byte("hello\n"))
		require.NoError(t, err)
		line, err := bufio.NewReader(stdout).ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, "hello\n", line)
		require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
		cmd.Wait()
		assert.Equal(t, 130, cmd.ProcessState.ExitCode(), args)
		assert.Empty(t, stderr.String(), args)
	}
}

// Ctrl-C ends the wait for a named pipe that nobody writes to.
func TestInterrupt_NamedPipe(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	o, err := parse([]string{"-decode", "-file", pipe})
	require.NoError(t, err)
	ctx, interrupt := context.WithCancel(context.Background())
	interrupt()
	ended := make(chan error)
	go func() { ended <- decode(ctx, o, nil, newScreen(io.Discard, false), &problems{w: io.Discard}) }()
	select {
	case err := <-ended:
		assert.ErrorIs(t, err, errInterrupted)
	case <-time.After(patient):
		t.Error("it waits for a writer")
	}
	// A writer, so that nothing waits for one any more.
	w, err := os.OpenFile(pipe, os.O_RDWR, 0)
	require.NoError(t, err)
	require.NoError(t, w.Close())
}
