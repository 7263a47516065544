//go:build unix && !race

package server_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
)

// A connection that waits for long has a small stack, although it has handled a
// frame. The race detector makes all of them larger.
func TestIdleHoldsNoStack(t *testing.T) {
	const conns, most = 200, 3 << 10 // bytes for each: what has handled a frame has 4 KiB
	stack := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.StackInuse)
	}
	addr := listenTCP(t, &server.Server{Framer: lengthprefix.Uint32(), Handler: server.Echo})
	before := stack()
	for range conns {
		exchange(t, dial(t, "tcp", addr), 100)
	}
	assert.Eventually(t, func() bool { return (stack()-before)/conns < most }, 20*time.Second, 100*ms,
		"%d idle connections hold too much", conns)
}
