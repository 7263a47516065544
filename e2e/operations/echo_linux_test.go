package operations

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patient is when a test that waits gives up, and fails.
const patient = time.Minute

// command is the path of the command, built as docs/operations.md says.
var command string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "operations")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		command = filepath.Join(dir, "echo")
		build := exec.Command("go", "build", "-o", command, "./cmd/echo")
		build.Dir = "../.."
		build.Env = append(os.Environ(), "CGO_ENABLED=0") // static
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%v: %s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// A process is a program that writes a log.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	ended chan struct{}

	mu   sync.Mutex
	log  bytes.Buffer
	more chan struct{} // receives when there is more
}

// launch starts cmd, and kills it when the test ends.
func launch(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, ended: make(chan struct{}), more: make(chan struct{}, 1)}
	cmd.Stdout, cmd.Stderr = p, p
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-p.ended
		if t.Failed() {
			t.Logf("%v:\n%s", cmd, p.text())
		}
	})
	return p
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case p.more <- struct{}{}:
	default:
	}
	return p.log.Write(b)
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// await waits until the log matches, and returns the submatches.
func (p *process) await(expr string) []string {
	p.t.Helper()
	re, over := regexp.MustCompile(expr), time.After(patient)
	for {
		if m := re.FindStringSubmatch(p.text()); m != nil {
			return m
		}
		select {
		case <-p.more:
		case <-p.ended:
			if m := re.FindStringSubmatch(p.text()); m != nil {
				return m
			}
			p.t.Fatalf("the process has ended, and its log does not match %s", expr)
		case <-over:
			p.t.Fatalf("the log does not match %s", expr)
		}
	}
}

// An echo is the command as it runs.
type echo struct {
	*process
	addr, metrics string
}

// serve starts the command on free ports, or where args say, and waits until it
// listens.
func serve(t *testing.T, args ...string) *echo {
	t.Helper()
	args = append([]string{"-addr", "127.0.0.1:0", "-metrics-addr", "127.0.0.1:0"}, args...)
	e := &echo{process: launch(t, exec.Command(command, args...))}
	e.metrics = e.await(`msg="serving metrics" addr=(\S+)`)[1]
	e.addr = e.await(`msg=listening addr=(\S+)`)[1]
	return e
}

// terminate closes the server, which must not lose anything.
func (e *echo) terminate() {
	e.t.Helper()
	if err := e.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		e.t.Error(err)
	}
	select {
	case <-e.ended:
		if code := e.cmd.ProcessState.ExitCode(); code != 0 {
			e.t.Errorf("the exit code is %d; want 0\n%s", code, e.text())
		}
	case <-time.After(patient):
		e.t.Errorf("the server does not end")
	}
}

// held listens on a free port, and returns its address and the file, for a program
// that is to serve there.
func held(t *testing.T) (string, *os.File) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return l.Addr().String(), f
}
