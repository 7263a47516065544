package framing_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/stx"
)

// Frames of many concurrent writers, small and large, arrive whole, each
// writer's in its order, on a real connection.
func TestConn_ConcurrentWriters(t *testing.T) {
	const writers, frames = 8, 60
	sizes := []int{8, 100, 3000, 16<<10 - 1, 16 << 10, 16<<10 + 1, 70_000}
	for _, f := range []framing.Framer{lengthprefix.Uint32(), lengthprefix.Varint(), must(delimiter.New("\xff\xfe")), plain{lengthprefix.Uint32()}} {
		t.Run(fmt.Sprintf("%T", f), func(t *testing.T) {
			client, server := loopback(t)
			c := framing.NewConn(client, f)
			var wg sync.WaitGroup
			for id := range writers {
				wg.Go(func() {
					payload := func(n int) []byte {
						p := bytes.Repeat([]byte{byte('a' + id)}, sizes[(id+n)%len(sizes)])
						binary.BigEndian.PutUint32(p, uint32(id))
						binary.BigEndian.PutUint32(p[4:], uint32(n))
						return p
					}
					for n := 0; n < frames; n += 2 {
						// Two at once, or one after the other.
						err := error(nil)
						if n%4 == 0 {
							err = c.WriteFrames(payload(n), payload(n+1))
						} else if err = c.WriteFrame(payload(n)); err == nil {
							err = c.WriteFrame(payload(n + 1))
						}
						if err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			r := framing.NewConn(server, f)
			next := make([]int, writers)
			for range writers * frames {
				p, err := r.ReadFrame()
				if err != nil {
					t.Fatal(err)
				}
				id, n := int(binary.BigEndian.Uint32(p)), int(binary.BigEndian.Uint32(p[4:]))
				if id >= writers || n != next[id] || len(p) != sizes[(id+n)%len(sizes)] || bytes.Count(p[8:], []byte{byte('a' + id)}) != len(p)-8 {
					t.Fatalf("frame %d of writer %d, %d bytes, where %v are next", n, id, len(p), next)
				}
				next[id]++
			}
			wg.Wait()
			client.Close()
			if p, err := r.ReadFrame(); err != io.EOF {
				t.Fatalf("at the end: %q, %v", p, err)
			}
		})
	}
}

// gate is a destination that counts writes and lets each begin only when it is
// told to.
type gate struct {
	open  chan error
	calls int
	took  bytes.Buffer
}

func (g *gate) Write(p []byte) (int, error) {
	g.calls++
	if err := <-g.open; err != nil {
		return 0, err
	}
	return g.took.Write(p)
}

// Calls that come while another is writing share one write.
func TestConn_CallsShareOneWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan error)}
		c := framing.NewConn(stub{Writer: g}, lengthprefix.Uint8())
		errs := make(chan error, 100)
		write := func() { errs <- c.WriteFrame([]byte("frame")) }
		go write()
		synctest.Wait()
		for range 63 {
			go write()
		}
		synctest.Wait()
		if len(errs) > 0 {
			t.Fatal("WriteFrame returned before its frame was handed over")
		}
		g.open <- nil
		synctest.Wait()
		if len(errs) != 1 {
			t.Fatalf("%d calls returned when the first was written", len(errs))
		}
		g.open <- nil
		synctest.Wait()
		if len(errs) != 64 || g.calls != 2 {
			t.Fatalf("%d calls returned after %d writes, want 64 after 2", len(errs), g.calls)
		}
		for range 64 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if got := g.took.String(); got != strings.Repeat("\x05frame", 64) {
			t.Errorf("%q was written", got)
		}
	})
}

// When a write fails, all that share it fail with it, and all that come later;
// those before are not told so.
func TestConn_FailureIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan error)}
		c := framing.NewConn(stub{Writer: g}, lengthprefix.Uint8())
		broken := errors.New("broken")
		errs := make(chan error, 100)
		for range 10 {
			go func() { errs <- c.WriteFrame([]byte("frame")) }()
		}
		synctest.Wait()
		g.open <- nil
		synctest.Wait()
		g.open <- broken
		synctest.Wait()
		failed := 0
		for range 10 {
			if err := <-errs; err == broken {
				failed++
			} else if err != nil {
				t.Error(err)
			}
		}
		if err := c.WriteFrame([]byte("late")); failed != 9 || err != broken || g.calls != 2 {
			t.Errorf("%d calls failed, then %v, after %d writes", failed, err, g.calls)
		}
	})
}

// Reading, Buffered and Close do not wait for a write that blocks.
func TestConn_ReadsWhileAWriteBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan error)}
		c := framing.NewConn(stub{Reader: strings.NewReader("\x02ok"), Writer: g}, lengthprefix.Uint8())
		go c.WriteFrame([]byte("blocks"))
		synctest.Wait()
		if p, err := c.ReadFrame(); string(p) != "ok" {
			t.Errorf("%q, %v", p, err)
		}
		g.open <- nil
	})
}

// Of payloads that are written together all go out, in one write, or none.
func TestConn_WriteFramesAllOrNothing(t *testing.T) {
	dst := &tearing{left: 1 << 20}
	calls := &counted{Writer: dst}
	c := framing.NewConn(stub{Writer: calls}, lengthprefix.Uint8())
	small, large := []byte("ok"), make([]byte, 256)
	for bad := range 3 {
		payloads := [][]byte{small, small, small}
		payloads[bad] = large
		err := c.WriteFrames(payloads...)
		var refused *framing.TooLargeError
		if !errors.As(err, &refused) || refused.Size != 256 || refused.Max != 255 {
			t.Errorf("payload %d too large: %T %v", bad, err, err)
		}
		if want := fmt.Sprintf("payload %d of 3", bad+1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if calls.n != 0 {
		t.Fatalf("%d writes of refused payloads", calls.n)
	}
	if err := c.WriteFrames(small, nil, small); err != nil {
		t.Fatal(err)
	}
	if err := c.WriteFrames(); err != nil {
		t.Fatal(err)
	}
	if got := dst.took.String(); got != "\x02ok\x00\x02ok" || calls.n != 1 {
		t.Errorf("%q in %d writes", got, calls.n)
	}
}

// counted counts writes.
type counted struct {
	io.Writer
	n int
}

func (c *counted) Write(p []byte) (int, error) {
	c.n++
	return c.Writer.Write(p)
}

// gather is a connection with a WriteBuffers method, which keeps what it was
// given.
type gather struct {
	stub
	buffers [][][]byte
	writes  [][]byte
}

func (g *gather) Write(p []byte) (int, error) {
	g.writes = append(g.writes, slices.Clone(p))
	return len(p), nil
}

func (g *gather) WriteBuffers(bufs *net.Buffers) (n int64, err error) {
	g.buffers = append(g.buffers, slices.Clone([][]byte(*bufs)))
	return bufs.WriteTo(io.Discard)
}

// trailing is a Prefixer with a trailer.
type trailing struct{ *lengthprefix.Framer }

func (f trailing) Append(dst, payload []byte) ([]byte, error) {
	dst, err := f.Framer.Append(dst, payload)
	if err == nil {
		dst = append(dst, "end"...)
	}
	return dst, err
}

func (trailing) Trailer() []byte { return []byte("end") }

// Large payloads are not copied where a vectored write takes them: the payload
// itself is in it, behind all that waited and its header.
func TestConn_WriteBuffers(t *testing.T) {
	large := bytes.Repeat([]byte("x"), 16<<10)
	check := func(t *testing.T, g *gather, header, trailer string) {
		t.Helper()
		if len(g.buffers) != 1 {
			t.Fatalf("%d vectored and %d other writes, want 1 vectored", len(g.buffers), len(g.writes))
		}
		parts := g.buffers[0]
		if string(parts[0]) != header || &parts[1][0] != &large[0] || len(parts[1]) != len(large) {
			t.Fatalf("the parts are %q and %d bytes", parts[0], len(parts[1]))
		}
		if trailer == "" && len(parts) != 2 || trailer != "" && (len(parts) != 3 || string(parts[2]) != trailer) {
			t.Fatalf("%d parts, want the trailer %q", len(parts), trailer)
		}
	}
	for _, test := range []struct {
		framer          framing.Framer
		header, trailer string
	}{
		{lengthprefix.Uint32(), "\x00\x00\x40\x00", ""},
		{trailing{lengthprefix.Uint32()}, "\x00\x00\x40\x00", "end"},
		{delimiter.Line(), "", "\n"},
		{delimiter.CRLF(), "", "\r\n"},
		{stx.New(), "\x02", "\x03"},
	} {
		t.Run(fmt.Sprintf("%T %v", test.framer, test.framer), func(t *testing.T) {
			g := &gather{}
			c := framing.NewConn(g, test.framer)
			c.SetMaxPayload(len(large))
			if err := c.WriteFrame(large); err != nil {
				t.Fatal(err)
			}
			check(t, g, test.header, test.trailer)
			var e *framing.TooLargeError
			if size := len(test.header) + len(large) + len(test.trailer); !errors.As(c.WriteFrame(append(large, 'x')), &e) || e.Offset != int64(size) {
				t.Errorf("%v behind a frame of %d bytes", e, size)
			}

			g = &gather{}
			w := framing.NewWriter(g, test.framer)
			w.SetMaxPayload(len(large))
			w.WriteFrame([]byte("a"))
			if err := w.WriteFrame(large); err != nil || w.Buffered() != 0 {
				t.Fatalf("%v, %d bytes wait", err, w.Buffered())
			}
			check(t, g, string(must(test.framer.Append(nil, []byte("a"))))+test.header, test.trailer)
		})
	}
	for _, test := range []struct {
		name    string
		framer  framing.Framer
		payload []byte
		max     int
		fails   bool
	}{
		{"a smaller payload", lengthprefix.Uint32(), large[1:], -1, false},
		{"no Prefixer", plain{lengthprefix.Uint32()}, large, -1, false},
		{"a line over the limit", delimiter.Line(), large, len(large) - 1, true},
		{"a line that holds another", delimiter.Line(), append([]byte("\n"), large...), -1, true},
		{"a line that ends in half a delimiter", delimiter.Line(), append(large[:len(large):len(large)], '\r'), -1, true},
		{"a payload over the limit", lengthprefix.Uint32(), large, len(large) - 1, true},
		{"a payload over the field", lengthprefix.Uint8(), large, -1, true},
		{"a header that is delivered", must(lengthprefix.New(lengthprefix.Config{Width: 2, Strip: lengthprefix.KeepHeader})), append([]byte("\x40\x00"), large...), -1, false},
	} {
		g := &gather{}
		c := framing.NewConn(g, test.framer)
		c.SetMaxPayload(test.max)
		if err := c.WriteFrame(test.payload); (err != nil) != test.fails || len(g.buffers) != 0 || len(g.writes) == 1 == test.fails {
			t.Errorf("%s: %v, %d vectored and %d other writes", test.name, err, len(g.buffers), len(g.writes))
		}
	}
}

// A real connection gets every byte, whatever the size, by Writer and Conn.
func TestConn_VectoredWritesOnTCP(t *testing.T) {
	for _, f := range []framing.Framer{lengthprefix.Uint32(), lengthprefix.Varint(), trailing{lengthprefix.Uint32()}, delimiter.Line(), stx.New()} {
		client, server := loopback(t)
		var want []byte
		got := make(chan []byte)
		go func() {
			all, _ := io.ReadAll(server)
			got <- all
		}()
		w := framing.NewWriter(client, f)
		c := framing.NewConn(client, f)
		for i, size := range []int{0, 16<<10 - 1, 16 << 10, 16<<10 + 1, 100_000, 1 << 20, 5} {
			p := bytes.Repeat([]byte{byte('a' + i)}, size)
			for range 2 {
				want = must(f.Append(want, p))
			}
			if err := errors.Join(w.WriteFrame(p), w.Flush(), c.WriteFrame(p)); err != nil {
				t.Fatal(err)
			}
		}
		client.Close()
		if all := <-got; !bytes.Equal(all, want) {
			t.Errorf("%v: %d bytes arrived, want %d", f, len(all), len(want))
		}
	}
}

// A read that times out may be repeated, on a real connection; a write that
// times out is the end of writing.
func TestConn_Deadlines(t *testing.T) {
	client, server := loopback(t)
	c := framing.NewConn(client, lengthprefix.Uint32())
	io.WriteString(server, "\x00\x00\x00\x05he")
	for {
		c.Conn().SetReadDeadline(time.Now().Add(time.Millisecond))
		if p, err := c.ReadFrame(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("%q, %v", p, err)
		}
		if len(c.Buffered()) == 6 {
			break // what was sent has arrived
		}
	}
	io.WriteString(server, "llo")
	c.Conn().SetReadDeadline(time.Time{})
	if p, err := c.ReadFrame(); string(p) != "hello" {
		t.Fatalf("%q, %v", p, err)
	}

	c.Conn().SetWriteDeadline(time.Now().Add(-time.Second))
	if err := c.WriteFrame([]byte("late")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	c.Conn().SetWriteDeadline(time.Time{})
	if err := c.WriteFrame([]byte("again")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after a write that timed out: %v", err)
	}
}

// Close ends a read and a write that wait.
func TestConn_Close(t *testing.T) {
	a, b := net.Pipe()
	defer b.Close()
	c := framing.NewConn(a, delimiter.Line())
	errs := make(chan error)
	go func() {
		_, err := c.ReadFrame()
		errs <- err
	}()
	go func() { errs <- c.WriteFrame([]byte("nobody reads this")) }()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-errs; !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%v, want io.ErrClosedPipe", err)
		}
	}
}

// A framer and a limit that are set hold in both directions.
func TestConn_SetFramerAndLimit(t *testing.T) {
	var dst bytes.Buffer
	c := framing.NewConn(stub{Reader: strings.NewReader("text\n\x04data\x05large"), Writer: &dst}, delimiter.Line())
	p, err := c.ReadFrame()
	if string(p) != "text" || c.WriteFrame(p) != nil {
		t.Fatalf("%q, %v", p, err)
	}
	if err := c.SetFramer(lengthprefix.Uint8()); err != nil {
		t.Fatal(err)
	}
	c.SetMaxPayload(4)
	p, err = c.AppendFrame(nil)
	if string(p) != "data" || c.WriteFrame(p) != nil {
		t.Fatalf("%q, %v", p, err)
	}
	checkTooLarge(t, c.WriteFrame([]byte("large")), 4, 5)
	_, err = c.ReadFrame()
	checkTooLarge(t, err, 4, 5)
	if err := c.SetFramer(delimiter.Line()); err != framing.ErrSkipping {
		t.Errorf("SetFramer while skipping: %v", err)
	}
	if err := c.WriteFrame([]byte("same")); err != nil || dst.String() != "text\n\x04data\x04same" {
		t.Errorf("%v, %q was written", err, dst.String())
	}
	for p, err := range c.Frames() {
		t.Errorf("at the end: %q, %v", p, err)
	}
}

// What a CopyConn returns is the caller's for good.
func TestCopyConn(t *testing.T) {
	var dst bytes.Buffer
	closed := make(chan bool, 1)
	conn := closing{stub{Reader: strings.NewReader("one\n\ntwo\nthree"), Writer: &dst}, closed}
	c := framing.NewCopyConn(framing.NewConn(conn, delimiter.Line()))
	var all [][]byte
	for range 3 {
		p, err := c.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		_ = append(p[:len(p):len(p)], "scribble"...)
		all = append(all, p)
	}
	if p, err := c.ReadFrame(); p != nil || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%q, %v", p, err)
	}
	if got := string(bytes.Join(all, []byte(","))); got != "one,,two" || all[1] == nil {
		t.Errorf("kept payloads are %q", got)
	}
	if err := c.WriteFrame([]byte("out")); err != nil || dst.String() != "out\n" {
		t.Errorf("%v, %q was written", err, dst.String())
	}
	if c.Conn() != conn || c.Close() != nil || !<-closed {
		t.Error("Conn and Close are not those of the connection")
	}
}

type closing struct {
	stub
	closed chan bool
}

func (c closing) Close() error {
	c.closed <- true
	return nil
}
