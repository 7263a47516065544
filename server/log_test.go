package server_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/jsonvalue"
	"github.com/wholeframe/wholeframe/framing/netstring"
	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// A blockedHandler takes no record until it is released.
type blockedHandler struct {
	slog.Handler
	release chan struct{}
}

func (h *blockedHandler) Enabled(_ context.Context, l slog.Level) bool { return l > slog.LevelDebug }

func (h *blockedHandler) Handle(ctx context.Context, r slog.Record) error {
	<-h.release
	return h.Handler.Handle(ctx, r)
}

// C24: nobody waits for a Logger that takes nothing: a bad peer leaves its place
// to the next, a failure to accept and a panic are survived, and Shutdown closes.
func TestC24BlockedLogger(t *testing.T) {
	handler := &blockedHandler{}
	s := &server.Server{MaxConns: 2, Handler: awkward, Logger: slog.New(handler)}
	onFake(t, s, func(f *fake) {
		handler.Handler, handler.release = f.log.logger().Handler(), make(chan struct{})
		good := f.dial("a\n")
		f.FailAccept(syscall.EMFILE, syscall.EMFILE)
		for range 100 {
			f.dial("half").CloseWrite()
			f.dial("panic\n")
		}
		time.Sleep(time.Minute)
		assert.Zero(t, f.Queued())
		f.send(good, "b\n")
		start := f.now()
		require.NoError(t, s.Shutdown(background))
		f.wantFIN(good, "a\nb\n", start)
		assert.Equal(t, quiet+100*ms, f.now()-start, "the quiet, and what the Logger has for its last lines")
		assert.Empty(t, f.log.String())
		close(handler.release)
		synctest.Wait()
		assert.LessOrEqual(t, strings.Count(f.log.String(), "\n"), 1+64)
	})
}

// A slowHandler takes 50 ms for a record.
type slowHandler struct{ slog.Handler }

func (h *slowHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *slowHandler) Handle(ctx context.Context, r slog.Record) error {
	time.Sleep(50 * ms)
	return h.Handler.Handle(ctx, r)
}

// What was logged before Shutdown returns, or as its consequence, is in the log
// then, for a program exits.
func TestShutdownWaitsForLog(t *testing.T) {
	handler := &slowHandler{}
	s := &server.Server{Logger: slog.New(handler)}
	onFake(t, s, func(f *fake) {
		handler.Handler = f.log.logger().Handler()
		f.dial("half").CloseWrite()
		s.Shutdown(background)
		assert.Contains(t, f.log.String(), "connection broke the framing")
	})
}

// T25: what peers can cause does not hide a panic, nor a failure to accept.
func TestT25BudgetsApart(t *testing.T) {
	s := &server.Server{MaxPayload: 100, Handler: awkward}
	onFake(t, s, func(f *fake) {
		for range 5 {
			for i := range 10 {
				for range 3 {
					f.dial("GET / HTTP/1.1" + strings.Repeat(".", 200))
				}
				f.dial("panic\n")
				if i == 0 {
					f.FailAccept(syscall.EMFILE)
				}
				time.Sleep(100 * ms)
			}
		}
		log := f.log.String()
		assert.Equal(t, 50, strings.Count(log, "handler panicked"))
		assert.Equal(t, 5, strings.Count(log, "accept failed"))
		assert.InDelta(t, 50, strings.Count(log, "broke the framing"), 10)
	})
}

// T26: what comes from a connection is cut, and printable, in errors too.
func TestT26LongErrors(t *testing.T) {
	config := serverTLS.Clone()
	config.NextProtos = []string{"ours"}
	s := &server.Server{TLSConfig: config}
	onFake(t, s, func(f *fake) {
		theirs := clientTLS.Clone()
		for i := range 230 {
			theirs.NextProtos = append(theirs.NextProtos, fmt.Sprintf("\x1b[31m\r\n%d", i))
		}
		raw := f.dial("")
		assert.Error(t, tls.Client(raw, theirs).Handshake())
		raw.Close()
		time.Sleep(time.Second)
		log := f.log.String()
		assert.Equal(t, 1, strings.Count(log, "\n"), log)
		assert.Contains(t, log, "TLS handshake failed")
		assert.Less(t, len(log), 300, log)
		assert.NotContains(t, log, "\x1b")
	})
}

// T26: a handler's error may quote the peer too.
func TestT26HandlerError(t *testing.T) {
	s := &server.Server{Handler: func(_ *server.Conn, m []byte) error { return fmt.Errorf("bad: %s", m) }}
	onFake(t, s, func(f *fake) {
		f.dial(strings.Repeat("\x1bx", 1000) + "\n")
		time.Sleep(time.Second)
		assert.Less(t, len(f.log.String()), 400, f.log)
		assert.Equal(t, 0, strings.Count(f.log.String(), "\x1b"))
	})
}

// A quotingFramer rejects everything, and quotes it.
type quotingFramer struct{ framing.Framer }

func (quotingFramer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	return framing.Frame{}, r, fmt.Errorf("bad: %s", data)
}

// T26: of a malformed frame the log says what is allowed, and what the bytes look like;
// only what the Framer reports is cut.
func TestT26_FormatError(t *testing.T) {
	for _, test := range []struct {
		framer framing.Framer
		sent   string
		err    string
	}{
		{netstring.New(), "GET / HTTP/1.1\r\n", `frame at offset 0: malformed length: got 'G', want a digit (this looks like an HTTP request)"`},
		{jsonvalue.New(), "G", `frame at offset 0: malformed value: it begins with 'G', want {, [, \\\", a digit, -, true, false or null"`},
		{quotingFramer{netstring.New()}, "\x1b" + strings.Repeat("x", 1000), `err="framing: frame at offset 0: bad: \\x1b` + strings.Repeat("x", 122) + `"`},
	} {
		onFake(t, &server.Server{Framer: test.framer}, func(f *fake) {
			f.dial(test.sent)
			time.Sleep(time.Second)
			assert.Contains(t, f.log.String(), test.err)
		})
	}
}

// A lateLogger takes a second to say that it is enabled.
type lateLogger struct{ slog.Handler }

func (l lateLogger) Enabled(ctx context.Context, level slog.Level) bool {
	time.Sleep(time.Second)
	return l.Handler.Enabled(ctx, level)
}

// The last warning is logged before Shutdown returns.
func TestShutdownWaitsForLastWarning(t *testing.T) {
	log := new(log)
	s := &server.Server{Logger: slog.New(lateLogger{log.logger().Handler()}), Handler: func(*server.Conn, []byte) error {
		time.Sleep(100 * ms)
		return errors.New("no")
	}}
	onFake(t, s, func(f *fake) {
		f.dial("a\n")
		assert.NoError(t, s.Shutdown(background))
		assert.Contains(t, log.String(), "handler failed")
	})
}

// An ownListener has no address, and returns one error.
type ownListener struct {
	*fakenet.Listener
	err error
}

func (ownListener) Addr() net.Addr              { return nil }
func (l ownListener) Accept() (net.Conn, error) { return nil, l.err }

// T26, T27: an error of Accept may quote a peer. A listener need not have an address.
func TestT26_AcceptError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(log)
		s := &server.Server{Framer: lines, Handler: server.Echo, Logger: log.logger()}
		served := make(chan error, 1)
		go func() {
			served <- s.Serve(ownListener{fakenet.Listen(), errors.New("bad header: " + strings.Repeat("\n\x1b[2J", 1000))})
		}()
		synctest.Wait()
		assert.Contains(t, log.String(), "accept failed")
		assert.Contains(t, log.String(), "bad header")
		assert.Less(t, len(log.String()), 300, log)
		assert.Equal(t, 0, strings.Count(log.String(), "\x1b"))
		assert.NoError(t, s.Close())
		assert.Equal(t, server.ErrServerClosed, <-served)
	})
}

// T29: who connects and leaves, in whatever way, is a probe: no fault, and no
// line but at debug level.
func TestT29Probes(t *testing.T) {
	for _, secure := range []bool{false, true} {
		s := &server.Server{}
		if secure {
			s.TLSConfig = serverTLS
		}
		onFake(t, s, func(f *fake) {
			for range 5 {
				f.dial("").Close()
				f.dial("").Reset()
				f.dial("").CloseWrite()
				if secure {
					raw := f.dial("")
					require.NoError(t, tls.Client(raw, clientTLS).Handshake())
					raw.Reset()
					raw = f.dial("")
					require.NoError(t, tls.Client(raw, clientTLS).Handshake())
					raw.Close()
				}
			}
			time.Sleep(time.Minute)
			assert.Empty(t, f.log.String())
			stats := s.Stats()
			assert.Equal(t, stats.Accepted, stats.Closed[server.ClosePeer])
		})
	}
}

// A reset after a frame is no probe.
func TestT29ResetIsNoProbe(t *testing.T) {
	onFake(t, &server.Server{}, func(f *fake) {
		f.dial("a\n").Reset()
		time.Sleep(time.Second)
		assert.EqualValues(t, 1, f.s.Stats().Closed[server.CloseFailed])
	})
}

// A Shutdown that a handler waits for does not wait for the handler forever. With
// the context of its connection it does not wait at all.
func TestShutdownInHandler(t *testing.T) {
	for name, test := range map[string]struct {
		ctx      func(c *server.Conn) context.Context
		returned time.Duration // Shutdown in the handler
	}{
		"context of the connection": {(*server.Conn).Context, 0},
		"derived context": {func(c *server.Conn) context.Context {
			return context.WithoutCancel(c.Context())
		}, 0},
		"other context": {func(*server.Conn) context.Context { return background }, 11 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server.Server{}
			var err error
			var at time.Duration
			var f *fake
			s.Handler = func(c *server.Conn, m []byte) error {
				err = s.Shutdown(test.ctx(c))
				at = f.now()
				return server.Echo(c, m)
			}
			onFake(t, s, func(now *fake) {
				f = now
				c := f.dial("quit\n")
				assert.ErrorIs(t, <-f.served, server.ErrServerClosed)
				f.served <- server.ErrServerClosed
				synctest.Wait()
				assert.Equal(t, test.returned, at)
				if test.returned == 0 {
					assert.ErrorIs(t, err, server.ErrInHandler)
					assert.NoError(t, s.Shutdown(background))
					f.wantFIN(c, "quit\n", 0)
					return
				}
				wantReport(t, err, server.Report{Unanswered: 1, Forced: 1, Stuck: []string{c.LocalAddr().String()}}, context.DeadlineExceeded)
			})
		})
	}
}

// Where Shutdown comes before Serve, those who wait in the backlog are answered
// all the same, before Serve returns; after Close they are not.
func TestServeAfterShutdown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server.Server{Framer: lines, Handler: server.Echo, Logger: new(log).logger()}
	c := dial(t, "tcp", l.Addr().String())
	_, err = io.WriteString(c, "queued\n")
	require.NoError(t, err)
	require.NoError(t, s.Shutdown(background))
	served := make(chan error)
	go func() { served <- s.Serve(l) }()
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Equal(t, "queued\n", string(got))
	c.Close()
	assert.ErrorIs(t, <-served, server.ErrServerClosed)
	assert.NoError(t, s.Shutdown(background))

	l, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c = dial(t, "tcp", l.Addr().String())
	s.Close()
	assert.ErrorIs(t, s.Serve(l), server.ErrServerClosed)
	_, err = c.Read(make([]byte, 1))
	assert.Error(t, err)
	_, err = net.Dial("tcp", l.Addr().String())
	assert.Error(t, err)
}

// T25: while the Logger takes nothing, lines of one kind leave room for those of
// the others, and 64 wait at most.
func TestT25_RoomForEach(t *testing.T) {
	handler := &blockedHandler{}
	s := &server.Server{Handler: awkward, Logger: slog.New(handler)}
	onFake(t, s, func(f *fake) {
		handler.Handler, handler.release = f.log.logger().Handler(), make(chan struct{})
		flood := func() {
			for range 100 {
				f.dial("half").CloseWrite()
				time.Sleep(100 * ms)
			}
		}
		flood()
		f.dial("panic\n")
		f.FailAccept(syscall.EMFILE)
		time.Sleep(time.Second)
		handler.release <- struct{}{} // it takes one, and is blocked again
		flood()
		close(handler.release)
		synctest.Wait()
		log := f.log.String()
		assert.Equal(t, 1, strings.Count(log, "handler panicked"), log)
		assert.Equal(t, 1, strings.Count(log, "accept failed"), log)
		assert.LessOrEqual(t, strings.Count(log, "\n"), 2+64)
	})
}

// A line for each connection that has ended says why, for how long it was served,
// and what it has brought and got. Warnings come as ever.
func TestLogConnections(t *testing.T) {
	s := &server.Server{LogConnections: true}
	onFake(t, s, func(f *fake) {
		c := f.dial("hello\nworld\n")
		time.Sleep(1500 * ms)
		f.send(c, "half")
		c.CloseWrite()
		time.Sleep(time.Second)
		assert.Equal(t, "level=INFO msg=connection remote=198.51.100.1:50000 reason=unexpected_eof duration=1.5s frames_in=2 frames_out=2 bytes_in=16 bytes_out=12\n"+
			`level=WARN msg="connection broke the framing" remote=198.51.100.1:50000 err="framing: frame at offset 12: unexpected EOF after 4 bytes" bytes="\"half\""`+"\n",
			f.log.String())
	})
}
