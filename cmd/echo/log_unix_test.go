//go:build unix

package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// serveInto starts the command with w for its standard error, of which r is the
// other end, and waits until it listens.
func serveInto(t *testing.T, w *os.File, r *bufio.Reader, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: command(t, append([]string{"-addr", "127.0.0.1:0"}, args...)...), ended: make(chan struct{})}
	p.cmd.Stderr = w
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, p.cmd.Start())
	w.Close()
	go func() {
		p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.ended
	})
	first, err := r.ReadString('\n')
	require.NoError(t, err)
	p.addr = regexp.MustCompile(`addr=(\S+)`).FindStringSubmatch(first)[1]
	return p
}

// bad is a client that breaks the framing, which is logged, and gets the end of
// the stream.
func (p *process) bad() {
	p.t.Helper()
	converse(p.t, p.dial(), "half", "")
}

// C24: when the reader of standard error is gone, nothing happens to anybody.
func TestSignal_C24_ReaderGone(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	p := serveInto(t, w, bufio.NewReaderSize(r, 16))
	require.NoError(t, r.Close())
	good := p.dial()
	roundTrip(t, good, "hello\n")
	for range 3 {
		p.bad()
		roundTrip(t, good, "hello\n")
	}
	p.signal(syscall.SIGTERM)
	rest, err := io.ReadAll(good)
	assert.NoError(t, err)
	assert.Empty(t, rest)
	good.Close()
	assert.Equal(t, 0, p.exit())
}

// C24: nor when it reads no more, and the pipe is full. What it reads in the end
// are whole lines, and how many are missing.
func TestSignal_C24_FullPipe(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	log := bufio.NewReader(r)
	p := serveInto(t, w, log, "-max-payload=4", "-v")
	good := p.dial()
	const others = 2000
	for range others { // -v logs each, of which neither the pipe nor the backlog hold all
		c := p.dial()
		roundTrip(t, c, "hi\n")
		c.Close()
	}
	p.bad()
	roundTrip(t, good, "hi\n")
	p.signal(syscall.SIGTERM)
	rest, err := io.ReadAll(good)
	assert.NoError(t, err)
	assert.Empty(t, rest)
	good.Close()
	assert.Equal(t, 0, p.exit())
	text, err := io.ReadAll(log)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "msg=closed", "the pipe was not full")
}

// Once the reader reads again, it is told how many lines are missing.
func TestSignal_C24_Dropped(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	log := bufio.NewReader(r)
	p := serveInto(t, w, log, "-v")
	const clients = 2000
	for range clients {
		c := p.dial()
		roundTrip(t, c, "hi\n")
		converse(t, c, "", "")
		c.Close()
	}
	ended, dropped := 0, 0
	count := func(line string) {
		if m := regexp.MustCompile(`level=WARN msg="log lines were dropped" dropped=(\d+)\n`).FindStringSubmatch(line); m != nil {
			n, err := strconv.Atoi(m[1])
			require.NoError(t, err)
			dropped += n
		} else if strings.Contains(line, `msg="connection ended"`) {
			ended++
		}
	}
	for dropped == 0 {
		line, err := log.ReadString('\n')
		require.NoError(t, err)
		count(line)
	}
	p.signal(syscall.SIGTERM)
	assert.Equal(t, 0, p.exit())
	text, err := io.ReadAll(log)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		count(line)
	}
	// The server itself drops lines where a busy machine has not let it write any.
	assert.LessOrEqual(t, ended+dropped, clients)
	assert.Greater(t, ended+dropped, clients/2)
	assert.Regexp(t, `(?s)msg=closing signal=terminated connections=\d+\n.*msg=closed connections=\d+ took=\S+\n$`, string(text))
}

// C24: echo 2>&1 | tee log, and Ctrl-C, which ends tee at once.
func TestSignal_C24_Tee(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	shown, tee, err := os.Pipe()
	require.NoError(t, err)
	defer shown.Close()
	p := &process{t: t, cmd: command(t, "-addr", "127.0.0.1:0"), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = w, w
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, p.cmd.Start())
	go func() {
		p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.ended
	})
	reader := exec.Command("tee", filepath.Join(t.TempDir(), "log"))
	reader.Stdin, reader.Stdout = r, tee
	reader.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: p.cmd.Process.Pid}
	require.NoError(t, reader.Start())
	for _, f := range []*os.File{r, w, tee} {
		f.Close()
	}
	first, err := bufio.NewReader(shown).ReadString('\n')
	require.NoError(t, err)
	p.addr = regexp.MustCompile(`addr=(\S+)`).FindStringSubmatch(first)[1]

	clients := []busy{busyWith(t, p), busyWith(t, p)}
	require.NoError(t, syscall.Kill(-p.cmd.Process.Pid, syscall.SIGINT))
	assert.Error(t, reader.Wait())
	for _, c := range clients {
		assert.Positive(t, lines(t, c))
		c.Close()
	}
	assert.Equal(t, 0, p.exit())
}
