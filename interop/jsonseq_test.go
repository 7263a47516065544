package interop

import (
	"bytes"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// TestJSONSeq has jq read text sequences that are written here, and write others.
func TestJSONSeq(t *testing.T) {
	f, err := spec.Parse("json-seq")
	require.NoError(t, err)
	texts := []string{`{}`, `[1,{"a":"\n\u001e"}]`, `"x"`, `null`, `"` + strings.Repeat("x", 100_000) + `"`}
	var wire bytes.Buffer
	w := framing.NewWriter(&wire, f)
	for _, text := range texts {
		require.NoError(t, w.WriteFrame([]byte(text)))
	}
	require.NoError(t, w.Flush())
	r := framing.NewReader(strings.NewReader(run(t, wire.String(), exec.Command("jq", "--seq", "--compact-output", "."))), f)
	for _, text := range texts {
		have, err := r.ReadFrame()
		require.NoError(t, err)
		require.Equal(t, text, string(have))
	}
	_, err = r.ReadFrame()
	require.Equal(t, io.EOF, err)
}
