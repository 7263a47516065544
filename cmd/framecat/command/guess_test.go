package command

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A guess is shown with its first messages, of which nothing reaches a terminal as it is.
func TestGuess(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 256)
	stream := "\x00\x00\x00\x05he\x1b[m\x00\x00\x01\x00" + long + "\x00\x00\x00\x00"
	code, stdout, stderr := finish(t, stream, "-guess")
	assert.Equal(t, 0, code, stderr)
	assert.Contains(t, stdout, "length (kafka, ")
	assert.Contains(t, stdout, "   3 frames of 4 to 260 bytes, ")
	assert.Contains(t, stdout, `   message 1, 5 bytes: "he\x1b[m"`+"\n   message 2, 256 bytes: "+long[:50]+" ... and 206 bytes more\n   message 3, 0 bytes\n")
	code, stdout, _ = finish(t, "", "-guess", "-json", "-file", file(t, stream))
	assert.Equal(t, 0, code)
	var g guessed
	require.NoError(t, json.NewDecoder(strings.NewReader(stdout)).Decode(&g))
	assert.Equal(t, "length", g.Spec)
	require.Len(t, g.First, 3)
	assert.Equal(t, 256, g.First[1].Size)
	code, stdout, stderr = finish(t, stream, "-guess", "-quiet")
	assert.Equal(t, 0, code, stderr)
	assert.Empty(t, stdout)
	code, stdout, stderr = finish(t, "hello", "-guess")
	assert.Equal(t, 1, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "framecat: no framing is likelier than arbitrary bytes")
}
