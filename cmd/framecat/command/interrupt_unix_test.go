//go:build unix

package command

import (
	"bufio"
	"context"
	"io"
	"net"
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

// Ctrl-C ends a session, and a capture that never ends, and nothing is printed other
// than the exit code, which tells of what was wrong before.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args   []string
		stdin  string
		code   int
		stderr string
	}{
		{[]string{echo(t, "line")}, "hello\n", 130, ""},
		{[]string{"-decode"}, "hello\n", 130, ""},
		{[]string{"-decode", "-max-payload=5"}, "longer\nhello\n", 1, "framecat: framing: frame at offset 0: payload of 6 bytes exceeds the limit of 5 bytes\n"},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), patient)
		defer cancel()
		cmd := exec.CommandContext(ctx, os.Args[0], test.args...)
		cmd.Env = append(os.Environ(), asCommand+"=1")
		stdin, err := cmd.StdinPipe()
		require.NoError(t, err)
		defer stdin.Close()
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		require.NoError(t, cmd.Start())
		_, err = io.WriteString(stdin, test.stdin)
		require.NoError(t, err)
		line, err := bufio.NewReader(stdout).ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, "hello\n", line)
		require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
		cmd.Wait()
		assert.Equal(t, test.code, cmd.ProcessState.ExitCode(), test.args)
		assert.Equal(t, test.stderr, stderr.String(), test.args)
	}
}

// After Ctrl-C a load waits for the replies that are on their way, checks them,
// and does not wait forever.
func TestInterrupt_Load(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		reply  string // to what was sent up to Ctrl-C; "": there is none, and no end either
		code   int
		stderr string
	}{
		{"\x00\x00\x00\x01x", 1, "framecat: 1 of 1 connections: a reply is not the message that was sent\n"},
		{"", 130, ""},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patient)
		defer cancel()
		cmd := exec.CommandContext(ctx, os.Args[0], "-load", "-conns=1", "-for=-1s", "-timeout=-1s", "-framing=length", l.Addr().String())
		cmd.Env = append(os.Environ(), asCommand+"=1")
		var stdout, stderr strings.Builder
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		require.NoError(t, cmd.Start())
		c, err := l.Accept()
		require.NoError(t, err)
		defer c.Close()
		_, err = io.ReadFull(c, make([]byte, 1))
		require.NoError(t, err)
		require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
		if test.reply != "" {
			io.WriteString(c, test.reply)
		}
		cmd.Wait()
		assert.Equal(t, test.code, cmd.ProcessState.ExitCode())
		assert.Contains(t, stdout.String(), "0 messages echoed")
		assert.Equal(t, test.stderr, stderr.String())
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
	go func() {
		ended <- decode(ctx, &job{options: o, out: newScreen(io.Discard, false), problems: &problems{w: io.Discard}})
	}()
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

// A process that was stopped for longer than the timeout does not lose the answer
// that has come meanwhile.
func TestStopped(t *testing.T) {
	t.Parallel()
	const timeout = time.Second // or a busy machine is too late with SIGSTOP
	got, proceed := make(chan bool), make(chan bool)
	addr := once(t, func(c *net.TCPConn) {
		io.ReadFull(c, make([]byte, 6))
		got <- true
		<-proceed
		io.WriteString(c, "answer\n")
		proceed <- true
		io.Copy(io.Discard, c)
	})
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-timeout", timeout.String(), addr)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	var stdout, stderr strings.Builder
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("hello\n"), &stdout, &stderr
	require.NoError(t, cmd.Start())
	<-got
	require.NoError(t, cmd.Process.Signal(syscall.SIGSTOP))
	proceed <- true
	<-proceed
	time.Sleep(2 * timeout) // its deadline passes
	require.NoError(t, cmd.Process.Signal(syscall.SIGCONT))
	require.NoError(t, cmd.Wait(), stderr.String())
	assert.Equal(t, "answer\n", stdout.String())
	assert.Empty(t, stderr.String())
}
