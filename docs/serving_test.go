package docs

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The lines that docs/serving.md shows are those of the program that it names before
// them, and each program is shown.
func TestServing(t *testing.T) {
	shown := map[string]bool{}
	name, program := "", ""
	for _, m := range find(t, read(t, "docs/serving.md"), "(?m)^\\[(examples/[^\\]]+)\\]\\(.*\\)$|^```go\n((?s:.*?))^```") {
		if m[1] != "" {
			name, program = m[1], unindented(read(t, m[1]))
			shown[filepath.Base(filepath.Dir(name))] = true
			continue
		}
		rest := program
		for part := range strings.SplitSeq(unindented(m[2]), "\n// ...\n") {
			_, after, found := strings.Cut(rest, "\n"+strings.Trim(part, "\n")+"\n")
			if assert.True(t, found, "%s has no lines\n%s", name, part) {
				rest = after
			}
		}
	}
	for _, name := range []string{"smtp", "postgres", "mqtt", "dns", "bigframes", "chat"} {
		assert.True(t, shown[name], "no lines of %s", name)
	}
}

// unindented returns text without what its lines begin with.
func unindented(text string) string {
	return regexp.MustCompile(`(?m)^\t+`).ReplaceAllString(text, "")
}

// The commands that docs/serving.md shows are those that the program's own
// documentation shows, but for its way to be called.
func TestServing_Commands(t *testing.T) {
	for _, m := range find(t, read(t, "docs/serving.md"), "(?m)^```console\n\\$ go run ./examples/(\\w+).*\n((?s:.*?))^```") {
		main := read(t, "examples/"+m[1]+"/main.go")
		for command := range strings.Lines(m[2]) {
			command, isCommand := strings.CutPrefix(command, "$ ")
			require.True(t, isCommand, command)
			assert.Contains(t, main, "//\t"+command)
		}
	}
}
