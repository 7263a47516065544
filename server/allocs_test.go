//go:build !race

package server_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
)

// A message in the steady state allocates nothing. Under the race detector it
// does: a sync.Pool then loses a quarter of what it gets.
func TestNoAllocations(t *testing.T) {
	c := dial(t, "tcp", listenTCP(t, &server.Server{Framer: lengthprefix.Uint32(), Handler: server.Echo}))
	frame := lengthFrame(make([]byte, 100))
	echo := make([]byte, len(frame))
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		c.Write(frame)
		io.ReadFull(c, echo)
	}))
	assert.Equal(t, frame, echo)
}
