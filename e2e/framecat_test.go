package e2e

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A terminal is a real one, of tmux, with a shell in it.
type terminal struct {
	t      *testing.T
	socket string
}

func newTerminal(t *testing.T) *terminal {
	x := &terminal{t, filepath.Join(t.TempDir(), "tmux")}
	x.tmux("-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "40", "env PS1='> ' sh")
	t.Cleanup(func() { x.tmux("kill-server") })
	return x
}

func (x *terminal) tmux(args ...string) string {
	x.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", x.socket}, args...)...).CombinedOutput()
	if err != nil {
		x.t.Fatalf("tmux %s: %v: %s", args[0], err, out)
	}
	return string(out)
}

// await types keys and waits until the terminal shows want; it returns all that
// the terminal shows, with colours.
func (x *terminal) await(want string, keys ...string) string {
	x.t.Helper()
	if len(keys) > 0 {
		x.tmux(append([]string{"send-keys"}, keys...)...)
	}
	var shown string
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if shown = x.tmux("capture-pane", "-p"); strings.Contains(shown, want) {
			return x.tmux("capture-pane", "-p", "-e")
		}
	}
	x.t.Fatalf("the terminal does not show %q:\n%s", want, shown)
	return ""
}

// build builds a command of the main module.
func build(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	cmd := exec.Command("go", "build", "-o", path, "./cmd/"+name)
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// Colours are shown on a terminal, and not with NO_COLOR or in a pipe.
func TestFramecat_Color(t *testing.T) {
	framecat, x := build(t, "framecat"), newTerminal(t)
	for i, test := range []struct {
		line    string
		colored bool
	}{
		{"printf '2:hi,' | %s -decode -x -framing=netstring", true},
		{"printf '2:hi,' | NO_COLOR=1 %s -decode -x -framing=netstring", false},
		{"printf '2:hi,' | TERM=dumb %s -decode -x -framing=netstring", false},
		{"printf '2:hi,' | %s -decode -x -framing=netstring | cat", false},
		{"printf '2:hi,' | %s -decode -x -framing=netstring -color=always | cat", true},
	} {
		done := fmt.Sprintf("done %d", i)
		line := "clear; " + fmt.Sprintf(test.line, framecat) + fmt.Sprintf("; echo done $((%d))", i)
		shown := x.await(done+"\n", line, "Enter")
		if !strings.Contains(shown, "message 1:") {
			t.Errorf("%s shows\n%s", line, shown)
		}
		if colored := strings.Contains(shown, "\x1b[36m"); colored != test.colored {
			t.Errorf("%s: colours %v, want %v\n%q", line, colored, test.colored, shown)
		}
	}
}

// A load shows how far it is, and Ctrl-C ends it with the summary.
func TestFramecat_Load(t *testing.T) {
	framecat := build(t, "framecat")
	addr, stop := serve(t, build(t, "echo"), "-framing=length")
	x := newTerminal(t)
	x.await(" replies, ", framecat+" -load -conns 2 -for -1s -framing=length "+addr+"; echo code $?", "Enter")
	shown := x.await("code 130\n", "C-c")
	for _, want := range []string{"every byte checked", "latency: 50%", "errors: none"} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %q in\n%s", want, shown)
		}
	}
	// A terminal that knows no control sequences is sent none.
	raw := filepath.Join(t.TempDir(), "raw")
	x.tmux("pipe-pane", "cat > "+raw)
	x.await("code 0\n", "TERM=dumb "+framecat+" -load -conns 2 -for 1s -framing=length "+addr+"; echo code $?", "Enter")
	var sent []byte
	for end := time.Now().Add(time.Minute); !strings.Contains(string(sent), "code 0") && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		sent, _ = os.ReadFile(raw)
	}
	if !strings.Contains(string(sent), "errors: none") || strings.Contains(string(sent), "\x1b[K") {
		t.Errorf("the terminal is sent %q", sent)
	}
	stop()
}

// What a peer sends does not control the terminal: not its title, not its
// colours, not the place of the cursor.
func TestFramecat_HostilePeer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const hostile = "\x1b]0;taken\a\x1b[2J\x1b[31mred"
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.Copy(io.Discard, c)
			fmt.Fprintf(c, "%s\nplain\n", hostile)
			c.Close()
		}
	}()
	framecat, x := build(t, "framecat"), newTerminal(t)
	for _, flags := range []string{"", "-x -color=never "} {
		shown := x.await("code 0\n", "echo before; "+framecat+" "+flags+l.Addr().String()+" < "+os.DevNull+"; echo code $?", "Enter")
		if !strings.Contains(shown, "before") || strings.Contains(shown, "\x1b[31m") {
			t.Errorf("the terminal shows %q", shown)
		}
		x.await("cleared 2\n", "clear; echo cleared $((1+1))", "Enter")
	}
	if title := x.tmux("display-message", "-p", "#{pane_title}"); strings.Contains(title, "taken") {
		t.Errorf("the title is %q", title)
	}
}

// The help fits one screen of the usual size, with examples first.
func TestFramecat_HelpFits(t *testing.T) {
	framecat, x := build(t, "framecat"), newTerminal(t)
	x.tmux("resize-window", "-x", "80", "-y", "26") // and two lines for the shell
	shown := x.await("code 0\n", "clear; "+framecat+" -h; echo code $?", "Enter")
	if !strings.Contains(shown, "framecat is nc for framed protocols") || !strings.Contains(shown, "-framing=length HOST:PORT") {
		t.Errorf("the terminal shows\n%s", shown)
	}
}

// Lines are typed, and Ctrl-D ends the input; one that the terminal has cut is said.
func TestFramecat_Typed(t *testing.T) {
	framecat, x := build(t, "framecat"), newTerminal(t)
	addr, stop := serve(t, build(t, "echo"), "-framing=line,keep")
	host, port, _ := net.SplitHostPort(addr)
	session := framecat + " -framing=line,keep %s " + host + " " + port + "; echo code $?"
	x.await("\"hello\\n\"\n", "clear; "+fmt.Sprintf(session, ""), "Enter", "hello", "Enter")
	x.await("code 0\n", "C-d")
	x.tmux("send-keys", "clear; echo begin; "+fmt.Sprintf(session, "-quiet"), "Enter")
	x.await("begin\n")
	for range 5 {
		x.tmux("send-keys", "-l", strings.Repeat("m", 1000))
	}
	x.await("line 1 has 4095 bytes: a terminal takes no longer lines", "Enter")
	x.await("code 0\n", "C-d")
	stop()
}

// What a client or a server sends through a proxy does not control the terminal, in
// whatever form it is shown; Ctrl-C ends the proxy with 0.
func TestFramecat_HostileProxy(t *testing.T) {
	framecat, x := build(t, "framecat"), newTerminal(t)
	addr, stop := serve(t, build(t, "echo"), "-framing=length")
	const hostile = "\x1b]0;taken\a\x1b[2J\x1b[31mred\u009b2J\u202e"
	frame := fmt.Sprintf("\x00\x00\x00%c%s", len(hostile), hostile)
	for _, flags := range []string{"", "-x -color=never", "-json", "-hex"} {
		free := listenTCP(t)
		proxy := free.Addr().String()
		free.Close()
		x.await("listening on "+proxy, "clear; echo before; "+framecat+" -listen "+proxy+" -to "+addr+" -framing=length "+flags+"; echo code $?", "Enter")
		c, err := net.Dial("tcp", proxy)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, frame); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, make([]byte, len(frame))); err != nil {
			t.Fatal(err)
		}
		c.Close()
		code := "code 0\n"
		if flags == "" {
			// What is no frame is reported, and that is the exit code.
			c, err := net.Dial("tcp", proxy)
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(c, "\xff\x1b]0;taken\a")
			c.(*net.TCPConn).CloseWrite()
			io.ReadAll(c)
			c.Close()
			code = "code 1\n"
		}
		shown := x.await(code, "C-c")
		if !strings.Contains(shown, "before") || strings.Contains(shown, "\x1b[31m") || strings.Contains(shown, "\u009b") {
			t.Errorf("%s: the terminal shows %q", flags, shown)
		}
		if flags == "" && !(strings.Contains(shown, "\x1b[36m#1 -> 1") && strings.Contains(shown, "\x1b[33m#1 <- 1")) {
			t.Errorf("the directions have no colours of their own: %q", shown)
		}
	}
	if title := x.tmux("display-message", "-p", "#{pane_title}"); strings.Contains(title, "taken") {
		t.Errorf("the title is %q", title)
	}
	stop()
}
