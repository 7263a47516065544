package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The framing that CONTRIBUTING.md adds, added to a copy of the module, keeps
// the laws, and the tests that go over all framings pass with it.
func TestContributing(t *testing.T) {
	dir := t.TempDir()
	for _, part := range []string{"framing", "testdata", "server", "docs"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, part), os.DirFS("../"+part)))
	}
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	write("go.mod", read(t, "go.mod"))
	write("go.sum", read(t, "go.sum"))

	text := read(t, "CONTRIBUTING.md")
	for _, m := range find(t, text, "(?m)^`(\\S+)`\n\n```(?:go|json)\n((?s:.*?))^```") {
		write(m[1], m[2])
	}
	for _, m := range find(t, text, "(?m)^```diff\n\\+\\+\\+ (\\S+)\n((?s:.*?))^```") {
		patched := read(t, m[1])
		for hunk := range strings.SplitSeq(m[2], "@@\n") {
			patched = insert(t, patched, hunk)
		}
		write(m[1], patched)
	}

	run := func(name string, args ...string) {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s %s\n%s", name, strings.Join(args, " "), out)
		if name == "gofmt" {
			require.Empty(t, string(out))
		}
	}
	run("gofmt", "-l", "framing/hexlength", "framing/spec")
	run("go", "vet", "./framing/hexlength", "./framing/spec")
	run("go", "test", "./framing/hexlength", "./framing/spec")
	run("go", "test", "-run", "Vectors", "./framing/framingtest")
	run("go", "test", "-run", "Menu|GoCode", "./docs/playground/play")
}

// insert inserts the lines of a hunk that begin with + after those that do
// not, which must be in text once.
func insert(t *testing.T, text, hunk string) string {
	t.Helper()
	var before, added string
	for line := range strings.Lines(hunk) {
		if line[0] == '+' {
			added += line[1:]
			continue
		}
		require.Empty(t, added, "context stands before what is added")
		before += line[1:]
	}
	require.Equal(t, 1, strings.Count(text, before), before)
	return strings.Replace(text, before, before+added, 1)
}
