package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/spec"
)

// root is the root of the repository.
const root = "../.."

// readme returns what README.md holds that matches expr, and there are n of it.
func readme(t *testing.T, n int, expr string) [][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	found := regexp.MustCompile(expr).FindAllStringSubmatch(strings.ReplaceAll(string(text), "\r\n", "\n"), -1)
	require.Len(t, found, n, "README.md has other examples than this test knows")
	return found
}

// The sessions send what they say and show what comes back.
func TestReadme_Sessions(t *testing.T) {
	t.Parallel()
	for _, m := range readme(t, 3, "```console\n\\$ go run ./cmd/echo (.+)\n\\$ printf '(.*)' \\| nc -N 127.0.0.1 8000( \\| xxd)?\n((?:[^`].*\n)*)```") {
		args, sent, xxd, shown := strings.Fields(m[1]), m[2], m[3] != "", m[4]
		p := serve(t, args...)
		c := p.dial()
		_, err := c.Write(printf(t, sent))
		require.NoError(t, err)
		require.NoError(t, c.CloseWrite())
		var b bytes.Buffer
		_, err = b.ReadFrom(c)
		require.NoError(t, err)
		got := b.String()
		if xxd {
			got = dump(b.Bytes())
		}
		// Where the answer ends without a newline, the next prompt follows it.
		assert.Equal(t, strings.TrimSuffix(shown, "\n"), strings.TrimSuffix(got, "\n"), m[1])
	}
}

// printf returns what the command of that name writes for a format that has no
// verbs, but Go's escapes and octal numbers of one to three digits.
func printf(t *testing.T, format string) []byte {
	t.Helper()
	octal := regexp.MustCompile(`\\[0-7]{1,3}`).ReplaceAllStringFunc(format, func(s string) string {
		n, _ := strconv.ParseUint(s[1:], 8, 16)
		return fmt.Sprintf(`\x%02x`, n)
	})
	text, err := strconv.Unquote(`"` + octal + `"`)
	require.NoError(t, err)
	return []byte(text)
}

// dump returns what xxd prints for b.
func dump(b []byte) string {
	var s strings.Builder
	for at := 0; at < len(b); at += 16 {
		row := b[at:min(at+16, len(b))]
		var pairs []string
		for i := 0; i < len(row); i += 2 {
			pairs = append(pairs, fmt.Sprintf("%x", row[i:min(i+2, len(row))]))
		}
		text := strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return '.'
			}
			return r
		}, string(row))
		fmt.Fprintf(&s, "%08x: %-39s  %s\n", at, strings.Join(pairs, " "), text)
	}
	return s.String()
}

// The program compiles in a module of its own with the command that makes it
// find a clone beside it, and prints what the server sends back. Nothing is
// fetched.
func TestReadme_Program(t *testing.T) {
	t.Parallel()
	program := readme(t, 1, "```go\n(package main\n(?s:.*?))```")[0][1]
	edit := strings.Fields(readme(t, 1, `\$ go (mod edit -require=.*)\n`)[0][1])
	clone, err := filepath.Abs(root)
	require.NoError(t, err)
	p := serve(t, "-framing=length")
	require.Contains(t, program, `"127.0.0.1:8000"`)
	program = strings.Replace(program, "127.0.0.1:8000", p.addr, 1)
	for i := range edit {
		edit[i] = strings.Replace(edit[i], "=../wholeframe", "="+clone, 1)
	}

	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o600))
	run := func(args ...string) string {
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		require.NoError(t, cmd.Run(), "go %s: %s", strings.Join(args, " "), &stderr)
		return stdout.String()
	}
	run("mod", "init", "example")
	run(edit...)
	assert.Equal(t, "hello\nworld\n", run("run", "."))
}

// Every command line of the server is one.
func TestReadme_Flags(t *testing.T) {
	for _, m := range readme(t, 5, "go run ./cmd/echo ([^`#\n]*)") {
		_, err := parse(strings.Fields(m[1]))
		if _, help := err.(helpText); !help {
			assert.NoError(t, err, m[0])
		}
	}
}

// The table has every framing, and shows the message "hello" as it is written.
func TestReadme_Framings(t *testing.T) {
	table := readme(t, 1, "\\| spec \\| on the wire .*\n.*\n((?:\\|.*\n)+)")[0][1]
	quoted := regexp.MustCompile("`([^`]+)`")
	shown := map[string]bool{}
	for row := range strings.Lines(table) {
		cells := strings.Split(row, " | ")
		require.Len(t, cells, 3, row)
		wires := quoted.FindAllStringSubmatch(cells[1], -1)
		for i, m := range quoted.FindAllStringSubmatch(cells[0], -1) {
			o, err := parse([]string{"-framing", m[1]})
			require.NoError(t, err)
			wire, err := o.framing.Framer.Append(nil, []byte("hello"))
			require.NoError(t, err)
			assert.Equal(t, written(t, wires[i][1]), string(wire), m[1])
			name, _, _ := strings.Cut(m[1], ",")
			shown[name] = true
		}
	}
	for _, f := range spec.Framings() {
		assert.True(t, shown[f.Name], "the table lacks %s", f.Name)
	}
}

// written returns the bytes of a picture: text with escapes, or pieces among
// which are bytes of two hexadecimal digits.
func written(t *testing.T, picture string) string {
	t.Helper()
	octet := regexp.MustCompile(`^[0-9A-F]{2}$`)
	pieces, hex := strings.Split(picture, " "), false
	for i, p := range pieces {
		if octet.MatchString(p) {
			pieces[i], hex = `\x`+p, true
		}
	}
	if hex {
		picture = strings.Join(pieces, "")
	}
	return string(printf(t, picture))
}
