//go:build unix

package command

import (
	"flag"
	"fmt"
	"html"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
)

var update = flag.Bool("update", false, "write docs/framecat.svg")

const docs = "../../../docs"

// The recipes of docs/framecat.md print what they show, in a shell, but for times and
// ports: -listen runs until the end of its recipe, and 127.0.0.1:8000 is a server that
// echoes.
func TestRecipes(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(docs, "framecat.md"))
	require.NoError(t, err)
	sections := strings.Split(string(text), "\n## ")[1:]
	commands := 0
	for _, section := range sections {
		title, _, _ := strings.Cut(section, "\n")
		blocks := regexp.MustCompile("```console\n\\$ (.*)\n((?:[^`].*\n)*)```").FindAllStringSubmatch(section, -1)
		commands += len(blocks)
		_, program, _ := strings.Cut(section, "```go\n")
		program, _, _ = strings.Cut(program, "```")
		dir := t.TempDir()
		if program != "" {
			buildOwn(t, dir, program) // here, for the recipes that follow measure
		}
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			followRecipe(t, dir, blocks)
		})
	}
	assert.Equal(t, strings.Count(string(text), "\n$ ")-2, commands) // those of the introduction are another's
}

// masked is the times and ports in the output of a command, and measuredNumber what a
// load has measured, with what a machine that has other work could not send in time.
var (
	masked         = regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d\.\d{3} |127\.0\.0\.1:\d+`)
	measuredNumber = regexp.MustCompile(`(?m)^\d+ messages? due and not sent\n|[\d.]+(µs|ms|s)?`)
)

// buildOwn builds a program that adds the framing of CONTRIBUTING.md as dir/mycat, in a
// module of its own that finds this one beside it. Nothing is fetched.
func buildOwn(t *testing.T, dir, program string) {
	t.Helper()
	root, err := filepath.Abs(filepath.Join(docs, ".."))
	require.NoError(t, err)
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		return string(text)
	}
	const module = "github.com/wholeframe/wholeframe"
	files := map[string]string{
		"go.mod":  "module example\n\ngo 1.25\n\nrequire " + module + " v0.0.0\n\nreplace " + module + " => " + root + "\n",
		"go.sum":  read("go.sum"),
		"main.go": program,
	}
	for _, m := range regexp.MustCompile("(?m)^`framing/(hexlength/\\w+\\.go)`\n\n```go\n((?s:.*?))^```").FindAllStringSubmatch(read("CONTRIBUTING.md"), -1) {
		if !strings.HasSuffix(m[1], "_test.go") {
			files[m[1]] = m[2]
		}
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "hexlength"), 0o700))
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	cmd := exec.Command("go", "build", "-o", "mycat", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

// followRecipe runs commands with their outputs, in dir.
func followRecipe(t *testing.T, dir string, blocks [][]string) {
	cert, key := certificate(t)
	require.NoError(t, os.Rename(cert, filepath.Join(dir, "cert.pem")))
	require.NoError(t, os.Rename(key, filepath.Join(dir, "key.pem")))
	capture, err := os.ReadFile("testdata/capture.pcap")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "capture.pcap"), capture, 0o600))
	shell := func(line string) *exec.Cmd {
		cmd := exec.Command("sh", "-c", line)
		cmd.Env = append(os.Environ(), asCommand+"=1")
		cmd.Dir = dir
		return cmd
	}
	type running struct {
		*exec.Cmd
		output *lines
		want   string
	}
	var listeners []running
	addrs := strings.NewReplacer()
	for _, block := range blocks {
		line, want := block[1], block[2]
		if strings.Contains(line, "127.0.0.1:8000") {
			addr := ""
			if strings.Contains(line, "-load") || strings.Contains(line, "-framed") {
				addr = echo(t, serverFraming(line))
			} else {
				addr = gathered(t, serverFraming(line), max(1, strings.Count(line, `\n`)))
			}
			line = strings.ReplaceAll(line, "127.0.0.1:8000", addr)
		}
		line = strings.ReplaceAll(addrs.Replace(line), "framecat ", os.Args[0]+" ")
		listen := regexp.MustCompile(`-listen (\S+)`).FindStringSubmatch(line)
		if listen == nil {
			out, _ := shell(line).CombinedOutput() // some show a failure
			// Where the output ends without a newline, the next prompt follows it.
			masked := masked
			if strings.Contains(line, "-load") {
				masked = measuredNumber
			}
			assert.Equal(t, masked.ReplaceAllString(strings.TrimSuffix(want, "\n"), ""), masked.ReplaceAllString(strings.TrimSuffix(string(out), "\n"), ""), line)
			continue
		}
		cmd, output := shell("exec "+strings.Replace(line, listen[1], "127.0.0.1:0", 1)), &lines{first: make(chan string, 1)}
		cmd.Stdout, cmd.Stderr = output, output
		require.NoError(t, cmd.Start())
		t.Cleanup(func() { cmd.Process.Kill() })
		_, addr, _ := strings.Cut(<-output.first, "listening on ")
		addrs = strings.NewReplacer(listen[1], addr, strings.Replace(listen[1], ":", " ", 1), strings.Replace(addr, ":", " ", 1))
		listeners = append(listeners, running{cmd, output, want})
	}
	for _, l := range listeners {
		require.NoError(t, l.Process.Signal(syscall.SIGTERM))
		require.NoError(t, l.Wait())
		assert.Equal(t, masked.ReplaceAllString(l.want, ""), masked.ReplaceAllString(l.output.text.String(), ""))
	}
}

// serverFraming returns the framing of the server that a command connects to.
func serverFraming(line string) string {
	for _, name := range []string{"-to-framing=", "-framing="} {
		if _, after, ok := strings.Cut(line, " "+name); ok {
			return strings.Fields(after)[0]
		}
	}
	return "line"
}

// gathered starts a server for one connection that echoes the first n messages in one
// write, when it has them all: how many reads its client needs, which depends on when
// bytes arrive, is not to be seen.
func gathered(t *testing.T, framing string, n int) (addr string) {
	t.Helper()
	f, err := spec.Parse(framing)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- echoAtOnce(l, f, n) }()
	t.Cleanup(func() {
		l.Close()
		assert.NoError(t, <-served)
	})
	return l.Addr().String()
}

func echoAtOnce(l net.Listener, f framing.Framer, n int) error {
	c, err := l.Accept()
	if err != nil {
		return err
	}
	defer c.Close()
	r, w := framing.NewReader(c, f), framing.NewWriter(c, f)
	for payload, err := range r.Frames() {
		if err != nil {
			return err
		}
		if err := w.WriteFrame(payload); err != nil {
			return err
		}
		if n--; n <= 0 {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}

// The picture shows what the program prints; go test -update draws it anew.
func TestPicture(t *testing.T) {
	const sends = "\x00\x00\x00\x05hello\x00\x00\x00\x05world"
	_, out, _ := finish(t, "hello\nworld\n", "-x", "-n=0", "-stick", "-chop=12", "-color=always", "-framing=length", answer(t, sends))
	const command = "$ printf 'hello\\nworld\\n' | framecat -x -stick -chop=12 -framing=length 127.0.0.1:8000\n"
	file := filepath.Join(docs, "framecat.svg")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(draw(command+out)), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, strings.ReplaceAll(string(want), "\r\n", "\n"), draw(command+out), "go test ./cmd/framecat/command -update draws it anew")
}

// draw returns coloured text as an SVG picture.
func draw(text string) string {
	fills := map[string]string{"36": "#56d4dd", "32": "#7ee787", "35": "#d2a8ff", "33": "#e3b341", "2": "#8b949e", "31": "#ff7b72", "0": ""}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" width="860" height="%d" font-family="monospace" font-size="14" role="img" aria-label="framecat -x shows the bytes of two messages">`+"\n", 20*len(lines)+30)
	s.WriteString(`<rect width="100%" height="100%" rx="8" fill="#0d1117"/>` + "\n")
	for i, line := range lines {
		fmt.Fprintf(&s, `<text x="16" y="%d" fill="#e6edf3" xml:space="preserve">`, 30+20*i)
		for j, part := range strings.Split(line, "\x1b[") {
			code := ""
			if j > 0 {
				code, part, _ = strings.Cut(part, "m")
			}
			if fill := fills[code]; fill != "" {
				fmt.Fprintf(&s, `<tspan fill="%s">%s</tspan>`, fill, html.EscapeString(part))
			} else {
				s.WriteString(html.EscapeString(part))
			}
		}
		s.WriteString("</text>\n")
	}
	return s.String() + "</svg>\n"
}
