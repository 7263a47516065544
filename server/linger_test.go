package server_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// unread500 makes a client that has half-closed and does not read, of whose
// replies 500 bytes are not acknowledged.
func (f *fake) unread500() *fakenet.Conn {
	c := f.dial(strings.Repeat(strings.Repeat("x", 499)+"\n", 3), fakenet.Buffers(1000))
	c.CloseWrite()
	synctest.Wait()
	return c
}

// C21: a connection whose peer has ended its side and does not read keeps its
// place until its replies are acknowledged, or were not for the write timeout.
func TestC21HalfClosedKeepsPlace(t *testing.T) {
	s := &server.Server{MaxConns: 1, WriteTimeout: 3 * time.Second}
	onFake(t, s, func(f *fake) {
		deaf := f.unread500()
		next := f.dial("a\n")
		time.Sleep(2 * time.Second)
		assert.Equal(t, 1, f.Accepted(), "connections accepted")
		_, err := io.CopyN(io.Discard, deaf, 100) // there is progress
		require.NoError(t, err)
		time.Sleep(10 * time.Second)
		require.Equal(t, 2, f.Accepted(), "connections accepted")
		assert.InDelta(t, 5250*ms, f.at(deaf.RST()), float64(250*ms), "time of RST: what was acknowledged is looked at now and then")
		assert.Contains(t, f.log.String(), `level=WARN msg="connection stalled"`)
		assert.EqualValues(t, 1, s.Stats().Closed[server.CloseWriteTimeout])
		next.CloseWrite()
		got, err := io.ReadAll(next)
		require.NoError(t, err)
		assert.Equal(t, "a\n", string(got))
	})
}

// C21: who reads in the end gets all replies and the end of the stream.
func TestC21HalfClosedReadsLate(t *testing.T) {
	for _, closing := range []bool{false, true} {
		s := &server.Server{}
		onFake(t, s, func(f *fake) {
			c := f.unread500()
			closed := make(chan error, 1)
			if closing {
				go func() { closed <- s.Shutdown(background) }()
			}
			time.Sleep(8 * time.Second)
			got, err := io.ReadAll(c)
			require.NoError(t, err)
			assert.Equal(t, 1500, len(got))
			assert.Zero(t, c.RST())
			if closing {
				assert.NoError(t, <-closed)
			}
		})
	}
}

// C21: replies that are not acknowledged when Grace is over end in a reset, and
// in the report.
func TestC21Report(t *testing.T) {
	for name, halfClose := range map[string]bool{"half-closed": true, "open": false} {
		t.Run(name, func(t *testing.T) {
			s := &server.Server{Grace: time.Second}
			onFake(t, s, func(f *fake) {
				c := f.dial(strings.Repeat(strings.Repeat("x", 499)+"\n", 3), fakenet.Buffers(1000))
				if halfClose {
					c.CloseWrite()
				}
				time.Sleep(time.Second)
				err := s.Shutdown(background)
				wantReport(t, err, server.Report{Unacknowledged: 500, Forced: 1}, err)
				assert.ErrorContains(t, err, "500 bytes not acknowledged")
				assert.Equal(t, 2*time.Second, f.now())
				assert.Equal(t, 2*time.Second, f.at(c.RST()))
			})
		})
	}
}

// C21: a connection that is reset has nothing to wait for.
func TestC21Reset(t *testing.T) {
	s := &server.Server{Handler: func(c *server.Conn, m []byte) error {
		c.Reply(m)
		return io.EOF
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial(strings.Repeat("x", 1499)+"\n", fakenet.Buffers(1000))
		time.Sleep(time.Second)
		assert.Equal(t, 1, f.Open())
		c.Reset()
		synctest.Wait()
		assert.Zero(t, f.Open())
		assert.EqualValues(t, 1, s.Stats().Closed[server.CloseFailed])
	})
}

// C26: until its last reply is acknowledged, closing a connection resets it.
func TestC26ResetUntilAcknowledged(t *testing.T) {
	onFake(t, &server.Server{}, func(f *fake) {
		c := f.dial("a\n")
		c.Peer().Close() // as the kernel does when the process is killed
		got, err := io.ReadAll(c)
		assert.Error(t, err)
		assert.Equal(t, "a\n", string(got))
		assert.Zero(t, c.FIN())

		done := f.dial("a\n", fakenet.Buffers(1))
		done.CloseWrite()
		synctest.Wait()
		done.Peer().Close() // with a byte that is not acknowledged
		_, err = io.ReadAll(done)
		assert.Error(t, err)
	})
}

// While the server drains, a connection is closed when its peer has been silent
// for a while, however long that takes: a proxy passes on what it holds. Else
// Linger is the limit.
func TestLingerWhileDraining(t *testing.T) {
	for _, draining := range []bool{true, false} {
		s := &server.Server{Handler: func(c *server.Conn, m []byte) error {
			c.Reply(m)
			return io.EOF
		}}
		onFake(t, s, func(f *fake) {
			c := f.dial("bye\n")
			for i := 1; i <= 40; i++ {
				f.sendLater(time.Duration(i)*150*ms, c, "more\n")
			}
			want := 2 * time.Second
			if draining {
				want = 6*time.Second + quiet
				assert.NoError(t, s.Shutdown(background))
			}
			time.Sleep(time.Minute)
			assert.Equal(t, want, f.at(c.Peer().Closed()))
		})
	}
}

// A peer that never ends its side and always sends is listened to until Grace is
// over, and nothing is lost by closing then.
func TestLingerUntilGrace(t *testing.T) {
	s := &server.Server{Grace: 3 * time.Second}
	onFake(t, s, func(f *fake) {
		c := f.dial("a\n")
		for i := range 100 {
			f.sendLater(time.Duration(i)*100*ms, c, "more\n")
		}
		time.Sleep(time.Second)
		assert.NoError(t, s.Shutdown(background))
		assert.Equal(t, 4*time.Second, f.now())
		got, _ := io.ReadAll(c)
		assert.True(t, bytes.HasPrefix(got, []byte("a\nmore\n")), "%q", got)
		assert.Equal(t, time.Second, f.at(c.FIN()))
	})
}
