//go:build !race

package client_test

import (
	"context"
	"net"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// In the steady state a call allocates the copy of its reply and nothing else, and Go,
// which passes the reply in the buffer, allocates nothing. Under the race detector a
// sync.Pool loses a quarter of what it gets.
func TestAllocs(t *testing.T) {
	c := newClient(t, listen(t, func(nc *net.TCPConn) {
		defer nc.Close()
		conn := framing.NewConn(nc, lengthprefix.Uint32())
		for payload, err := range conn.Frames() {
			if err != nil || len(payload) > 1 && conn.WriteFrame(payload) != nil {
				return
			}
		}
	}))
	request := make([]byte, 100)
	ended := make(chan error, 1)
	done := func(_ []byte, err error) { ended <- err }
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, test := range []struct {
		name string
		want float64
		call func() error
	}{
		{"Call", 1, func() error {
			_, err := c.Call(ctx, request)
			return err
		}},
		{"Send and Call", 1, func() error {
			if err := c.Send(ctx, request[:1]); err != nil {
				return err
			}
			_, err := c.Call(ctx, request)
			return err
		}},
		{"Go", 0, func() error {
			c.Go(context.Background(), request, done)
			return <-ended
		}},
	} {
		got := testing.AllocsPerRun(1000, func() {
			if err := test.call(); err != nil {
				t.Fatal(err)
			}
		})
		if got != test.want {
			t.Errorf("%s allocates %v times; want %v", test.name, got, test.want)
		}
	}
}
