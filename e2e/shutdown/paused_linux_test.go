package shutdown

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// dialLine connects with a process that frames lines, and has one echoed.
func dialLine(t *testing.T, p *process) (*net.TCPConn, *bufio.Reader) {
	t.Helper()
	nc, err := net.Dial("tcp", p.at.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(endless))
	r := bufio.NewReader(nc)
	io.WriteString(nc, "hello\n")
	if line, err := r.ReadString('\n'); line != "hello\n" {
		t.Fatalf("read %q, %v; want %q", line, err, "hello\n")
	}
	return nc.(*net.TCPConn), r
}

// arrive waits until the peer's kernel has all that was written to c.
func arrive(t *testing.T, c *net.TCPConn) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for left := 1; left > 0; time.Sleep(time.Millisecond) {
		raw.Control(func(fd uintptr) { left, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) })
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A process that stood longer than its idle timeout finds messages that arrived
// meanwhile: its clients were not idle.
func TestPausedIsNotIdle(t *testing.T) {
	t.Parallel()
	const idle, clients = 2 * time.Second, 20
	process, err := buildEcho(t).start("tcp", "line", "-idle-timeout", idle.String())
	if err != nil {
		t.Fatal(err)
	}
	defer process.kill()
	var conns []*net.TCPConn
	var readers []*bufio.Reader
	for range clients {
		nc, r := dialLine(t, process)
		conns, readers = append(conns, nc), append(readers, r)
	}
	if err := process.freeze(); err != nil {
		t.Fatal(err)
	}
	for i, nc := range conns {
		fmt.Fprintf(nc, "client %d\n", i)
		arrive(t, nc)
	}
	time.Sleep(3 * idle / 2)
	process.cmd.Process.Signal(syscall.SIGCONT)
	for i, r := range readers {
		want := fmt.Sprintf("client %d\n", i)
		if line, err := r.ReadString('\n'); line != want {
			t.Errorf("client %d read %q, %v; want %q", i, line, err, want)
		}
	}
	process.cmd.Process.Signal(syscall.SIGTERM)
	if err := process.end(); err != nil {
		t.Error(err)
	}
}

// C1: a byte of urgent data in what was received is part of the stream, and what
// follows it was received too.
func TestC1UrgentData(t *testing.T) {
	process, err := buildEcho(t).start("tcp", "line")
	if err != nil {
		t.Fatal(err)
	}
	defer process.kill()
	nc, r := dialLine(t, process)
	if err := process.freeze(); err != nil {
		t.Fatal(err)
	}
	send := func(text string, flags int) {
		raw, err := nc.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) { err = unix.Sendto(int(fd), []byte(text), flags, nil) })
		if err != nil {
			t.Fatal(err)
		}
	}
	rest := "gent\n" + strings.Repeat("more\n", 100)
	send("ur", 0)
	send("-", unix.MSG_OOB)
	send(rest, 0)
	arrive(t, nc)
	process.cmd.Process.Signal(syscall.SIGTERM)
	process.cmd.Process.Signal(syscall.SIGCONT)
	got, err := io.ReadAll(r)
	if want := "ur-" + rest; string(got) != want || err != nil {
		t.Errorf("read %d bytes %.20q, %v; want %d bytes %.20q", len(got), got, err, len(want), want)
	}
	if err := process.end(); err != nil {
		t.Error(err)
	}
}
