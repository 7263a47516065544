package main

import (
	"fmt"
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

// passing returns the command with files from descriptor 3 on, and the variables
// set as env says. The process that runs the command sets LISTEN_PID to its own,
// which nobody else knows, unless env does.
func passing(t *testing.T, files []*os.File, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := command(t, args...)
	shell, err := exec.LookPath("sh")
	require.NoError(t, err)
	script := `exec "$0" "$@"`
	if !strings.HasPrefix(strings.Join(env, "\n"), "LISTEN_PID") {
		script = `LISTEN_PID=$$ ` + script
	}
	cmd.Path, cmd.Args = shell, append([]string{"sh", "-c", script}, cmd.Args...)
	cmd.Env = append(cmd.Env, env...)
	cmd.ExtraFiles = files
	return cmd
}

// tcpFile returns the file of a listener, and its address.
func tcpFile(t *testing.T) (*os.File, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f, l.Addr().String()
}

// The socket with the name is served, whichever it is. It stays open when the
// server ends, and its next owner serves the clients that wait in it (C23).
func TestSystemd_C23(t *testing.T) {
	t.Parallel()
	other, _ := tcpFile(t)
	f, addr := tcpFile(t)
	for range 3 {
		waiting, err := net.Dial("tcp", addr)
		require.NoError(t, err)
		defer waiting.Close()
		waiting.SetDeadline(time.Now().Add(patient))
		p := startProcess(t, passing(t, []*os.File{other, f}, []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=other:echo"}, "-addr", "systemd:echo"))
		p.awaitListening()
		assert.Equal(t, addr, p.addr)
		roundTrip(t, waiting, "hello\n")
		p.signal(syscall.SIGTERM)
		_, err = io.ReadAll(waiting)
		require.NoError(t, err)
		assert.Equal(t, 0, p.exit())
	}
}

// An environment that lies is told so, in one line.
func TestSystemd_Lies(t *testing.T) {
	t.Parallel()
	listening, _ := tcpFile(t)
	plain, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer plain.Close()
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	connected, end := os.NewFile(uintptr(ends[0]), "connected"), os.NewFile(uintptr(ends[1]), "end")
	defer connected.Close()
	defer end.Close()
	for _, test := range []struct {
		name  string
		files []*os.File
		env   []string
		says  string
	}{
		{"nothing", nil, nil, "no socket was passed on: LISTEN_PID and LISTEN_FDS are not set"},
		{"another process", []*os.File{listening}, []string{"LISTEN_PID=1", "LISTEN_FDS=1", "LISTEN_FDNAMES=echo"}, `for another process: LISTEN_PID is "1"`},
		{"no number", []*os.File{listening}, []string{"LISTEN_FDS=many"}, `LISTEN_FDS is "many"; want the number`},
		{"negative", []*os.File{listening}, []string{"LISTEN_FDS=-1"}, `LISTEN_FDS is "-1"; want the number`},
		{"huge", []*os.File{listening}, []string{"LISTEN_FDS=2000000000", "LISTEN_FDNAMES=echo"}, "LISTEN_FDNAMES has 1 names"},
		{"too few names", []*os.File{listening}, []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=echo"}, "LISTEN_FDS is 2, and LISTEN_FDNAMES has 1 names"},
		{"no names", []*os.File{listening}, []string{"LISTEN_FDS=1"}, `no socket has the name "echo"; want one of ["unknown"]`},
		{"another name", []*os.File{listening}, []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=web"}, `no socket has the name "echo"; want one of ["web"]`},
		{"the name twice", []*os.File{listening, listening}, []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=echo:echo"}, `several sockets have the name "echo"`},
		{"no socket", []*os.File{plain}, []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=echo"}, "descriptor 3: socket operation on non-socket; want a listening socket"},
		{"not open", nil, []string{"LISTEN_FDS=90", "LISTEN_FDNAMES=" + strings.Repeat("x:", 89) + "echo"}, "descriptor 92: bad file descriptor; want a listening socket"},
		{"a connection", []*os.File{connected}, []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=echo"}, "descriptor 3 is not listening; want Accept=no"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := startProcess(t, passing(t, test.files, test.env, "-addr", "systemd:echo"))
			line := p.await(`.*\n`)[0]
			require.Regexp(t, `^echo: -addr systemd:echo: `, line) // or it listens, and does not exit
			assert.Contains(t, line, test.says)
			assert.Equal(t, 1, p.exit())
			assert.Equal(t, line, p.stderr.text())
		})
	}
}

// The service manager is told when the server is ready, that it lives, and that it
// stops.
func TestSystemd_Notify(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "echo")
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	require.NoError(t, err)
	defer manager.Close()
	manager.SetDeadline(time.Now().Add(patient))
	told := func() string {
		var b [100]byte
		n, err := manager.Read(b[:])
		require.NoError(t, err)
		return string(b[:n])
	}
	cmd := command(t, "-addr", "127.0.0.1:0", "-drain-delay", "50ms")
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+manager.LocalAddr().String(), "WATCHDOG_USEC=20000")
	p := startProcess(t, cmd)
	assert.Equal(t, "READY=1", told())
	p.awaitListening()
	for range 3 {
		assert.Equal(t, "WATCHDOG=1", told())
	}
	p.signal(syscall.SIGTERM)
	state := told()
	for state == "WATCHDOG=1" {
		state = told()
	}
	assert.Equal(t, "STOPPING=1", state)
	assert.Equal(t, "WATCHDOG=1", told(), "while it drains")
	assert.Equal(t, 0, p.exit())
}

// What is wrong with the manager's socket is in the log, and harms nobody. A
// watchdog that is meant for another process, or has no time, is not told.
func TestSystemd_NotifyFails(t *testing.T) {
	t.Parallel()
	for _, env := range [][]string{
		{"NOTIFY_SOCKET=/no/such/socket", "WATCHDOG_USEC=1000", "WATCHDOG_PID=1"},
		{"NOTIFY_SOCKET=/" + strings.Repeat("x", 199), "WATCHDOG_USEC=0"},
		{"NOTIFY_SOCKET=x", "WATCHDOG_USEC=soon"},
	} {
		cmd := command(t, "-addr", "127.0.0.1:0")
		cmd.Env = append(cmd.Env, env...)
		p := startProcess(t, cmd)
		p.awaitListening()
		p.await(`level=WARN msg="the service manager cannot be told" state="?READY=1"? err=`)
		roundTrip(t, p.dial(), "hello\n")
		p.signal(syscall.SIGTERM)
		assert.Equal(t, 0, p.exit(), fmt.Sprint(env))
	}
}
