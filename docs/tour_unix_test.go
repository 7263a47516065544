//go:build unix

package docs

import (
	"bytes"
	"errors"
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

	"github.com/wholeframe/wholeframe/docs/playground/play"
)

// A tourServer is a program of tour.md that runs.
type tourServer struct {
	socket string
	cmd    *exec.Cmd
	stderr bytes.Buffer
	ended  chan error // how it has ended
}

// onSocket returns a program of tour.md, or of the playground, to serve or call a Unix
// socket instead of a port.
func onSocket(program, socket string) string {
	return strings.NewReplacer(
		`serve("127.0.0.1:8000")`, `serve("`+socket+`")`, `"tcp", addr`, `"unix", addr`,
		`"tcp", "127.0.0.1:8000"`, `"unix", "`+socket+`"`,
		`Addrs:  []string{"127.0.0.1:8000"}`, `Network: "unix", Addrs: []string{"`+socket+`"}`,
	).Replace(program)
}

// startTour starts a program, waits until it listens, and ends it after the test.
func startTour(t *testing.T, program string) *tourServer {
	t.Helper()
	s := start(t, program)
	t.Cleanup(func() {
		// A server closes; the first two programs are just killed by the signal.
		if err := s.cmd.Process.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
			assert.NoError(t, err)
		}
		if err := <-s.ended; strings.Contains(program, "Shutdown") {
			assert.NoError(t, err)
		}
	})
	return s
}

// start starts a program and waits until it listens.
func start(t *testing.T, program string) *tourServer {
	t.Helper()
	s := &tourServer{socket: filepath.Join(t.TempDir(), "s"), ended: make(chan error, 1)}
	s.cmd = exec.Command(goBuild(t, onSocket(program, s.socket)))
	s.cmd.Stderr = &s.stderr
	require.NoError(t, s.cmd.Start())
	go func() { s.ended <- s.cmd.Wait() }()
	for {
		c, err := net.Dial("unix", s.socket)
		if err == nil {
			c.Close()
			return s
		}
		select {
		case err := <-s.ended:
			require.FailNow(t, "the program has ended", "%v: %s", err, &s.stderr)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// send returns what the server answers to a client that ends its side.
func (s *tourServer) send(t *testing.T, text string) string {
	t.Helper()
	c, err := net.Dial("unix", s.socket)
	require.NoError(t, err)
	defer c.Close()
	_, err = io.WriteString(c, text)
	require.NoError(t, err)
	require.NoError(t, c.(*net.UnixConn).CloseWrite())
	answer, err := io.ReadAll(c)
	require.NoError(t, err)
	return string(answer)
}

// Every program of tour.md runs, and its sessions are what it answers.
func TestTour(t *testing.T) {
	steps := strings.Split(read(t, "docs/tour.md"), "\n## ")[1:]
	require.Len(t, steps, 7)
	for i, step := range steps[:6] {
		title, _, _ := strings.Cut(step, "\n")
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			program := find(t, step, "(?ms)^```go\n(package main\n.*?)^```")[0][1]
			if i == 5 {
				s := startTour(t, find(t, steps[4], "(?ms)^```go\n(package main\n.*?)^```")[0][1])
				shown := find(t, step, "(?m)^```console\n\\$ go run ./tour/client\n((?s:.*?))```")[0][1]
				assert.Equal(t, shown, goRun(t, onSocket(program, s.socket)))
				return
			}
			s := startTour(t, program)
			for _, m := range find(t, step, "(?m)^```console\n\\$ printf '(.*)' \\| nc -N 127.0.0.1 8000\n((?s:.*?))```") {
				assert.Equal(t, m[2], s.send(t, strings.ReplaceAll(m[1], `\n`, "\n")))
			}
			if i == 4 {
				lastWord(t, s, find(t, step, "reads `(BYE .*?)`")[0][1])
			}
		})
	}
}

// Every server of tour.md, and the program of the playground, reports what was lost when
// it closed, and fails.
func TestLossIsReported(t *testing.T) {
	programs := map[string]string{"playground": play.Play(play.Request{Spec: "line", Mode: play.Text}).Program}
	for _, step := range strings.Split(read(t, "docs/tour.md"), "\n## ")[3:6] {
		title, _, _ := strings.Cut(step, "\n")
		programs[title] = find(t, step, "(?ms)^```go\n(package main\n.*?)^```")[0][1]
	}
	for name, program := range programs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The handler ends the program and does not return; Shutdown does not wait for it.
			s := start(t, strings.Replace(program, "\treturn s.ListenAndServe", `
	s.Grace, s.Open, s.Goodbye = 1, nil, nil
	s.Handler = func(*server.Conn, []byte) error {
		syscall.Kill(os.Getpid(), syscall.SIGTERM)
		select {}
	}
	return s.ListenAndServe`, 1))
			c, err := net.Dial("unix", s.socket)
			require.NoError(t, err)
			defer c.Close()
			_, err = io.WriteString(c, "hello\n")
			require.NoError(t, err)
			var exit *exec.ExitError
			require.ErrorAs(t, <-s.ended, &exit)
			assert.Equal(t, 1, exit.ExitCode())
			assert.Equal(t, 1, strings.Count(s.stderr.String(), "closed with loss: "), s.stderr.String())
		})
	}
}

// lastWord ends a server while a client is connected, which reads a greeting and the last word.
func lastWord(t *testing.T, s *tourServer, word string) {
	t.Helper()
	c, err := net.Dial("unix", s.socket)
	require.NoError(t, err)
	defer c.Close()
	buf := make([]byte, 100)
	n, err := c.Read(buf)
	require.NoError(t, err)
	assert.Equal(t, "HELLO store 1\n", string(buf[:n]))
	require.NoError(t, s.cmd.Process.Signal(os.Interrupt))
	rest, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Equal(t, word+"\n", string(rest))
}
