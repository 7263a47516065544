package server_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// A hijacked connection leaves the server with the bytes that it had received; the
// server no longer counts it, limits it or waits for it.
func TestHijack(t *testing.T) {
	var nc net.Conn
	var reasons reasonLog
	hijacked := 0
	var s *server.Server
	s = &server.Server{MaxConns: 1, IdleTimeout: time.Second, Closed: reasons.add, Handler: func(c *server.Conn, payload []byte) error {
		if err := errors.Join(c.Reply([]byte("yours")), c.Flush()); err != nil { // before the push
			return err
		}
		if err := c.Push([]byte("pushed")); err != nil {
			return err
		}
		conn, received, err := c.Hijack()
		assert.NoError(t, err)
		assert.Equal(t, "half", string(received))
		hijacked++
		assert.EqualValues(t, hijacked, s.Stats().Closed[server.CloseHijacked], "at once")
		assert.ErrorIs(t, c.WriteFrame(nil), net.ErrClosed)
		assert.ErrorIs(t, c.Push(nil), net.ErrClosed)
		nc = conn
		return nil
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("hijack\nhalf")
		expect(t, c, "yours\npushed\n")
		synctest.Wait()
		assert.Equal(t, []server.CloseReason{server.CloseHijacked}, reasons.get())
		other := f.dial("hijack\nhalf") // in its slot
		expect(t, other, "yours\npushed\n")
		synctest.Wait()
		mine := nc
		time.Sleep(time.Hour)
		require.NoError(t, s.Shutdown(background))
		go io.WriteString(mine, "alive")
		expect(t, other, "alive")
		go io.WriteString(other, "too")
		expect(t, mine, "too")
		assert.Zero(t, c.FIN())
		assert.EqualValues(t, 2, s.Stats().Closed[server.CloseHijacked])
		mine.Close()
		c.Peer().Close()
	})
}

// A TLS connection is hijacked as such, and its deadlines are the caller's.
func TestHijack_TLS(t *testing.T) {
	var nc net.Conn
	s := &server.Server{TLSConfig: serverTLS, Handler: func(c *server.Conn, payload []byte) (err error) {
		nc, _, err = c.Hijack()
		return err
	}}
	onFake(t, s, func(f *fake) {
		secure := tls.Client(f.dial(""), clientTLS)
		_, err := io.WriteString(secure, "hijack\n")
		require.NoError(t, err)
		synctest.Wait()
		defer nc.Close()
		require.NoError(t, nc.SetReadDeadline(time.Now().Add(time.Second)))
		for range 2 {
			_, err = nc.Read(make([]byte, 1))
			assert.ErrorContains(t, err, "i/o timeout")
		}
		assert.Equal(t, time.Second, f.now())
	})
}

// Hijack is refused while answers are promised, and after T0; the connection remains
// with the server.
func TestHijack_Refused(t *testing.T) {
	s := &server.Server{Handler: func(c *server.Conn, payload []byte) error {
		if string(payload) != "hijack" {
			return answerLater(c, payload)
		}
		time.Sleep(10 * ms)
		_, _, err := c.Hijack()
		return c.Reply([]byte(err.Error()))
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("20ms\nhijack\n")
		expect(t, c, server.ErrPending.Error()+"\n20ms\n")
		f.send(c, "hijack\n")
		require.NoError(t, s.Shutdown(background))
		f.wantFIN(c, server.ErrDraining.Error()+"\n", 30*ms)
	})
}

// C2: nobody gets a connection on which a frame was torn, or is missing.
func TestHijack_TornFrame(t *testing.T) {
	for name, test := range map[string]struct {
		send    func(c *server.Conn)
		reasons []server.CloseReason // one of them
	}{
		"before": {func(c *server.Conn) { c.WriteFrame(make([]byte, 1000)) }, []server.CloseReason{server.CloseWriteTimeout}},
		"in it":  {func(c *server.Conn) { c.Push(make([]byte, 1000)) }, []server.CloseReason{server.CloseHijacked}},
		"too slow": {func(c *server.Conn) {
			c.Push(make([]byte, 99))
			assert.Error(t, c.Push(make([]byte, 1000)))
		}, []server.CloseReason{server.CloseHijacked, server.CloseSlow}},
	} {
		t.Run(name, func(t *testing.T) {
			var reasons reasonLog
			s := &server.Server{WriteTimeout: time.Second, MaxQueue: 1000, Closed: reasons.add, Handler: func(c *server.Conn, payload []byte) error {
				test.send(c)
				_, _, err := c.Hijack()
				assert.Error(t, err)
				return err
			}}
			onFake(t, s, func(f *fake) {
				c := f.dial("hijack\n", fakenet.Buffers(100))
				time.Sleep(2 * time.Second)
				assert.NotZero(t, c.RST())
				require.Len(t, reasons.get(), 1)
				assert.Contains(t, test.reasons, reasons.get()[0])
			})
		})
	}
}

// A panic after Hijack does not harm the connection.
func TestHijack_ThenPanic(t *testing.T) {
	var nc net.Conn
	s := &server.Server{Handler: func(c *server.Conn, payload []byte) error {
		nc, _, _ = c.Hijack()
		panic("after Hijack")
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("hijack\n")
		assert.Contains(t, f.log.String(), "after Hijack")
		go io.WriteString(nc, "alive")
		expect(t, c, "alive")
		nc.Close()
	})
}

// Open may hijack the connection: the server reads nothing of it any more.
func TestHijack_InOpen(t *testing.T) {
	var nc net.Conn
	var reasons reasonLog
	s := &server.Server{Closed: reasons.add, Open: func(c *server.Conn) (h server.Handler, err error) {
		nc, _, err = c.Hijack()
		return nil, err
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("")
		assert.Equal(t, []server.CloseReason{server.CloseHijacked}, reasons.get())
		f.send(c, "mine")
		synctest.Wait()
		nc.SetReadDeadline(time.Now().Add(time.Second))
		expect(t, nc, "mine")
		nc.Close()
	})
}

// Close, of another goroutine, leaves a connection alone that was hijacked.
func TestHijack_ThenClose(t *testing.T) {
	var nc net.Conn
	var conn *server.Conn
	s := &server.Server{Handler: func(c *server.Conn, payload []byte) (err error) {
		conn = c
		nc, _, err = c.Hijack()
		return err
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("hijack\n")
		conn.Close(nil)
		go io.WriteString(c, "alive")
		expect(t, nc, "alive")
		nc.Close()
	})
}
