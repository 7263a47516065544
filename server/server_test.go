package server_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

func TestConfigError(t *testing.T) {
	for field, s := range map[string]*server.Server{
		"Framer":  {Handler: server.Echo},
		"Handler": {Framer: lines},
	} {
		l := fakenet.Listen()
		var wrong *server.ConfigError
		require.ErrorAs(t, s.Serve(l), &wrong)
		assert.Equal(t, field, wrong.Field)
		assert.Contains(t, wrong.Error(), field)
		_, err := l.Dial()
		assert.Error(t, err, "Serve closes its listener in any case")
	}
}

func TestSeveralListeners(t *testing.T) {
	onFake(t, &server.Server{}, func(f *fake) {
		other, served := fakenet.Listen(), make(chan error)
		go func() { served <- f.s.Serve(other) }()
		a := f.dial("a\n")
		b, err := other.Dial()
		require.NoError(t, err)
		f.send(b, "b\n")
		time.Sleep(time.Second)
		go f.s.Shutdown(background)
		assert.ErrorIs(t, <-served, server.ErrServerClosed)
		f.wantFIN(a, "a\n", time.Second)
		f.wantFIN(b, "b\n", time.Second)
	})
}

// Any listener will do, also one whose type has no equality.
func TestListenerWithoutEquality(t *testing.T) {
	type odd struct {
		*fakenet.Listener
		_ []func()
	}
	onFake(t, &server.Server{}, func(f *fake) {
		l, served := fakenet.Listen(), make(chan error)
		go func() { served <- f.s.Serve(odd{Listener: l}) }()
		c, err := l.Dial()
		require.NoError(t, err)
		f.send(c, "a\n")
		time.Sleep(time.Second)
		go f.s.Shutdown(background)
		assert.ErrorIs(t, <-served, server.ErrServerClosed)
		f.wantFIN(c, "a\n", time.Second)
	})
}

// A listener that cannot be woken is closed; the connections drain all the same.
func TestListenerWithoutDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server.Server{Framer: lines, Handler: slowly(time.Second)}
		l, served := fakenet.Listen(), make(chan error)
		go func() { served <- s.Serve(struct{ net.Listener }{l}) }()
		c, err := l.Dial()
		require.NoError(t, err)
		io.WriteString(c, "a\nb\n")
		synctest.Wait()
		start := time.Now()
		go s.Shutdown(background)
		assert.ErrorIs(t, <-served, server.ErrServerClosed)
		assert.Equal(t, 2*time.Second+quiet, time.Since(start), "two frames and the quiet, not Grace")
		got, err := io.ReadAll(c)
		assert.NoError(t, err)
		assert.Equal(t, "a\nb\n", string(got))
	})
}

// An opaque connection does not say how much has arrived.
type opaque struct{ net.Conn }

func (o opaque) CloseWrite() error { return o.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// C1, where nobody tells what has arrived: it is read until it is quiet, and a
// handler's time does not count.
func TestC1OpaqueConn(t *testing.T) {
	s := &server.Server{Handler: slowly(10 * ms)}
	onFakeWrapped(t, s, func(c net.Conn) net.Conn { return opaque{c} }, func(f *fake) {
		want := strings.Repeat(strings.Repeat("x", 999)+"\n", 100)
		c, idle := f.dial(want, fakenet.Buffers(1<<20)), f.dial("")
		require.NoError(t, s.Shutdown(background))
		f.wantFIN(c, want, 1025*ms)
		f.wantFIN(idle, "", 500*ms) // it is fresh
	})
}

// A peer that never is quiet is not read for longer than a quarter of a second.
func TestC1OpaqueConnNeverQuiet(t *testing.T) {
	onFakeWrapped(t, &server.Server{}, func(c net.Conn) net.Conn { return opaque{c} }, func(f *fake) {
		c := f.dial("")
		for i := range 50 {
			f.sendLater(time.Duration(i)*10*ms, c, "a\n")
		}
		require.NoError(t, f.s.Shutdown(background))
		assert.Equal(t, 250*ms, f.at(c.FIN()))
	})
}

// C1: what arrives after T0 is not handled, whatever the handlers are busy with.
func TestC1LateMessages(t *testing.T) {
	s := &server.Server{Handler: slowly(100 * ms)}
	onFake(t, s, func(f *fake) {
		c := f.dial("0\n")
		f.send(c, "1\n2\n3\n") // not read yet
		f.sendLater(50*ms, c, strings.Repeat("late\n", 1000))
		require.NoError(t, s.Shutdown(background))
		f.wantFIN(c, "0\n1\n2\n3\n", 400*ms)
	})
}

// A reluctant connection has read long before it says so.
type reluctant struct{ net.Conn }

func (r reluctant) Unread() (int, error) { return r.Conn.(*fakenet.Conn).Unread() }
func (r reluctant) Unsent() (int, error) { return r.Conn.(*fakenet.Conn).Unsent() }
func (r reluctant) CloseWrite() error    { return r.Conn.(*fakenet.Conn).CloseWrite() }

func (r reluctant) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	if n > 0 {
		time.Sleep(2 * ms)
	}
	return n, err
}

// C1: what a read brings that runs at T0 is no part of what is still to be read.
func TestC1SnapshotDuringRead(t *testing.T) {
	onFakeWrapped(t, &server.Server{}, func(c net.Conn) net.Conn { return reluctant{c} }, func(f *fake) {
		c := f.dial("a\n")
		f.send(c, "b\nc\nd\n")
		time.Sleep(ms)
		require.NoError(t, f.s.Shutdown(background))
		f.wantFIN(c, "a\nb\nc\nd\n", 4*ms)
	})
}

// A slowConn takes its time before it reads.
type slowConn struct{ net.Conn }

func (s slowConn) Unread() (int, error) { return s.Conn.(*fakenet.Conn).Unread() }
func (s slowConn) Unsent() (int, error) { return s.Conn.(*fakenet.Conn).Unsent() }
func (s slowConn) CloseWrite() error    { return s.Conn.(*fakenet.Conn).CloseWrite() }

func (s slowConn) Read(p []byte) (int, error) {
	time.Sleep(2 * ms)
	return s.Conn.Read(p)
}

// C10: what is left unanswered is counted to the end, although Close comes in
// between.
func TestC10CountedToTheEnd(t *testing.T) {
	s := &server.Server{Handler: func(*server.Conn, []byte) error {
		time.Sleep(10 * ms)
		panic("no sense")
	}}
	onFakeWrapped(t, s, func(c net.Conn) net.Conn { return slowConn{c} }, func(f *fake) {
		c := f.dial("die\n", fakenet.Buffers(64<<10))
		f.send(c, strings.Repeat(strings.Repeat("x", 999)+"\n", 40))
		time.AfterFunc(15*ms, func() { s.Close() }) // they are read from 12 ms on
		err := s.Shutdown(background)
		wantReport(t, err, server.Report{Unanswered: 1 + 40}, err)
		assert.Greater(t, f.now(), 15*ms)
	})
}

// C9: no handler is called any more when Grace is over.
func TestC9ForcedBetweenMessages(t *testing.T) {
	calls := 0
	s := &server.Server{Grace: 305 * ms, Handler: func(c *server.Conn, m []byte) error {
		calls++
		time.Sleep(3 * ms)
		return server.Echo(c, m)
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial(strings.Repeat("a\n", 2000))
		err := s.Shutdown(background)
		assert.Equal(t, 306*ms, f.now())
		assert.Equal(t, 102, calls)
		// Answers are sent every 10 ms or so while the server drains.
		wantReport(t, err, server.Report{Answered: 100, Unflushed: 2, Unanswered: 1898, Forced: 1}, context.DeadlineExceeded)
		f.wantRST(c, strings.Repeat("a\n", 100), 306*ms)
	})
}

// A bomb is a framer that panics.
type bomb struct{ framing.Framer }

func (b bomb) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if strings.HasPrefix(string(data), "boom") {
		panic("codec")
	}
	return b.Framer.Split(data, r)
}

// T8: a framer that panics harms its connection only, and also when what it
// left is counted.
func TestT8FramerPanics(t *testing.T) {
	s := &server.Server{Framer: bomb{lines}, Grace: time.Second, Handler: slowly(100 * ms)}
	onFake(t, s, func(f *fake) {
		early := f.dial("a\nboom\n")
		drained := f.dial(strings.Repeat("a\n", 5) + "boom\n")
		counted := f.dial(strings.Repeat("a\n", 20) + "boom\n")
		other := f.dial("a\n")
		time.Sleep(250 * ms)
		f.wantRST(early, "a\n", 100*ms)
		wantReport(t, s.Shutdown(background), server.Report{
			Answered:   5 + 12,
			Unanswered: 1 + 7, // what panicked, and what was forced after 13
			Unflushed:  1,
			Forced:     1,
		}, context.DeadlineExceeded)
		f.wantRST(drained, strings.Repeat("a\n", 5), 500*ms)
		f.wantRST(counted, strings.Repeat("a\n", 12), 1300*ms)
		f.wantFIN(other, "a\n", 250*ms)
		assert.Equal(t, 2, strings.Count(f.log.String(), "level=ERROR"))
	})
}

// A sizeless framer panics when it is asked how long a frame can be.
type sizeless struct{ framing.Framer }

func (sizeless) MaxEncodedLen(int) int { panic("no idea") }

// T27: a framer that panics before the first frame ends the connection, and not
// the process.
func TestT27_FramerPanicsFirst(t *testing.T) {
	s := &server.Server{Framer: sizeless{lines}}
	onFake(t, s, func(f *fake) {
		for range 2 {
			f.wantRST(f.dial(""), "", 0)
		}
		assert.EqualValues(t, 2, s.Stats().Closed[server.ClosePanic], "connections with ClosePanic")
		assert.Equal(t, 2, strings.Count(f.log.String(), "no idea"), f.log)
	})
}

// C5 under TLS: a frame may have arrived in part in a record that has.
func TestC5HalfRecord(t *testing.T) {
	onFake(t, &server.Server{TLSConfig: serverTLS}, func(f *fake) {
		raw := f.dial("")
		split := &splitConn{Conn: raw}
		c := tls.Client(split, clientTLS)
		_, err := io.WriteString(c, "one\n")
		require.NoError(t, err)
		got := make([]byte, 4)
		_, err = io.ReadFull(c, got)
		require.NoError(t, err)
		split.after = 10
		_, err = io.WriteString(c, "half received\n")
		require.NoError(t, err)
		time.AfterFunc(400*ms, func() { raw.Write(split.kept) })
		require.NoError(t, f.s.Shutdown(background))
		rest, err := io.ReadAll(c)
		assert.NoError(t, err)
		assert.Equal(t, "half received\n", string(rest))
		assert.Equal(t, 400*ms, f.at(raw.FIN()))
	})
}

// A splitConn keeps what follows the first bytes of a Write.
type splitConn struct {
	net.Conn
	after int // 0 for all
	kept  []byte
}

func (s *splitConn) Write(p []byte) (int, error) {
	if s.after == 0 {
		return s.Conn.Write(p)
	}
	s.kept = append(s.kept, p[s.after:]...)
	s.Conn.Write(p[:s.after])
	return len(p), nil
}

// A counted connection counts the calls that move bytes.
type counted struct {
	*fakenet.Conn
	reads, writes atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.reads.Add(1)
	}
	return n, err
}

func (c *counted) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

func TestPipelinedInOneReadAndWrite(t *testing.T) {
	var conn *counted
	onFakeWrapped(t, &server.Server{}, func(c net.Conn) net.Conn {
		conn = &counted{Conn: c.(*fakenet.Conn)}
		return conn
	}, func(f *fake) {
		want := strings.Repeat("a message\n", 64)
		c := f.dial(want)
		got := make([]byte, len(want))
		_, err := io.ReadFull(c, got)
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
		assert.Zero(t, f.now(), "the answers do not wait for the end")
		assert.EqualValues(t, 1, conn.reads.Load())
		assert.EqualValues(t, 1, conn.writes.Load())
	})
}

func TestConnState(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(f *fake, c *fakenet.Conn)
		want string
	}{
		"client ends": {func(f *fake, c *fakenet.Conn) {
			f.send(c, "a\n")
			synctest.Wait()
			c.Close()
		}, "new idle active idle closed"},
		"idle at shutdown": {func(f *fake, c *fakenet.Conn) {
			f.s.Shutdown(background)
		}, "new idle draining half-closed closed"},
		"active at shutdown": {func(f *fake, c *fakenet.Conn) {
			f.send(c, "slow\n")
			synctest.Wait()
			f.s.Shutdown(background)
		}, "new idle active draining half-closed closed"},
		"handler ends": {func(f *fake, c *fakenet.Conn) {
			f.send(c, "end\n")
		}, "new idle active half-closed closed"},
		"panic": {func(f *fake, c *fakenet.Conn) {
			f.send(c, "panic\n")
		}, "new idle active closed"},
		"forced": {func(f *fake, c *fakenet.Conn) {
			f.send(c, "slow\n")
			synctest.Wait()
			f.s.Close()
		}, "new idle active closed"},
	} {
		t.Run(name, func(t *testing.T) {
			var states []string
			s := &server.Server{
				ConnState: func(_ net.Conn, state server.State) { states = append(states, state.String()) },
				Handler: func(c *server.Conn, m []byte) error {
					switch string(m) {
					case "slow":
						time.Sleep(time.Second)
					case "end":
						return io.EOF
					case "panic":
						panic("no")
					}
					return server.Echo(c, m)
				},
			}
			onFake(t, s, func(f *fake) {
				test.do(f, f.dial(""))
				time.Sleep(10 * time.Second)
				synctest.Wait()
				assert.Equal(t, test.want, strings.Join(states, " "))
			})
		})
	}
	assert.Equal(t, "unknown", server.State(99).String())
}

func TestConnContext(t *testing.T) {
	type key struct{}
	for _, secure := range []bool{false, true} {
		var ctx context.Context
		s := &server.Server{
			ConnContext: func(ctx context.Context, c net.Conn) context.Context {
				_, isTLS := c.(*tls.Conn)
				assert.Equal(t, secure, isTLS)
				return context.WithValue(ctx, key{}, c.RemoteAddr().String())
			},
			Handler: func(c *server.Conn, m []byte) error {
				ctx = c.Context()
				return c.Reply([]byte(ctx.Value(key{}).(string)))
			},
		}
		if secure {
			s.TLSConfig = serverTLS
		}
		onFake(t, s, func(f *fake) {
			raw := f.dial("")
			var c net.Conn = raw
			if secure {
				c = tls.Client(raw, clientTLS)
			}
			io.WriteString(c, "who?\n")
			got, err := bufio.NewReader(c).ReadString('\n')
			require.NoError(t, err)
			assert.Equal(t, raw.LocalAddr().String()+"\n", got)
			assert.NoError(t, ctx.Err())
			raw.Close()
			synctest.Wait()
			assert.Error(t, ctx.Err(), "the connection has ended")
		})
	}
}

// Flush sends what has gathered while the handler goes on.
func TestFlush(t *testing.T) {
	s := &server.Server{Handler: func(c *server.Conn, m []byte) error {
		c.Reply([]byte("one"))
		c.Reply([]byte("two"))
		if err := c.Flush(); err != nil {
			return err
		}
		c.Reply([]byte("three"))
		time.Sleep(time.Second)
		return nil
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("go\n")
		got := make([]byte, 100)
		n, _ := c.Read(got)
		assert.Equal(t, "one\ntwo\n", string(got[:n]))
		assert.Zero(t, f.now())
		n, _ = c.Read(got)
		assert.Equal(t, "three\n", string(got[:n]))
		assert.Equal(t, time.Second, f.now())
	})
}

// Send puts whole frames among the answers, from any goroutine, until the
// connection ends.
func TestWriteFrame(t *testing.T) {
	const senders, each = 4, 50
	var conn *server.Conn
	s := &server.Server{Handler: func(c *server.Conn, m []byte) error {
		conn = c
		for range each {
			if err := c.Reply(m); err != nil {
				return err
			}
		}
		return nil
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("", fakenet.Buffers(100))
		f.send(c, strings.Repeat("h", 80)+"\n")
		synctest.Wait()
		var all sync.WaitGroup
		for i := range senders {
			all.Go(func() {
				for range each {
					assert.NoError(t, conn.WriteFrame([]byte(strings.Repeat(fmt.Sprint(i), 30+7*i))))
				}
			})
		}
		counts := map[string]int{}
		in := bufio.NewReader(c)
		for range (senders + 1) * each {
			line, err := in.ReadString('\n')
			require.NoError(t, err)
			counts[line]++
		}
		all.Wait()
		want := map[string]int{strings.Repeat("h", 80) + "\n": each}
		for i := range senders {
			want[strings.Repeat(fmt.Sprint(i), 30+7*i)+"\n"] = each
		}
		assert.Equal(t, want, counts)

		var refused *framing.PayloadError
		assert.ErrorAs(t, conn.WriteFrame([]byte("a\nb")), &refused)
		assert.NoError(t, conn.WriteFrame(nil), "a refused payload harms nothing")
		c.Close()
		synctest.Wait()
		assert.Error(t, conn.WriteFrame([]byte("x")))
	})
}

// C17: nothing is sent after a panic, also while the answers before it are on
// their way.
func TestC17WriteAfterPanic(t *testing.T) {
	var conn *server.Conn
	s := &server.Server{Handler: func(c *server.Conn, m []byte) error {
		if conn = c; string(m) == "die" {
			panic("dying")
		}
		return server.Echo(c, m)
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("", fakenet.Buffers(4))
		f.send(c, "a\n")
		f.send(c, "bcdef\n")
		f.send(c, "die\n")
		synctest.Wait()
		assert.ErrorIs(t, conn.WriteFrame([]byte("more")), net.ErrClosed)
		assert.Zero(t, f.now(), "it waits for nobody")
		got, err := io.ReadAll(c)
		assert.Error(t, err)
		assert.Equal(t, "a\nbcdef\n", string(got))
		assert.Zero(t, c.FIN())
	})
}

// armed counts the deadlines that are set.
type armed struct {
	*fakenet.Conn
	n int
}

func (c *armed) SetReadDeadline(t time.Time) error {
	c.n++
	return c.Conn.SetReadDeadline(t)
}

func (c *armed) SetWriteDeadline(t time.Time) error {
	c.n++
	return c.Conn.SetWriteDeadline(t)
}

// A busy connection does not set deadlines for each message.
func TestDeadlinesAreArmedLazily(t *testing.T) {
	var c *armed
	wrap := func(nc net.Conn) net.Conn {
		c = &armed{Conn: nc.(*fakenet.Conn)}
		return c
	}
	onFakeWrapped(t, &server.Server{}, wrap, func(f *fake) {
		client := f.dial("")
		for range 2000 {
			f.send(client, "a\n")
			time.Sleep(ms)
		}
		assert.Less(t, c.n, 10, "in two seconds")
	})
}

// C2: a Send that is torn while the connection ends makes that end a reset.
func TestC2TornWriteAtTheEnd(t *testing.T) {
	const size = 8 << 10
	s := &server.Server{Framer: lengthprefix.Uint32(), WriteTimeout: time.Second, Handler: func(c *server.Conn, m []byte) error {
		for range 6 {
			go c.WriteFrame(make([]byte, size))
		}
		time.Sleep(50 * ms)
		return io.EOF
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("\x00\x00\x00\x01q", fakenet.Buffers(1000))
		c.CloseWrite()
		time.Sleep(100 * ms)
		_, err := io.CopyN(io.Discard, c, 2*(4+size)+100)
		require.NoError(t, err)
		time.Sleep(10 * time.Second)
		assert.Zero(t, c.FIN())
		assert.NotZero(t, c.RST())
	})
}

// C26: what a handler returns ends the connection. The replies before are sent,
// then the end of the stream, or, if the frame has no reply, a reset, and what is
// wrong is logged once.
func TestHandlerError(t *testing.T) {
	for name, test := range map[string]struct {
		end   func(c *server.Conn) error
		want  string
		logs  []string
		reset bool
	}{
		"EOF":   {func(*server.Conn) error { return io.EOF }, "a\n", nil, false},
		"error": {func(*server.Conn) error { return errors.New("no\nsense") }, "a\n", []string{`level=WARN msg="handler failed"`, `err=no\nsense`}, true},
		"error after a reply": {func(c *server.Conn) error { c.Reply([]byte("sorry")); return errors.New("no") }, "a\nsorry\n",
			[]string{`level=WARN msg="handler failed"`}, false},
		"refused reply": {func(c *server.Conn) error {
			return c.Reply([]byte("a\nb"))
		}, "a\n", []string{`level=WARN msg="reply refused by the framing"`, "delimiter"}, true},
		"too large reply": {func(c *server.Conn) error {
			return c.Reply(make([]byte, 1001))
		}, "a\n", []string{`level=WARN msg="reply refused by the framing"`, "1001", "1000"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server.Server{MaxPayload: 1000, Handler: func(c *server.Conn, m []byte) error {
				if string(m) == "end" {
					return test.end(c)
				}
				return server.Echo(c, m)
			}}
			onFake(t, s, func(f *fake) {
				c := f.dial("a\nend\nb\n")
				time.Sleep(time.Second)
				if test.reset {
					f.wantRST(c, test.want, 0)
				} else {
					f.wantFIN(c, test.want, 0)
				}
				log := f.log.String()
				assert.Equal(t, min(1, len(test.logs)), strings.Count(log, "\n"), log)
				for _, part := range test.logs {
					assert.Contains(t, log, part)
				}
			})
		})
	}
}

// A connection that breaks its framing has the messages before answered, and
// one warning, and nobody else notices.
func TestBrokenFraming(t *testing.T) {
	for name, text := range map[string]string{
		"too large":       "a\nb\n" + strings.Repeat("x", 2000),
		"ended in a line": "a\nb\nhalf",
	} {
		t.Run(name, func(t *testing.T) {
			onFake(t, &server.Server{MaxPayload: 1000}, func(f *fake) {
				other, c := f.dial("a\n"), f.dial(text)
				c.CloseWrite()
				time.Sleep(time.Second)
				f.wantFIN(c, "a\nb\n", 0)
				log := f.log.String()
				assert.Equal(t, 1, strings.Count(log, "\n"), log)
				assert.Contains(t, log, `level=WARN msg="connection broke the framing"`)
				f.send(other, "b\n")
				time.Sleep(time.Second)
				require.NoError(t, f.s.Close())
				f.wantFIN(other, "a\nb\n", 2*time.Second)
			})
		})
	}
}

// A server without a Logger warns through slog's.
func TestDefaultLogger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		usual, kept := slog.Default(), new(log)
		slog.SetDefault(kept.logger())
		defer slog.SetDefault(usual)
		s := &server.Server{Framer: lines, Handler: server.Echo}
		l, served := fakenet.Listen(), make(chan error)
		go func() { served <- s.Serve(l) }()
		c, err := l.Dial()
		require.NoError(t, err)
		_, err = io.WriteString(c, "half")
		require.NoError(t, err)
		c.CloseWrite()
		synctest.Wait()
		s.Close()
		<-served
		assert.Contains(t, kept.String(), `msg="connection broke the framing"`)
	})
}

// T18: a peer's bytes are logged quoted, and 64 of them at most.
func TestT18PeerBytes(t *testing.T) {
	evil := "\r\x1b[31m\u202e\x00level=ERROR " + strings.Repeat("\xff", 1<<10)
	onFake(t, &server.Server{}, func(f *fake) {
		c := f.dial(evil)
		c.CloseWrite()
		time.Sleep(time.Second)
		log := f.log.String()
		assert.Equal(t, 1, strings.Count(log, "\n"), "%q", log)
		assert.NotContains(t, strings.TrimSuffix(log, "\n"), "\x1b")
		assert.Contains(t, log, `\\r\\x1b[31m\\u202e\\x00level=ERROR`)
		assert.Equal(t, 64-len("\r\x1b[31m\u202e\x00level=ERROR "), strings.Count(log, `\\xff`))
	})
}

// T18: ten warnings a second, then only how many there were.
func TestT18WarningFlood(t *testing.T) {
	onFake(t, &server.Server{}, func(f *fake) {
		bad := func() { f.dial("half").CloseWrite(); synctest.Wait() }
		for range 35 {
			bad()
		}
		assert.Equal(t, 10, strings.Count(f.log.String(), "\n"))
		assert.NotContains(t, f.log.String(), "suppressed")
		time.Sleep(time.Second)
		for range 3 {
			bad()
		}
		assert.Equal(t, 13, strings.Count(f.log.String(), "\n"))
		assert.Equal(t, 1, strings.Count(f.log.String(), "suppressed=25"))
	})
}

// C16: the end of a TLS stream is not the end of the connection under it. What
// arrives after it must not reset the answers.
func TestC16BytesBehindCloseNotify(t *testing.T) {
	onFake(t, &server.Server{TLSConfig: serverTLS, Handler: slowly(time.Second)}, func(f *fake) {
		raw := f.dial("", fakenet.FlushOnReset())
		c := tls.Client(raw, clientTLS)
		_, err := io.WriteString(c, "a\n")
		require.NoError(t, err)
		require.NoError(t, c.CloseWrite())
		raw.SetWriteDeadline(time.Time{})         // CloseWrite has set one that is over
		f.send(raw, strings.Repeat("more", 5000)) // more than TLS reads ahead
		time.Sleep(time.Minute)
		got, err := io.ReadAll(c)
		assert.NoError(t, err)
		assert.Equal(t, "a\n", string(got))
		f.wantFIN(raw, "", time.Second)
	})
}

// The end of the stream is said on the TLS layer too.
func TestCloseNotify(t *testing.T) {
	onFake(t, &server.Server{TLSConfig: serverTLS}, func(f *fake) {
		raw := &recorded{Conn: f.dial("")}
		config := clientTLS.Clone()
		config.MaxVersion = tls.VersionTLS12 // later versions hide a record's type
		c := tls.Client(raw, config)
		io.WriteString(c, "a\n")
		go f.s.Shutdown(background)
		got, err := io.ReadAll(c)
		assert.NoError(t, err)
		assert.Equal(t, "a\n", string(got))
		var last byte
		for b := raw.read; len(b) > 0; b = b[5+(int(b[3])<<8|int(b[4])):] {
			last = b[0]
		}
		const alert = 21 // RFC 5246, 6.2.1
		assert.EqualValues(t, alert, last)
	})
}

// A recorded connection keeps what was read.
type recorded struct {
	net.Conn
	read []byte
}

func (r *recorded) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	r.read = append(r.read, p[:n]...)
	return n, err
}
