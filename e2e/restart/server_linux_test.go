package restart

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
)

// The environment of a server process: where it listens, its log, and whether it says
// goodbye.
const (
	envAddr   = "RESTART_ADDR"
	envLog    = "RESTART_LOG"
	envPolite = "RESTART_POLITE"
)

// goodbye is the last frame that a draining server sends on a connection.
const goodbye = "goodbye"

// TestMain runs the tests, or is a server process.
func TestMain(m *testing.M) {
	flag.Parse()
	if addr := os.Getenv(envAddr); addr != "" {
		if err := serve(addr, os.Getenv(envLog)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// serve serves at addr until SIGTERM, and writes the payload of each frame that it
// handles to the file log, before it sends it back.
func serve(addr, log string) error {
	file, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	s := &server.Server{
		Framer: lengthprefix.Uint32(),
		Handler: func(c *server.Conn, payload []byte) error {
			if _, err := file.Write(append(payload[:len(payload):len(payload)], '\n')); err != nil {
				return err
			}
			time.Sleep(time.Millisecond) // so that there is a request in hand when a signal comes
			return c.Reply(payload)
		},
	}
	if os.Getenv(envPolite) != "" {
		s.Goodbye = func(c *server.Conn, _ server.CloseReason, _ error) { c.Reply([]byte(goodbye)) }
	}
	l, err := server.Listen("tcp", addr)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	fmt.Println("listening")
	context.AfterFunc(ctx, func() { s.Shutdown(context.Background()) })
	if err := s.Serve(l); err != server.ErrServerClosed {
		return err
	}
	return nil
}

// A process is a server that is started again and again at the same address.
type process struct {
	addr, log string
	polite    bool
	cmd       *exec.Cmd
}

// newProcess starts a server at a free port.
func newProcess(t *testing.T, polite bool) *process {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &process{addr: l.Addr().String(), log: filepath.Join(t.TempDir(), "log"), polite: polite}
	l.Close()
	p.start(t)
	t.Cleanup(func() { p.cmd.Process.Kill() })
	return p
}

// start starts the process and waits until it listens.
func (p *process) start(t *testing.T) {
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(os.Environ(), envAddr+"="+p.addr, envLog+"="+p.log)
	if p.polite {
		p.cmd.Env = append(p.cmd.Env, envPolite+"=1")
	}
	p.cmd.Stderr = os.Stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "listening\n" {
		t.Fatalf("the server says %q, %v; want listening", line, err)
	}
}

// awaitRequest waits until the process handles a request.
func (p *process) awaitRequest(t *testing.T) {
	for end, before := time.Now().Add(30*time.Second), p.size(t); p.size(t) == before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no request has come to a server within 30 s")
		}
	}
}

// size returns the size of the log.
func (p *process) size(t *testing.T) int64 {
	info, err := os.Stat(p.log)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// end sends signal to the process, and waits until it has ended.
func (p *process) end(t *testing.T, signal syscall.Signal) {
	if err := p.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	err := p.cmd.Wait()
	if signal == syscall.SIGTERM && err != nil {
		t.Errorf("after SIGTERM the server ended with %v; want nil", err)
	}
}

// handled returns how often each id is in the log.
func (p *process) handled(t *testing.T, counts map[string]int) {
	log, err := os.ReadFile(p.log)
	if err != nil {
		t.Fatal(err)
	}
	for id := range strings.FieldsSeq(string(log)) {
		counts[id]++
	}
}

// haproxy starts HAProxy before the servers, and returns its address.
func haproxy(t *testing.T, servers []*process) (addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	l.Close()
	var config strings.Builder
	fmt.Fprintf(&config, `
defaults
	mode tcp
	timeout connect 3s
	timeout client 60s
	timeout server 60s
	retries 3
	option redispatch 1
listen servers
	bind %s
	balance roundrobin
`, addr)
	for i, p := range servers {
		fmt.Fprintf(&config, "\tserver s%d %s\n", i, p.addr)
	}
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(file, []byte(config.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("haproxy", "-db", "-q", "-f", file)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		nc, err := net.Dial("tcp", addr)
		if err == nil {
			nc.Close()
			return addr
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}
