//go:build unix

package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (p *process) signal(sig os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatal(err)
	}
}

func TestSignal_C13(t *testing.T) {
	for sig, name := range map[syscall.Signal]string{syscall.SIGTERM: "terminated", syscall.SIGINT: "interrupt", syscall.SIGHUP: "hangup"} {
		t.Run(name, func(t *testing.T) {
			handled := make(chan os.Signal, 1)
			signal.Notify(handled, syscall.SIGHUP) // or the process would inherit it ignored, were this test run under nohup
			defer signal.Stop(handled)
			p := serve(t)
			c := p.dial()
			roundTrip(t, c, "hello\n")
			p.signal(sig)
			rest, err := io.ReadAll(c)
			require.NoError(t, err)
			assert.Empty(t, rest)
			c.Close()
			assert.Equal(t, 0, p.exit())
			assert.Regexp(t, `level=INFO msg=closing signal=`+name+` connections=1\n.* level=INFO msg=closed connections=1 took=\S+s\n$`, p.stderr.text())
		})
	}
}

// Under nohup SIGHUP is not a request, and SIGTERM still is.
func TestSignal_C13_Nohup(t *testing.T) {
	signal.Ignore(syscall.SIGHUP)
	p := serve(t) // inherits that
	signal.Reset(syscall.SIGHUP)
	p.signal(syscall.SIGHUP)
	roundTrip(t, p.dial(), "hello\n")
	p.signal(syscall.SIGTERM)
	assert.Equal(t, 0, p.exit())
	assert.NotContains(t, p.stderr.text(), "hangup")
}

// Signals are registered before the command listens, so one that comes while
// the command starts is not lost: here it waits for its certificate, in a pipe.
func TestSignal_C13_WhileStarting(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	text, err := os.ReadFile(cert)
	require.NoError(t, err)
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	p := launch(t, "-addr", "127.0.0.1:0", "-tls-cert", pipe, "-tls-key", key)
	w, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits for the reader
	require.NoError(t, err)
	p.signal(syscall.SIGTERM)
	_, err = w.Write(text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	assert.Equal(t, 0, p.exit())
	assert.Contains(t, p.stderr.text(), "msg=closed")
}

// At any time after its start a signal ends the process with 0, or, before main
// runs and can have it otherwise, by its default action: then it never
// listened.
func TestSignal_C13_AfterStart(t *testing.T) {
	t.Parallel()
	clean := 0
	for delay := time.Duration(0); delay <= 50*time.Millisecond; delay += 5 * time.Millisecond {
		p := launch(t, "-addr", "127.0.0.1:0")
		time.Sleep(delay)
		p.signal(syscall.SIGTERM)
		if code := p.exit(); code == 0 {
			assert.Contains(t, p.stderr.text(), "msg=closed")
			clean++
			continue
		}
		status := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
		assert.True(t, status.Signaled() && status.Signal() == syscall.SIGTERM, "after %v: %v", delay, p.cmd.ProcessState)
		assert.Empty(t, p.stderr.text(), "after %v", delay)
	}
	t.Logf("%d of 11 closed, the others were killed before main", clean)
}

// A busy is a client that has sent lines for which it does not read the
// answers, until neither it nor the server could send any more.
type busy struct {
	*net.TCPConn
	sent int // lines, and perhaps a part of one
}

func busyWith(t *testing.T, p *process) busy {
	t.Helper()
	c := busy{TCPConn: p.dial()}
	c.SetReadBuffer(64 << 10)
	for {
		c.SetWriteDeadline(time.Now().Add(1500 * time.Millisecond))
		if _, err := io.WriteString(c, line(c.sent)); err != nil {
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			return c
		}
		c.sent++
	}
}

// line returns the line with number i.
func line(i int) string { return strconv.Itoa(i) + strings.Repeat(" ", 4000) + "\n" }

// lines reads whole lines until the end of the stream, and returns how many
// they are: they must be the first of those sent, in order.
func lines(t *testing.T, c net.Conn) int {
	t.Helper()
	all, err := io.ReadAll(c)
	require.NoError(t, err)
	n := 0
	for got := range strings.Lines(string(all)) {
		if got != line(n) {
			require.Failf(t, "lines", "line %d is %.20q of %d bytes", n, got, len(got))
		}
		n++
	}
	return n
}

// Supervisors and terminals send two signals: the second is the same request,
// and the client that begins to read long after it gets all its answers.
func TestSignal_C13_TwoAreOneRequest(t *testing.T) {
	t.Parallel()
	p := serve(t, "-grace", "1m") // a busy machine may need more than the default
	c := busyWith(t, p)
	p.signal(syscall.SIGTERM)
	p.signal(syscall.SIGINT) // another one, for the system may merge two that are alike
	p.await("msg=closing")
	time.Sleep(sameRequest + sameRequest/10) // the second has been read by now
	n := lines(t, c)
	assert.Positive(t, n)
	c.Close()
	assert.Equal(t, 0, p.exit())
	t.Logf("%d of %d lines were answered", n, c.sent)
}

// A signal that comes later forces.
func TestSignal_C13_LaterForces(t *testing.T) {
	t.Parallel()
	p := serve(t)
	c := busyWith(t, p)
	p.signal(syscall.SIGTERM)
	p.await("msg=closing")
	time.Sleep(sameRequest + sameRequest/10)
	p.signal(syscall.SIGTERM)
	assert.Equal(t, 3, p.exit())
	assert.Regexp(t, `level=ERROR msg=closed connections=1 took=\S+ err="server: closed with loss: .* 1 connections forced: signal: terminated"\n$`, p.stderr.text())
	_, err := io.Copy(io.Discard, c)
	assert.ErrorIs(t, err, syscall.ECONNRESET)
}

// So does the end of the grace time.
func TestSignal_C13_GraceOver(t *testing.T) {
	t.Parallel()
	p := serve(t, "-grace", "200ms")
	c := busyWith(t, p)
	p.signal(syscall.SIGTERM)
	assert.Equal(t, 3, p.exit())
	assert.Regexp(t, `level=ERROR msg=closed connections=1 took=\S+ err="server: closed with loss: .* 1 connections forced: context deadline exceeded"\n$`, p.stderr.text())
	_, err := io.Copy(io.Discard, c)
	assert.ErrorIs(t, err, syscall.ECONNRESET)
}

// The signal that forces gives signals their default action back, so that a
// third one kills whatever hangs: here standard error is a pipe that is full.
func TestSignal_C13_ThirdKills(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	r, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0) // waits for no writer
	require.NoError(t, err)
	defer r.Close()
	stderr, err := os.OpenFile(pipe, os.O_WRONLY, 0)
	require.NoError(t, err)
	p := &process{t: t, cmd: command(t, "-addr", "127.0.0.1:0")}
	p.cmd.Stderr = stderr
	require.NoError(t, p.cmd.Start())
	stderr.Close()
	log := bufio.NewReader(r)
	first, err := log.ReadString('\n')
	require.NoError(t, err)
	_, p.addr, _ = strings.Cut(first, "addr=")
	p.addr, _, _ = strings.Cut(p.addr, " ")
	c := busyWith(t, p)
	p.signal(syscall.SIGTERM)
	closing, err := log.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, closing, "msg=closing")
	full, err := syscall.Open(pipe, syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	require.NoError(t, err)
	defer syscall.Close(full)
	for err == nil {
		_, err = syscall.Write(full, []byte{'\n'})
	}
	require.ErrorIs(t, err, syscall.EAGAIN)

	time.Sleep(sameRequest + sameRequest/10)
	p.signal(syscall.SIGTERM)
	c.SetWriteDeadline(time.Time{})
	for err = nil; err == nil; { // not by reading, which would let the server finish
		_, err = io.WriteString(c, "x")
	}
	require.ErrorIs(t, err, syscall.ECONNRESET) // it has forced
	p.signal(syscall.SIGTERM)
	p.cmd.Wait()
	status := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	assert.True(t, status.Signaled() && status.Signal() == syscall.SIGTERM, "%v", p.cmd.ProcessState)
}

func TestEcho_Unix(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "echo") // t.TempDir may be too long for a socket
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "socket")
	p := serve(t, "-addr", "unix:"+path)
	require.Equal(t, path, p.addr)
	c, err := net.Dial("unix", path)
	require.NoError(t, err)
	defer c.Close()
	converse(t, c.(*net.UnixConn), "hello\nhalf", "hello\n")
	p.signal(syscall.SIGTERM)
	assert.Equal(t, 0, p.exit())
	_, err = os.Stat(path)
	assert.True(t, errors.Is(err, os.ErrNotExist), "the socket is still there: %v", err)
}
