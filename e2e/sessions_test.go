package e2e

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// sessions are those of the documents: the server's flags, the client's command
// and what it prints.
var sessions = regexp.MustCompile("```console\n\\$ go run ./cmd/echo (.+)\n\\$ (printf .* nc -N 127.*)\n((?:[^`].*\n)*)```")

// The sessions, run as they stand but for the port, print what they say, and
// the server ends with 0.
func TestSessions(t *testing.T) {
	echo := filepath.Join(t.TempDir(), "echo")
	build := exec.Command("go", "build", "-o", echo, "./cmd/echo")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, n := range map[string]int{"README.md": 1, "README.zh-CN.md": 1, "docs/sessions.md": 16} {
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		found := sessions.FindAllStringSubmatch(string(text), -1)
		if len(found) != n {
			t.Fatalf("%s has %d sessions, not %d", name, len(found), n)
		}
		for _, m := range found {
			t.Run(name+" "+m[1], func(t *testing.T) { session(t, echo, m[1], m[2], m[3]) })
		}
	}
}

// session runs the server and the client, and compares what that prints.
func session(t *testing.T, echo, args, client, want string) {
	addr, stop := serve(t, echo, strings.Fields(strings.ReplaceAll(args, "'", ""))...)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(client, " nc -N 127.0.0.1 8000") {
		t.Fatalf("no nc in %s", client)
	}
	client = strings.Replace(client, "127.0.0.1 8000", host+" "+port, 1)
	out, err := exec.Command("sh", "-c", client).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", client, err, out)
	}
	// Where the answer ends without a newline, the next prompt follows it.
	if got := strings.TrimSuffix(string(out), "\n"); got != strings.TrimSuffix(want, "\n") {
		t.Errorf("%s\nprints\n%s\nand not\n%s", client, got, want)
	}
	stop()
}

// serve starts the server on a free port, and returns where it listens and what
// ends it.
func serve(t *testing.T, echo string, args ...string) (addr string, stop func()) {
	cmd := exec.Command(echo, append(args, "-addr", "127.0.0.1:0")...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	log := bufio.NewScanner(stderr)
	log.Scan()
	m := regexp.MustCompile(`msg=listening addr=(\S+) `).FindStringSubmatch(log.Text())
	if m == nil {
		t.Fatalf("the server says %q", log.Text())
	}
	return m[1], func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		for log.Scan() { // to its end
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server: %v", err)
		}
	}
}
