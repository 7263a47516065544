package server_test

import (
	"context"
	"errors"
	"io"
	"strings"
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

// streaming returns a server of frames of up to 4 bytes whose larger ones are streams,
// and are sent back.
func streaming() *server.Server {
	return &server.Server{Framer: lengthprefix.Uint8(), MaxPayload: 4, Stream: func(c *server.Conn, size int64, payload io.Reader) error {
		return c.ReplyFrom(payload, size)
	}}
}

// Streams and other frames follow each other, whatever the pieces in which they
// arrive, and each is answered.
func TestStream(t *testing.T) {
	text := "\x02hi\x0alarge text\x04tiny\x05large\x00\xff" + strings.Repeat("x", 255) + "\x01."
	for _, size := range []int{1, 2, 3, 7, 100, len(text)} {
		s := streaming()
		onFake(t, s, func(f *fake) {
			c := f.dial("", fakenet.Buffers(1<<10))
			for rest := text; rest != ""; {
				n := min(size, len(rest))
				f.send(c, rest[:n])
				rest = rest[n:]
				synctest.Wait()
			}
			require.NoError(t, c.CloseWrite())
			f.wantFIN(c, text, 0)
			assert.EqualValues(t, 7, s.Stats().FramesIn)
			assert.EqualValues(t, 7, s.Stats().FramesOut)
		})
	}
}

// A stream that has begun at T0 is a handler that runs: it has until Grace, also
// for bytes that arrive later, and what had arrived after it is answered.
func TestC25_StreamAtT0(t *testing.T) {
	onFake(t, streaming(), func(f *fake) {
		c := f.dial("\x01a\x0ahalf ")
		time.Sleep(time.Second)
		f.sendLater(3*time.Second, c, "of ")
		f.sendLater(5*time.Second, c, "it")
		require.NoError(t, f.s.Shutdown(background))
		f.wantFIN(c, "\x01a\x0ahalf of it", 6*time.Second)
	})
	onFake(t, streaming(), func(f *fake) {
		c := f.dial("\x0a")
		time.Sleep(time.Second)
		f.send(c, "all of it.\x01b\x02c") // arrives at T0
		require.NoError(t, f.s.Shutdown(background))
		f.wantFIN(c, "\x0aall of it.\x01b", 1500*ms)
	})
}

// Close waits for a stream as for any handler.
func TestConnClose_DuringStream(t *testing.T) {
	onFake(t, streaming(), func(f *fake) {
		c := f.dial("\x05lar")
		for conn := range f.s.Conns() {
			conn.Close(nil)
		}
		f.sendLater(50*ms, c, "ge\x01a")
		f.wantFIN(c, "\x05large", 50*ms)
	})
}

// At Grace a stream is forced: its frame is unanswered.
func TestC25_StreamForced(t *testing.T) {
	s := streaming()
	s.Grace, s.FrameTimeout = time.Second, -1
	onFake(t, s, func(f *fake) {
		c := f.dial("\x0ahalf ")
		wantReport(t, s.Shutdown(background), server.Report{Unanswered: 1, Forced: 1}, context.DeadlineExceeded)
		f.wantRST(c, "", time.Second)
	})
}

// The frame clock counts the waiting for a stream, which gets one more second for
// each 64 KiB.
func TestStream_FrameTimeout(t *testing.T) {
	drip := func(f *fake, c *fakenet.Conn, d time.Duration) {
		go func() {
			for n := 0; n < 100 && c.RST().IsZero(); n++ { // not forever, or the test never fails
				c.Write([]byte{'.'})
				time.Sleep(d)
			}
		}()
	}
	var reasons reasonLog
	s := &server.Server{Framer: lengthprefix.Uint32(), MaxPayload: 4, FrameTimeout: time.Second, Closed: reasons.add,
		Stream: func(c *server.Conn, size int64, payload io.Reader) error {
			_, err := io.Copy(io.Discard, payload)
			return err
		}}
	onFake(t, s, func(f *fake) {
		c := f.dial("\x00\x01\x00\x00")
		drip(f, c, 100*ms)
		f.wantRST(c, "", time.Second)
		c = f.dial("\x00\x02\x00\x00" + strings.Repeat(".", 60<<10))
		f.send(c, strings.Repeat(".", 5<<10))
		drip(f, c, 100*ms)
		f.wantRST(c, "", 3*time.Second)
		time.Sleep(100 * ms) // for the drips
		assert.Equal(t, []server.CloseReason{server.CloseFrameTimeout, server.CloseFrameTimeout}, reasons.get())
	})
}

// What a hook does not read is discarded, and the next frame is handled.
func TestStream_RestIsDiscarded(t *testing.T) {
	s := streaming()
	s.Stream = func(c *server.Conn, size int64, payload io.Reader) error {
		start := make([]byte, 3)
		io.ReadFull(payload, start)
		return c.Reply(start)
	}
	onFake(t, s, func(f *fake) {
		c := f.dial("\x0alarge ")
		f.send(c, "text\x02hi")
		synctest.Wait()
		require.NoError(t, c.CloseWrite())
		f.wantFIN(c, "\x03lar\x02hi", 0)
	})
}

// A stream that does not arrive whole ends its connection with a reset, unless it
// was answered, whatever the hook returns.
func TestStream_Broken(t *testing.T) {
	trailer, err := lengthprefix.New(lengthprefix.Config{Width: 1, Trailer: []byte("!")})
	require.NoError(t, err)
	drain := func(c *server.Conn, _ int64, payload io.Reader) error { io.Copy(io.Discard, payload); return nil }
	for name, test := range map[string]struct {
		framer framing.Framer
		hook   func(*server.Conn, int64, io.Reader) error
		text   string
		reason server.CloseReason
	}{
		"end inside":    {hook: drain, text: "\x05lar", reason: server.CloseUnexpectedEOF},
		"wrong trailer": {framer: trailer, hook: drain, text: "\x05large?", reason: server.CloseMalformed},
		"error":         {hook: func(*server.Conn, int64, io.Reader) error { return errors.New("no") }, text: "\x05large", reason: server.CloseHandlerError},
		"panic":         {hook: func(*server.Conn, int64, io.Reader) error { panic("no") }, text: "\x05large", reason: server.ClosePanic},
		"torn reply": {hook: func(c *server.Conn, _ int64, _ io.Reader) error { return c.ReplyFrom(strings.NewReader("x"), 1<<20) },
			framer: lengthprefix.Uint64(), text: "\x00\x00\x00\x00\x00\x00\x00\x05large", reason: server.CloseHandlerError},
	} {
		t.Run(name, func(t *testing.T) {
			var reasons reasonLog
			s := streaming()
			s.Stream, s.Closed = test.hook, reasons.add
			if test.framer != nil {
				s.Framer = test.framer
			}
			onFake(t, s, func(f *fake) {
				c := f.dial(test.text)
				c.CloseWrite() // which may come too late
				f.wantRST(c, "", 0)
				synctest.Wait()
				assert.Equal(t, []server.CloseReason{test.reason}, reasons.get())
			})
		})
	}
}

// While a stream is open the framer of reading cannot be changed, nor TLS be started
// or the connection be hijacked.
func TestStream_NoChanges(t *testing.T) {
	s := streaming()
	var errs []error
	s.Stream = func(c *server.Conn, size int64, payload io.Reader) error {
		_, _, err := c.Hijack()
		errs = []error{c.SetReadFramer(lines), c.SetFramer(lines), c.StartTLS(nil, serverTLS), err}
		return c.ReplyFrom(payload, size)
	}
	onFake(t, s, func(f *fake) {
		c := f.dial("\x05lar")
		f.send(c, "ge")
		require.NoError(t, c.CloseWrite())
		f.wantFIN(c, "\x05large", 0)
		assert.Equal(t, []error{framing.ErrSkipping, framing.ErrSkipping, server.ErrPlaintext, framing.ErrSkipping}, errs)
	})
}

// A frame whose size is not announced is too large as before.
func TestStream_NotAnnounced(t *testing.T) {
	var reasons reasonLog
	s := streaming()
	s.Framer, s.Closed = lines, reasons.add
	onFake(t, s, func(f *fake) {
		c := f.dial("abc\nlarge\n")
		f.wantFIN(c, "abc\n", 0)
		c.Close()
		synctest.Wait()
		assert.Equal(t, []server.CloseReason{server.CloseTooLarge}, reasons.get())
	})
}

// C22: what a stuck Stream has not read of its payload is not counted as frames.
func TestC22_StuckStream(t *testing.T) {
	var release chan struct{}
	s := streaming()
	s.Grace = 100 * ms
	s.Stream = func(c *server.Conn, size int64, payload io.Reader) error {
		payload.Read(make([]byte, 2))
		<-release
		return nil
	}
	onFake(t, s, func(f *fake) {
		release = make(chan struct{})
		c := f.dial("\x0a\x01a\x01b\x01c\x01d\x01e")
		wantReport(t, s.Shutdown(background), server.Report{Unanswered: 1, Forced: 1, Stuck: []string{c.LocalAddr().String()}}, context.DeadlineExceeded)
		close(release)
	})
}

// A source that ends in the middle of a reply is the handler's fault, and logged.
func TestReplyFrom_TornBySource(t *testing.T) {
	var reasons reasonLog
	s := &server.Server{Framer: lengthprefix.Uint32(), Closed: reasons.add, Handler: func(c *server.Conn, payload []byte) error {
		return c.ReplyFrom(strings.NewReader(strings.Repeat("x", 200_000)), 300_000)
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("\x00\x00\x00\x01x", fakenet.Buffers(1<<20))
		io.Copy(io.Discard, c)
		synctest.Wait()
		assert.Equal(t, []server.CloseReason{server.CloseHandlerError}, reasons.get())
		assert.Contains(t, f.log.String(), "handler failed")
	})
}

// A peer that leaves in the middle of a stream is no fault of the hook, also if the
// reply that it has begun is torn.
func TestStream_PeerLeaves(t *testing.T) {
	hooks := map[string]func(*server.Conn, int64, io.Reader) error{
		"reply torn": func(c *server.Conn, size int64, payload io.Reader) error { return c.ReplyFrom(payload, size) },
		"no reply": func(c *server.Conn, size int64, payload io.Reader) error {
			_, err := io.Copy(io.Discard, payload)
			return err
		},
	}
	for name, hook := range hooks {
		for reason, leave := range map[server.CloseReason]func(*fakenet.Conn) error{
			server.CloseUnexpectedEOF: (*fakenet.Conn).CloseWrite,
			server.CloseFailed:        (*fakenet.Conn).Reset,
		} {
			t.Run(name+" "+reason.String(), func(t *testing.T) {
				var reasons reasonLog
				s := &server.Server{Framer: lengthprefix.Uint32(), MaxPayload: 4, Stream: hook, Closed: reasons.add}
				onFake(t, s, func(f *fake) {
					c := f.dial("\x00\x10\x00\x00"+strings.Repeat("x", 200_000), fakenet.Buffers(1<<20))
					require.NoError(t, leave(c))
					synctest.Wait()
					assert.Equal(t, []server.CloseReason{reason}, reasons.get())
					assert.NotContains(t, f.log.String(), "handler failed")
				})
			})
		}
	}
}

// A torn reply ends in a reset, also if the hook ignores its error.
func TestReplyFrom_TornAndIgnored(t *testing.T) {
	s := &server.Server{Framer: lengthprefix.Uint64(), Handler: func(c *server.Conn, payload []byte) error {
		c.ReplyFrom(strings.NewReader(strings.Repeat("x", 64<<10)), 1<<20)
		return nil
	}}
	onFake(t, s, func(f *fake) {
		c := f.dial("\x00\x00\x00\x00\x00\x00\x00\x00", fakenet.Buffers(1<<20))
		_, err := io.ReadAll(c)
		assert.Error(t, err)
		assert.Zero(t, f.at(c.RST()))
		assert.Zero(t, c.FIN())
	})
}
