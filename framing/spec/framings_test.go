package spec_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/spec"
)

// Each framing and key of the list is told in full, and can be used.
func TestFramings(t *testing.T) {
	help := spec.Help()
	names := make(map[string]bool)
	for _, f := range spec.Framings() {
		t.Run(f.Name, func(t *testing.T) {
			assert.False(t, names[f.Name], "the name stands twice")
			names[f.Name] = true
			assert.NotEmpty(t, f.About)
			assert.Contains(t, help, f.Name+": "+f.About)
			assert.Contains(t, help, f.Example)
			assert.NotContains(t, f.About, "\n")

			name, _, _ := strings.Cut(f.Example, ",")
			assert.Equal(t, f.Name, name, "the example is of another framing")
			checkText(t, f.Example)
			_, err := spec.Parse(f.Example)
			require.NoError(t, err)

			_, unknown := spec.Parse(f.Name + ",nonsense")
			keys := make(map[string]bool)
			for _, k := range f.Keys {
				assert.False(t, keys[k.Name], "key %s stands twice", k.Name)
				keys[k.Name] = true
				assert.NotEmpty(t, k.About, k.Name)
				about := k.About
				if k.Repeat {
					about += "; may be repeated"
				}
				assert.Contains(t, help, fmt.Sprintf("    %-17s %s\n", k, about))
				assert.ErrorContains(t, unknown, k.String())
			}
			if len(f.Keys) == 0 {
				assert.ErrorContains(t, unknown, f.Name+" takes no keys")
			}
		})
	}
}

func TestFramingsAreACopy(t *testing.T) {
	list := spec.Framings()
	list[0].Name, list[0].Keys[0].Name = "x", "x"
	_, err := spec.Parse("line,keep")
	assert.NoError(t, err)
}

func TestHelpFitsATerminal(t *testing.T) {
	for line := range strings.Lines(spec.Help()) {
		assert.LessOrEqual(t, len(strings.TrimSuffix(line, "\n")), 100, line)
	}
}
