package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
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

// document returns the text of a file of the repository.
func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	require.NoError(t, err)
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// readmes are the languages of the first page.
var readmes = []string{"README.md", "README.zh-CN.md"}

// only returns what matches expr in the document, with its groups; it must be
// there once.
func only(t *testing.T, name, expr string) []string {
	t.Helper()
	found := regexp.MustCompile(expr).FindAllStringSubmatch(document(t, name), -1)
	require.Equal(t, 1, len(found), "%s: %s", name, expr)
	return found[0]
}

// arguments returns the words of a command line, without its quotes.
func arguments(line string) []string {
	line, _, _ = strings.Cut(line, "#")
	return strings.Fields(strings.ReplaceAll(line, "'", ""))
}

// sessions matches the server's flags, what the client sends, whether it shows
// bytes, and what it prints.
var sessions = regexp.MustCompile("```console\n\\$ go run ./cmd/echo (.+)\n\\$ printf '(.*)' \\| nc -N 127.0.0.1 8000( \\| xxd)?\n((?:[^`].*\n)*)```")

// The sessions send what they say and show what comes back.
func TestDocuments_Sessions(t *testing.T) {
	for name, n := range map[string]int{"README.md": 1, "README.zh-CN.md": 1, "docs/sessions.md": 16} {
		found := sessions.FindAllStringSubmatch(document(t, name), -1)
		require.Equal(t, n, len(found), "%s has other sessions than this test knows", name)
		for _, m := range found {
			t.Run(name+" "+m[1], func(t *testing.T) {
				t.Parallel()
				p := serve(t, arguments(m[1])...)
				checkSession(t, p.dial(), m[2], m[3] != "", m[4])
			})
		}
	}
}

// checkSession sends what a session sends, and compares what comes back with
// what it shows, as bytes or as it is.
func checkSession(t *testing.T, c net.Conn, sent string, xxd bool, shown string) {
	t.Helper()
	_, err := c.Write(printf(t, sent))
	require.NoError(t, err)
	require.NoError(t, c.(interface{ CloseWrite() error }).CloseWrite())
	b, err := io.ReadAll(c)
	require.NoError(t, err)
	got := string(b)
	if xxd {
		got = dump(b)
	}
	// Where the answer ends without a newline, the next prompt follows it.
	assert.Equal(t, strings.TrimSuffix(shown, "\n"), strings.TrimSuffix(got, "\n"))
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

// The function echoes, in a module of its own, with the command that makes it
// find a clone beside it. Nothing is fetched.
func TestReadme_Program(t *testing.T) {
	const main = `package main

import (
	"io"
	"log"
	"net"
	"os"
)

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() {
		c, err := l.Accept()
		check(err)
		check(echo(c))
		check(c.Close())
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	check(err)
	_, err = io.Copy(c, os.Stdin)
	check(err)
	check(c.(*net.TCPConn).CloseWrite())
	_, err = io.Copy(os.Stdout, c)
	check(err)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
`
	for _, name := range readmes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := only(t, name, "```go\n(import \\((?s:.*?))```")[1]
			edit := strings.Fields(only(t, name, "`go (mod edit -require=[^`]*)`")[1])
			clone, err := filepath.Abs(root)
			require.NoError(t, err)
			for i := range edit {
				edit[i] = strings.Replace(edit[i], "=../wholeframe", "="+clone, 1)
			}

			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "echo.go"), []byte("package main\n\n"+program), 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(main), 0o600))
			goCommand(t, dir, "mod", "init", "example")
			goCommand(t, dir, edit...)
			goCommand(t, dir, "build", "-o", "echo.exe", ".")
			cmd := exec.Command(filepath.Join(dir, "echo.exe"))
			const messages = "\x00\x00\x00\x05hello\x00\x00\x00\x05world"
			cmd.Stdin = strings.NewReader(messages)
			out, err := cmd.Output()
			require.NoError(t, err)
			assert.Equal(t, messages, string(out))
		})
	}
}

// goCommand runs the go command in dir and returns what it prints.
func goCommand(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "go %s: %s", strings.Join(args, " "), &stderr)
	return stdout.String()
}

// Every command line of the server is one.
func TestDocuments_Commands(t *testing.T) {
	documents, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	for i := range documents {
		documents[i] = "docs/" + filepath.Base(documents[i])
	}
	documents = append(documents, "docs/deploy/wholeframe-echo.service")
	for _, name := range append(documents, readmes...) {
		for _, m := range regexp.MustCompile("(?:go run ./cmd/echo|\\$ \\S*wholeframe-echo|ExecStart=/usr/local/bin/wholeframe-echo) ([^`\n]*)").FindAllStringSubmatch(document(t, name), -1) {
			_, err := parse(arguments(m[1]))
			if _, help := err.(helpText); !help {
				assert.NoError(t, err, "%s: %s", name, m[0])
			}
		}
	}
}

// The table has every framing, and shows the message "hello" as it is written, or a
// message that the framing takes in which it is.
func TestReadme_Framings(t *testing.T) {
	quoted := regexp.MustCompile("`([^`]+)`")
	for _, name := range readmes {
		table := only(t, name, "\\| spec \\|.*\n.*\n((?:\\|.*\n)+)")[1]
		shown := map[string]bool{}
		for row := range strings.Lines(table) {
			cells := strings.Split(row, " | ")
			require.Len(t, cells, 3, row)
			wires := quoted.FindAllStringSubmatch(cells[1], -1)
			for i, m := range quoted.FindAllStringSubmatch(cells[0], -1) {
				o, err := parse([]string{"-framing", m[1]})
				require.NoError(t, err)
				framing, _, _ := strings.Cut(fmt.Sprint(o.framing.Framer), ",")
				wire, err := o.framing.Framer.Append(nil, message(framing, "hello"))
				require.NoError(t, err)
				assert.Equal(t, written(t, wires[i][1]), string(wire), m[1])
				shown[framing] = true
			}
		}
		for _, f := range spec.Framings() {
			assert.True(t, shown[f.Name], "the table in %s lacks %s", name, f.Name)
		}
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
	return string(printf(t, strings.ReplaceAll(picture, `"`, `\"`)))
}
