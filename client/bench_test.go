package client_test

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// serveEcho echoes the frames of a connection, those that are received together in one
// write.
func serveEcho(nc *net.TCPConn) {
	defer nc.Close()
	r := framing.NewReader(nc, lengthprefix.Uint32())
	w := framing.NewWriter(nc, lengthprefix.Uint32())
	for payload, err := range r.Frames() {
		if err != nil || w.WriteFrame(payload) != nil {
			return
		}
		if unread := r.Unread(); len(unread) < 4 || len(unread) < 4+int(unread[3]) {
			if w.Flush() != nil {
				return
			}
		}
	}
}

func dial(tb testing.TB, addr string) net.Conn {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { nc.Close() })
	return nc
}

// One request at a time: a bare framing.Conn, and Call.
func BenchmarkDepth1(b *testing.B) {
	payload := make([]byte, 64)
	b.Run("conn", func(b *testing.B) {
		conn := framing.NewConn(dial(b, listen(b, serveEcho)), lengthprefix.Uint32())
		for b.Loop() {
			if err := conn.WriteFrame(payload); err != nil {
				b.Fatal(err)
			}
			if _, err := conn.ReadFrame(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Call", func(b *testing.B) {
		c := newClient(b, listen(b, serveEcho))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Call(context.Background(), payload); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// One connection: a loop that writes 64 frames at once and reads 64 replies, 64
// goroutines in Call, and one in Go, with as many calls in flight as there may be.
func BenchmarkPipelined(b *testing.B) {
	const depth = 64
	payload := make([]byte, 64)
	b.Run("loop", func(b *testing.B) {
		nc := dial(b, listen(b, serveEcho))
		r, w := framing.NewReader(nc, lengthprefix.Uint32()), framing.NewWriter(nc, lengthprefix.Uint32())
		for n := b.N; n > 0; n -= depth {
			for range depth {
				if err := w.WriteFrame(payload); err != nil {
					b.Fatal(err)
				}
			}
			if err := w.Flush(); err != nil {
				b.Fatal(err)
			}
			for range depth {
				if _, err := r.ReadFrame(); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	for _, bench := range []struct {
		name string
		ctx  func() (context.Context, context.CancelFunc)
	}{
		{"Call", func() (context.Context, context.CancelFunc) { return context.Background(), func() {} }},
		{"Call, with a context", func() (context.Context, context.CancelFunc) { return context.WithCancel(context.Background()) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			c := newClient(b, listen(b, serveEcho))
			b.ReportAllocs()
			var callers sync.WaitGroup
			for range depth {
				callers.Go(func() {
					ctx, cancel := bench.ctx()
					defer cancel()
					for range (b.N + depth - 1) / depth {
						if _, err := c.Call(ctx, payload); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			callers.Wait()
		})
	}
	for _, bench := range []struct {
		name        string
		maxInFlight int
	}{
		{"Go", 0},
		{"Go, 64 in flight", depth},
	} {
		b.Run(bench.name, func(b *testing.B) {
			c := newClient(b, listen(b, serveEcho))
			c.MaxInFlight = bench.maxInFlight
			b.ReportAllocs()
			var calls sync.WaitGroup
			calls.Add(b.N)
			done := func(_ []byte, err error) {
				if err != nil {
					b.Error(err)
				}
				calls.Done()
			}
			for range b.N {
				c.Go(context.Background(), payload, done)
			}
			calls.Wait()
		})
	}
}
