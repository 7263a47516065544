package interop

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/stretchr/testify/require"
)

// startMemcached starts memcached, and returns the path of its Unix socket.
func startMemcached(t *testing.T) (socket string) {
	socket = filepath.Join(t.TempDir(), "memcached")
	start(t, exec.Command("memcached", "-s", socket, "-u", "root", "-m", "16"))
	await(t, "unix", socket)
	return socket
}

// TestMemcached has a Go client talk to memcached.
func TestMemcached(t *testing.T) {
	socket := startMemcached(t)
	r := newRelay(t, "unix", socket, []string{"memcached"}, []string{"memcached"})

	c := memcache.New(r.addr)
	defer c.Close()
	values := map[string]string{"a": "hello", "b": "", "c": "two\r\nlines\r\nEND\r\n", "d": strings.Repeat("x", 100_000)}
	var keys []string
	for key, value := range values {
		require.NoError(t, c.Set(&memcache.Item{Key: key, Value: []byte(value)}))
		keys = append(keys, key)
	}
	items, err := c.GetMulti(append(keys, "none"))
	require.NoError(t, err)
	require.Len(t, items, len(values))
	for key, value := range values {
		require.Equal(t, value, string(items[key].Value))
	}
	require.NoError(t, c.Append(&memcache.Item{Key: "a", Value: []byte(", world")}))
	item, err := c.Get("a")
	require.NoError(t, err)
	require.Equal(t, "hello, world", string(item.Value))
	item.Value = []byte("41")
	require.NoError(t, c.CompareAndSwap(item))
	n, err := c.Increment("a", 1)
	require.NoError(t, err)
	require.Equal(t, uint64(42), n)
	require.NoError(t, c.Touch("a", 60))
	require.NoError(t, c.Delete("a"))
	require.Equal(t, memcache.ErrCacheMiss, c.Delete("a"))
	require.NoError(t, c.FlushAll())
	require.GreaterOrEqual(t, r.requests.Load(), int64(12))
	require.GreaterOrEqual(t, r.replies.Load(), int64(12))
}

// TestMemcachedBinary has memjs talk to memcached.
func TestMemcachedBinary(t *testing.T) {
	socket := startMemcached(t)
	r := newRelay(t, "unix", socket, []string{"memcached-binary"}, []string{"memcached-binary"})
	require.Equal(t, "true\ntrue\ntrue\nnull\n41 42\n", run(t, "", node(t, "memjs.js", r.port)))
	require.GreaterOrEqual(t, r.requests.Load(), int64(9))
	require.GreaterOrEqual(t, r.replies.Load(), int64(9))
}
