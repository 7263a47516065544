package server_test

import (
	"crypto/tls"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// startTLS is a Handler that answers "STARTTLS", and echoes the rest. An error it
// replies.
func startTLS(c *server.Conn, payload []byte) error {
	if string(payload) != "STARTTLS" {
		return server.Echo(c, payload)
	}
	if err := c.StartTLS([]byte("go ahead"), serverTLS); err != nil {
		return c.Reply([]byte(err.Error()))
	}
	return nil
}

func expect(t *testing.T, r io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	_, err := io.ReadFull(r, got)
	require.NoError(t, err)
	require.Equal(t, want, string(got))
}

// After StartTLS the same session is encrypted, and closes as any TLS connection.
func TestStartTLS(t *testing.T) {
	onFake(t, &server.Server{Handler: startTLS}, func(f *fake) {
		c := f.dial("plain\nSTARTTLS\n")
		expect(t, c, "plain\ngo ahead\n")
		secure := tls.Client(c, clientTLS)
		_, err := io.WriteString(secure, "secret\nSTARTTLS\n")
		require.NoError(t, err)
		expect(t, secure, "secret\n"+server.ErrTLS.Error()+"\n")
		_, err = io.WriteString(secure, "last\nhalf")
		require.NoError(t, err)
		require.NoError(t, f.s.Shutdown(background))
		expect(t, secure, "last\n")
		_, err = secure.Read(make([]byte, 1))
		assert.Equal(t, io.EOF, err, "a close_notify came")
		assert.NotZero(t, c.FIN())
	})
}

// What follows the command in plaintext is refused before anything is sent.
func TestStartTLS_Plaintext(t *testing.T) {
	onFake(t, &server.Server{Handler: startTLS}, func(f *fake) {
		c := f.dial("STARTTLS\ninjected\n")
		require.NoError(t, c.CloseWrite())
		f.wantFIN(c, server.ErrPlaintext.Error()+"\ninjected\n", 0)
	})
}

// Plaintext that was not yet read when the handshake began is no command either.
func TestStartTLS_PlaintextInQueue(t *testing.T) {
	var reasons reasonLog
	s := &server.Server{Closed: reasons.add, Handler: func(c *server.Conn, payload []byte) error {
		if string(payload) != "STARTTLS" {
			return server.Echo(c, payload)
		}
		time.Sleep(10 * ms)
		return c.StartTLS([]byte("go ahead"), serverTLS)
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("STARTTLS\n")
		f.send(c, "injected\n")
		got, _ := io.ReadAll(c)
		assert.Equal(t, "go ahead\n", string(got[:9]))
		assert.NotContains(t, string(got), "injected")
		synctest.Wait()
		assert.Equal(t, []server.CloseReason{server.CloseHandshake}, reasons.get())
	})
}

// After T0 StartTLS is refused before it sends anything, and the connection is
// drained; a handshake that runs at T0 may finish, and then the client has the time of
// one that has just connected (C19) for what it sends first.
func TestC25_StartTLSAtT0(t *testing.T) {
	t.Run("after", func(t *testing.T) {
		s := &server.Server{Handler: func(c *server.Conn, payload []byte) error {
			time.Sleep(10 * ms)
			return startTLS(c, payload)
		}}
		onFake(t, s, func(f *fake) {
			c := f.dial("STARTTLS\n")
			require.NoError(t, s.Shutdown(background))
			f.wantFIN(c, server.ErrDraining.Error()+"\n", 10*ms)
		})
	})
	t.Run("during", func(t *testing.T) {
		onFake(t, &server.Server{Handler: startTLS}, func(f *fake) {
			c := f.dial("STARTTLS\n")
			expect(t, c, "go ahead\n")
			closed := make(chan error)
			go func() { closed <- f.s.Shutdown(background) }()
			time.Sleep(100 * ms)
			secure := tls.Client(c, clientTLS)
			require.NoError(t, secure.Handshake())
			time.Sleep(400 * ms)
			_, err := io.WriteString(secure, "secret\n")
			require.NoError(t, err)
			expect(t, secure, "secret\n")
			require.NoError(t, <-closed)
		})
	})
}

// StartTLS is refused while an answer is promised, which could be sent in plaintext.
func TestStartTLS_Pending(t *testing.T) {
	s := &server.Server{Handler: func(c *server.Conn, payload []byte) error {
		if string(payload) == "STARTTLS" {
			return startTLS(c, payload)
		}
		return answerLater(c, payload)
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("10ms\nSTARTTLS\n")
		require.NoError(t, c.CloseWrite())
		f.wantFIN(c, server.ErrPending.Error()+"\n10ms\n", 10*ms)
	})
}

// A push, or another goroutine's frame, that comes during the handshake waits for
// its end, and is encrypted.
func TestStartTLS_PushDuringHandshake(t *testing.T) {
	onFake(t, &server.Server{Handler: startTLS}, func(f *fake) {
		c := f.dial("STARTTLS\n")
		expect(t, c, "go ahead\n")
		written := make(chan error, 1)
		for conn := range f.s.Conns() {
			require.NoError(t, conn.Push([]byte("pushed")))
			go func() { written <- conn.WriteFrame([]byte("written")) }()
		}
		synctest.Wait()
		unread, _ := c.Unread()
		assert.Zero(t, unread, "nothing is sent in plaintext")
		secure := tls.Client(c, clientTLS)
		got := make([]byte, len("pushed\nwritten\n"))
		_, err := io.ReadFull(secure, got)
		require.NoError(t, err)
		assert.Contains(t, []string{"pushed\nwritten\n", "written\npushed\n"}, string(got))
		assert.NoError(t, <-written)
	})
}

// A handshake that fails, or that takes too long, ends the connection: nothing is
// sent in plaintext any more, also if the handler ignores the error.
func TestStartTLS_HandshakeFails(t *testing.T) {
	for name, text := range map[string]string{"stalls": "", "garbage": "no handshake at all\n"} {
		t.Run(name, func(t *testing.T) {
			s := &server.Server{HandshakeTimeout: time.Second, Handler: func(c *server.Conn, payload []byte) error {
				c.StartTLS([]byte("go ahead"), serverTLS)
				c.Reply([]byte("plain"))
				return nil
			}}
			onFake(t, s, func(f *fake) {
				c := f.dial("STARTTLS\n", fakenet.Buffers(1<<10))
				f.send(c, text)
				got, _ := io.ReadAll(c)
				assert.Equal(t, "go ahead\n", string(got))
			})
		})
	}
}

// TLS reports the state of the connection.
func TestConnTLS(t *testing.T) {
	s := &server.Server{TLSConfig: serverTLS, Handler: func(c *server.Conn, payload []byte) error {
		return c.Reply([]byte(tls.VersionName(c.TLS().Version)))
	}}
	onFake(t, s, func(f *fake) {
		secure := tls.Client(f.dial(""), clientTLS)
		_, err := io.WriteString(secure, "version\n")
		require.NoError(t, err)
		expect(t, secure, "TLS 1.3\n")
	})
	onFake(t, &server.Server{Handler: func(c *server.Conn, payload []byte) error {
		assert.Nil(t, c.TLS())
		return server.Echo(c, payload)
	}}, func(f *fake) { expect(t, f.dial("x\n"), "x\n") })
}
