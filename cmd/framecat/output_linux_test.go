package main

import (
	"context"
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
		{"-load", "-conns=1", "-for=200ms", echo(t, "line")},
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
