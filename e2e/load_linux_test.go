package e2e

import (
	"bufio"
	"encoding/json"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A load that keeps its rate judges restarts: of a server that is asked to end no message
// is lost, and of one that is killed those on their way are.
func TestFramecat_Restart(t *testing.T) {
	framecat, echo := build(t, "framecat"), build(t, "echo")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close() // the server is restarted there
	start := func() *exec.Cmd {
		cmd := exec.Command(echo, "-framing=length", "-addr", addr)
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		log := bufio.NewScanner(stderr)
		for log.Scan() && !strings.Contains(log.Text(), "msg=listening") {
		}
		go func() {
			for log.Scan() {
			}
		}()
		return cmd
	}
	for _, test := range []struct {
		signal syscall.Signal
		args   string
		code   int
	}{
		{syscall.SIGTERM, "-rate=2000", 0},
		{syscall.SIGTERM, "-depth=4", 0},
		{syscall.SIGKILL, "-depth=4", 1},
	} {
		server := start()
		load := exec.Command(framecat, "-load", "-json", "-reconnect", "-conns=8", "-for=3s", "-framing=length", test.args, addr)
		var out, errs strings.Builder
		load.Stdout, load.Stderr = &out, &errs
		if err := load.Start(); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			time.Sleep(500 * time.Millisecond)
			if err := server.Process.Signal(test.signal); err != nil {
				t.Fatal(err)
			}
			server.Wait()
			server = start()
		}
		load.Wait()
		server.Process.Kill()
		server.Wait()
		var m struct {
			Sent, Replies, Lost int64
			Ends                map[string]int
		}
		if err := json.Unmarshal([]byte(out.String()), &m); err != nil {
			t.Fatalf("%v: %s%s", err, &out, &errs)
		}
		t.Logf("%v, %s: %d sent, %d replies, %d lost, %v", test.signal, test.args, m.Sent, m.Replies, m.Lost, m.Ends)
		if code := load.ProcessState.ExitCode(); code != test.code || m.Sent != m.Replies+m.Lost || (m.Lost == 0) != (test.code == 0) || len(m.Ends) == 0 {
			t.Errorf("%v, %s: exit code %d, %d sent, %d replies, %d lost, %v; want exit code %d: %s", test.signal, test.args, code, m.Sent, m.Replies, m.Lost, m.Ends, test.code, &errs)
		}
	}
}
