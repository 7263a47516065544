package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/server"
)

func TestSmoke(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server.Server{Framer: delimiter.Line(), Handler: func(c *server.Conn, m []byte) error {
		time.Sleep(100 * time.Microsecond)
		return server.Echo(c, m)
	}}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	var want bytes.Buffer
	for i := range 1000 {
		fmt.Fprintf(&want, "line %d\n", i)
	}
	c.Write(want.Bytes())
	c.Write([]byte("half"))
	start := time.Now()
	require.NoError(t, s.Shutdown(context.Background()))
	t.Log(time.Since(start))
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	require.Equal(t, want.String(), string(got))
	require.ErrorIs(t, <-done, server.ErrServerClosed)
}
