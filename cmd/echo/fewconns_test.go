package main

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The oldest connection makes room, unless one has been closed.
func TestFewConns(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer inner.Close()
	l := &fewConns{Listener: inner, max: 2}
	connect := func() (client, server net.Conn) {
		client, err := net.Dial("tcp", inner.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { client.Close() })
		server, err = l.Accept()
		require.NoError(t, err)
		t.Cleanup(func() { server.Close() })
		return client, server
	}
	_, first := connect()
	second, atSecond := connect()
	first.Close()
	connect()
	_, err = io.WriteString(atSecond, "still open")
	require.NoError(t, err)
	connect()
	_, err = io.WriteString(atSecond, "closed")
	assert.ErrorIs(t, err, net.ErrClosed)
	got, err := io.ReadAll(second)
	assert.NoError(t, err)
	assert.Equal(t, "still open", string(got))
}
