package interop

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHAProxy has HAProxy tell itself the address of a client, in a PROXY header.
func TestHAProxy(t *testing.T) {
	first, _ := freeAddr(t)
	second, _ := freeAddr(t)
	r := newRelay(t, "tcp", second, []string{"proxy-v2", "crlf"}, []string{"crlf"})
	config := filepath.Join(t.TempDir(), "haproxy.cfg")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `
defaults
	timeout connect 1m
	timeout client 1m
	timeout server 1m
listen first
	bind %s
	server second %s send-proxy-v2 proxy-v2-options crc32c
frontend second
	mode http
	bind %s accept-proxy
	http-request return status 200 content-type text/plain lf-string "%%ci:%%cp\r\n"
`, first, r.addr, second), 0o600))
	start(t, exec.Command("haproxy", "-db", "-f", config))
	await(t, "tcp", second)

	c := dial(t, "tcp", first)
	defer c.Close()
	_, err := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n")
	require.NoError(t, err)
	reply, err := io.ReadAll(c)
	require.NoError(t, err)
	require.Contains(t, string(reply), "\r\n\r\n"+c.LocalAddr().(*net.TCPAddr).String()+"\r\n")
	require.Equal(t, int64(3), r.requests.Load()) // the header, two lines
}
