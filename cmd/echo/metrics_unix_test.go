//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// While the server drains it says so, and it ends only then. An answer that is
// larger than what systems keep for a peer that does not read holds the drain.
func TestMetrics_Draining(t *testing.T) {
	t.Parallel()
	p := serve(t, "-metrics-addr", "127.0.0.1:0", "-max-payload", "64MiB")
	c := p.dial()
	large := strings.Repeat("x", 32<<20) + "\n"
	_, err := io.WriteString(c, large)
	require.NoError(t, err)
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	status, text := p.get("/readyz")
	for status == 200 { // until the signal has come
		require.Equal(t, "ok\n", text)
		status, text = p.get("/readyz")
	}
	assert.Equal(t, 503, status)
	assert.Equal(t, "draining\n", text)
	assert.Equal(t, "1", seriesIn(second(p.get("/metrics")))["wholeframe_draining"])
	converse(t, c, "", large)
	assert.Equal(t, 0, p.exit())
}

// T24: clients of the metrics that hold connections, with requests whose bodies
// never come or with nothing, take neither the metrics from others nor the
// descriptors from the echo, which accepts as many as it says.
func TestMetrics_T24(t *testing.T) {
	t.Parallel()
	const descriptors, limit = 100, 80
	cmd := command(t, "-addr", "127.0.0.1:0", "-metrics-addr", "127.0.0.1:0")
	shell, err := exec.LookPath("sh")
	require.NoError(t, err)
	cmd.Path, cmd.Args = shell, append([]string{"sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, descriptors)}, cmd.Args...)
	p := startProcess(t, cmd)
	p.awaitListening()
	addr := p.await(`msg="serving metrics" addr=(\S+)`)[1]
	for _, request := range []string{
		"",
		"GET /metrics HTTP/1.1\r\nHost: x\r\n",
		"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
		"POST /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
	} {
		for range 300 {
			c, err := net.Dial("tcp", addr)
			require.NoError(t, err)
			defer c.Close()
			io.WriteString(c, request)
		}
		status, text := p.get("/metrics")
		assert.Equal(t, 200, status, request)
		assert.Equal(t, fmt.Sprint(limit), seriesIn(text)["wholeframe_connections_limit"], request)
	}
	for range limit {
		roundTrip(t, p.dial(), "hello\n")
	}
	_, text := p.get("/metrics")
	assert.Equal(t, fmt.Sprint(limit), seriesIn(text)["wholeframe_connections_accepted_total"])
	assert.Equal(t, "0", seriesIn(text)["wholeframe_accept_errors_total"])
	p.await(`level=WARN msg="connection limit reached, others wait" max=80\n`)
}

// A request whose body does not come is answered at once, and its connection
// closed.
func TestMetrics_T24_NoBody(t *testing.T) {
	t.Parallel()
	p := serve(t, "-metrics-addr", "127.0.0.1:0")
	c, err := net.Dial("tcp", p.await(`msg="serving metrics" addr=(\S+)`)[1])
	require.NoError(t, err)
	defer c.Close()
	c.SetDeadline(time.Now().Add(patient / 3))
	io.WriteString(c, "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
	r := bufio.NewReader(c)
	answer, err := http.ReadResponse(r, nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusRequestEntityTooLarge, answer.StatusCode)
	text, err := io.ReadAll(answer.Body)
	assert.NoError(t, err)
	assert.Equal(t, "a request must not have a body\n", string(text))
	_, err = r.ReadByte()
	assert.Equal(t, io.EOF, err)
}
