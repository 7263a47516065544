package serving

import (
	"bufio"
	"context"
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

	"github.com/wholeframe/wholeframe/framing"
)

// endless is longer than anything here takes.
const endless = time.Minute

// built is the directory of the programs and of a certificate.
var built string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if built, err = os.MkdirTemp("", "serving"); err != nil {
			panic(err)
		}
		defer os.RemoveAll(built)
		build := exec.Command("go", "build", "-o", built, "./examples/...")
		build.Dir = "../.."
		certificate := exec.Command("sh", "-c", `go run "$(go env GOROOT)/src/crypto/tls/generate_cert.go" -host=127.0.0.1`)
		certificate.Dir = built
		for _, cmd := range []*exec.Cmd{build, certificate} {
			if out, err := cmd.CombinedOutput(); err != nil {
				fmt.Fprintf(os.Stderr, "%v: %v: %s", cmd, err, out)
				return 1
			}
		}
		return m.Run()
	}())
}

// withTLS are flags that give a program the certificate.
func withTLS() []string {
	return []string{"-cert", filepath.Join(built, "cert.pem"), "-key", filepath.Join(built, "key.pem")}
}

// A program is one of the examples as it runs.
type program struct {
	t     *testing.T
	cmd   *exec.Cmd
	addrs map[bool]string // where it listens, with TLS or without
	lines *lines          // what it prints
}

var listening = regexp.MustCompile(`listening on ([0-9.:]+)(, TLS: true)?`)

// start starts a program on free ports, and waits until it listens on n of them.
func start(t *testing.T, n int, name string, args ...string) *program {
	t.Helper()
	cmd := exec.Command(filepath.Join(built, name), append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	p := &program{t: t, cmd: cmd, addrs: make(map[bool]string), lines: run(t, cmd)}
	for range n {
		m := p.lines.wait(listening.String())
		p.addrs[m[2] != ""] = m[1]
	}
	return p
}

// addr returns where it listens without TLS.
func (p *program) addr() string { return p.addrs[false] }

func (p *program) port() string {
	_, port, _ := net.SplitHostPort(p.addr())
	return port
}

// dial connects a client that is made by hand.
func (p *program) dial() *net.TCPConn {
	p.t.Helper()
	c, err := net.Dial("tcp", p.addr())
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(endless))
	return c.(*net.TCPConn)
}

// terminate asks the program to end.
func (p *program) terminate() { p.cmd.Process.Signal(syscall.SIGTERM) }

// ends waits until it has ended without a loss.
func (p *program) ends() {
	p.t.Helper()
	p.lines.rest()
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("%v: %v", p.cmd, err)
	}
}

// lines are those that a command prints, to its output or as errors.
type lines struct {
	t    *testing.T
	name string
	ch   chan string // closed when there are no more
}

// run starts cmd, which ends with the test at the latest.
func run(t *testing.T, cmd *exec.Cmd) *lines {
	t.Helper()
	l := &lines{t, filepath.Base(cmd.Path), make(chan string, 1000)}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(l.ch)
		for s := bufio.NewReader(r); ; {
			line, err := s.ReadString('\n')
			if line != "" {
				l.ch <- strings.TrimRight(line, "\r\n")
			}
			if err != nil {
				return
			}
		}
	})
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		for range l.ch {
		}
		reading.Wait()
		r.Close()
	})
	return l
}

// next returns the next line.
func (l *lines) next() string {
	l.t.Helper()
	select {
	case line, ok := <-l.ch:
		if !ok {
			l.t.Fatalf("%s prints no more lines", l.name)
		}
		return line
	case <-time.After(endless):
		l.t.Fatalf("%s prints no line", l.name)
	}
	panic("unreachable")
}

// wait waits for a line that matches expr, and returns what its groups match.
func (l *lines) wait(expr string) []string {
	l.t.Helper()
	for r := regexp.MustCompile(expr); ; {
		if m := r.FindStringSubmatch(l.next()); m != nil {
			return m
		}
	}
}

// rest returns the lines until the command ends.
func (l *lines) rest() (all []string) {
	l.t.Helper()
	over := time.After(endless)
	for {
		select {
		case line, ok := <-l.ch:
			if !ok {
				return all
			}
			all = append(all, line)
		case <-over:
			l.t.Fatalf("%s does not end; it has printed %q", l.name, all)
		}
	}
}

// client runs a command to its end, and returns what it prints.
func client(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), endless)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+built) // no configuration of the user
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return string(out)
}

// contains fails the test unless text has all parts.
func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("got\n%s\nwant %q in it", text, part)
		}
	}
}

// readFrames reads the payloads of n frames.
func readFrames(t *testing.T, c *framing.Conn, n int) (payloads []string) {
	t.Helper()
	for i := range n {
		payload, err := c.ReadFrame()
		if err != nil {
			t.Fatalf("frame %d of %d: %v", i, n, err)
		}
		payloads = append(payloads, string(payload))
	}
	return payloads
}

// readEnd fails the test unless the stream ends here.
func readEnd(t *testing.T, c *framing.Conn) {
	t.Helper()
	if payload, err := c.ReadFrame(); err != io.EOF {
		t.Errorf("ReadFrame() = %q, %v; want EOF", payload, err)
	}
}
