package interop

import (
	"encoding/json"
	"net"
	"strings"
	"testing"

	"github.com/sourcegraph/jsonrpc2"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/contentlength"
)

// TestContentLength sends requests to a stream of jsonrpc2, and from it.
func TestContentLength(t *testing.T) {
	here, there := net.Pipe()
	ours := framing.NewConn(here, contentlength.New())
	defer ours.Close()
	theirs := jsonrpc2.NewBufferedStream(there, jsonrpc2.VSCodeObjectCodec{})
	defer theirs.Close()

	done := make(chan error, 1)
	for id, text := range []string{"", "a", "Content-Length: 3\r\n\r\nabc", "grüße \u0000 世界", strings.Repeat("x", 4095), strings.Repeat("\r\n", 40_000)} {
		want := jsonrpc2.Request{Method: "echo", ID: jsonrpc2.ID{Num: uint64(id)}}
		require.NoError(t, want.SetParams(text))
		message, err := json.Marshal(&want)
		require.NoError(t, err)

		go func() { done <- theirs.WriteObject(&want) }()
		have, err := ours.ReadFrame()
		require.NoError(t, err)
		require.Equal(t, string(message), string(have))
		require.NoError(t, <-done)

		go func() { done <- ours.WriteFrame(message) }()
		var read jsonrpc2.Request
		require.NoError(t, theirs.ReadObject(&read))
		require.Equal(t, want.ID, read.ID)
		require.Equal(t, string(*want.Params), string(*read.Params))
		require.NoError(t, <-done)
	}
}
