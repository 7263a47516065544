//go:build unix

package server_test

import (
	"bytes"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
)

// A connection that waits for a message holds no memory to read into or to
// gather answers in, and lets go of what it needed for large ones.
func TestIdleHoldsNoMemory(t *testing.T) {
	const conns, most = 200, 4 << 10 // bytes for each: less than one of its two buffers took, the client's end included
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			s := &server.Server{Framer: lengthprefix.Uint32(), Handler: server.Echo}
			var clients []net.Conn
			var addr string
			if network == "tcp" {
				addr = listenTCP(t, s)
			} else {
				addr = filepath.Join(t.TempDir(), "socket")
				l, err := net.Listen(network, addr)
				require.NoError(t, err)
				serve(t, s, l)
			}
			before := heap()
			for range conns {
				c := dial(t, network, addr)
				clients = append(clients, c)
				exchange(t, c, 64)
			}
			assert.Eventually(t, func() bool { return (heap()-before)/conns < most }, 10*time.Second, 100*ms,
				"%d connections hold what they needed for small frames", conns)

			for _, c := range clients {
				exchange(t, c, 8<<10)
				exchange(t, c, 64<<10)
			}
			assert.Eventually(t, func() bool { return (heap()-before)/conns < most }, 10*time.Second, 100*ms,
				"%d connections hold what they needed for large messages", conns)
			for _, c := range clients {
				exchange(t, c, 100)
			}
		})
	}
}

// exchange has a payload of size bytes echoed.
func exchange(t *testing.T, c net.Conn, size int) {
	t.Helper()
	frame := lengthFrame(bytes.Repeat([]byte("x"), size))
	go c.Write(frame)
	echo := make([]byte, len(frame))
	_, err := io.ReadFull(c, echo)
	require.NoError(t, err)
	require.True(t, bytes.Equal(frame, echo))
}

// heap returns how many bytes are reachable.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC() // what is in a pool is unreachable after two
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A connection that waits for long is answered, closed when it was idle for too
// long, and woken by Shutdown, as others are.
func TestIdleForLong(t *testing.T) {
	const conns = 20
	s := &server.Server{Framer: lengthprefix.Uint32(), Handler: server.Echo, IdleTimeout: 1500 * ms}
	patient := &server.Server{Framer: lengthprefix.Uint32(), Handler: server.Echo}
	addr := listenTCP(t, patient)
	var clients []net.Conn
	for range conns {
		c := dial(t, "tcp", addr)
		clients = append(clients, c)
		exchange(t, c, 100)
	}
	idle := dial(t, "tcp", listenTCP(t, s))
	exchange(t, idle, 100)
	_, err := io.ReadAll(idle) // that takes longer than others wait on their stack
	assert.NoError(t, err)
	idle.Close()
	assert.Eventually(t, func() bool { return s.Stats().Closed[server.CloseIdleTimeout] == 1 }, 20*time.Second, ms, "closed as idle")
	for _, c := range clients[:conns/2] {
		exchange(t, c, 100)
	}
	assert.NoError(t, patient.Shutdown(background))
	for _, c := range clients {
		_, err := io.ReadAll(c)
		assert.NoError(t, err)
	}
}
