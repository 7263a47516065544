package server_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/netstring"
	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// awkward answers as messages ask for it.
func awkward(c *server.Conn, m []byte) error {
	switch string(m) {
	case "done":
		return io.EOF
	case "fail":
		return errors.New("no")
	case "panic":
		panic("yes")
	case "refuse":
		return c.Reply([]byte("a\nb"))
	case "hold":
		time.Sleep(500 * ms)
	case "stick":
		time.Sleep(5 * time.Second)
	}
	return server.Echo(c, m)
}

// A connection ends in one way, and what it was counts exactly: each way, with a
// message before it that is answered.
func TestStats_Ends(t *testing.T) {
	const hello = "hello\n"
	for _, test := range []struct {
		end    server.CloseReason
		server *server.Server // nil: of lines
		do     func(f *fake, c *fakenet.Conn)
		frames [2]uint64 // in and out, after the first
		bytes  [2]uint64
	}{
		{end: server.ClosePeer, do: func(f *fake, c *fakenet.Conn) { c.CloseWrite() }},
		{end: server.CloseDone, do: func(f *fake, c *fakenet.Conn) { f.send(c, "done\n") }, frames: [2]uint64{1, 0}, bytes: [2]uint64{5, 0}},
		{end: server.CloseDrained, do: func(f *fake, c *fakenet.Conn) { f.s.Shutdown(background) }},
		{end: server.CloseForced, do: func(f *fake, c *fakenet.Conn) {
			f.send(c, "hold\n")
			synctest.Wait()
			f.s.Close()
		}, frames: [2]uint64{1, 1}, bytes: [2]uint64{5, 0}},
		{end: server.CloseForced, do: func(f *fake, c *fakenet.Conn) {
			f.send(c, "stick\n") // beyond what Close waits for, and so not counted
			synctest.Wait()
			f.s.Close()
		}, bytes: [2]uint64{6, 0}},
		{end: server.CloseIdleTimeout, do: func(f *fake, c *fakenet.Conn) { time.Sleep(3 * time.Minute) }},
		{end: server.CloseFrameTimeout, do: func(f *fake, c *fakenet.Conn) { f.send(c, "half"); time.Sleep(time.Minute) }, bytes: [2]uint64{4, 0}},
		{end: server.CloseWriteTimeout, do: func(f *fake, c *fakenet.Conn) {
			f.send(c, strings.Repeat("x", 99)+"\n"+strings.Repeat("y", 99)+"\n")
			time.Sleep(time.Minute)
		}, frames: [2]uint64{2, 2}, bytes: [2]uint64{200, 128 - 6}},
		{end: server.CloseTooLarge, server: &server.Server{MaxPayload: 8}, do: func(f *fake, c *fakenet.Conn) { f.send(c, "too large\n") }, bytes: [2]uint64{10, 0}},
		{end: server.CloseMalformed, server: &server.Server{Framer: netstring.New()}, do: func(f *fake, c *fakenet.Conn) { f.send(c, "x") }, bytes: [2]uint64{1, 0}},
		{end: server.CloseUnexpectedEOF, do: func(f *fake, c *fakenet.Conn) { f.send(c, "half"); c.CloseWrite() }, bytes: [2]uint64{4, 0}},
		{end: server.CloseReplyRefused, do: func(f *fake, c *fakenet.Conn) { f.send(c, "refuse\n") }, frames: [2]uint64{1, 0}, bytes: [2]uint64{7, 0}},
		{end: server.CloseHandlerError, do: func(f *fake, c *fakenet.Conn) { f.send(c, "fail\n") }, frames: [2]uint64{1, 0}, bytes: [2]uint64{5, 0}},
		{end: server.ClosePanic, do: func(f *fake, c *fakenet.Conn) { f.send(c, "panic\n") }, frames: [2]uint64{1, 0}, bytes: [2]uint64{6, 0}},
		{end: server.CloseFailed, do: func(f *fake, c *fakenet.Conn) { c.Reset() }},
	} {
		t.Run(test.end.String(), func(t *testing.T) {
			s := test.server
			if s == nil {
				s = new(server.Server)
			}
			s.Handler = awkward
			first := hello
			if s.Framer != nil {
				first = "5:hello,"
			}
			onFake(t, s, func(f *fake) {
				c := f.dial(first, fakenet.Buffers(64))
				if test.end != server.CloseWriteTimeout { // which has no room left
					_, err := io.ReadFull(c, make([]byte, len(first)))
					require.NoError(t, err)
				}
				n := uint64(len(first))
				want := server.Stats{Accepted: 1, FramesIn: 1, FramesOut: 1, BytesIn: n, BytesOut: n}
				want.Open[server.StateIdle] = 1
				assert.Equal(t, want, s.Stats())

				test.do(f, c)
				time.Sleep(10 * time.Second) // to the end of any linger
				want.Open[server.StateIdle] = 0
				want.Closed[test.end] = 1
				want.FramesIn += test.frames[0]
				want.FramesOut += test.frames[1]
				want.BytesIn += test.bytes[0]
				want.BytesOut += test.bytes[1]
				want.Draining = test.end == server.CloseDrained || test.end == server.CloseForced
				assert.Equal(t, want, s.Stats())
			})
		})
	}
}

// Under TLS bytes are those on the wire, and a handshake that fails is an end of
// its own; one that never began is not.
func TestStats_TLS(t *testing.T) {
	s := &server.Server{TLSConfig: serverTLS}
	onFake(t, s, func(f *fake) {
		raw := f.dial("")
		c := tls.Client(raw, clientTLS)
		_, err := io.WriteString(c, "a\nb\n")
		require.NoError(t, err)
		_, err = io.ReadFull(c, make([]byte, 4))
		require.NoError(t, err)
		synctest.Wait()
		want := server.Stats{Accepted: 1, FramesIn: 2, FramesOut: 2, BytesIn: uint64(raw.Sent()), BytesOut: uint64(raw.Received())}
		want.Open[server.StateIdle] = 1
		assert.Equal(t, want, s.Stats())

		f.dial("plaintext\n")
		f.dial("").CloseWrite()
		time.Sleep(10 * time.Second)
		got := s.Stats()
		assert.Equal(t, uint64(1), got.Closed[server.CloseHandshake])
		assert.Equal(t, uint64(1), got.Closed[server.ClosePeer])
		assert.Equal(t, uint64(3), got.Accepted)
	})
}

// A handshake that has failed is reported as such, although the server is closed while
// the connection lingers.
func TestStats_HandshakeThenClose(t *testing.T) {
	s := &server.Server{TLSConfig: serverTLS}
	onFake(t, s, func(f *fake) {
		f.dial("plaintext\n")
		time.Sleep(10 * ms)
		require.Equal(t, 1, s.Stats().Open[server.StateHalfClosed])
		require.NoError(t, s.Close())
		assert.EqualValues(t, 1, s.Stats().Closed[server.CloseHandshake])
		assert.Contains(t, f.log.String(), "TLS handshake failed")
	})
}

// Draining is true from the moment of Shutdown, while connections still are
// answered, and Send counts as Reply does.
func TestStats_Shutdown(t *testing.T) {
	s := &server.Server{Handler: func(c *server.Conn, m []byte) error {
		time.Sleep(time.Second)
		return c.WriteFrame(m)
	}}
	onFake(t, s, func(f *fake) {
		f.dial("a\nb\nc\n")
		assert.False(t, s.Stats().Draining)
		go s.Shutdown(background)
		time.Sleep(1500 * ms)
		got := s.Stats()
		assert.True(t, got.Draining)
		assert.Equal(t, uint64(1), got.FramesOut)
		assert.Equal(t, 1, got.Open[server.StateActive])
		time.Sleep(time.Minute)
		want := server.Stats{Accepted: 1, FramesIn: 3, FramesOut: 3, BytesIn: 6, BytesOut: 6, Draining: true}
		want.Closed[server.CloseDrained] = 1
		assert.Equal(t, want, s.Stats())
	})
}

func TestStats_AcceptErrors(t *testing.T) {
	s := &server.Server{}
	onFake(t, s, func(f *fake) {
		f.FailAccept(syscall.EMFILE, syscall.ENOBUFS)
		f.dial("")
		time.Sleep(time.Second)
		f.dial("")
		got := s.Stats()
		assert.Equal(t, uint64(2), got.AcceptErrors)
		assert.Equal(t, uint64(2), got.Accepted)
	})
}

// Stats of a server that has not served, and of one that serves many: at any
// moment no connection is counted twice or not at all, and no number decreases.
func TestStats_Concurrent(t *testing.T) {
	s := &server.Server{Framer: lines, Handler: server.Echo, Logger: new(log).logger()}
	require.Equal(t, server.Stats{}, s.Stats())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()

	const clients, rounds = 8, 25
	ctx, cancel := context.WithCancel(background)
	var watch, work sync.WaitGroup
	watch.Go(func() {
		for last := s.Stats(); ctx.Err() == nil; {
			st := s.Stats()
			var sum uint64
			for _, n := range st.Open {
				sum += uint64(n)
			}
			for end, n := range st.Closed {
				sum += n
				assert.GreaterOrEqual(t, n, last.Closed[end])
			}
			assert.Equal(t, st.Accepted, sum)
			assert.GreaterOrEqual(t, st.FramesIn, last.FramesIn)
			assert.GreaterOrEqual(t, st.BytesOut, last.BytesOut)
			last = st
		}
	})
	for range clients {
		work.Go(func() {
			for range rounds {
				c, err := net.Dial("tcp", l.Addr().String())
				if !assert.NoError(t, err) {
					return
				}
				io.WriteString(c, "one\ntwo\n")
				c.(*net.TCPConn).CloseWrite()
				io.ReadAll(c)
				c.Close()
			}
		})
	}
	work.Wait()
	cancel()
	watch.Wait()
	require.NoError(t, s.Shutdown(background))
	assert.ErrorIs(t, <-served, server.ErrServerClosed)
	const n = clients * rounds
	want := server.Stats{Accepted: n, FramesIn: 2 * n, FramesOut: 2 * n, BytesIn: 8 * n, BytesOut: 8 * n, Draining: true}
	want.Closed[server.ClosePeer] = n
	assert.Equal(t, want, s.Stats())
}

func TestCloseReason_String(t *testing.T) {
	seen := map[string]bool{}
	for end := range new(server.Stats).Closed {
		name := server.CloseReason(end).String()
		assert.NotEqual(t, "unknown", name)
		assert.False(t, seen[name], name)
		seen[name] = true
	}
	assert.Equal(t, "failed", server.CloseFailed.String())
	assert.Equal(t, "unknown", (server.CloseFailed + 1).String())
}
