package main

import (
	"context"
	"flag"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// asCommand is the variable that makes the test binary the command, so that
// tests run real processes, with the race detector too, and need no build.
const asCommand = "WHOLEFRAME_ECHO"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	flag.Parse()
	flag.Set("test.parallel", "4") // the tests wait most of the time
	os.Exit(leakless(m))
}

// patient is when a test that waits gives up, and fails.
const patient = time.Minute

// command returns the command with args, to be started.
func command(t *testing.T, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	return cmd
}

// A process is the command as it runs.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr output
	ended  chan struct{}
	addr   string // where it listens
}

// launch starts the command.
func launch(t *testing.T, args ...string) *process {
	t.Helper()
	return startProcess(t, command(t, args...))
}

// startProcess starts cmd, which runs the command in the end.
func startProcess(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, ended: make(chan struct{})}
	p.stderr.changed.L = &p.stderr.mu
	p.cmd.Stderr = &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		p.stderr.end()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.ended
		if t.Failed() {
			t.Logf("%s, on standard error:\n%s", cmd, p.stderr.text())
		}
	})
	return p
}

// serve starts the command on a free port, or where args say, and waits until
// it listens.
func serve(t *testing.T, args ...string) *process {
	t.Helper()
	p := launch(t, append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	p.awaitListening()
	return p
}

// awaitListening waits until the process listens.
func (p *process) awaitListening() {
	p.t.Helper()
	p.addr = p.await(`msg"?[=:]"?listening"?[ ,]"?addr"?[=:]"?([^ ",]+)`)[1]
}

// await waits until standard error matches, and returns the submatches.
func (p *process) await(expr string) []string {
	p.t.Helper()
	re := regexp.MustCompile(expr)
	o := &p.stderr
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		if m := re.FindStringSubmatch(o.all.String()); m != nil {
			return m
		}
		if o.ended {
			p.t.Fatalf("the process ended and its standard error does not match %s", expr)
		}
		o.changed.Wait()
	}
}

// exit waits for the end of the process and returns its exit code, -1 if a
// signal killed it.
func (p *process) exit() int {
	<-p.ended
	return p.cmd.ProcessState.ExitCode()
}

// dial returns a connection to the process.
func (p *process) dial() *net.TCPConn {
	p.t.Helper()
	c, err := net.Dial("tcp", p.addr)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patient))
	return c.(*net.TCPConn)
}

// output gathers what a process writes.
type output struct {
	mu      sync.Mutex
	changed sync.Cond
	all     strings.Builder
	ended   bool
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all.Write(p)
	o.changed.Broadcast()
	return len(p), nil
}

func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	o.changed.Broadcast()
}

func (o *output) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.String()
}
