package interop

import (
	"net"
	"testing"

	"github.com/multiformats/go-multistream"
	"github.com/stretchr/testify/require"
)

// TestLibp2p has both sides of go-multistream agree on a protocol.
func TestLibp2p(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	chosen := make(chan string, 1)
	go func() {
		defer close(chosen)
		c, err := l.Accept()
		if err != nil {
			return
		}
		mux := multistream.NewMultistreamMuxer[string]()
		mux.AddHandler("/b/1.0.0", nil)
		if protocol, _, err := mux.Negotiate(c); err == nil {
			chosen <- protocol
		}
	}()
	r := newRelay(t, "tcp", l.Addr().String(), []string{"libp2p"}, []string{"libp2p"})
	c, err := net.Dial("tcp", r.addr)
	require.NoError(t, err)
	defer c.Close()
	protocol, err := multistream.SelectOneOf([]string{"/a/1.0.0", "/b/1.0.0"}, c)
	require.NoError(t, err)
	require.Equal(t, "/b/1.0.0", protocol)
	require.Equal(t, "/b/1.0.0", <-chosen)
	require.Equal(t, int64(3), r.requests.Load()) // the name of multistream, and both protocols
	require.Equal(t, int64(3), r.replies.Load())  // the name of multistream, na, and the protocol
}
