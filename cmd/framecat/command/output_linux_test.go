package command

import (
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// That standard output takes nothing more is one error, at once.
func TestOutputFails(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"-decode"},
		{"-decode", "-x"},
		{"-decode", "-count"},
		{echo(t, "line")},
		{"-x", echo(t, "line")},
		{"-x", "-half", "-timeout=-1s", echo(t, "line")},
		{"-load", "-conns=1", "-for=500ms", echo(t, "line")},
	} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		require.NoError(t, err)
		defer full.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patient)
		defer cancel()
		cmd := exec.CommandContext(ctx, os.Args[0], args...)
		cmd.Env = append(os.Environ(), asCommand+"=1")
		var stderr strings.Builder
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("hello\nworld\n"), full, &stderr
		cmd.Run()
		assert.Equal(t, 1, cmd.ProcessState.ExitCode(), args)
		assert.Equal(t, "framecat: write /dev/stdout: no space left on device\n", stderr.String(), args)
	}
}

// A listener whose output takes nothing more ends with that one error, and its
// clients are not left waiting.
func TestOutputFails_Listen(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	defer full.Close()
	for _, args := range [][]string{{"-echo"}, {"-to", echo(t, "line")}, {"-to", echo(t, "line"), "-to-framing=line"},
		{"-to", echo(t, "line"), "-quiet", "-record", "/dev/full"}, {"-echo", "-quiet", "-record", "/dev/full"}} {
		l := startListener(t, full, "", args...)
		c := dial(t, l.addr)
		_, err = io.WriteString(c, "hello\n")
		require.NoError(t, err)
		_, err = io.ReadAll(c)
		assert.False(t, os.IsTimeout(err), err)
		code, _, stderr := l.end()
		assert.Equal(t, 1, code, args)
		assert.Equal(t, 1, strings.Count(stderr, "no space left on device"), stderr)
	}
}
