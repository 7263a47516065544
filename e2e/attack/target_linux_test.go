package attack

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var echo string // the command

func TestMain(m *testing.M) {
	if os.Getenv(asAttacker) != "" {
		attack()
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "attack")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	echo = filepath.Join(dir, "echo")
	build := exec.Command("go", "build", "-o", echo, "./cmd/echo")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v: %s", err, out)
		return 1
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// patient is when a test that waits gives up, and fails.
const patient = time.Minute

// A target is the command as it runs.
type target struct {
	t       *testing.T
	pid     int
	log     output
	addr    string
	metrics string
	tls     *tls.Config // for clients; nil without TLS
}

// attackOn starts the command.
func attackOn(t *testing.T, args ...string) *target {
	t.Helper()
	return start(t, append([]string{echo}, args...))
}

// start starts the command that args call.
func start(t *testing.T, args []string) *target {
	t.Helper()
	cmd := exec.Command(args[0], append(args[1:], "-addr", "127.0.0.1:0", "-metrics-addr", "127.0.0.1:0")...)
	s := &target{t: t}
	cmd.Stderr = &s.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.pid = cmd.Process.Pid
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("the server says\n%.4000s", s.log.text())
		}
	})
	s.addr = s.says(`msg=listening addr=(\S+) `)
	s.metrics = s.says(`msg="serving metrics" addr=(\S+)`)
	return s
}

// output gathers what the server writes.
type output struct {
	mu  sync.Mutex
	all strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.Write(p)
}

func (o *output) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.String()
}

// says waits until the server's log matches expr, and returns the submatch.
func (s *target) says(expr string) (submatch string) {
	s.t.Helper()
	re := regexp.MustCompile(expr)
	s.until("the log to match "+expr, func() bool {
		m := re.FindStringSubmatch(s.log.text())
		if m != nil {
			submatch = m[1]
		}
		return m != nil
	})
	return submatch
}

// until waits for what no connection of the test can tell.
func (s *target) until(what string, done func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patient); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("in vain for %s", what)
		}
	}
}

// dial returns a connection to the server, which ends with the test.
func (s *target) dial() *net.TCPConn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patient))
	return c.(*net.TCPConn)
}

// send dials n connections that send b and stay.
func (s *target) send(n int, b []byte) []*net.TCPConn {
	s.t.Helper()
	all := make([]*net.TCPConn, n)
	for i := range all {
		all[i] = s.dial()
		if _, err := all[i].Write(b); err != nil {
			s.t.Fatal(err)
		}
	}
	return all
}

// count returns the sum of the server's series whose names begin with prefix.
func (s *target) count(prefix string) (sum int) {
	s.t.Helper()
	client := http.Client{Timeout: patient, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get("http://" + s.metrics + "/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	known := false
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, prefix) {
			n, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:len(line)-1], 64)
			if err != nil {
				s.t.Fatal(err)
			}
			sum, known = sum+int(n), true
		}
	}
	if !known {
		s.t.Fatalf("the server does not count %s", prefix)
	}
	return sum
}

func (s *target) open() int     { return s.count(`wholeframe_connections{`) }
func (s *target) accepted() int { return s.count(`wholeframe_connections_accepted_total `) }
func (s *target) ended(why string) int {
	return s.count(`wholeframe_connections_ended_total{reason="` + why + `"}`)
}

// resident returns the server's resident memory in KiB.
func (s *target) resident() (kib int) {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	if err != nil {
		s.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		s.t.Fatal(err)
	}
	return kib
}

// cpu returns the processor time that the server has used.
func (s *target) cpu() time.Duration {
	s.t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.pid))
	if err != nil {
		s.t.Fatal(err)
	}
	// Fields 14 and 15, counted after the name, which ends at the last ).
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var user, system int
	fmt.Sscan(fields[11], &user)
	fmt.Sscan(fields[12], &system)
	return time.Duration(user+system) * time.Second / 100 // USER_HZ
}

// reads returns how often the server has called read.
func (s *target) reads() (n int) {
	s.t.Helper()
	io, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", s.pid))
	if err != nil {
		s.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(io), "syscr: ")
	if _, err := fmt.Sscan(rest, &n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// descriptors returns how many the server has open.
func (s *target) descriptors() int {
	s.t.Helper()
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.pid))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(fds)
}
