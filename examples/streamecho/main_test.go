package main

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/cobs"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/netstring"
)

// start runs the server until the test ends, and returns where it listens.
func start(t *testing.T, f framing.Framer) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- accept(l, f) }()
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		require.ErrorIs(t, <-done, net.ErrClosed)
	})
	return l.Addr()
}

// dial connects to the server. Nothing here takes so long as the deadline.
func dial(t *testing.T, addr net.Addr) *net.TCPConn {
	t.Helper()
	c, err := net.Dial(addr.Network(), addr.String())
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(5*time.Minute)))
	return c.(*net.TCPConn)
}

// A pattern is bytes without end, random ones that come again after a prime
// number of them: none is like those that stand a power of two before it.
type pattern struct {
	block []byte
	at    int
}

func newPattern() *pattern {
	p := &pattern{block: make([]byte, 65521)}
	rand.NewChaCha8([32]byte{1}).Read(p.block) // never fails
	return p
}

func (p *pattern) next(n int) []byte {
	b := p.block[p.at:min(p.at+n, len(p.block))]
	p.at = (p.at + len(b)) % len(p.block)
	return b
}

// Read implements [io.Reader].
func (p *pattern) Read(dst []byte) (int, error) { return copy(dst, p.next(len(dst))), nil }

var errOther = errors.New("these bytes are not those that were sent")

// A verifier counts what is written to it, until it differs from its pattern.
type verifier struct {
	*pattern
	n int64
}

// Write implements [io.Writer].
func (v *verifier) Write(data []byte) (int, error) {
	for rest := data; len(rest) > 0; {
		want := v.next(len(rest))
		if !bytes.Equal(want, rest[:len(want)]) {
			return 0, errOther
		}
		rest = rest[len(want):]
	}
	v.n += int64(len(data))
	return len(data), nil
}

// TestLargerThanMemory passes a message of 4 GiB (on 32 bits, of nearly 2)
// through the server. All that server and client allocate meanwhile, the
// garbage too, and the growth of all stacks, are less than 1 MiB.
func TestLargerThanMemory(t *testing.T) {
	size := min(int64(4)<<30, math.MaxInt-1024)
	f := lengthprefix.Uint64()
	addr := start(t, f)
	source, echoed := newPattern(), &verifier{pattern: newPattern()}
	done := make(chan error, 1)

	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	conn := framing.NewConn(dial(t, addr), f)
	go func() { done <- conn.WriteFrom(source, size) }()
	have, payload, err := conn.NextReader()
	require.NoError(t, err)
	require.Equal(t, size, have)
	_, err = io.Copy(echoed, payload)
	require.NoError(t, err)
	require.NoError(t, <-done)
	runtime.ReadMemStats(&after)

	require.Equal(t, size, echoed.n)
	allocated := after.TotalAlloc - before.TotalAlloc
	stacks := int64(after.StackInuse) - int64(before.StackInuse)
	t.Logf("%d bytes allocated, stacks %+d bytes", allocated, stacks)
	require.Less(t, int64(allocated)+max(stacks, 0), int64(1<<20))
}

// TestMessages sends payloads of many sizes in one stream, also in a framing that does
// not announce sizes.
func TestMessages(t *testing.T) {
	for _, f := range []framing.Framer{netstring.New(), cobs.New()} {
		testMessages(t, f)
	}
}

func testMessages(t *testing.T, f framing.Framer) {
	c := dial(t, start(t, f))
	var wire []byte
	for _, size := range []int{0, 1, 5, 0, 40_000, 3, 300_000, 0} {
		var err error
		wire, err = f.Append(wire, bytes.Repeat([]byte("x"), size))
		require.NoError(t, err)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(wire)
		sent <- err
	}()
	have := make([]byte, len(wire))
	_, err := io.ReadFull(c, have)
	require.NoError(t, err)
	require.True(t, bytes.Equal(wire, have))
	require.NoError(t, <-sent)
}

// TestBroken ends a message early, and sends what is none: that connection
// ends, and no other notices.
func TestBroken(t *testing.T) {
	f := netstring.New()
	addr := start(t, f)
	good := framing.NewConn(dial(t, addr), f)
	for wire, want := range map[string]string{"2:ok,5:hel": "2:ok,", "2:ok,x": "2:ok,"} {
		bad := dial(t, addr)
		_, err := bad.Write([]byte(wire))
		require.NoError(t, err)
		require.NoError(t, bad.CloseWrite())
		have, err := io.ReadAll(bad)
		require.NoError(t, err)
		require.Equal(t, want, string(have))
	}
	require.NoError(t, good.WriteFrame([]byte("after")))
	have, err := good.ReadFrame()
	require.NoError(t, err)
	require.Equal(t, "after", string(have))
}
