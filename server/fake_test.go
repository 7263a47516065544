package server_test

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

const (
	ms    = time.Millisecond
	quiet = 200 * ms // the silence after which a server does not wait for its peer
)

var lines = delimiter.Line()

// A fake is a server on a fake listener, whose clock stands still while
// anything runs: a time that a test expects is exact.
type fake struct {
	*fakenet.Listener
	t      *testing.T
	s      *server.Server
	log    *log
	wrap   func(net.Conn) net.Conn // nil, or what to accept instead
	zero   time.Time               // when the clock was started
	served chan error
}

// onFake runs test in a bubble of its own, with a server that has s' fields and,
// where they are nil, lines for frames, Echo for a handler and a log that is
// kept. When test has ended the server must end too, and leave no goroutine and
// no connection.
func onFake(t *testing.T, s *server.Server, test func(f *fake)) {
	t.Helper()
	onFakeWrapped(t, s, nil, test)
}

// onFakeWrapped is onFake with a server that sees wrap's view of connections.
func onFakeWrapped(t *testing.T, s *server.Server, wrap func(net.Conn) net.Conn, test func(f *fake)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{Listener: fakenet.Listen(), t: t, s: s, log: new(log), wrap: wrap, zero: time.Now(), served: make(chan error, 1)}
		if s.Framer == nil {
			s.Framer = lines
		}
		if s.Handler == nil {
			s.Handler = server.Echo
		}
		if s.Logger == nil {
			s.Logger = f.log.logger()
		}
		go func() { f.served <- s.Serve(f) }()
		synctest.Wait()
		test(f)
		s.Close()
		assert.ErrorIs(t, <-f.served, server.ErrServerClosed)
		synctest.Wait()
		assert.Zero(t, f.Open(), "connections left open")
	})
}

// Accept accepts as the server sees it.
func (f *fake) Accept() (net.Conn, error) {
	c, err := f.Listener.Accept()
	if err == nil && f.wrap != nil {
		c = f.wrap(c)
	}
	return c, err
}

// dial connects, and lets the server do what it can at once: text is there when it
// accepts.
func (f *fake) dial(text string, opts ...fakenet.Option) *fakenet.Conn {
	f.t.Helper()
	c, err := f.Dial(append(opts, fakenet.Sent(text))...)
	require.NoError(f.t, err)
	synctest.Wait()
	return c
}

func (f *fake) send(c *fakenet.Conn, text string) {
	f.t.Helper()
	_, err := io.WriteString(c, text)
	require.NoError(f.t, err)
}

// sendLater sends text when d has passed.
func (f *fake) sendLater(d time.Duration, c *fakenet.Conn, text string) {
	time.AfterFunc(d, func() { io.WriteString(c, text) })
}

// now returns the time since the test began.
func (f *fake) now() time.Duration { return time.Since(f.zero) }

// at returns t as the time since the test began, or -1 if t is zero.
func (f *fake) at(t time.Time) time.Duration {
	if t.IsZero() {
		return -1
	}
	return t.Sub(f.zero)
}

// wantFIN says that c's peer has sent text and then, at the time at, FIN, and
// never reset the connection.
func (f *fake) wantFIN(c *fakenet.Conn, text string, at time.Duration) {
	f.t.Helper()
	got, err := io.ReadAll(c)
	assert.NoError(f.t, err)
	assert.Equal(f.t, text, string(got))
	assert.Equal(f.t, at, f.at(c.FIN()), "time of FIN")
	assert.Equal(f.t, time.Duration(-1), f.at(c.RST()), "time of RST")
}

// wantRST says that c's peer has sent text and then, at the time at, reset the
// connection, without FIN.
func (f *fake) wantRST(c *fakenet.Conn, text string, at time.Duration) {
	f.t.Helper()
	got, err := io.ReadAll(c)
	assert.Error(f.t, err)
	assert.Equal(f.t, text, string(got))
	assert.Equal(f.t, time.Duration(-1), f.at(c.FIN()), "time of FIN")
	assert.Equal(f.t, at, f.at(c.RST()), "time of RST")
}

// A log keeps what a server logs.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// logger returns a logger that writes lines of text without the time.
func (l *log) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
}

// stopAt makes the server's reading stop at an offset of its stream for d, as if
// the process was stopped: only deadlines pass.
func stopAt(offset int64, d time.Duration) fakenet.Option {
	return fakenet.ServerFaults(fakenet.Fault{Dir: fakenet.Read, At: offset, Do: fakenet.Delay(d)})
}
