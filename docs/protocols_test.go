package docs

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/spec"
)

// Each preset has a row under the heading of its kind, in order, with its spec and with the
// message and source of its vector, and is counted in both READMEs.
func TestProtocols(t *testing.T) {
	var vectors []struct{ Preset, Source, Wire string }
	require.NoError(t, json.Unmarshal([]byte(read(t, "testdata/decode/presets.json")), &vectors))
	presets := spec.Presets()
	var table [][]string
	kind := ""
	for _, p := range presets {
		if p.Kind == kind {
			continue
		}
		kind = p.Kind
		heading := "## " + strings.ToUpper(kind[:1]) + kind[1:] + "\n"
		_, section, found := strings.Cut(read(t, "docs/protocols.md"), heading)
		require.True(t, found, heading)
		section, _, _ = strings.Cut(section, "\n## ")
		table = append(table, rows(t, section, "protocol \\| name")...)
	}
	require.Len(t, table, len(presets))
	require.Len(t, vectors, len(presets))
	for i, p := range presets {
		wire, err := hex.DecodeString(vectors[i].Wire)
		require.NoError(t, err)
		assert.Equal(t, p.Name, vectors[i].Preset)
		assert.True(t, strings.EqualFold(p.Protocol, table[i][0]), "%s: %s", p.Name, table[i][0])
		assert.Equal(t, []string{"`" + p.Name + "`", "`" + p.Spec + "`", fmt.Sprintf("`% x`", wire), vectors[i].Source}, table[i][1:])
	}
	assert.Contains(t, read(t, "README.md"), fmt.Sprintf("(docs/protocols.md): %d by name", len(presets)))
	assert.Contains(t, read(t, "README.zh-CN.md"), fmt.Sprintf("(docs/protocols.md)：%d 种", len(presets)))
}

// Each framing in the table of programs can be parsed, and each test exists in interop; none
// of them is missing.
func TestProtocols_TestedWith(t *testing.T) {
	tests := map[string]bool{}
	files, err := filepath.Glob("../interop/*_test.go")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(text), -1) {
			tests[m[1]] = false
		}
	}
	for _, row := range rows(t, read(t, "docs/protocols.md"), "framing \\| programs") {
		for _, name := range coded(t, row[0]) {
			_, err := spec.Parse(name)
			assert.NoError(t, err)
		}
		test := coded(t, row[2])[0]
		assert.Contains(t, tests, test)
		tests[test] = true
	}
	for test, named := range tests {
		// These show more about a program that is in the table.
		base, _, _ := strings.Cut(test, "_")
		assert.True(t, named || base != test || test == "TestRedis" || test == "TestSyslogParser", test)
	}
}
