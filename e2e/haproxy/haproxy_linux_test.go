package haproxy

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var restartsFlag = flag.Int("haproxy.restarts", 3, "rolling restarts of both servers")

// An echo is a server that can be started again on the same address.
type echo struct {
	t    *testing.T
	path string // of the command

	addr, metrics string

	cmd *exec.Cmd
	log *bufio.Scanner
}

// build builds the server.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "echo")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/echo")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// newEcho starts a server on a free port of host. HAProxy's connections come from
// 127.0.0.1, so on another address their ports are never in the way.
func newEcho(t *testing.T, path, host string) *echo {
	t.Helper()
	e := &echo{t: t, path: path, addr: net.JoinHostPort(host, "0")}
	e.start()
	t.Cleanup(func() { e.cmd.Process.Kill() })
	return e
}

func (e *echo) start() {
	e.t.Helper()
	e.cmd = exec.Command(e.path, "-framing=line", "-max-payload=64MiB", "-grace=1m", "-addr="+e.addr, "-metrics-addr=127.0.0.1:0")
	stderr, err := e.cmd.StderrPipe()
	if err != nil {
		e.t.Fatal(err)
	}
	if err := e.cmd.Start(); err != nil {
		e.t.Fatal(err)
	}
	e.log = bufio.NewScanner(stderr)
	listening := regexp.MustCompile(`msg=(?:listening|"serving metrics") addr=(\S+)`)
	for _, addr := range []*string{&e.addr, &e.metrics} {
		e.log.Scan()
		m := listening.FindStringSubmatch(e.log.Text())
		if m == nil {
			e.t.Fatalf("the server says %q", e.log.Text())
		}
		*addr = m[1]
	}
}

// signal asks the server to close.
func (e *echo) signal() {
	e.t.Helper()
	if err := e.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		e.t.Fatal(err)
	}
}

// end waits for the end of the server, which must be a clean one.
func (e *echo) end() {
	e.t.Helper()
	for e.log.Scan() { // to its end
	}
	if err := e.cmd.Wait(); err != nil {
		e.t.Errorf("the server: %v", err)
	}
}

// startProxy starts HAProxy in front of the servers, and returns the path of the
// socket at which it listens.
func startProxy(t *testing.T, echoes ...*echo) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "haproxy") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket, config := filepath.Join(dir, "s"), filepath.Join(dir, "cfg")
	var text strings.Builder
	fmt.Fprintf(&text, `defaults
    mode tcp
    timeout connect 3s
    timeout client 1m
    timeout server 1m
    retries 3
    option redispatch
listen echo
    bind unix@%s
`, socket)
	for i, e := range echoes {
		fmt.Fprintf(&text, "    server echo%d %s check\n", i, e.addr)
	}
	if err := os.WriteFile(config, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	proxy := exec.Command("haproxy", "-db", "-f", config)
	proxy.Stdout, proxy.Stderr = &log, &log
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		proxy.Process.Kill()
		proxy.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	for end := time.Now().Add(time.Minute); visit(socket) != nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("HAProxy does not serve")
		}
	}
	return socket
}

// visit connects, sends a line at once, and wants it back.
func visit(socket string) error {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	const line = "hello\n"
	if _, err := io.WriteString(c, line); err != nil {
		return err
	}
	got := make([]byte, len(line))
	if n, err := io.ReadFull(c, got); err != nil {
		return fmt.Errorf("%w after %d bytes", err, n)
	}
	if string(got) != line {
		return fmt.Errorf("got %q; want %q", got, line)
	}
	return nil
}

// C18: two servers are restarted, one after the other, while 400 clients a second
// come. None of them notices: whoever is not served by one is refused there, and
// served by the other.
func TestC18_RollingRestarts(t *testing.T) {
	path := build(t)
	echoes := []*echo{newEcho(t, path, "127.0.0.2"), newEcho(t, path, "127.0.0.3")}
	socket := startProxy(t, echoes...)
	var (
		clients sync.WaitGroup
		done    = make(chan struct{})

		mu     sync.Mutex
		served int
		failed = make(map[string]int)
	)
	clients.Go(func() {
		tick := time.NewTicker(time.Second / 400)
		defer tick.Stop()
		for range tick.C {
			select {
			case <-done:
				return
			default:
			}
			clients.Go(func() {
				err := visit(socket)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					failed[err.Error()]++
				} else {
					served++
				}
			})
		}
	})
	for range *restartsFlag {
		for _, e := range echoes {
			time.Sleep(500 * time.Millisecond)
			e.signal()
			e.end()
			e.start()
		}
	}
	close(done)
	clients.Wait()
	t.Logf("%d restarts of two servers: %d connections served, failed: %v", *restartsFlag, served, failed)
	if len(failed) > 0 || served == 0 {
		t.Errorf("%d served, failed: %v; want none", served, failed)
	}
}
