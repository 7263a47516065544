package server_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// C19: a connection that was accepted less than 500 ms before T0, or after it,
// and that has sent nothing, has until 500 ms after its accept for its first byte.
func TestC19Fresh(t *testing.T) {
	type send struct {
		at   time.Duration // after the accept
		text string
	}
	for name, test := range map[string]struct {
		t0    time.Duration // after the accept; negative: accepted after T0
		sends []send
		want  string
		fin   time.Duration // after the accept
	}{
		"silent":                 {t0: 100 * ms, fin: 500 * ms},
		"accepted long before":   {t0: 501 * ms, fin: 501 * ms},
		"from the queue, silent": {t0: -1, fin: 500 * ms},
		"from the queue":         {t0: -1, sends: []send{{300 * ms, "a\n"}}, want: "a\n", fin: 300 * ms},
		"sends in time":          {t0: 100 * ms, sends: []send{{499 * ms, "a\nb\n"}}, want: "a\nb\n", fin: 499 * ms},
		"sends too late":         {t0: 100 * ms, sends: []send{{501 * ms, "a\n"}}, fin: 500 * ms},
		"sends in parts":         {t0: 100 * ms, sends: []send{{499 * ms, "a"}, {900 * ms, "b\n"}}, want: "ab\n", fin: 900 * ms},
		"sends a part":           {t0: 100 * ms, sends: []send{{300 * ms, "a\nb"}}, want: "a\n", fin: 800 * ms},
		"has sent before":        {t0: 100 * ms, sends: []send{{50 * ms, "a\n"}, {300 * ms, "b\n"}}, want: "a\n", fin: 100 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server.Server{MaxConns: 1}
			onFake(t, s, func(f *fake) {
				start := func(t0 time.Duration) chan error {
					closed := make(chan error, 1)
					time.AfterFunc(t0, func() { closed <- s.Shutdown(background) })
					return closed
				}
				if test.t0 < 0 {
					f.dial("") // has the only place
					time.Sleep(time.Second)
				}
				accept := f.now()
				c := f.dial("")
				for _, send := range test.sends {
					f.sendLater(send.at, c, send.text)
				}
				closed := start(max(test.t0, 0))
				require.NoError(t, <-closed)
				got, err := io.ReadAll(c)
				assert.NoError(t, err)
				assert.Equal(t, test.want, string(got))
				assert.Equal(t, test.fin, f.at(c.FIN())-accept)
			})
		})
	}
}

// C19 under TLS: the time runs from the end of the handshake.
func TestC19FreshTLS(t *testing.T) {
	s := &server.Server{TLSConfig: serverTLS}
	onFake(t, s, func(f *fake) {
		raw := f.dial("")
		c := tls.Client(raw, clientTLS)
		closed := make(chan error, 1)
		time.AfterFunc(100*ms, func() { closed <- s.Shutdown(background) })
		time.Sleep(400 * ms)
		require.NoError(t, c.Handshake())
		time.Sleep(450 * ms)
		_, err := io.WriteString(c, "a\n")
		require.NoError(t, err)
		got, err := io.ReadAll(c)
		require.NoError(t, err)
		assert.Equal(t, "a\n", string(got))
		raw.Close()
		assert.NoError(t, <-closed)
	})
}

// C22: what a stuck handler leaves is counted, wherever it waits, and what it has
// answered and not sent.
func TestC22StuckReport(t *testing.T) {
	for name, test := range map[string]struct {
		first, then string // sent before and after the handler is stuck
		want        server.Report
	}{
		"in the buffer":      {"a\nb\nstuck\n" + strings.Repeat("c\n", 97) + "ha", "", server.Report{Unflushed: 2, Unanswered: 98}},
		"in the socket":      {"stuck\n", strings.Repeat("c\n", 97) + "ha", server.Report{Unanswered: 98}},
		"partly in each":     {"a\nstuck\nb\nha", "lf\n" + strings.Repeat("c\n", 95), server.Report{Unflushed: 1, Unanswered: 98}},
		"nothing follows it": {"stuck\n", "", server.Report{Unanswered: 1}},
	} {
		for _, before := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				var release, stuck chan struct{}
				s := &server.Server{Grace: time.Second, Handler: func(c *server.Conn, m []byte) error {
					if string(m) == "stuck" {
						close(stuck)
						<-release
					}
					return server.Echo(c, m)
				}}
				onFake(t, s, func(f *fake) {
					release, stuck = make(chan struct{}), make(chan struct{})
					c := f.dial(test.first)
					<-stuck
					if before {
						f.send(c, test.then) // else it arrives after T0 and does not count
					}
					time.Sleep(time.Second)
					closed := make(chan error)
					go func() { closed <- s.Shutdown(background) }()
					synctest.Wait()
					want := test.want
					if !before {
						f.send(c, test.then)
						want.Unanswered -= strings.Count(test.then, "\n")
					}
					want.Forced = 1
					want.Stuck = []string{c.LocalAddr().String()}
					err := <-closed
					wantReport(t, err, want, err)
					close(release)
					synctest.Wait()
					assert.EqualValues(t, 1, s.Stats().Closed[server.CloseForced])
				})
			})
		}
	}
}

// A deadline that has passed while the process was stopped is not silence: what
// has arrived meanwhile is answered.
func TestStoppedProcess(t *testing.T) {
	for name, first := range map[string]string{"between frames": "", "in a frame": "ha"} {
		t.Run(name, func(t *testing.T) {
			s := &server.Server{IdleTimeout: 10 * time.Second, FrameTimeout: 10 * time.Second}
			onFake(t, s, func(f *fake) {
				c := f.dial(first, stopAt(int64(len(first)), 10500*ms))
				f.sendLater(5*time.Second, c, "lf\n")
				time.Sleep(time.Minute)
				f.wantFIN(c, first+"lf\n", 20500*ms)
			})
		})
	}
}

// A lateConn notices its deadlines a second too late, as a process does that was
// stopped meanwhile.
type lateConn struct{ net.Conn }

func (c lateConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		time.Sleep(time.Second)
	}
	return n, err
}

func (c lateConn) Unread() (int, error) { return c.Conn.(*fakenet.Conn).Unread() }

// The same, where nobody tells what has arrived.
func TestStoppedProcessOpaque(t *testing.T) {
	s := &server.Server{IdleTimeout: 10 * time.Second, FrameTimeout: 10 * time.Second}
	onFakeWrapped(t, s, func(c net.Conn) net.Conn { return opaque{lateConn{c}} }, func(f *fake) {
		c, half := f.dial(""), f.dial("ha")
		f.sendLater(10500*ms, c, "lf\n")
		f.sendLater(10500*ms, half, "lf\n")
		time.Sleep(11 * time.Second)
		for _, c := range []*fakenet.Conn{c, half} {
			got := make([]byte, 3)
			_, err := io.ReadFull(c, got)
			require.NoError(t, err)
			c.Close()
		}
	})
}

// A TLS handshake, too, has not stalled when the process was stopped.
func TestStoppedProcessHandshake(t *testing.T) {
	s := &server.Server{TLSConfig: serverTLS, HandshakeTimeout: 5 * time.Second}
	onFakeWrapped(t, s, func(c net.Conn) net.Conn { return lateConn{c} }, func(f *fake) {
		raw := f.dial("")
		time.Sleep(5500 * ms)
		c := tls.Client(raw, clientTLS)
		require.NoError(t, c.Handshake())
		_, err := io.WriteString(c, "a\n")
		require.NoError(t, err)
		_, err = io.ReadFull(c, make([]byte, 2))
		require.NoError(t, err)
		raw.Close()
	})
}

func (c lateConn) CloseWrite() error { return c.Conn.(*fakenet.Conn).CloseWrite() }

// A lateWriteConn notices one of the first two deadlines of its writes 20 s too late.
type lateWriteConn struct {
	net.Conn
	punctual, passed int // deadlines that are noticed before, that have passed
}

func (c *lateWriteConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		if c.passed == c.punctual {
			time.Sleep(20 * time.Second)
		}
		c.passed++
	}
	return n, err
}

// Nor does a peer not read because the process was stopped.
func TestStoppedProcessWrite(t *testing.T) {
	for punctual := range 2 {
		wrap := func(c net.Conn) net.Conn { return &lateWriteConn{Conn: c, punctual: punctual} }
		onFakeWrapped(t, &server.Server{}, wrap, func(f *fake) {
			c := f.dial("", fakenet.Buffers(1000))
			f.send(c, strings.Repeat("x", 999)+"\n")
			synctest.Wait()
			f.send(c, strings.Repeat("y", 999)+"\n")
			synctest.Wait()
			f.send(c, "z\n")
			time.Sleep(25 * time.Second)
			_, err := io.ReadFull(c, make([]byte, 2000))
			require.NoError(t, err)
			_, err = io.ReadFull(c, make([]byte, 2))
			require.NoError(t, err)
			c.Close()
		})
	}
}
