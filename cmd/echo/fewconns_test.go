package main

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The oldest connection makes room for another one, but only at the limit.
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
	oldest, atOldest := connect()
	_, another := connect()
	another.Close()
	connect()
	_, err = io.WriteString(atOldest, "still open")
	require.NoError(t, err)
	connect()
	_, err = io.WriteString(atOldest, "closed")
	assert.ErrorIs(t, err, net.ErrClosed)
	got, err := io.ReadAll(oldest)
	assert.NoError(t, err)
	assert.Equal(t, "still open", string(got))
}
