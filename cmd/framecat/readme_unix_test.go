//go:build unix

package main

import (
	"flag"
	"fmt"
	"html"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
)

var update = flag.Bool("update", false, "write docs/framecat.svg")

const docs = "../../docs"

// The sessions of docs/framecat.md print what they show, in a shell, with
// framecat and a server that echoes in the places of those they name. What it
// answers comes in one write, as they show it.
func TestSessions(t *testing.T) {
	shell, err := exec.LookPath("sh")
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(docs, "framecat.md"))
	require.NoError(t, err)
	found := regexp.MustCompile("```console\n\\$ (printf [^\n]*)\n((?:[^`].*\n)*)```").FindAllStringSubmatch(string(text), -1)
	require.Len(t, found, 6)
	for _, m := range found {
		framing := regexp.MustCompile(`-framing=(\S+)`).FindStringSubmatch(m[1])[1]
		line := strings.ReplaceAll(m[1], "framecat", os.Args[0])
		if strings.Contains(line, "127.0.0.1:8000") {
			line = strings.ReplaceAll(line, "127.0.0.1:8000", gathered(t, framing, strings.Count(m[1], `\n`)))
		}
		cmd := exec.Command(shell, "-c", line)
		cmd.Env = append(os.Environ(), asCommand+"=1")
		out, _ := cmd.CombinedOutput() // some sessions show a failure
		assert.Equal(t, m[2], string(out), m[1])
	}
}

// gathered starts a server for one connection that echoes n messages in one write,
// when it has them all: how many reads its client needs, which depends on when bytes
// arrive, is not to be seen.
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
	for range n {
		payload, err := r.ReadFrame()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if err := w.WriteFrame(payload); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, c)
	return err
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
	assert.Equal(t, strings.ReplaceAll(string(want), "\r\n", "\n"), draw(command+out), "go test ./cmd/framecat -update draws it anew")
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
