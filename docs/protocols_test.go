package docs

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/spec"
)

// Each preset has a row, in order, with its spec and with the message and source of its
// vector, and is counted in both READMEs.
func TestProtocols(t *testing.T) {
	var vectors []struct{ Spec, Source, Wire string }
	require.NoError(t, json.Unmarshal([]byte(read(t, "testdata/decode/presets.json")), &vectors))
	presets := spec.Presets()
	table := rows(t, read(t, "docs/protocols.md"), "protocol \\| name")
	require.Len(t, table, len(presets))
	require.Len(t, vectors, len(presets))
	for i, p := range presets {
		wire, err := hex.DecodeString(vectors[i].Wire)
		require.NoError(t, err)
		assert.Equal(t, p.Name, vectors[i].Spec)
		assert.True(t, strings.EqualFold(p.Protocol, table[i][0]), "%s: %s", p.Name, table[i][0])
		assert.Equal(t, []string{"`" + p.Name + "`", "`" + p.Spec + "`", fmt.Sprintf("`% x`", wire), vectors[i].Source}, table[i][1:])
	}
	assert.Contains(t, read(t, "README.md"), fmt.Sprintf("(docs/protocols.md): %d by name", len(presets)))
	assert.Contains(t, read(t, "README.zh-CN.md"), fmt.Sprintf("(docs/protocols.md)：%d 种", len(presets)))
}
