package interop

import (
	"bytes"
	"net"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long a program may take to start, or to end.
const patience = 3 * time.Minute

// start starts a program, which is killed at the end of the test, with the programs that
// it started, or if it has not ended before patience does, so that reads from it fail. What it
// wrote is shown if the test fails.
func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	said := output(cmd)
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Setpgid = true
	require.NoError(t, cmd.Start())
	kill := func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	timer := time.AfterFunc(patience, kill)
	t.Cleanup(func() {
		timer.Stop()
		kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("%s: %s", cmd, said)
		}
	})
}

// run runs a program with what it reads from standard input, and returns what it wrote
// to standard output and standard error. It fails the test if the program fails or patience
// ends.
func run(t *testing.T, input string, cmd *exec.Cmd) string {
	t.Helper()
	cmd.Stdin = strings.NewReader(input)
	said := output(cmd)
	require.NoError(t, cmd.Start())
	kill := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer kill.Stop()
	err := cmd.Wait()
	require.NoError(t, err, "%s: %s", cmd, said)
	return said.String()
}

// output collects what cmd writes, where nothing else is to become of it.
func output(cmd *exec.Cmd) *lockedBuffer {
	said := new(lockedBuffer)
	cmd.WaitDelay = 10 * time.Second // for a program that it has started, and that lives on
	if cmd.Stdout == nil {
		cmd.Stdout = said
	}
	if cmd.Stderr == nil {
		cmd.Stderr = said
	}
	return said
}

// A lockedBuffer may be read while a program writes to it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// freeAddr returns an address that a program can listen at.
func freeAddr(t *testing.T) (addr, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, port, err = net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return l.Addr().String(), port
}

// dial connects to a server that may be starting.
func dial(t *testing.T, network, addr string) net.Conn {
	t.Helper()
	var c net.Conn
	require.Eventually(t, func() bool {
		var err error
		c, err = net.Dial(network, addr)
		return err == nil
	}, patience, 10*time.Millisecond, "dial %s", addr)
	return c
}

// await waits until a server that is starting accepts connections.
func await(t *testing.T, network, addr string) {
	t.Helper()
	dial(t, network, addr).Close()
}
