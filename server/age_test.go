package server_test

import (
	"crypto/tls"
	"fmt"
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

// Idle connections end at their age, each at its own, with FIN and no line in the
// log; new ones are served.
func TestMaxAge(t *testing.T) {
	s := &server.Server{MaxAge: time.Minute, IdleTimeout: -1}
	onFake(t, s, func(f *fake) {
		var all []*fakenet.Conn
		for range 200 {
			all = append(all, f.dial("hello\n"))
		}
		time.Sleep(2 * time.Minute)
		first, last := time.Hour, time.Duration(0)
		for _, c := range all {
			at := f.at(c.FIN())
			first, last = min(first, at), max(last, at)
			assert.Zero(t, c.RST())
		}
		assert.GreaterOrEqual(t, first, 54*time.Second)
		assert.LessOrEqual(t, last, 66*time.Second)
		assert.Greater(t, last-first, 8*time.Second, "they are spread")
		assert.EqualValues(t, 200, s.Stats().Closed[server.CloseAged])
		assert.Empty(t, f.log.String())
		n, err := f.dial("hello\n").Unread()
		assert.NoError(t, err)
		assert.Equal(t, 6, n)
	})
}

// A connection ends between two frames: what had arrived is answered, though a
// handler takes its time, a frame that has come in part is completed, and what
// comes later is not handled.
func TestMaxAge_BetweenFrames(t *testing.T) {
	for _, secure := range []bool{false, true} {
		var handled []string
		s := &server.Server{MaxAge: 10 * time.Second, Handler: func(c *server.Conn, m []byte) error {
			handled = append(handled, string(m))
			time.Sleep(3 * time.Second) // over the age
			return c.Reply(m)
		}}
		if secure {
			s.TLSConfig = serverTLS
		}
		onFake(t, s, func(f *fake) {
			raw := f.dial("")
			var c io.ReadWriter = raw
			if secure {
				client := tls.Client(raw, clientTLS)
				require.NoError(t, client.Handshake())
				c = client
			}
			time.Sleep(8500 * ms)
			_, err := io.WriteString(c, "a\nb\nhalf")
			require.NoError(t, err)
			got := make(chan string)
			go func() {
				text, err := io.ReadAll(c)
				assert.NoError(t, err)
				got <- string(text)
			}()
			time.Sleep(6400 * ms) // b is handled, and the rest of what had arrived is half a frame
			io.WriteString(c, " done\nlate\n")
			assert.Equal(t, "a\nb\nhalf done\n", (<-got)[:len("a\nb\nhalf done\n")])
			synctest.Wait()
			assert.Equal(t, []string{"a", "b", "half done"}, handled[:3])
			raw.Close()
			time.Sleep(3 * time.Second)
			assert.EqualValues(t, 1, s.Stats().Closed[server.CloseAged])
		})
	}
}

// Connections that are busy all the time lose nothing: each answer comes, in order,
// and then the end of the stream.
func TestMaxAge_Busy(t *testing.T) {
	s := &server.Server{MaxAge: time.Second}
	onFake(t, s, func(f *fake) {
		var all []*fakenet.Conn
		for range 20 {
			c := f.dial("")
			all = append(all, c)
			go func() {
				for i := 0; ; i++ {
					if _, err := fmt.Fprintf(c, "%d\n", i); err != nil || c.FIN() != (time.Time{}) {
						c.CloseWrite()
						return
					}
					time.Sleep(7 * ms)
				}
			}()
		}
		for _, c := range all {
			got, err := io.ReadAll(c)
			require.NoError(t, err)
			var want strings.Builder
			n := strings.Count(string(got), "\n")
			for i := range n {
				fmt.Fprintln(&want, i)
			}
			require.Equal(t, want.String(), string(got))
			assert.Greater(t, n, 100)
		}
		time.Sleep(5 * time.Second)
		assert.EqualValues(t, 20, s.Stats().Closed[server.CloseAged])
	})
}

// A peer that continues to send after the end of the stream is read for as long as
// in a Shutdown, within the grace time: a reset would throw answers away.
func TestMaxAge_Linger(t *testing.T) {
	s := &server.Server{MaxAge: time.Second, Linger: time.Second, Grace: 5 * time.Second}
	onFake(t, s, func(f *fake) {
		c := f.dial("hello\n")
		for i := range 600 {
			f.sendLater(time.Duration(i)*20*ms, c, "x\n")
		}
		time.Sleep(20 * time.Second)
		fin := f.at(c.FIN())
		assert.InDelta(t, time.Second, fin, float64(100*ms))
		assert.InDelta(t, 5*time.Second, f.at(c.Peer().Closed())-fin, float64(100*ms))
	})
}

// A connection that ends at its age has ended for that reason, also if Shutdown is
// called while it ends.
func TestMaxAge_ThenShutdown(t *testing.T) {
	for _, while := range []string{"an answer is due", "Goodbye runs", "it lingers"} {
		t.Run(while, func(t *testing.T) {
			var reasons reasonLog
			s := &server.Server{MaxAge: time.Second, Closed: reasons.add, Handler: answerLater}
			s.Goodbye = func(c *server.Conn, reason server.CloseReason, _ error) {
				if while == "Goodbye runs" {
					time.Sleep(3 * time.Second)
				}
				c.Reply([]byte("bye " + reason.String()))
			}
			text := ""
			if while == "an answer is due" {
				text = "3s\n"
			}
			onFake(t, s, func(f *fake) {
				c := f.dial(text)
				for while == "it lingers" && c.FIN().IsZero() {
					time.Sleep(ms)
				}
				if while != "it lingers" {
					time.Sleep(2 * time.Second)
				}
				require.NoError(t, s.Shutdown(background))
				got, err := io.ReadAll(c)
				require.NoError(t, err)
				assert.Equal(t, text+"bye aged\n", string(got))
				assert.Equal(t, []server.CloseReason{server.CloseAged}, reasons.get())
			})
		})
	}
}

// MaxAge that is off, and one that would overflow, end nothing.
func TestMaxAge_Off(t *testing.T) {
	for _, age := range []time.Duration{0, -1, 1<<63 - 1} {
		s := &server.Server{MaxAge: age, IdleTimeout: -1}
		onFake(t, s, func(f *fake) {
			c := f.dial("hello\n")
			time.Sleep(1000 * time.Hour)
			assert.Zero(t, c.FIN())
		})
	}
	s := &server.Server{MaxAge: 1}
	onFake(t, s, func(f *fake) {
		c := f.dial("hello\n")
		time.Sleep(time.Minute)
		f.wantFIN(c, "hello\n", 1)
	})
}

// A promised answer is waited for, a goodbye is said, and who has taken over a
// connection is left alone.
func TestMaxAge_Protocols(t *testing.T) {
	var taken io.Reader
	s := &server.Server{
		MaxAge:  time.Second,
		Goodbye: func(c *server.Conn, reason server.CloseReason, _ error) { c.Reply([]byte("bye " + reason.String())) },
		Handler: func(c *server.Conn, m []byte) error {
			switch string(m) {
			case "later":
				return c.Go(m, func(m []byte) error {
					time.Sleep(5 * time.Second)
					return c.WriteFrame(m)
				})
			case "starttls":
				time.Sleep(2 * time.Second)
				assert.ErrorIs(t, c.StartTLS([]byte("go"), serverTLS), server.ErrDraining)
			case "hijack":
				nc, _, err := c.Hijack()
				assert.NoError(t, err)
				taken = nc
				time.Sleep(3 * time.Second) // over the age
				return nil
			}
			return c.Reply(m)
		},
	}
	onFake(t, s, func(f *fake) {
		later, tls, hijacked := f.dial("later\n"), f.dial("starttls\n"), f.dial("hijack\n")
		got := make(chan string)
		go func() {
			b := make([]byte, 5)
			n, err := taken.Read(b)
			assert.NoError(t, err)
			got <- string(b[:n])
		}()
		time.Sleep(time.Minute)
		f.wantFIN(later, "later\nbye aged\n", 5*time.Second)
		f.wantFIN(tls, "starttls\nbye aged\n", 2*time.Second)
		f.send(hijacked, "alive")
		assert.Equal(t, "alive", <-got)
		taken.(io.Closer).Close()
	})
}
