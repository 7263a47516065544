package docs

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each link to a file of the repository finds it, and the heading in it.
func TestLinks(t *testing.T) {
	var documents []string
	for _, pattern := range []string{
		"*.md", "docs/*.md", "examples/*.md", "testdata/*.md", "testdata/*/*.md", "bench/*.md",
		"conformance/*.md", "conformance/*/*.md", "conformance/*/*/*.md",
	} {
		found, err := filepath.Glob(filepath.Join("..", pattern))
		require.NoError(t, err)
		for _, file := range found {
			documents = append(documents, strings.TrimPrefix(filepath.ToSlash(file), "../"))
		}
	}
	require.Contains(t, documents, "README.md")
	link := regexp.MustCompile(`(?:\]\(|(?:src|srcset)=")([^()\s"]+)[)"]`)
	for _, name := range documents {
		for _, m := range link.FindAllStringSubmatch(read(t, name), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			file, heading, _ := strings.Cut(m[1], "#")
			target := name
			if file != "" {
				target = path.Join(path.Dir(name), file)
			}
			if _, err := os.Stat(filepath.Join("..", target)); !assert.NoError(t, err, name) {
				continue
			}
			if heading != "" {
				assert.Contains(t, headings(read(t, target)), heading, "%s: %s", name, m[1])
			}
		}
	}
}

// headings returns the anchors of a document's headings, as GitHub makes them.
func headings(text string) (anchors []string) {
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		s := regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(m[1]), "")
		anchors = append(anchors, strings.ReplaceAll(s, " ", "-"))
	}
	return anchors
}
