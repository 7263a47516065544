package server_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// A wrapListener accepts what wrap makes of its connections.
type wrapListener struct {
	net.Listener
	wrap func(net.Conn) net.Conn
}

func (l wrapListener) SetDeadline(t time.Time) error {
	return l.Listener.(*net.TCPListener).SetDeadline(t)
}

func (l wrapListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		c = l.wrap(c)
	}
	return c, err
}

// A cipherConn encrypts, badly. It embeds a socket, whose methods it promotes.
type cipherConn struct {
	*net.TCPConn
	in *bufio.Reader
}

func newCipherConn(c net.Conn) net.Conn {
	return &cipherConn{c.(*net.TCPConn), bufio.NewReaderSize(c, 64<<10)}
}

func encrypted(p []byte) []byte {
	p = bytes.Clone(p)
	for i := range p {
		p[i] ^= 0x55
	}
	return p
}

func (c *cipherConn) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	copy(p, encrypted(p[:n]))
	return n, err
}

func (c *cipherConn) Write(p []byte) (int, error) { return c.TCPConn.Write(encrypted(p)) }

// The methods that a wrapper promotes from the socket that it embeds speak for
// the socket: a large reply does not leave past the wrapper, and what it holds
// counts as received.
func TestWrapperSpeaksForItself(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	s := &server.Server{Framer: lengthprefix.Uint32(), Logger: new(log).logger(), Handler: func(c *server.Conn, m []byte) error {
		if len(m) == 0 {
			close(entered)
			<-release
		}
		return server.Echo(c, m)
	}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := serve(t, s, wrapListener{l, newCipherConn})
	c := dial(t, "tcp", l.Addr().String())
	frames := lengthFrame(nil)
	for range 40 { // more than the server reads ahead, and less than the wrapper
		frames = append(frames, lengthFrame(bytes.Repeat([]byte("x"), 1000))...)
	}
	large := lengthFrame(bytes.Repeat([]byte("y"), 20<<10))
	_, err = c.Write(encrypted(append(frames, large...)))
	require.NoError(t, err)
	select {
	case <-entered:
	case <-time.After(20 * time.Second):
		t.Fatal("no frame has arrived; want the first")
	}
	closed := make(chan error)
	go func() { closed <- s.Shutdown(background) }()
	for !s.Stats().Draining {
		runtime.Gosched()
	}
	close(release)
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(append(frames, large...), encrypted(got)), "%d bytes of %d came back", len(got), len(frames)+len(large))
	c.Close()
	assert.NoError(t, <-closed)
	assert.ErrorIs(t, <-served, server.ErrServerClosed)
}

// An outerConn holds bytes, and embeds a connection that tells how many it holds.
type outerConn struct {
	reluctant
	in *bufio.Reader
}

func (o outerConn) Read(p []byte) (int, error) { return o.in.Read(p) }

// A wrapper's Unread does not count if it may be that of what the wrapper embeds.
func TestPromotedUnreadDoesNotCount(t *testing.T) {
	s := &server.Server{Handler: slowly(5 * ms)}
	onFakeWrapped(t, s, func(c net.Conn) net.Conn {
		return outerConn{reluctant{c}, bufio.NewReaderSize(c, 64<<10)}
	}, func(f *fake) {
		want := strings.Repeat(strings.Repeat("x", 99)+"\n", 200)
		c := f.dial(want)
		require.NoError(t, s.Shutdown(background))
		got, err := io.ReadAll(c)
		require.NoError(t, err)
		assert.Equal(t, len(want), len(got))
	})
}

// A brokenConn panics, or ends its goroutine, in a method.
type brokenConn struct {
	net.Conn
	method string
	do     func()
	armed  *bool
}

func (b brokenConn) call(method string) {
	if method == b.method && *b.armed {
		b.do()
	}
}

func (b brokenConn) Read(p []byte) (int, error)  { b.call("Read"); return b.Conn.Read(p) }
func (b brokenConn) Write(p []byte) (int, error) { b.call("Write"); return b.Conn.Write(p) }
func (b brokenConn) Close() error {
	b.Conn.Close()
	b.call("Close")
	return nil
}
func (b brokenConn) CloseWrite() error {
	b.call("CloseWrite")
	return b.Conn.(*fakenet.Conn).CloseWrite()
}
func (b brokenConn) SetReadDeadline(t time.Time) error {
	b.call("SetReadDeadline")
	return b.Conn.SetReadDeadline(t)
}
func (b brokenConn) SetWriteDeadline(t time.Time) error {
	b.call("SetWriteDeadline")
	return b.Conn.SetWriteDeadline(t)
}
func (b brokenConn) SetLinger(sec int) error {
	b.call("SetLinger")
	return b.Conn.(*fakenet.Conn).SetLinger(sec)
}
func (b brokenConn) Unread() (int, error) {
	b.call("Unread")
	return b.Conn.(*fakenet.Conn).Unread()
}

// T27: a wrapped connection that panics in any method harms itself only.
func TestT27BrokenConn(t *testing.T) {
	for how, do := range map[string]func(){"panics": func() { panic("broken") }, "exits": runtime.Goexit} {
		for _, method := range []string{"Read", "Write", "Close", "CloseWrite", "SetReadDeadline", "SetWriteDeadline", "SetLinger", "Unread"} {
			if how == "exits" && method == "SetReadDeadline" || how == "exits" && method == "Unread" {
				continue // Shutdown calls them, and its goroutine is the test's
			}
			for _, early := range []bool{true, false} {
				t.Run(method+" "+how, func(t *testing.T) {
					armed, accepted := early, 0
					s := &server.Server{}
					onFakeWrapped(t, s, func(c net.Conn) net.Conn {
						if accepted++; accepted == 2 {
							return brokenConn{c, method, do, &armed}
						}
						return c
					}, func(f *fake) {
						good, bad := f.dial("a\n"), f.dial("a\n")
						time.Sleep(time.Second)
						armed = true
						f.send(good, "b\n")
						io.WriteString(bad, "b\n")
						time.Sleep(time.Second)
						s.Shutdown(background)
						f.wantFIN(good, "a\nb\n", 2*time.Second)
						assert.Less(t, f.now(), 5*time.Second)
						var closed uint64
						for _, n := range s.Stats().Closed {
							closed += n
						}
						assert.EqualValues(t, 2, closed, "connections that have ended")
					})
				})
			}
		}
	}
}

// A hook may set deadlines: the server sets its own, and neither spins nor takes
// them for its peer's silence.
func TestDeadlineOfHook(t *testing.T) {
	for _, timeout := range []time.Duration{time.Minute, -1} {
		var conn *readsConn
		s := &server.Server{IdleTimeout: timeout, WriteTimeout: timeout, ConnState: func(c net.Conn, state server.State) {
			if state == server.StateIdle {
				c.SetDeadline(time.Unix(1, 0))
			}
		}}
		onFakeWrapped(t, s, func(c net.Conn) net.Conn {
			conn = &readsConn{Conn: c}
			return conn
		}, func(f *fake) {
			c := f.dial("")
			time.Sleep(time.Second)
			f.send(c, "a\n")
			time.Sleep(10 * time.Second)
			assert.Less(t, conn.reads.Load(), int64(10), "reads")
			c.CloseWrite()
			got, err := io.ReadAll(c)
			assert.NoError(t, err)
			assert.Equal(t, "a\n", string(got))
		})
	}
}

// A readsConn counts its reads.
type readsConn struct {
	net.Conn
	reads atomic.Int64
}

func (c *readsConn) Read(p []byte) (int, error) {
	c.reads.Add(1)
	return c.Conn.Read(p)
}

// A timeoutConn has a deadline of its own that has passed.
type timeoutConn struct{ net.Conn }

func (timeoutConn) Read([]byte) (int, error) { return 0, timeoutError() }

func timeoutError() error {
	c, _ := fakenet.Listen().Dial()
	defer c.Close()
	c.SetDeadline(time.Unix(1, 0))
	_, err := c.Read(make([]byte, 1))
	return err
}

// A connection whose reads never wait is given up.
func TestDeadlineOfConn(t *testing.T) {
	onFakeWrapped(t, &server.Server{}, func(c net.Conn) net.Conn { return timeoutConn{c} }, func(f *fake) {
		f.dial("a\n")
		time.Sleep(time.Second)
		synctest.Wait()
		assert.EqualValues(t, 1, f.s.Stats().Closed[server.CloseFailed])
	})
}

// A vectorConn takes several slices as one.
type vectorConn struct {
	net.Conn
	calls atomic.Int64
}

func (c *vectorConn) SetLinger(sec int) error { return c.Conn.(*fakenet.Conn).SetLinger(sec) }

func (c *vectorConn) WriteBuffers(v *net.Buffers) (int64, error) {
	c.calls.Add(1)
	return v.WriteTo(c.Conn)
}

// A wrapper may take several slices as one.
func TestWrapperWritesBuffers(t *testing.T) {
	var conn *vectorConn
	onFakeWrapped(t, &server.Server{Framer: lengthprefix.Uint32()}, func(c net.Conn) net.Conn {
		conn = &vectorConn{Conn: c}
		return conn
	}, func(f *fake) {
		want := string(lengthFrame(bytes.Repeat([]byte("x"), 20<<10)))
		c := f.dial(want)
		got := make([]byte, len(want))
		_, err := io.ReadFull(c, got)
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
		assert.EqualValues(t, 1, conn.calls.Load())
	})
}

// T27: so does one that panics when the connection has ended and its last reply is
// written.
func TestT27BrokenConn_LastReply(t *testing.T) {
	armed := true
	var reasons reasonLog
	s := &server.Server{Closed: reasons.add, Handler: func(c *server.Conn, payload []byte) error {
		c.Reply(payload)
		return io.EOF
	}}
	onFakeWrapped(t, s, func(c net.Conn) net.Conn {
		return brokenConn{c, "Write", func() { panic("broken") }, &armed}
	}, func(f *fake) {
		f.wantRST(f.dial("a\n"), "", 0)
		synctest.Wait()
		assert.Equal(t, []server.CloseReason{server.ClosePanic}, reasons.get())
	})
}
