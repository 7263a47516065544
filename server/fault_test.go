package server_test

import (
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/spec"
	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// These tests let the network fail at every byte of a stream of five frames, for
// every family of framing, and compare what the handler saw and the client got
// with what a few lines of arithmetic expect.

// A stream is five frames of one framing.
type stream struct {
	framing string
	framer  framing.Framer
	frames  []string
	ends    []int // offsets at which frames end
	wire    string
}

func streams(t *testing.T) (all []stream) {
	for _, f := range []struct {
		text     string
		payloads []string
	}{
		{"line", []string{"a", "", "hello", "\rb", "cd"}},
		{"line,keep", []string{"a\r\n", "\n", "hello\n", "b\r\n", "cd\n"}},
		{"crlf", []string{"a", "", "hello", "\r", "c\nd"}},
		{`delimiter,text=;,text=<end>`, []string{"a", "", "hello", "<en", "cd"}},
		{"length", []string{"a", "", "hello", "b", "cd"}},
		{"length,width=2,order=little,offset=1,adjust=2", []string{"\x00\x00a", "\x00\x00", "\x01\x00hello", "\x00\x02b", "\x03\x04cd"}},
		{"varint", []string{"a", "", "hello", "b", "cd"}},
		{"fixed,size=4", []string{"abcd", "efgh", "ijkl", "mnop", "qrst"}},
		{"fixed,size=5,pad=5f", []string{"a", "hello", "", "b", "cd"}},
		{"netstring", []string{"a", "", "hello", "b", "cd"}},
		{"octet-count", []string{"a", "bc", "hello", "d", "ef"}},
		{"syslog", []string{"a", "<1>", "<13>he\nllo", "b", "cd"}},
		{"content-length", []string{"a", "", "{}"}},
		{"content-length,keep", []string{"Content-Length: 0\r\n\r\n", "Content-Length: 2\r\nX: y\r\n\r\n{}"}},
		{"dot", []string{"a\r\n", "", ".\r\n", "b\r\n..c\r\n", "d\r\n"}},
		{"text-head,protocol=nats", []string{"PING\r\n", "PUB a 0\r\n\r\n", "PUB a 5\r\nhello\r\n", "PONG\r\n"}},
		{"enclosed,begin=0b,end=1c0d,noise=skip", []string{"a", "", "h\x1cello\x1c", "b", "cd"}},
		{"slip", []string{"a", "\xc0", "\xdbhel", "b", "cd"}},
		{"cobs", []string{"a", "\x00", "he\x00lo", "b", "cd"}},
		{"stx,dle", []string{"a", "\x10", "h\x02e\x03", "b", "cd"}},
	} {
		framer, err := spec.Parse(f.text)
		require.NoError(t, err)
		s := stream{framing: f.text, framer: framer}
		for _, p := range f.payloads {
			frame, err := framer.Append(nil, []byte(p))
			require.NoError(t, err, "%s: %q", f.text, p)
			s.frames = append(s.frames, string(frame))
			s.wire += string(frame)
			s.ends = append(s.ends, len(s.wire))
		}
		all = append(all, s)
	}
	return all
}

// whole returns how many frames lie in the first n bytes.
func (s stream) whole(n int) int {
	return len(slices.DeleteFunc(slices.Clone(s.ends), func(end int) bool { return end > n }))
}

// first returns the first n frames.
func (s stream) first(n int) string { return strings.Join(s.frames[:n], "") }

// An outcome is what became of a stream.
type outcome struct {
	handled int    // messages that the handler was given
	got     string // what the client received
	end     string // "FIN" or "RST"
}

// effects are all that a fakenet can do, and a timeout that nobody asked for.
var effects = map[string]fakenet.Effect{
	"short":   fakenet.Short(),
	"zero":    fakenet.Zero(),
	"with":    fakenet.With(syscall.EIO),
	"fail":    fakenet.Fail(syscall.EIO),
	"timeout": fakenet.Fail(os.ErrDeadlineExceeded),
	"delay":   fakenet.Delay(time.Second),
	"reset":   fakenet.Reset(),
	"block":   fakenet.Block(),
}

// afterReadFault returns what is to become of s when the effect strikes the
// server's reading at offset off.
func afterReadFault(s stream, effect string, off int) outcome {
	arrived := s.whole(off)
	switch effect {
	case "with":
		if off > 0 {
			break // an error that comes with bytes, and not again
		}
		fallthrough
	case "fail", "block":
		return outcome{arrived, s.first(arrived), "FIN"}
	case "reset":
		return outcome{arrived, s.first(arrived), "RST"}
	}
	return outcome{len(s.frames), s.wire, "FIN"}
}

// afterWriteFault is the same for the server's writing, where the frames come
// one at a time, or all together and are answered in one write.
func afterWriteFault(s stream, effect string, off int, single bool) outcome {
	handled, begin := len(s.frames), 0
	if single {
		handled = min(s.whole(off)+1, handled)
		begin = len(s.first(handled - 1)) // of the write with the byte at off
	}
	torn := outcome{handled, s.wire[:off], "RST"}
	all := outcome{len(s.frames), s.wire, "FIN"}
	switch {
	case effect == "delay" || effect == "timeout": // nobody is hurt
		return all
	case effect == "with" && off > 0:
		torn.handled = len(s.frames)
		if single {
			torn.handled = s.whole(off-1) + 1 // the write that moved the byte before off
		}
		return torn
	case off == len(s.wire):
		return all // nothing is written there
	case effect == "short" && off == begin:
		return all
	case effect == "zero":
		torn.got = s.wire[:begin]
	}
	return torn
}

// T9, T10: faults of reading.
func TestT9FaultsReading(t *testing.T) {
	eachFault(t, fakenet.Read, func(s stream, effect string, off int, _ bool) outcome {
		return afterReadFault(s, effect, off)
	})
}

// T9: faults of writing.
func TestT9FaultsWriting(t *testing.T) {
	eachFault(t, fakenet.Write, afterWriteFault)
}

// eachFault lets each effect strike at each offset of each stream, and compares
// what became of it with want.
func eachFault(t *testing.T, dir fakenet.Dir, want func(s stream, effect string, off int, single bool) outcome) {
	for _, s := range streams(t) {
		for name, effect := range effects {
			t.Run(s.framing+"/"+name, func(t *testing.T) {
				handler := &recorder{}
				onFake(t, &server.Server{Framer: s.framer, Handler: handler.handle}, func(f *fake) {
					for i := range 4 * (len(s.wire) + 1) {
						off, single, halfClose := i/4, i&1 > 0, i&2 > 0
						fault := fakenet.Fault{Dir: dir, At: int64(off), Do: effect}
						got := handler.run(f, s, fault, single, halfClose)
						if !assert.Equal(t, want(s, name, off, single), got, "%v, single=%t, half-close=%t", fault, single, halfClose) {
							return
						}
					}
				})
			})
		}
	}
}

// A recorder is a handler that counts the messages that it sends back.
type recorder struct {
	framer framing.Framer
	frames []string
}

func (r *recorder) handle(c *server.Conn, message []byte) error {
	frame, err := r.framer.Append(nil, message)
	if err != nil {
		return err
	}
	r.frames = append(r.frames, string(frame))
	return c.Reply(message)
}

// run sends the frames of s on a connection with a fault, all together or one
// at a time, ends the client's side or not, and returns what became of it.
func (r *recorder) run(f *fake, s stream, fault fakenet.Fault, single, halfClose bool) outcome {
	*r = recorder{framer: s.framer}
	c, err := f.Dial(fakenet.ServerFaults(fault))
	require.NoError(f.t, err)
	synctest.Wait()
	chunks := []string{s.wire}
	if single {
		chunks = s.frames
	}
	for _, chunk := range chunks {
		io.WriteString(c, chunk) // fails if the connection is reset by now
		time.Sleep(2 * time.Second)
		synctest.Wait()
	}
	if halfClose {
		c.CloseWrite()
	}
	got, _ := io.ReadAll(c)
	c.Close()
	time.Sleep(time.Minute) // so long a write may be stuck, or a server linger
	assert.Zero(f.t, f.Open(), "left open")
	assert.Equal(f.t, s.first(len(r.frames)), strings.Join(r.frames, ""), "what the handler was given")
	o := outcome{handled: len(r.frames), got: string(got)}
	switch {
	case !c.FIN().IsZero():
		o.end = "FIN"
	case !c.RST().IsZero():
		o.end = "RST"
	}
	return o
}

// T9: a short write of a large frame, which is written from several slices, is
// an error too.
func TestT9ShortVectoredWrite(t *testing.T) {
	for _, at := range []int64{1, 3, 5, 30_000} {
		wrap := func(c net.Conn) net.Conn { return &vectorConn{Conn: c} }
		s := &server.Server{Framer: lengthprefix.Uint32(), Handler: func(c *server.Conn, m []byte) error {
			c.Reply(m) // whose error does not matter to the handler
			return nil
		}}
		onFakeWrapped(t, s, wrap, func(f *fake) {
			c := f.dial(string(lengthFrame(make([]byte, 60_000))), fakenet.ServerFaults(fakenet.Fault{Dir: fakenet.Write, At: at, Do: fakenet.Short()}))
			c.CloseWrite()
			time.Sleep(time.Minute)
			synctest.Wait()
			assert.Zero(t, c.FIN())
			assert.NotZero(t, c.RST())
		})
	}
}
