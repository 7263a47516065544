package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/panjf2000/gnet/v2"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/netstring"
	"github.com/wholeframe/wholeframe/framing/slip"
)

// start runs the server until the test ends, and returns where it listens.
func start(t *testing.T, f framing.Framer) net.Addr {
	t.Helper()
	type listening struct {
		engine gnet.Engine
		addr   net.Addr
	}
	up, done := make(chan listening, 1), make(chan error, 1)
	e := &echo{framer: f, listening: func(engine gnet.Engine, addr net.Addr) { up <- listening{engine, addr} }}
	go func() { done <- gnet.Run(e, "tcp://127.0.0.1:0", gnet.WithNumEventLoop(2)) }()
	select {
	case s := <-up:
		t.Cleanup(func() {
			require.NoError(t, s.engine.Stop(context.Background()))
			require.NoError(t, <-done)
		})
		return s.addr
	case err := <-done:
		require.FailNow(t, "the server has ended", err)
		return nil
	}
}

// dial connects to the server. Nothing here takes so long as the deadline.
func dial(t *testing.T, addr net.Addr) *net.TCPConn {
	t.Helper()
	c, err := net.Dial(addr.Network(), addr.String())
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))
	return c.(*net.TCPConn)
}

func encode(t *testing.T, f framing.Framer, messages ...[]byte) (wire []byte) {
	t.Helper()
	for _, m := range messages {
		var err error
		wire, err = f.Append(wire, m)
		require.NoError(t, err)
	}
	return wire
}

// TestEcho sends messages in pieces of many sizes, from single bytes to all at
// once, over several connections at a time.
func TestEcho(t *testing.T) {
	messages := [][]byte{[]byte("a"), []byte("hello"), bytes.Repeat([]byte("x"), 100), bytes.Repeat([]byte("large "), 50_000), []byte("z")}
	for _, f := range []framing.Framer{delimiter.Line(), lengthprefix.Uint32(), netstring.New(), slip.New()} {
		t.Run(fmt.Sprint(f), func(t *testing.T) {
			addr := start(t, f)
			wire := encode(t, f, messages...)
			for _, piece := range []int{1, 7, 1000, 1 << 16, len(wire)} {
				t.Run(fmt.Sprint(piece), func(t *testing.T) {
					t.Parallel()
					c := dial(t, addr)
					sent := make(chan error, 1)
					go func() { sent <- chop(c, wire, piece) }()
					r := framing.NewReader(c, f)
					for _, want := range messages {
						have, err := r.ReadFrame()
						require.NoError(t, err)
						require.True(t, bytes.Equal(want, have))
					}
					require.NoError(t, <-sent)
				})
			}
		})
	}
}

// chop writes wire in pieces, the first hundred of them each on its own.
func chop(w io.Writer, wire []byte, piece int) error {
	for range 100 {
		n := min(piece, len(wire))
		if _, err := w.Write(wire[:n]); err != nil {
			return err
		}
		wire = wire[n:]
	}
	_, err := w.Write(wire)
	return err
}

// TestHalf shows that half a message stays, and that the whole ones before it
// do not wait for it.
func TestHalf(t *testing.T) {
	f := lengthprefix.Uint16()
	c := framing.NewConn(dial(t, start(t, f)), f)
	wire := encode(t, f, []byte("one"), []byte("two"), []byte("three"))
	_, err := c.NetConn().Write(wire[:len(wire)-3])
	require.NoError(t, err)
	for _, want := range []string{"one", "two"} {
		have, err := c.ReadFrame()
		require.NoError(t, err)
		require.Equal(t, want, string(have))
	}
	_, err = c.NetConn().Write(wire[len(wire)-3:])
	require.NoError(t, err)
	have, err := c.ReadFrame()
	require.NoError(t, err)
	require.Equal(t, "three", string(have))
}

// TestBroken shows that a connection ends where its framing is broken, after
// the answers to what came before, and that no other notices.
func TestBroken(t *testing.T) {
	f := netstring.New()
	addr := start(t, f)
	good := framing.NewConn(dial(t, addr), f)
	require.NoError(t, good.WriteFrame([]byte("before")))
	have, err := good.ReadFrame()
	require.NoError(t, err)
	require.Equal(t, "before", string(have))

	for wire, want := range map[string]string{"5:hello,:oops": "5:hello,", "999999999:": ""} {
		bad := dial(t, addr)
		_, err = bad.Write([]byte(wire))
		require.NoError(t, err)
		have, err = io.ReadAll(bad)
		require.NoError(t, err)
		require.Equal(t, want, string(have))
	}

	require.NoError(t, good.WriteFrame([]byte("after")))
	have, err = good.ReadFrame()
	require.NoError(t, err)
	require.Equal(t, "after", string(have))
}
