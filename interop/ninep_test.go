package interop

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/hugelgupf/p9/fsimpl/staticfs"
	"github.com/hugelgupf/p9/p9"
	"github.com/stretchr/testify/require"
)

// Test9P has a client of github.com/hugelgupf/p9 read a file of 200,000 bytes from a server
// of it.
func Test9P(t *testing.T) {
	text := strings.Repeat("0123456789", 20_000)
	files, err := staticfs.New(staticfs.WithFile("a", text))
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go p9.NewServer(files).Serve(l)
	r := newRelay(t, "tcp", l.Addr().String(), []string{"9p"}, []string{"9p"})

	c, err := net.Dial("tcp", r.addr)
	require.NoError(t, err)
	client, err := p9.NewClient(c, p9.WithMessageSize(8192))
	require.NoError(t, err)
	defer client.Close()
	root, err := client.Attach("/")
	require.NoError(t, err)
	_, file, err := root.Walk([]string{"a"})
	require.NoError(t, err)
	_, _, err = file.Open(p9.ReadOnly)
	require.NoError(t, err)
	have, err := io.ReadAll(io.NewSectionReader(file, 0, int64(len(text))))
	require.NoError(t, err)
	require.Equal(t, text, string(have))
	require.GreaterOrEqual(t, r.requests.Load(), int64(200_000/8192))
	require.GreaterOrEqual(t, r.replies.Load(), int64(200_000/8192))
}
