package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// forged returns a target that is a server of a test, which serves each connection with
// serve and then closes it. Its framing is length.
func forged(t *testing.T, serve func(*net.TCPConn)) *target {
	t.Helper()
	return targetAt(t, accepting(t, func(c net.Conn) { serve(c.(*net.TCPConn)) }))
}

// A reset after the end of the stream is the answer to what was sent after it: the
// connection ended in order. Without that end it is a reset, whoever is told of it.
func TestEndBeforeReset(t *testing.T) {
	for name, want := range map[string]string{"end, then reset": fin, "reset": rst} {
		t.Run(name, func(t *testing.T) {
			reset := make(chan struct{})
			tg := forged(t, func(c *net.TCPConn) {
				if want == fin {
					_ = c.CloseWrite() // the client tells
				}
				<-reset
				_ = c.SetLinger(0)
			})
			p, err := tg.dial(context.Background(), "a", new(transcript), new(step))
			require.NoError(t, err)
			defer p.close(false)
			if want == fin {
				require.Eventually(t, func() bool { is, _ := peerHasEnded(p.raw); return is }, 10*time.Second, time.Millisecond)
			}
			close(reset)
			require.Eventually(t, func() bool { return p.write([]byte{0}, time.Second) != nil }, 10*time.Second, time.Millisecond)
			_, end := p.read(time.Second)
			assert.Equal(t, want, end)
		})
	}
}

// What is sent in pieces ends when the server has ended the connection.
func TestSendStopsAtEnd(t *testing.T) {
	const size = 200
	received := make(chan int, 1)
	tg := forged(t, func(c *net.TCPConn) {
		b := make([]byte, size)
		n, err := c.Read(b)
		_ = c.CloseWrite() // the client tells
		for err == nil {
			var more int
			more, err = c.Read(b)
			n += more
		}
		received <- n
	})
	p := tg.newPlay(context.Background(), &testCase{}, 0)
	s := &step{Do: "send", Items: []item{{Letters: size}}, Pieces: "bytes", Pause: num{add: 5}}
	require.Nil(t, p.step(s))
	require.Nil(t, p.step(&step{Do: "end"}))
	require.Nil(t, p.step(&step{Do: "close"}))
	assert.Less(t, <-received, size)
}

// The bound of a write is for each 64 KiB: a slow server is not cut off. Of a server that
// reads nothing, the report tells that, for its answers cannot come.
func TestWriteBound(t *testing.T) {
	t.Parallel()
	const bound = time.Second
	sent := bytes.Repeat([]byte("x"), 32<<20) // more than the kernel's buffers hold
	t.Run("slow", func(t *testing.T) {
		tg := forged(t, func(c *net.TCPConn) {
			b := make([]byte, 256<<10)
			for {
				if _, err := io.ReadFull(c, b); err != nil {
					return
				}
				time.Sleep(20 * time.Millisecond) // in all more than twice the bound
			}
		})
		p, err := tg.dial(context.Background(), "a", new(transcript), new(step))
		require.NoError(t, err)
		defer p.close(false)
		assert.NoError(t, p.write(sent, bound))
	})
	t.Run("never", func(t *testing.T) {
		over := make(chan struct{})
		defer close(over)
		tg := forged(t, func(c *net.TCPConn) { <-over })
		p, err := tg.dial(context.Background(), "a", new(transcript), new(step))
		require.NoError(t, err)
		defer p.close(false)
		p.after(func() error { return p.write(sent, bound) })
		require.True(t, p.finished(20*time.Second))
		_, end := p.read(10 * time.Millisecond)
		assert.Equal(t, "nothing: the server has not read what was sent within 1s", end)
	})
}
