package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/wholeframe/wholeframe/server"
)

// draining waits until Shutdown has begun.
func draining(s *server.Server) {
	for !s.Stats().Draining {
		runtime.Gosched()
	}
}

// C1: what follows urgent data counts as received too.
func TestC1UrgentData(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	s := &server.Server{Framer: lines, Handler: func(c *server.Conn, m []byte) error {
		if string(m) == "first" {
			close(entered)
			<-release
		}
		return server.Echo(c, m)
	}}
	c := dial(t, "tcp", listenTCP(t, s))
	_, err := io.WriteString(c, "first\n")
	require.NoError(t, err)
	<-entered
	raw, err := c.(*net.TCPConn).SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) { err = unix.Send(int(fd), []byte("urgent\n"), unix.MSG_OOB) }))
	require.NoError(t, err)
	_, err = io.WriteString(c, "last\n")
	require.NoError(t, err)
	for outq(c.(*net.TCPConn)) > 0 {
		runtime.Gosched()
	}
	closed := make(chan error)
	go func() { closed <- s.Shutdown(background) }()
	draining(s)
	close(release)
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Equal(t, "first\nurgent\nlast\n", string(got))
	c.Close()
	assert.NoError(t, <-closed)
}

// C9: a peer that does not read what was written to its Unix socket has it all the
// same, and Shutdown does not wait for it.
func TestC9UnixPeerThatDoesNotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	s := &server.Server{Framer: lines, Handler: server.Echo, Grace: 5 * time.Second}
	serve(t, s, l)
	c := dial(t, "unix", path)
	_, err = io.WriteString(c, "a\n")
	require.NoError(t, err)
	for s.Stats().FramesOut == 0 {
		runtime.Gosched()
	}
	require.NoError(t, s.Shutdown(background))
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Equal(t, "a\n", string(got))
}

// C26: a process that is killed while a handler runs resets its connections: the
// end of the stream would say that the frame was not handled.
func TestC26Killed(t *testing.T) {
	const child = "WHOLEFRAME_SERVER_CHILD"
	if os.Getenv(child) != "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		fmt.Println("addr", l.Addr())
		s := &server.Server{Framer: lines, Handler: func(c *server.Conn, m []byte) error {
			if string(m) == "stop" {
				fmt.Println("entered")
				select {}
			}
			return server.Echo(c, m)
		}}
		s.Serve(l)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestC26Killed$")
	cmd.Env = append(os.Environ(), child+"=1")
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer cmd.Process.Kill()
	out := bufio.NewReader(pipe)
	line, err := out.ReadString('\n')
	require.NoError(t, err)
	addr := strings.TrimSpace(strings.TrimPrefix(line, "addr "))
	idle, c := dial(t, "tcp", addr), dial(t, "tcp", addr)
	in := bufio.NewReader(c)
	_, err = io.WriteString(c, "a\n")
	require.NoError(t, err)
	line, err = in.ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "a\n", line)
	_, err = io.WriteString(c, "stop\n")
	require.NoError(t, err)
	_, err = out.ReadString('\n')
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Kill())
	cmd.Wait()
	for _, c := range []net.Conn{c, idle} {
		_, err = io.ReadAll(c)
		assert.ErrorIs(t, err, syscall.ECONNRESET)
	}
}

// C21 on a real socket: a client that has half-closed and does not read holds its
// place until the write timeout, and a reset ends that at once.
func TestC21HalfClosedSocket(t *testing.T) {
	for _, reset := range []bool{true, false} {
		s := &server.Server{Framer: lines, Handler: server.Echo, WriteTimeout: 10 * time.Second}
		if !reset {
			s.WriteTimeout = 300 * ms
		}
		c := dial(t, "tcp", listenTCP(t, s)).(*net.TCPConn)
		require.NoError(t, c.SetReadBuffer(4<<10))
		_, err := io.WriteString(c, strings.Repeat(strings.Repeat("x", 999)+"\n", 200))
		require.NoError(t, err)
		require.NoError(t, c.CloseWrite())
		for s.Stats().Open[server.StateHalfClosed] == 0 {
			time.Sleep(ms)
		}
		if reset {
			require.NoError(t, c.SetLinger(0))
			require.NoError(t, c.Close())
		}
		for s.Stats().Open[server.StateHalfClosed] > 0 {
			time.Sleep(ms)
		}
		if reset {
			assert.EqualValues(t, 1, s.Stats().Closed[server.CloseFailed])
		} else {
			_, err = io.ReadAll(c)
			assert.ErrorIs(t, err, syscall.ECONNRESET)
			assert.EqualValues(t, 1, s.Stats().Closed[server.CloseWriteTimeout])
		}
	}
}
