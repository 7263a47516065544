package server_test

import (
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// Pushes reach a peer that sends nothing, in their order.
func TestPush_ToSilentPeer(t *testing.T) {
	s := &server.Server{IdleTimeout: -1}
	onFake(t, s, func(f *fake) {
		c := f.dial("", fakenet.Buffers(200<<10))
		for conn := range s.Conns() {
			for _, text := range []string{"1", "2", strings.Repeat("x", 100<<10), "3"} {
				require.NoError(t, conn.Push([]byte(text)))
			}
		}
		synctest.Wait()
		assert.EqualValues(t, 4, s.Stats().FramesOut)
		time.Sleep(time.Second)
		require.NoError(t, s.Shutdown(background))
		f.wantFIN(c, "1\n2\n"+strings.Repeat("x", 100<<10)+"\n3\n", time.Second)
	})
}

// A peer that does not read what is pushed costs its own connection, once MaxQueue is
// exceeded, and nobody waits for it.
func TestPush_SlowPeer(t *testing.T) {
	var reasons reasonLog
	s := &server.Server{MaxQueue: 1000, IdleTimeout: -1, Closed: reasons.add, Handler: func(c *server.Conn, payload []byte) error { return c.Push(payload) }}
	onFake(t, s, func(f *fake) {
		slow := f.dial("", fakenet.Buffers(100))
		var conn *server.Conn
		for conn = range s.Conns() {
		}
		payload := []byte(strings.Repeat("x", 99))
		pushed := 0
		for ; pushed < 100 && conn.Push(payload) == nil; pushed++ { // not forever, or the test never fails
			synctest.Wait()
		}
		assert.Equal(t, 12, pushed, "10 queued, and two in the buffers of the connection")
		assert.Zero(t, f.now(), "nobody has waited")
		synctest.Wait()
		assert.ErrorIs(t, conn.Push(payload), net.ErrClosed)
		assert.Equal(t, []server.CloseReason{server.CloseSlow}, reasons.get())
		assert.Zero(t, f.at(slow.RST()))
		other := f.dial("served\n")
		require.NoError(t, other.CloseWrite())
		f.wantFIN(other, "served\n", 0)
		assert.Contains(t, f.log.String(), "connection stalled")
	})
}

// So does one whose handler waits for it to read.
func TestPush_SlowPeerOfBusyHandler(t *testing.T) {
	var reasons reasonLog
	s := &server.Server{MaxQueue: 1000, Closed: reasons.add, Handler: func(c *server.Conn, payload []byte) error {
		return c.WriteFrame(make([]byte, 10_000))
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("x\n", fakenet.Buffers(100))
		for conn := range s.Conns() {
			for conn.Push(make([]byte, 99)) == nil {
			}
		}
		synctest.Wait()
		assert.Zero(t, f.at(c.RST()))
		assert.Equal(t, []server.CloseReason{server.CloseSlow}, reasons.get())
	})
}

// So does one that is to be closed.
func TestPush_SlowPeerAfterClose(t *testing.T) {
	var reasons reasonLog
	s := &server.Server{MaxQueue: 1000, Closed: reasons.add, Handler: func(c *server.Conn, payload []byte) error {
		c.Close(nil)
		for c.Push(make([]byte, 99)) == nil {
		}
		<-c.Context().Done()
		return nil
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("x\n", fakenet.Buffers(100))
		assert.Zero(t, f.at(c.RST()))
		assert.Equal(t, []server.CloseReason{server.CloseSlow}, reasons.get())
	})
}

// A wroteConn calls wrote, if it is not nil, after each write.
type wroteConn struct {
	*fakenet.Conn
	wrote func()
}

func (c *wroteConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if c.wrote != nil {
		c.wrote()
	}
	return n, err
}

// C26: the connection is reset also if everything queued has just left when MaxQueue
// is exceeded: the frame that was too much is missing.
func TestPush_SlowWhileAllLeaves(t *testing.T) {
	var raw *wroteConn
	wrap := func(c net.Conn) net.Conn {
		raw = &wroteConn{Conn: c.(*fakenet.Conn)}
		return raw
	}
	var reasons reasonLog
	s := &server.Server{MaxQueue: 10, Closed: reasons.add}
	onFakeWrapped(t, s, wrap, func(f *fake) {
		c := f.dial("")
		for conn := range s.Conns() {
			raw.wrote = func() {
				raw.wrote = nil
				assert.Error(t, conn.Push([]byte("too much")))
			}
			require.NoError(t, conn.Push([]byte("first")))
		}
		f.wantRST(c, "first\n", 0)
		assert.Equal(t, []server.CloseReason{server.CloseSlow}, reasons.get())
	})
}

// One frame may always be queued, even if it is larger than MaxQueue.
func TestPush_OneLargeFrame(t *testing.T) {
	s := &server.Server{MaxQueue: 10}
	onFake(t, s, func(f *fake) {
		c := f.dial("")
		text := strings.Repeat("x", 1000)
		for conn := range s.Conns() {
			require.NoError(t, conn.Push([]byte(text)))
		}
		time.Sleep(time.Second)
		require.NoError(t, s.Shutdown(background))
		f.wantFIN(c, text+"\n", time.Second)
	})
}

// C21: what is queued at T0 is sent before the end of the stream, within Grace; what
// is not is reported.
func TestPush_AtT0(t *testing.T) {
	for name, reads := range map[string]bool{"read": true, "not read": false} {
		t.Run(name, func(t *testing.T) {
			s := &server.Server{IdleTimeout: -1, Grace: time.Second}
			onFake(t, s, func(f *fake) {
				c := f.dial("", fakenet.Buffers(100))
				for conn := range s.Conns() {
					for range 10 {
						require.NoError(t, conn.Push([]byte(strings.Repeat("x", 99))))
					}
				}
				if reads {
					time.AfterFunc(500*ms, func() { io.Copy(io.Discard, c) })
					assert.NoError(t, s.Shutdown(background))
					assert.Equal(t, 500*ms, f.at(c.FIN()))
					return
				}
				var loss *server.ShutdownError
				require.ErrorAs(t, s.Shutdown(background), &loss)
				assert.Equal(t, 8, loss.Report.Unflushed)
				assert.Equal(t, time.Second, f.at(c.RST()))
			})
		})
	}
}

// countingFramer counts the frames that it builds.
type countingFramer struct {
	framing.Framer
	built *atomic.Int64
}

func (c countingFramer) Append(dst, payload []byte) ([]byte, error) {
	c.built.Add(1)
	return c.Framer.Append(dst, payload)
}

// A broadcast to 1,000 connections builds its frame once, also if each connection
// has set the framer itself, and reaches all of them but those that have ended.
func TestBroadcast_BuildsOnce(t *testing.T) {
	framer := countingFramer{lines, new(atomic.Int64)}
	s := &server.Server{Framer: lines, IdleTimeout: -1, Open: func(c *server.Conn) (server.Handler, error) { return nil, c.SetFramer(framer) }}
	onFake(t, s, func(f *fake) {
		var conns []*fakenet.Conn
		for range 1000 {
			c, err := f.Dial()
			require.NoError(t, err)
			conns = append(conns, c)
		}
		synctest.Wait()
		all := func(yield func(*server.Conn) bool) { s.Conns()(yield) }
		conns[0].Close()
		synctest.Wait()
		require.NoError(t, server.Broadcast(all, []byte("news")))
		synctest.Wait()
		assert.EqualValues(t, 1, framer.built.Load())
		require.NoError(t, s.Shutdown(background))
		for _, c := range conns[1:] {
			got, err := io.ReadAll(c)
			require.NoError(t, err)
			require.Equal(t, "news\n", string(got))
		}
	})
}

// A payload that the framing of some connections cannot carry reaches the others.
func TestBroadcast_Refused(t *testing.T) {
	s := &server.Server{IdleTimeout: -1, Handler: func(c *server.Conn, payload []byte) error { return c.SetFramer(lengthprefix.Uint8()) }}
	onFake(t, s, func(f *fake) {
		c := f.dial("binary\n")
		other := f.dial("")
		var refused *framing.PayloadError
		assert.ErrorAs(t, server.Broadcast(s.Conns(), []byte("two\nlines")), &refused)
		time.Sleep(time.Second)
		require.NoError(t, s.Shutdown(background))
		f.wantFIN(c, "\x09two\nlines", time.Second)
		f.wantFIN(other, "", time.Second)
	})
}

// Conns does not show a connection before Open has returned, nor one that has ended.
func TestConns(t *testing.T) {
	count := func(s *server.Server) (n int) {
		for range s.Conns() {
			n++
		}
		return n
	}
	s := &server.Server{Open: func(c *server.Conn) (server.Handler, error) {
		time.Sleep(10 * ms)
		return nil, nil
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("")
		assert.Zero(t, count(s))
		time.Sleep(20 * ms)
		assert.Equal(t, 1, count(s))
		c.Close()
		synctest.Wait()
		assert.Zero(t, count(s))
	})
}

// A push that is not read within WriteTimeout ends its connection, although that has
// nothing to read and MaxQueue is not exceeded.
func TestT5_PushWriteTimeout(t *testing.T) {
	var reasons reasonLog
	s := &server.Server{WriteTimeout: time.Second, IdleTimeout: -1, Closed: reasons.add}
	onFake(t, s, func(f *fake) {
		c := f.dial("", fakenet.Buffers(100))
		for conn := range s.Conns() {
			require.NoError(t, conn.Push(make([]byte, 1000)))
		}
		time.Sleep(time.Minute)
		assert.Equal(t, 1100*ms, f.at(c.RST()), "the first tenth made progress")
		assert.Equal(t, []server.CloseReason{server.CloseWriteTimeout}, reasons.get())
	})
}

// So does a frame of another goroutine.
func TestT5_WriteFrameWriteTimeout(t *testing.T) {
	var reasons reasonLog
	s := &server.Server{WriteTimeout: time.Second, IdleTimeout: -1, Closed: reasons.add}
	onFake(t, s, func(f *fake) {
		c := f.dial("", fakenet.Buffers(100))
		for conn := range s.Conns() {
			go conn.WriteFrame(make([]byte, 1000))
		}
		time.Sleep(time.Minute)
		assert.Equal(t, 1100*ms, f.at(c.RST()), "the first tenth made progress")
		assert.Equal(t, []server.CloseReason{server.CloseWriteTimeout}, reasons.get())
	})
}

// Fill, such as a heartbeat, is written between two frames and not counted. Anything else is
// refused.
func TestWriteFill(t *testing.T) {
	s := &server.Server{Framer: delimiter.Line().SkipEmpty(), IdleTimeout: -1}
	onFake(t, s, func(f *fake) {
		c := f.dial("one\n")
		synctest.Wait()
		var conn *server.Conn
		for conn = range s.Conns() {
		}
		require.NoError(t, conn.WriteFill([]byte("\n\r\n")))
		require.NoError(t, conn.WriteFrame([]byte("two")))
		var refused *framing.PayloadError
		require.ErrorAs(t, conn.WriteFill([]byte("\nx\n")), &refused)
		assert.EqualError(t, refused, "framing: payload of 3 bytes refused: byte 1 is not fill between frames")
		synctest.Wait()
		assert.EqualValues(t, 2, s.Stats().FramesOut)
		require.NoError(t, s.Shutdown(background))
		f.wantFIN(c, "one\n\n\r\ntwo\n", 0)
		assert.ErrorIs(t, conn.WriteFill([]byte("\n")), net.ErrClosed)
	})
}
