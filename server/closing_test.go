package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
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

// These tests hold the clauses of the closing contract that speak of time, on a
// fake clock. T0 is the moment when Shutdown is called.

var background = context.Background()

// slowly returns an Echo that takes d for each message.
func slowly(d time.Duration) server.Handler {
	return func(c *server.Conn, m []byte) error {
		time.Sleep(d)
		return server.Echo(c, m)
	}
}

func wantReport(t *testing.T, err error, want server.Report, cause error) {
	t.Helper()
	var loss *server.ShutdownError
	if assert.ErrorAs(t, err, &loss) {
		assert.Equal(t, want, loss.Report)
		assert.ErrorIs(t, err, cause)
	}
}

// C3: when Shutdown returns nil, what the handler saw is what was answered, in
// that order, although the client never stops sending.
func TestC3HandledIsAnswered(t *testing.T) {
	var handled []string
	s := &server.Server{Handler: func(c *server.Conn, m []byte) error {
		handled = append(handled, string(m)+"\n")
		time.Sleep(2 * ms)
		return server.Echo(c, m)
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("")
		var sender sync.WaitGroup
		defer sender.Wait()
		sender.Go(func() {
			for i := 0; ; i++ {
				if _, err := fmt.Fprintf(c, "%d\n", i); err != nil {
					return
				}
				time.Sleep(ms)
			}
		})
		time.Sleep(100*ms + ms/2)
		require.NoError(t, s.Shutdown(background))
		got, _ := io.ReadAll(c)
		assert.Equal(t, strings.Join(handled, ""), string(got))
		assert.GreaterOrEqual(t, len(handled), 101, "all that had arrived at T0")
		assert.NotZero(t, c.FIN())
	})
}

// C5: a frame that has arrived in part is read on as long as its bytes come.
func TestC5HalfFrame(t *testing.T) {
	type bytes struct {
		at   time.Duration // after T0
		text string
	}
	drip := func(gap time.Duration) (bs []bytes) {
		for at := gap; at < 4*time.Second; at += gap {
			bs = append(bs, bytes{at, "."})
		}
		return bs
	}
	for name, test := range map[string]struct {
		grace time.Duration
		then  []bytes
		want  string
		fin   time.Duration // after T0
	}{
		"stalls":                   {then: nil, fin: 500 * ms},
		"completes":                {then: []bytes{{400 * ms, "f"}, {800 * ms, "ed\n"}}, want: "halffed\n", fin: 800 * ms},
		"completes late":           {then: []bytes{{499 * ms, "\n"}}, want: "half\n", fin: 499 * ms},
		"completes too late":       {then: []bytes{{501 * ms, "\n"}}, fin: 500 * ms},
		"stalls again":             {then: []bytes{{400 * ms, "f"}, {901 * ms, "ed\n"}}, fin: 900 * ms},
		"another frame after it":   {then: []bytes{{400 * ms, "f\nnext\nne"}, {500 * ms, "xt\n"}}, want: "halff\nnext\n", fin: 400 * ms},
		"drips":                    {then: drip(100 * ms), fin: 2 * time.Second},
		"drips beyond Grace":       {then: drip(100 * ms), grace: 350 * ms, fin: 350 * ms},
		"stalls beyond Grace":      {grace: 200 * ms, fin: 200 * ms},
		"completes at 2 s, almost": {then: append(drip(100 * ms)[:19], bytes{1999 * ms, "\n"}), want: "half...................\n", fin: 1999 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server.Server{Grace: test.grace}
			onFake(t, s, func(f *fake) {
				c := f.dial("whole\nhalf")
				time.Sleep(time.Second)
				for _, b := range test.then {
					f.sendLater(b.at, c, b.text)
				}
				require.NoError(t, s.Shutdown(background), "a half frame is no loss")
				got, _ := io.ReadAll(c)
				assert.Equal(t, "whole\n"+test.want, string(got))
				assert.Equal(t, time.Second+test.fin, f.at(c.FIN()))
			})
		})
	}
}

// C6: idle connections are told at once; those that end their side too are
// closed at once, the others after a moment of quiet.
func TestC6Idle(t *testing.T) {
	s := &server.Server{}
	onFake(t, s, func(f *fake) {
		var cs []*fakenet.Conn
		for i := range 1000 {
			c, err := f.Dial()
			require.NoError(t, err)
			if i%2 == 0 {
				go func() {
					io.ReadAll(c)
					c.Close()
				}()
			}
			cs = append(cs, c)
		}
		time.Sleep(time.Minute)
		require.NoError(t, s.Shutdown(background))
		assert.Equal(t, time.Minute+quiet, f.now())
		for i, c := range cs {
			require.Equal(t, time.Minute, f.at(c.FIN()))
			closed := time.Minute
			if i%2 != 0 {
				closed += quiet
			}
			require.Equal(t, closed, f.at(c.Peer().Closed()))
		}
	})
}

// C7: who comes while the server drains is refused, and does not wait in a
// backlog for its reset.
func TestC7RefusedWhileDraining(t *testing.T) {
	onFake(t, &server.Server{Handler: slowly(time.Second)}, func(f *fake) {
		c := f.dial("a\n")
		go f.s.Shutdown(background)
		time.Sleep(21 * ms)
		_, err := f.Dial()
		assert.ErrorIs(t, err, syscall.ECONNREFUSED)
		f.wantFIN(c, "a\n", time.Second)
	})
}

// C7: those who keep coming do not keep the listener open.
func TestC7FloodWhileClosing(t *testing.T) {
	onFake(t, &server.Server{}, func(f *fake) {
		closing := make(chan error)
		go func() { closing <- shutdown(f.s) }()
		var last time.Duration
		time.Sleep(5 * ms)
		for f.now() < 3*time.Second {
			c, err := f.Dial()
			if err != nil {
				assert.ErrorIs(t, err, syscall.ECONNREFUSED)
				break
			}
			last = f.now()
			time.Sleep(10 * ms)
			c.Close()
		}
		assert.Equal(t, 95*ms, last)
		assert.NoError(t, <-closing)
	})
}

// C8: connections drain at the same time. 100 that would never take their
// answers cost one Grace.
func TestC8Parallel(t *testing.T) {
	s := &server.Server{Grace: time.Second}
	onFake(t, s, func(f *fake) {
		answer := strings.Repeat("x", 999) + "\n"
		var cs []*fakenet.Conn
		for range 100 {
			c := f.dial("", fakenet.Buffers(1000))
			f.send(c, strings.Repeat(answer, 4))
			cs = append(cs, c)
		}
		time.Sleep(time.Second)
		err := s.Shutdown(background)
		assert.Equal(t, 2*time.Second, f.now())
		var loss *server.ShutdownError
		require.ErrorAs(t, err, &loss)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 100, loss.Report.Forced)
		for _, c := range cs {
			f.wantRST(c, answer, 2*time.Second)
		}
	})
}

// C8: what a connection waits for adds nothing to what others wait for: a slow
// handler, half a message that does not go on, a peer that does not end its side.
func TestC8MaximumNotSum(t *testing.T) {
	s := &server.Server{Handler: slowly(100 * ms)}
	onFake(t, s, func(f *fake) {
		for range 30 {
			f.dial("")
			f.dial("a\nb\nc\n")
			f.dial("half")
		}
		require.NoError(t, s.Shutdown(background))
		assert.Equal(t, 500*ms+quiet, f.now(), "the half frames stall for 500 ms")
	})
}

// C9: a second after Grace everything is closed, and who does not return from
// its handler is named.
func TestC9Stuck(t *testing.T) {
	var release chan struct{}
	s := &server.Server{Grace: time.Second, Handler: func(c *server.Conn, m []byte) error {
		switch string(m) {
		case "stuck":
			<-release
		case "polite":
			<-c.Context().Done()
			return c.Context().Err()
		}
		return server.Echo(c, m)
	}}
	onFake(t, s, func(f *fake) {
		release = make(chan struct{})
		stuck, polite, fine := f.dial("a\nstuck\n"), f.dial("a\npolite\n"), f.dial("a\n")
		time.Sleep(time.Second)

		err := s.Shutdown(background)
		assert.Equal(t, 3*time.Second, f.now())
		wantReport(t, err, server.Report{
			Unanswered: 1 + 1, // polite's second and stuck's
			Unflushed:  1 + 1, // their first, which waited for the second
			Forced:     2,
			Stuck:      []string{stuck.LocalAddr().String()},
		}, context.DeadlineExceeded)
		assert.Zero(t, f.Open(), "connections left open")
		f.wantFIN(fine, "a\n", time.Second)
		f.wantRST(polite, "", 2*time.Second)
		f.wantRST(stuck, "", 3*time.Second)
		close(release)
	})
}

// C11: Serve returns when the drain is done, and not before.
func TestC11ServeReturnsLast(t *testing.T) {
	s := &server.Server{Handler: slowly(time.Second)}
	onFake(t, s, func(f *fake) {
		c := f.dial("a\nb\nc\n")
		go s.Shutdown(background)
		err := <-f.served
		assert.ErrorIs(t, err, server.ErrServerClosed)
		assert.Equal(t, 3*time.Second+quiet, f.now())
		assert.Zero(t, f.Open())
		f.wantFIN(c, "a\nb\nc\n", 3*time.Second)
		f.served <- err
	})
}

// C10: the report is exact, and wraps why the server did not wait longer.
func TestC10Report(t *testing.T) {
	why := errors.New("the operator lost patience")
	for name, test := range map[string]struct {
		grace time.Duration
		ctx   func() (context.Context, context.CancelFunc)
		cause error
	}{
		"Grace is over": {
			2 * time.Second,
			func() (context.Context, context.CancelFunc) { return background, func() {} },
			context.DeadlineExceeded,
		},
		"context is cancelled": {
			0,
			func() (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancelCause(background)
				time.AfterFunc(2*time.Second, func() { cancel(why) })
				return ctx, func() {}
			},
			why,
		},
		"context's time is over": {
			0,
			func() (context.Context, context.CancelFunc) {
				return context.WithTimeoutCause(background, 2*time.Second, why)
			},
			why,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server.Server{Grace: test.grace, Handler: func(c *server.Conn, m []byte) error {
				switch string(m) {
				case "slow":
					time.Sleep(700 * ms)
				case "wait":
					<-c.Context().Done()
					return c.Context().Err()
				}
				return server.Echo(c, m)
			}}
			onFake(t, s, func(f *fake) {
				fine := f.dial("slow\nfine\nslow\nha")
				half := f.dial("ha")
				wait := f.dial("wait\nb\nc\nha")
				deaf := f.dial("", fakenet.Buffers(1000))
				f.send(deaf, "before "+strings.Repeat("x", 4000)+"\n")
				slow := f.dial("slow\nslow\nslow\nslow\nslow\n")
				ctx, cancel := test.ctx()
				defer cancel()
				err := s.Shutdown(ctx)
				assert.Equal(t, 2100*ms, f.now(), "slow's third is handled until then")
				wantReport(t, err, server.Report{
					Answered:   3 + 2, // of fine and of slow
					Unanswered: 3 + 2, // of wait and of slow
					Unflushed:  1 + 1, // of deaf, and slow's third, too late
					HalfFrames: 2,     // of fine and half; wait's follows unanswered ones
					Forced:     3,
				}, test.cause)
				f.wantFIN(fine, "slow\nfine\nslow\n", 1900*ms)
				f.wantFIN(half, "", 500*ms)
				f.wantRST(wait, "", 2*time.Second)
				f.wantRST(slow, "slow\nslow\n", 2100*ms)
				_, err = io.ReadAll(deaf)
				assert.Error(t, err)
			})
		})
	}
}

// C12: Shutdown and Close may be called in any state, repeatedly and at once.
func TestC12AnyState(t *testing.T) {
	past, cancel := context.WithCancel(background)
	cancel()

	t.Run("before Serve", func(t *testing.T) {
		for _, end := range []func(*server.Server) error{(*server.Server).Close, shutdown} {
			s := &server.Server{Framer: lines, Handler: server.Echo}
			assert.NoError(t, end(s))
			assert.NoError(t, end(s))
			l := fakenet.Listen()
			assert.ErrorIs(t, s.Serve(l), server.ErrServerClosed)
			_, err := l.Dial()
			assert.Error(t, err, "Serve closes its listener in any case")
		}
	})
	t.Run("together", func(t *testing.T) {
		s := &server.Server{Handler: slowly(time.Second), Grace: 2500 * ms}
		onFake(t, s, func(f *fake) {
			c := f.dial("a\nb\nc\nd\n")
			var all sync.WaitGroup
			results := make([]error, 10)
			for i := range results {
				all.Go(func() {
					time.Sleep(time.Duration(i) * 200 * ms)
					results[i] = s.Shutdown(background)
				})
			}
			all.Wait()
			assert.Equal(t, 3*time.Second, f.now(), "the handler that Grace interrupts returns")
			for _, err := range results {
				wantReport(t, err, server.Report{Answered: 2, Unanswered: 1, Unflushed: 1, Forced: 1}, context.DeadlineExceeded)
			}
			assert.Same(t, results[0], s.Shutdown(past))
			f.wantRST(c, "a\nb\n", 3*time.Second)
		})
	})
	t.Run("Close during Shutdown", func(t *testing.T) {
		s := &server.Server{Handler: slowly(time.Second)}
		onFake(t, s, func(f *fake) {
			f.dial("a\nb\nc\nd\n")
			first := make(chan error)
			go func() { first <- s.Shutdown(background) }()
			time.Sleep(1500 * ms)
			err := s.Close()
			assert.Equal(t, 2*time.Second, f.now())
			wantReport(t, err, server.Report{Answered: 1, Unanswered: 2, Unflushed: 1, Forced: 1}, err)
			assert.Same(t, err, <-first)
		})
	})
	t.Run("one of two gives up", func(t *testing.T) {
		s := &server.Server{Handler: slowly(time.Second)}
		onFake(t, s, func(f *fake) {
			f.dial("a\nb\n")
			first := make(chan error)
			go func() { first <- s.Shutdown(background) }()
			ctx, cancel := context.WithTimeout(background, 500*ms)
			defer cancel()
			err := s.Shutdown(ctx)
			wantReport(t, err, server.Report{Unanswered: 1, Unflushed: 1, Forced: 1}, context.DeadlineExceeded)
			assert.Same(t, err, <-first)
			assert.Equal(t, time.Second, f.now())
		})
	})
	for name, end := range map[string]func(*server.Server) error{
		"Close":                       (*server.Server).Close,
		"Shutdown with ended context": func(s *server.Server) error { return s.Shutdown(past) },
	} {
		t.Run(name, func(t *testing.T) {
			s := &server.Server{Handler: slowly(time.Second)}
			onFake(t, s, func(f *fake) {
				idle, half := f.dial(""), f.dial("half")
				time.Sleep(time.Second)
				assert.NoError(t, end(s), "nothing was lost")
				assert.Equal(t, time.Second, f.now())
				f.wantFIN(idle, "", time.Second)
				f.wantFIN(half, "", time.Second)
				assert.NoError(t, s.Shutdown(background))
			})
		})
	}
}

func shutdown(s *server.Server) error { return s.Shutdown(background) }

// C14: the handler's context lives until Grace is over.
func TestC14HandlerContext(t *testing.T) {
	var ended time.Time
	s := &server.Server{Grace: time.Second, Handler: func(c *server.Conn, m []byte) error {
		select {
		case <-time.After(500 * ms):
			return server.Echo(c, m)
		case <-c.Context().Done():
			ended = time.Now()
			return c.Context().Err()
		}
	}}
	onFake(t, s, func(f *fake) {
		one, three := f.dial("a\n"), f.dial("a\nb\nc\n")
		time.Sleep(100 * ms)
		err := s.Shutdown(background)
		assert.Equal(t, 1100*ms, f.at(ended))
		assert.Equal(t, 1100*ms, f.now())
		wantReport(t, err, server.Report{Answered: 3, Unanswered: 1, Forced: 1}, context.DeadlineExceeded)
		f.wantFIN(one, "a\n", 500*ms)
		f.wantRST(three, "a\nb\n", 1100*ms)
	})
}

// C17: a handler that does not return ends its connection: the answers before
// are sent, then it is reset. The others never know.
func TestC17Panic(t *testing.T) {
	for name, test := range map[string]struct {
		do  func()
		log string
	}{
		"value":         {func() { panic("no\nsense") }, `panic="\"no\\nsense\""`},
		"error":         {func() { panic(io.ErrNoProgress) }, "multiple Read calls return no data"},
		"nil":           {func() { panic(nil) }, "panic called with nil argument"},
		"runtime error": {func() { var p *int; *p = 1 }, "invalid memory address"},
		"Goexit":        {runtime.Goexit, "<nil>"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server.Server{Handler: func(c *server.Conn, m []byte) error {
				if string(m) == "die" {
					test.do()
				}
				return server.Echo(c, m)
			}}
			onFake(t, s, func(f *fake) {
				var others []*fakenet.Conn
				want := ""
				for range 9 {
					others = append(others, f.dial(""))
				}
				for i := range 111 {
					if i == 50 {
						victim := f.dial("a\nb\ndie\nc\n")
						f.wantRST(victim, "a\nb\n", f.now())
						assert.Equal(t, f.now(), f.at(victim.Peer().Closed()))
					}
					line := fmt.Sprintf("%d\n", i)
					want += line
					for _, c := range others {
						f.send(c, line)
					}
					time.Sleep(ms)
				}
				require.NoError(t, s.Shutdown(background))
				for _, c := range others {
					f.wantFIN(c, want, 111*ms)
				}
				log := f.log.String()
				assert.Equal(t, 1, strings.Count(log, "\n"), log)
				assert.Contains(t, log, "level=ERROR")
				assert.Contains(t, log, test.log)
				assert.Contains(t, log, "closing_test.go", "the stack")
			})
		})
	}
}

// C17: the reset does not overtake the answers, however slowly they are taken.
func TestC17AnswersBeforeReset(t *testing.T) {
	s := &server.Server{Handler: func(c *server.Conn, m []byte) error {
		if string(m) == "die" {
			panic(string(m))
		}
		return server.Echo(c, m)
	}}
	onFake(t, s, func(f *fake) {
		answer := strings.Repeat("x", 999) + "\n"
		c := f.dial(answer+answer+"die\nmore\n", fakenet.Buffers(1500))
		got := make([]byte, 2*len(answer))
		for i := range got {
			time.Sleep(ms)
			_, err := io.ReadFull(c, got[i:i+1])
			require.NoError(t, err)
		}
		assert.Equal(t, answer+answer, string(got))
		time.Sleep(time.Second)
		f.wantRST(c, "", 511*ms) // all is acknowledged at 500 ms, and looked for every 20
	})
}

// C4: what has arrived when the quiet seems to be over is not left unread, for
// that would reset the connection: a deadline that passes while the process has
// no processor says nothing of the socket.
func TestC4QuietLooksAtSocket(t *testing.T) {
	s := &server.Server{}
	onFake(t, s, func(f *fake) {
		c := f.dial("a\n", fakenet.ServerFaults(fakenet.Fault{Dir: fakenet.Read, At: 2, Do: fakenet.Delay(250 * ms)}))
		f.sendLater(50*ms, c, "late\n")
		require.NoError(t, s.Shutdown(background))
		assert.Equal(t, 450*ms, f.at(c.Peer().Closed()))
		f.wantFIN(c, "a\n", 0)
	})
}

// C10: a connection that is accepted when the others have been forced is reset,
// and what it had sent is reported.
func TestC10AcceptedBehindForce(t *testing.T) {
	s := new(server.Server)
	var result error
	var closed sync.WaitGroup
	onFakeWrapped(t, s, func(c net.Conn) net.Conn {
		closed.Go(func() { result = s.Close() })
		time.Sleep(ms)
		return c
	}, func(f *fake) {
		c := f.dial("a\nb\nha")
		time.Sleep(ms)
		closed.Wait()
		f.wantRST(c, "", ms)
		var loss *server.ShutdownError
		require.ErrorAs(t, result, &loss)
		assert.Equal(t, server.Report{Unanswered: 2, Forced: 1}, loss.Report)
	})
}

// Serve reports a loss too, so that a main function needs no channel for it.
func TestC11_ServeReportsLoss(t *testing.T) {
	s := &server.Server{Framer: lines, Grace: 100 * ms, Handler: slowly(time.Second), Logger: new(log).logger()}
	synctest.Test(t, func(t *testing.T) {
		l := fakenet.Listen()
		served := make(chan error)
		go func() { served <- s.Serve(l) }()
		c, err := l.Dial()
		require.NoError(t, err)
		defer c.Close()
		io.WriteString(c, "lost\n")
		synctest.Wait()
		loss := s.Shutdown(background)
		err = <-served
		assert.ErrorIs(t, err, server.ErrServerClosed)
		assert.ErrorIs(t, err, loss)
		assert.NotEqual(t, server.ErrServerClosed, err)
	})
}
