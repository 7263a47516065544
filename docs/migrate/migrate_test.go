package migrate

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/spec"
)

// document returns the text of migrate.md.
func document(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../migrate.md")
	require.NoError(t, err)
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// The functions of migrate.md are those of this package, letter by letter.
func TestDocument(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var code strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		code.WriteString(strings.ReplaceAll(string(text), "\r\n", "\n"))
	}
	blocks := regexp.MustCompile("(?ms)^```go\n(.*?)^```").FindAllStringSubmatch(document(t), -1)
	assert.Len(t, blocks, 12)
	for _, m := range blocks {
		assert.Contains(t, code.String(), "\n"+m[1], "copy the function from the file that has it")
	}
}

// The specs beside constructors of others are specs.
func TestDocument_Specs(t *testing.T) {
	specs := regexp.MustCompile("(?m)^\\| .* \\| `([a-z][^` (]*)`(?:, as \\S+)? \\|$").FindAllStringSubmatch(document(t), -1)
	assert.Len(t, specs, 9)
	for _, m := range specs {
		_, err := spec.Parse(m[1])
		assert.NoError(t, err)
	}
}
