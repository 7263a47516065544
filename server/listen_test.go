package server_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

func TestListen_Refused(t *testing.T) {
	for _, test := range []struct{ network, address, want string }{
		{"unixpacket", "s", `server: network: "unixpacket" carries packets, and would cut frames; want "unix"`},
		{"unixgram", "s", `server: network: "unixgram" carries packets, and would cut frames; want "unix"`},
		{"udp", "127.0.0.1:0", `server: network: "udp" cannot be served; want "tcp", "tcp4", "tcp6" or "unix"`},
		{"unix", "", `server: address: "" is not a Unix socket; want a path, or a name after @`},
		{"unix", "@", `server: address: "@" is not a Unix socket; want a path, or a name after @`},
	} {
		l, err := server.Listen(test.network, test.address)
		var config *server.ConfigError
		assert.ErrorAs(t, err, &config, test.network)
		assert.EqualError(t, err, test.want)
		assert.Nil(t, l)
	}
	_, err := server.Listen("tcp", "127.0.0.1")
	var op *net.OpError
	assert.ErrorAs(t, err, &op)
}

func TestListenAndServe(t *testing.T) {
	s := &server.Server{Framer: lines, Handler: server.Echo}
	assert.ErrorContains(t, s.ListenAndServe("tcp", "127.0.0.1"), "missing port")
	require.NoError(t, s.Shutdown(background))
	assert.ErrorIs(t, s.ListenAndServe("tcp", "127.0.0.1:0"), server.ErrServerClosed)
}

// Shutdown may be called before the goroutine of Serve begins: those who have
// connected are answered.
func TestC18_ServeAfterShutdown(t *testing.T) {
	t.Parallel()
	l, err := server.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var clients []net.Conn
	for i := range 50 {
		c := dial(t, "tcp", l.Addr().String())
		fmt.Fprintf(c, "%d\n", i)
		clients = append(clients, c)
	}
	s := &server.Server{Framer: lines, Handler: server.Echo, Logger: new(log).logger()}
	require.NoError(t, s.Shutdown(background))
	served := make(chan error)
	go func() { served <- s.Serve(l) }()
	for i, c := range clients {
		got, err := io.ReadAll(c)
		assert.NoError(t, err)
		assert.Equal(t, fmt.Sprintln(i), string(got))
		c.Close()
	}
	assert.Equal(t, server.ErrServerClosed, <-served)
	_, err = net.Dial("tcp", l.Addr().String())
	assert.Error(t, err)
}

// What Serve cannot answer then is in its error; after Close it does not try.
func TestC10_ServeAfterShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server.Server{Framer: lines, Handler: slowly(time.Second), Grace: 2500 * ms}
		require.NoError(t, s.Shutdown(background))
		l := fakenet.Listen()
		c, err := l.Dial()
		require.NoError(t, err)
		io.WriteString(c, "a\nb\nc\nd\n")
		err = s.Serve(l)
		assert.ErrorIs(t, err, server.ErrServerClosed)
		wantReport(t, err, server.Report{Answered: 2, Unanswered: 1, Unflushed: 1, Forced: 1}, err)
		require.NoError(t, s.Shutdown(background), "that call had nothing to lose")

		require.NoError(t, s.Close())
		l = fakenet.Listen()
		c, err = l.Dial()
		require.NoError(t, err)
		assert.Equal(t, server.ErrServerClosed, s.Serve(l))
		_, err = c.Read(make([]byte, 1))
		assert.ErrorIs(t, err, syscall.ECONNRESET)
	})
}

// T6: a listener that returns errors of its own, the same or not, and nothing else,
// ends Serve. One whose errors are temporary, or of the system, does not.
func TestT6_OwnErrors(t *testing.T) {
	own := errors.New("the session is over")
	for _, test := range []struct {
		name string
		fail func(call int) error
		dies bool
	}{
		{"own", func(int) error { return own }, true},
		{"own, wrapped", func(int) error { return &net.OpError{Op: "accept", Err: own} }, true},
		{"own, after others", func(call int) error {
			if call < 20 {
				return fmt.Errorf("connection %d is bad", call)
			}
			return own
		}, true},
		{"own, that differ", func(call int) error { return fmt.Errorf("attempt %d: %w", call, own) }, true},
		{"own, with those of the system", func(call int) error {
			if call%10 == 0 {
				return syscall.EMFILE
			}
			return own
		}, false},
		{"temporary", func(int) error { return temporary{own} }, false},
		{"of the system", func(int) error { return syscall.EMFILE }, false},
		{"own, with successes", func(call int) error {
			if call%10 == 0 {
				return nil
			}
			return own
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &failingListener{Listener: fakenet.Listen(), fail: test.fail}
				s := &server.Server{Framer: lines, Handler: server.Echo, Logger: new(log).logger()}
				served := make(chan error, 1)
				go func() { served <- s.Serve(l) }()
				time.Sleep(time.Hour)
				select {
				case err := <-served:
					assert.True(t, test.dies, "Serve() = %v; want no return", err)
					assert.ErrorIs(t, err, own)
				default:
					assert.False(t, test.dies, "Serve has not returned")
				}
				start := time.Now()
				s.Close()
				assert.LessOrEqual(t, time.Since(start), ms, "that is one failure of Accept")
			})
		})
	}
}

type temporary struct{ error }

func (temporary) Temporary() bool { return true }

// A failingListener fails as fail says, where that does not return nil.
type failingListener struct {
	*fakenet.Listener
	fail func(call int) error
	mu   sync.Mutex
	call int
}

func (l *failingListener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.call++
	if err := l.fail(l.call); err != nil {
		return nil, err
	}
	l.Listener.Dial()
	return l.Listener.Accept()
}

// A listener of packets is refused by Serve too.
func TestServe_Packets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where a Serve that accepts is a deadlock
		l := packetListener{fakenet.Listen()}
		s := &server.Server{Framer: lines, Handler: server.Echo}
		var config *server.ConfigError
		assert.ErrorAs(t, s.Serve(l), &config)
		_, err := l.Dial()
		assert.Error(t, err, "Serve closes its listener in any case")
	})
}

type packetListener struct{ *fakenet.Listener }

func (packetListener) Addr() net.Addr { return &net.UnixAddr{Name: "s", Net: "unixpacket"} }

// The log says once when MaxConns is reached, and once when it no longer is, however
// often connections come and go at the limit.
func TestT7_LimitIsLogged(t *testing.T) {
	s := &server.Server{MaxConns: 3}
	onFake(t, s, func(f *fake) {
		var cs []*fakenet.Conn
		for range 2 {
			cs = append(cs, f.dial(""))
		}
		synctest.Wait()
		assert.Empty(t, f.log.String())
		for range 20 {
			cs = append(cs, f.dial(""))
		}
		for _, c := range cs[:19] {
			c.Close()
			time.Sleep(300 * ms)
		}
		reached := "level=WARN msg=\"connection limit reached, others wait\" max=3\n"
		assert.Equal(t, reached, f.log.String())
		cs[19].Close()
		time.Sleep(999 * ms)
		assert.Equal(t, reached, f.log.String())
		time.Sleep(2 * ms)
		left := "level=INFO msg=\"connection limit no longer reached\" max=3 lasted=5.7s\n"
		assert.Equal(t, reached+left, f.log.String())
		f.dial("")
		assert.Equal(t, reached+left+reached, f.log.String())
		assert.Equal(t, 3, s.ConnLimit())
	})
}

// C24: a Logger that blocks keeps nobody from connecting, nor Shutdown from
// doing its work.
func TestC24_BlockedLogger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		blocked := &blockedLog{release: make(chan struct{})}
		l, served := fakenet.Listen(), make(chan error)
		s := &server.Server{Framer: lines, Handler: server.Echo, MaxConns: 1, Logger: slog.New(slog.NewTextHandler(blocked, nil))}
		go func() { served <- s.Serve(l) }()
		l.FailAccept(syscall.EMFILE)
		for range 3 {
			c, err := l.Dial()
			require.NoError(t, err)
			io.WriteString(c, "hello\n")
			c.CloseWrite()
			got, err := io.ReadAll(c)
			assert.NoError(t, err)
			assert.Equal(t, "hello\n", string(got))
			l.FailAccept(syscall.EMFILE)
		}
		require.NoError(t, s.Shutdown(background))
		assert.Equal(t, server.ErrServerClosed, <-served)
		close(blocked.release)
	})
}

// Notices beyond what a blocked Logger has kept are counted.
func TestC24_Suppressed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		blocked := &blockedLog{release: make(chan struct{})}
		l := &failingListener{Listener: fakenet.Listen(), fail: func(call int) error { return temporary{fmt.Errorf("failure %d", call)} }}
		s := &server.Server{Framer: lines, Handler: server.Echo, Logger: slog.New(slog.NewTextHandler(blocked, nil))}
		go s.Serve(l)
		time.Sleep(time.Minute)
		close(blocked.release)
		time.Sleep(time.Minute)
		text := blocked.String()
		assert.Equal(t, 45+60, strings.Count(text, "\n"), text)
		assert.Contains(t, text, "failure 45")
		assert.NotContains(t, text, "failure 46")
		assert.Regexp(t, `failure 68" in=1s suppressed=22\n`, text)
		s.Close()
	})
}

// A blockedLog is a log that takes nothing until it is released.
type blockedLog struct {
	log
	release chan struct{}
}

func (b *blockedLog) Write(p []byte) (int, error) {
	<-b.release
	return b.log.Write(p)
}
