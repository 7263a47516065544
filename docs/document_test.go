package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// read returns the text of a file of the repository, named from its root.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", name))
	require.NoError(t, err)
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// find returns all matches of expr in text with their groups, one at least.
func find(t *testing.T, text, expr string) [][]string {
	t.Helper()
	found := regexp.MustCompile(expr).FindAllStringSubmatch(text, -1)
	require.NotEmpty(t, found, "nothing matches %s", expr)
	return found
}

// rows returns the cells of the table under the header that begins with head.
func rows(t *testing.T, text, head string) (table [][]string) {
	t.Helper()
	m := find(t, text, `(?m)^\| `+head+` \|.*\n\|[-|]+\n((?:\|.*\n)+)`)
	require.Len(t, m, 1, head)
	for row := range strings.Lines(m[0][1]) {
		table = append(table, strings.Split(strings.Trim(row, "| \n"), " | "))
	}
	return table
}

// coded returns what stands between backquotes in a cell.
func coded(t *testing.T, cell string) []string {
	t.Helper()
	var all []string
	for _, m := range find(t, cell, "`([^`]+)`") {
		all = append(all, m[1])
	}
	return all
}

// goRun runs a program as goBuild builds it, and returns what it prints.
func goRun(t *testing.T, program string) string {
	t.Helper()
	cmd := exec.Command(goBuild(t, program))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s\n%s", &stderr, program)
	return string(out)
}

// goBuild builds the program in a module of its own that finds this one beside it,
// and returns its file. Nothing is fetched.
func goBuild(t *testing.T, program string) string {
	t.Helper()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	const module = "github.com/wholeframe/wholeframe"
	write("go.mod", "module example\n\ngo 1.25\n\nrequire "+module+" v0.0.0\n\nreplace "+module+" => "+root+"\n")
	write("main.go", program)
	cmd := exec.Command("go", "build", "-o", "program.exe", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", out, program)
	return filepath.Join(dir, "program.exe")
}
