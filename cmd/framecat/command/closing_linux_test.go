package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// acknowledged waits until the peer's system has all bytes that were written to c.
func acknowledged(t *testing.T, c *net.TCPConn) {
	t.Helper()
	raw, err := c.SyscallConn()
	require.NoError(t, err)
	for end := time.Now().Add(patient); time.Now().Before(end); time.Sleep(time.Millisecond) {
		var left int
		require.NoError(t, raw.Control(func(fd uintptr) { left, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) }))
		require.NoError(t, err)
		if left == 0 {
			return
		}
	}
	t.Fatal("the peer's system does not acknowledge")
}

// What had arrived whole when SIGTERM came is passed on, and answered, before the
// stream ends: the program is frozen while clients send, so all of that had arrived
// and nothing of it was read. What has arrived in part is not passed on.
func TestClose_Frozen(t *testing.T) {
	t.Parallel()
	serverTLS, ca := echoTLS(t)
	for _, args := range [][]string{
		{"-framing=line", "-to", echo(t, "line")},
		{"-framing=line", "-to", echo(t, "netstring"), "-to-framing=netstring"},
		{"-framing=line", "-to", serverTLS, "-tls", "-tls-ca", ca},
		{"-framing=line", "-echo"},
	} {
		l := listenOn(t, "", args...)
		const clients, messages = 8, 200
		conns := make([]*net.TCPConn, clients)
		for i := range conns {
			conns[i] = dial(t, l.addr)
			_, err := io.WriteString(conns[i], "first\n")
			require.NoError(t, err)
			_, err = io.ReadFull(conns[i], make([]byte, 6))
			require.NoError(t, err)
		}
		require.NoError(t, l.cmd.Process.Signal(syscall.SIGSTOP))
		var want bytes.Buffer
		for i := range messages {
			fmt.Fprintf(&want, "%d %s\n", i, strings.Repeat("m", 100))
		}
		for range 100 {
			conns = append(conns, dial(t, l.addr)) // in the accept queue
		}
		for _, c := range conns {
			_, err := c.Write(append(want.Bytes(), "half"...))
			require.NoError(t, err)
			acknowledged(t, c)
		}
		require.NoError(t, l.cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, l.cmd.Process.Signal(syscall.SIGCONT))
		for i, c := range conns {
			got, err := io.ReadAll(c)
			require.NoError(t, err)
			assert.Equal(t, want.String(), string(got), "%v: client %d", args, i)
			require.NoError(t, c.Close())
		}
		code, _, stderr := l.end()
		assert.Equal(t, 0, code, "%v: %s", args, stderr)
	}
}

// A server that does not end its side is not waited for forever, and what was lost
// is said.
func TestClose_Forced(t *testing.T) {
	t.Parallel()
	upstream := listenTCP(t)
	l := listenOn(t, "", "-to", upstream.Addr().String(), "-timeout=1s")
	client := dial(t, l.addr)
	server := accept(t, upstream)
	_, err := io.WriteString(client, "hello\n")
	require.NoError(t, err)
	_, err = io.ReadFull(server, make([]byte, 6))
	require.NoError(t, err)
	code, _, stderr := l.stop()
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "framecat: #1: not done within 1s\n")
	_, err = client.Read(make([]byte, 1))
	assert.ErrorIs(t, err, syscall.ECONNRESET)
}

// A reset of one side is one for the other: it does not look like an end.
func TestClose_Reset(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-framing=line"}, {"-framing=line", "-to-framing=line"}} {
		upstream := listenTCP(t)
		l := listenOn(t, "", append(args, "-to", upstream.Addr().String())...)
		for _, fromServer := range []bool{true, false} {
			client := dial(t, l.addr)
			server := accept(t, upstream)
			from, to := client, server
			if fromServer {
				from, to = server, client
			}
			_, err := io.WriteString(from, "hello\n")
			require.NoError(t, err)
			_, err = io.ReadFull(to, make([]byte, 6))
			require.NoError(t, err)
			require.NoError(t, from.SetLinger(0))
			require.NoError(t, from.Close())
			_, err = to.Read(make([]byte, 1))
			assert.ErrorIs(t, err, syscall.ECONNRESET)
		}
		code, _, stderr := l.stop()
		assert.Equal(t, 1, code)
		assert.Equal(t, 2, strings.Count(stderr, "connection reset by peer"), stderr)
	}
}

// A relay that is killed does not end the streams of its clients in order.
func TestClose_Killed(t *testing.T) {
	t.Parallel()
	upstream := listenTCP(t)
	l := listenOn(t, "", "-to", upstream.Addr().String())
	client := dial(t, l.addr)
	server := accept(t, upstream)
	_, err := io.WriteString(client, "hello\n")
	require.NoError(t, err)
	_, err = io.ReadFull(server, make([]byte, 6))
	require.NoError(t, err)
	require.NoError(t, l.cmd.Process.Kill())
	_, err = client.Read(make([]byte, 1))
	assert.ErrorIs(t, err, syscall.ECONNRESET)
	l.end()
}

// A server that has ended is no reason to lose its answers, whatever the client
// still sends, and the client does not keep the connection forever.
func TestClose_ServerGone(t *testing.T) {
	t.Parallel()
	upstream := listenTCP(t)
	l := listenOn(t, "", "-to", upstream.Addr().String())
	client := dial(t, l.addr)
	server := accept(t, upstream)
	_, err := io.WriteString(client, "hello\n")
	require.NoError(t, err)
	_, err = io.ReadFull(server, make([]byte, 6))
	require.NoError(t, err)
	answers := strings.Repeat("answer\n", 1<<12)
	_, err = io.WriteString(server, answers)
	require.NoError(t, err)
	require.NoError(t, server.Close())
	acknowledged(t, client)
	for end := time.Now().Add(lingerTime / 4); err == nil && time.Now().Before(end); {
		_, err = io.WriteString(client, strings.Repeat("more\n", 1<<10)) // a reset would throw the answers away
	}
	require.NoError(t, err)
	got := make([]byte, len(answers))
	_, err = io.ReadFull(client, got)
	require.NoError(t, err)
	assert.Equal(t, answers, string(got))
	_, err = client.Read(got[:1])
	assert.Equal(t, io.EOF, err)
	for err = nil; err == nil; time.Sleep(time.Millisecond) {
		_, err = io.WriteString(client, "more\n") // until the connection is closed
	}
	assert.True(t, errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET), err)
	l.stop()
}

// When a client leaves, its connection to the server is closed too.
func TestClose_ClientGone(t *testing.T) {
	t.Parallel()
	upstream := listenTCP(t)
	l := listenOn(t, "", "-to", upstream.Addr().String(), "-quiet")
	client := dial(t, l.addr)
	server := accept(t, upstream)
	require.NoError(t, client.Close())
	_, err := server.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
	for err = nil; err == nil; time.Sleep(time.Millisecond) {
		_, err = io.WriteString(server, "news\n") // it knows no half-close
	}
	assert.True(t, errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET), err)
	l.stop()
}
