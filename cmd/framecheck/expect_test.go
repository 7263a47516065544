package main

import (
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
