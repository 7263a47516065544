package operations

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

var (
	restarts  = flag.Int("operations.restarts", 4, "restart the replicas this many `times`")
	handOvers = flag.Int("operations.handovers", 6, "hand the port over this many `times`")
)

// configuration returns the configuration that docs/scale-out.md shows for a
// program, with its addresses replaced by others.
func configuration(t *testing.T, program string, replace ...string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/scale-out.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?s)```" + program + "\n(.*?)```").FindStringSubmatch(string(text))
	if m == nil {
		t.Fatalf("docs/scale-out.md has no configuration of %s", program)
	}
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(m[1], replace[i]) {
			t.Fatalf("the configuration of %s lacks %q", program, replace[i])
		}
	}
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(strings.NewReplacer(replace...).Replace(m[1])), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// replicas starts two servers, and returns how to restart the one with a number.
func replicas(t *testing.T, args ...string) (all [2]*echo, restart func(i int)) {
	for i := range all {
		all[i] = serve(t, args...)
	}
	return all, func(i int) {
		addr, metrics := all[i].addr, all[i].metrics
		all[i].terminate()
		all[i] = serve(t, append(args, "-addr", addr, "-metrics-addr", metrics)...)
	}
}

// The configuration of HAProxy that the document shows: replicas that are restarted
// in turn under load fail no client, and the servers see the clients' addresses.
func TestHAProxy(t *testing.T) {
	t.Parallel()
	all, restart := replicas(t, "-proxy-from", "127.0.0.1", "-drain-delay", "1s", "-max-age", "5s", "-log-connections")
	addr, file := held(t)
	port := func(addr string) string { return addr[strings.LastIndex(addr, ":")+1:] }
	config := configuration(t, "haproxy", "bind 127.0.0.1:8000", "bind fd@3", "inter 1s", "inter 200ms",
		"127.0.0.1:8001 port 9101", all[0].addr+" port "+port(all[0].metrics),
		"127.0.0.1:8002 port 9102", all[1].addr+" port "+port(all[1].metrics))
	haproxy := exec.Command("haproxy", "-db", "-f", config)
	haproxy.ExtraFiles = []*os.File{file}
	launch(t, haproxy)
	clients := begin(2500*time.Microsecond, 8, func() (net.Conn, error) {
		return (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 5)}}).Dial("tcp", addr)
	})
	for i := range *restarts {
		time.Sleep(time.Second) // HAProxy finds it ready
		restart(i % len(all))
	}
	clients.end(t, fmt.Sprintf("%d restarts behind HAProxy", *restarts))
	for _, e := range all {
		e.await(`msg=connection remote=127\.0\.0\.5:\d+ reason=`)
	}
}

// The configuration of nginx, for clients with one line: it may reset those that
// still send when the server ends their connections.
func TestNginx(t *testing.T) {
	t.Parallel()
	all, restart := replicas(t, "-proxy-from", "127.0.0.1", "-log-connections")
	addr, file := held(t)
	file.Close() // nginx has its own way to take a socket over, which is for itself
	config := configuration(t, "nginx", "listen 127.0.0.1:8000", "listen "+addr, "127.0.0.1:8001", all[0].addr, "127.0.0.1:8002", all[1].addr)
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(config)
	module := "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n"
	text = fmt.Appendf([]byte(module), "daemon off;\nmaster_process off;\npid %s/pid;\nerror_log stderr;\nevents {}\n%s", dir, text)
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	launch(t, exec.Command("nginx", "-p", dir, "-e", "stderr", "-c", config))
	for end := time.Now().Add(patient); ; time.Sleep(10 * time.Millisecond) {
		nc, err := net.Dial("tcp", addr)
		if err == nil {
			nc.Close()
			break
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
	clients := begin(2500*time.Microsecond, 0, tcp(addr))
	for i := range *restarts {
		time.Sleep(2 * time.Second) // nginx forgives a refusal after one
		restart(i % len(all))
	}
	clients.end(t, fmt.Sprintf("%d restarts behind nginx", *restarts))
	all[0].await(`msg=connection remote=127\.0\.0\.1:\d+ reason=`)
}

// C23: a new server takes the port over, and the old one is closed: nobody is
// refused or reset, and everybody is answered.
func TestC23_ReusePort(t *testing.T) {
	t.Parallel()
	e := serve(t, "-reuse-port")
	clients := begin(time.Millisecond, 8, tcp(e.addr))
	for range *handOvers {
		next := serve(t, "-reuse-port", "-addr", e.addr)
		e.terminate()
		e = next
	}
	clients.end(t, fmt.Sprintf("%d hand-overs", *handOvers))
	e.terminate()
}

// A service manager holds the socket: restarts refuse nobody either.
func TestC23_SocketActivation(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	activate := launch(t, exec.Command("systemd-socket-activate", "-l", addr, "--fdname=echo", command, "-addr", "systemd:echo"))
	activate.await(`Listening on `)
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(patient))
	activate.await(`msg=listening addr=` + regexp.QuoteMeta(addr))
	fmt.Fprintln(nc, "hello")
	if b := make([]byte, 6); true {
		if _, err := nc.Read(b); err != nil || string(b) != "hello\n" {
			t.Errorf("Read() = %q, %v; want hello, nil", b, err)
		}
	}
}

// Alive and ready are two questions: while it drains a server is alive.
func TestProbes(t *testing.T) {
	t.Parallel()
	e := serve(t, "-drain-delay", "2s")
	status := func(path string) int {
		r, err := http.Get("http://" + e.metrics + path)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		return r.StatusCode
	}
	if live, ready := status("/livez"), status("/readyz"); live != 200 || ready != 200 {
		t.Errorf("/livez %d, /readyz %d; want 200, 200", live, ready)
	}
	go e.terminate()
	e.await("msg=closing")
	for end := time.Now().Add(patient); status("/readyz") == 200 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if live, ready := status("/livez"), status("/readyz"); live != 200 || ready != 503 {
		t.Errorf("/livez %d, /readyz %d; want 200, 503", live, ready)
	}
	<-e.ended
}

// The image of docs/deploy/Containerfile holds nothing but the binary: there it
// serves, and SIGTERM ends it with 0.
func TestFromScratch(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/deploy/Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	list := func(instruction string) (words []string) {
		m := regexp.MustCompile(`(?m)^` + instruction + ` (\[.*\])$`).FindSubmatch(text)
		if m == nil || json.Unmarshal(m[1], &words) != nil {
			t.Fatalf("the Containerfile has no %s", instruction)
		}
		return words
	}
	root := t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(command, root+list("ENTRYPOINT")[0]); err != nil {
		t.Fatal(err)
	}
	args := append(list("CMD"), "-addr=127.0.0.1:0", "-metrics-addr=127.0.0.1:0")
	cmd := &exec.Cmd{Path: list("ENTRYPOINT")[0], Args: append(list("ENTRYPOINT"), args...), Env: []string{}, Dir: "/"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
	}
	e := &echo{process: launch(t, cmd)}
	nc, err := net.Dial("tcp", e.await(`msg=listening addr=(\S+)`)[1])
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	fmt.Fprintln(nc, "hello")
	if line, err := bufio.NewReader(nc).ReadString('\n'); line != "hello\n" {
		t.Errorf("ReadString() = %q, %v; want hello", line, err)
	}
	e.terminate()
}

// systemd has nothing to say of the units.
func TestUnits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"wholeframe-echo.socket", "wholeframe-echo.service"} {
		text, err := os.ReadFile("../../docs/deploy/" + name)
		if err != nil {
			t.Fatal(err)
		}
		unit := strings.Replace(string(text), "/usr/local/bin/wholeframe-echo", command, 1)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(unit), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	verify := exec.Command("systemd-analyze", "verify", "--man=no", filepath.Join(dir, "wholeframe-echo.service"))
	verify.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+dir+":")
	if out, err := verify.CombinedOutput(); err != nil || strings.Contains(string(out), "wholeframe") {
		t.Errorf("systemd-analyze: %v\n%s", err, out)
	}
}
