package main

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
)

// accepting serves each connection with serve, closes it, and returns the address.
func accepting(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // it is closed
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return l.Addr().String()
}

// A server whose idle time begins when it accepts a connection is not too early, however
// long the handshake takes.
func TestHandshakeIsIdle(t *testing.T) {
	t.Parallel()
	const idle = time.Second
	certified := httptest.NewTLSServer(nil)
	defer certified.Close()
	addr := accepting(t, func(c net.Conn) {
		_ = c.SetReadDeadline(time.Now().Add(idle))
		time.Sleep(idle / 2)
		secure := tls.Server(c, &tls.Config{Certificates: certified.TLS.Certificates})
		defer secure.Close()
		_, _ = io.Copy(secure, secure) // until it is idle
	})
	stdout, _ := framecheck(t, exitPassed, "-framing=length", "-tls", "-idle-timeout=1s", "-only=7.5", addr)
	assert.Contains(t, stdout, "7.5   pass ")
}

// A wrong answer is that of another connection only if that one has sent it. Where the
// stream of one connection alone is damaged, there is nothing to mix.
func TestMixed(t *testing.T) {
	framer, err := lengthprefix.New(lengthprefix.Config{Width: 4})
	require.NoError(t, err)
	m, err := newMessages(framer, 0, nil)
	require.NoError(t, err)
	const size = 24 // of a message of case 1.11
	for _, c := range []struct {
		sent, answer []byte
		code         int
		want         string
	}{
		{m.payload(1*perConn, size), m.payload(2*perConn, size), exitFailed, "1.11  fail "},
		{m.payload(1*perConn, size), m.payload(2*perConn, size), exitFailed, ", which a.2 has sent\n"},
		{m.payload(1*perConn, size), []byte("another"), exitFailed, ` is "another"` + "\n"},
		{m.payload(0, size), []byte("another"), exitPassed, "1.11  does not apply "},
	} {
		addr := serve(t, func(conn *server.Conn, payload []byte) error {
			if bytes.Equal(payload, c.sent) {
				return conn.Reply(c.answer)
			}
			return conn.Reply(payload)
		})
		stdout, _ := framecheck(t, c.code, "-framing=length", "-only=1.1,1.11", addr)
		assert.Contains(t, stdout, c.want)
	}
}

// A server that sends without an end is not read without an end.
func TestRejectedIsBounded(t *testing.T) {
	addr := accepting(t, func(c net.Conn) {
		b := make([]byte, 64<<10)
		for {
			n, err := c.Read(b)
			got := string(b[:n])
			for err == nil && strings.Contains(got, "flood") {
				_, err = c.Write(make([]byte, len(b)))
			}
			for err == nil && strings.Contains(got, "drip") {
				time.Sleep(10 * time.Millisecond)
				_, err = c.Write([]byte{0})
			}
			if err == nil {
				_, err = c.Write(b[:n])
			}
			if err != nil {
				return
			}
		}
	})
	file := filepath.Join(t.TempDir(), "mine.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"group": 1, "name": "mine", "cases": [
		{"number": "1.1", "rule": "A flood is no answer.", "means": "It is.", "steps": [{"do": "send", "items": [{"text": "flood"}]}, {"do": "rejected"}]},
		{"number": "1.2", "rule": "A drip is no answer.", "means": "It is.", "steps": [{"do": "send", "items": [{"text": "drip"}]}, {"do": "rejected"}]}]}`), 0o600))
	stdout, _ := framecheck(t, exitFailed, "-framing=length", "-mode=script", "-cases="+file, "-patience=1s", addr)
	assert.Contains(t, stdout, "1.1   fail ")
	assert.Contains(t, stdout, " bytes, and no end\n")
	assert.Contains(t, stdout, "1.2   not strict ")
}
