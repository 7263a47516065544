package interop

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
)

// TestNATS has the Go client talk to nats-server: with messages with and without
// header fields, and with replies.
func TestNATS(t *testing.T) {
	addr, port := freeAddr(t)
	start(t, exec.Command("nats-server", "-a", "127.0.0.1", "-p", port))
	await(t, "tcp", addr)
	r := newRelay(t, "tcp", addr, []string{"nats"}, []string{"nats"})

	c, err := nats.Connect("nats://"+r.addr, nats.IgnoreDiscoveredServers())
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Subscribe("echo", func(m *nats.Msg) {
		reply := nats.NewMsg(m.Reply)
		reply.Data, reply.Header = m.Data, m.Header
		if err := m.RespondMsg(reply); err != nil {
			t.Error(err)
		}
	})
	require.NoError(t, err)
	for _, text := range []string{"", "hello", "two\r\nlines\r\n", strings.Repeat("x", 100_000)} {
		reply, err := c.Request("echo", []byte(text), time.Minute)
		require.NoError(t, err)
		require.Equal(t, text, string(reply.Data))

		request := nats.NewMsg("echo")
		request.Data = []byte(text)
		request.Header.Set("a", "b")
		reply, err = c.RequestMsg(request, time.Minute)
		require.NoError(t, err)
		require.Equal(t, text, string(reply.Data))
		require.Equal(t, "b", reply.Header.Get("a"))
	}
	require.GreaterOrEqual(t, r.requests.Load(), int64(16)) // PUB or HPUB, of both sides
	require.GreaterOrEqual(t, r.replies.Load(), int64(16))  // MSG or HMSG
}
