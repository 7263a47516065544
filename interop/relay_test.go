package interop

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// A relay is between a client and a server that others wrote. It reads the frames of
// each and writes them to the other, so that their conversation succeeds only if what
// both of them write can be read, and both of them can read what is written.
type relay struct {
	addr string // where clients connect to
	port string // its port

	requests, replies atomic.Int64 // frames passed to the server, and to clients; a last word without a reply may not be in yet
}

// newRelay starts a relay to the server at an address. requests and replies are the specs
// of what a client and the server write: each but the last is for one frame.
//
// The end of one stream is passed to the other side. An error of the network ends a
// connection, for a client may leave in that way; any other error fails the test.
func newRelay(t *testing.T, network, server string, requests, replies []string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := newRelayAt(t, l, network, server, requests, replies)
	r.addr = l.Addr().String()
	_, r.port, err = net.SplitHostPort(r.addr)
	require.NoError(t, err)
	return r
}

// newRelayAt starts a relay for the clients that connect to a listener.
func newRelayAt(t *testing.T, l net.Listener, network, server string, requests, replies []string) *relay {
	t.Helper()
	up, down := parseAll(t, requests), parseAll(t, replies)
	r := new(relay)
	var running sync.WaitGroup
	t.Cleanup(running.Wait)
	context.AfterFunc(t.Context(), func() { l.Close() })
	running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial(network, server)
			if !assert.NoError(t, err) {
				client.Close()
				return
			}
			context.AfterFunc(t.Context(), func() {
				client.Close()
				server.Close()
			})
			c, s := framing.NewConn(client, up[0]), framing.NewConn(server, down[0])
			running.Go(func() { pass(t, "client", c, s, up, &r.requests) })
			running.Go(func() { pass(t, "server", s, c, down, &r.replies) })
		}
	})
	return r
}

// parseAll returns the framers of specs.
func parseAll(t *testing.T, specs []string) (all []framing.Framer) {
	t.Helper()
	for _, s := range specs {
		f, err := spec.Parse(s)
		require.NoError(t, err)
		all = append(all, f)
	}
	return all
}

// pass passes frames, and the end of the stream, from one connection to the other.
func pass(t *testing.T, name string, from, to *framing.Conn, framers []framing.Framer, frames *atomic.Int64) {
	for i := 0; ; i++ {
		if i < len(framers) {
			if err := from.SetReadFramer(framers[i]); !assert.NoError(t, err) {
				break
			}
			to.SetWriteFramer(framers[i])
		}
		payload, err := from.ReadFrame()
		if err == nil {
			frames.Add(1) // before its receiver can react
			err = to.WriteFrame(payload)
		}
		if err == io.EOF {
			to.CloseWrite()
			return
		}
		if err != nil {
			if ofNet := (*net.OpError)(nil); !errors.As(err, &ofNet) {
				t.Errorf("frame %d of the %s: %v", i, name, err)
			}
			break
		}
	}
	from.Close()
	to.Close()
}
