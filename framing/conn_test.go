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

// Frames of concurrent writers, small and large, arrive whole, and those of each
// writer in order, on a TCP connection.
func TestConn_ConcurrentWriters(t *testing.T) {
	const writers, frames = 8, 60
	sizes := []int{8, 100, 3000, 16<<10 - 1, 16 << 10, 16<<10 + 1, 70_000}
	for _, f := range []framing.Framer{lengthprefix.Uint32(), lengthprefix.Varint(), must(delimiter.New("\xff\xfe")), opaqueFramer{lengthprefix.Uint32()}} {
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
					t.Fatalf("ReadFrame() = frame %d of writer %d, with %d bytes; want one of %v, whole", n, id, len(p), next)
				}
				next[id]++
			}
			wg.Wait()
			client.Close()
			if p, err := r.ReadFrame(); err != io.EOF {
				t.Fatalf("ReadFrame() at the end = %q, %v; want nil, EOF", p, err)
			}
		})
	}
}

// Calls made while another one writes share one write.
func TestConn_CallsShareOneWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBlockingWriter()
		c := framing.NewConn(ioConn{Writer: w}, lengthprefix.Uint8())
		errs := make(chan error, 100)
		write := func() { errs <- c.WriteFrame([]byte("frame")) }
		go write()
		synctest.Wait()
		for range 63 {
			go write()
		}
		synctest.Wait()
		if len(errs) > 0 {
			t.Fatal("WriteFrame() returned before its frame was written")
		}
		w.results <- nil
		synctest.Wait()
		if len(errs) != 1 {
			t.Fatalf("%d calls returned after the first write; want 1", len(errs))
		}
		w.results <- nil
		synctest.Wait()
		if len(errs) != 64 || w.calls != 2 {
			t.Fatalf("%d calls returned after %d writes; want 64 after 2", len(errs), w.calls)
		}
		for range 64 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if got := w.taken.String(); got != strings.Repeat("\x05frame", 64) {
			t.Errorf("%q was written; want 64 frames", got)
		}
	})
}

// If a write fails, all calls that share it and all later ones return its error; the
// earlier ones do not.
func TestConn_FailureIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBlockingWriter()
		c := framing.NewConn(ioConn{Writer: w}, lengthprefix.Uint8())
		broken := errors.New("broken")
		errs := make(chan error, 100)
		for range 10 {
			go func() { errs <- c.WriteFrame([]byte("frame")) }()
		}
		synctest.Wait()
		w.results <- nil
		synctest.Wait()
		w.results <- broken
		synctest.Wait()
		failed := 0
		for range 10 {
			if err := <-errs; err == broken {
				failed++
			} else if err != nil {
				t.Error(err)
			}
		}
		if err := c.WriteFrame([]byte("late")); failed != 9 || err != broken || w.calls != 2 {
			t.Errorf("%d calls failed, then WriteFrame() = %v after %d writes; want 9, %v, 2", failed, err, w.calls, broken)
		}
	})
}

// Reading does not wait for a write that blocks.
func TestConn_ReadsWhileAWriteBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBlockingWriter()
		c := framing.NewConn(ioConn{Reader: strings.NewReader("\x02ok"), Writer: w}, lengthprefix.Uint8())
		go c.WriteFrame([]byte("blocks"))
		synctest.Wait()
		if p, err := c.ReadFrame(); string(p) != "ok" {
			t.Errorf(`ReadFrame() = %q, %v; want "ok", nil`, p, err)
		}
		w.results <- nil
	})
}

// WriteFrames writes all payloads, in one write, or none.
func TestConn_WriteFramesAllOrNothing(t *testing.T) {
	var dst bytes.Buffer
	calls := &countingWriter{Writer: &dst}
	c := framing.NewConn(ioConn{Writer: calls}, lengthprefix.Uint8())
	small, large := []byte("ok"), make([]byte, 256)
	for bad := range 3 {
		payloads := [][]byte{small, small, small}
		payloads[bad] = large
		err := c.WriteFrames(payloads...)
		if e := checkAs[*framing.PayloadError](t, "WriteFrames()", err); e.Size != 256 {
			t.Errorf("WriteFrames(): error %+v; want Size 256", e)
		}
		if want := fmt.Sprintf("payload %d of 3: ", bad+1); !strings.HasPrefix(err.Error(), want) {
			t.Errorf("WriteFrames(): error %v; want it to begin with %q", err, want)
		}
	}
	if calls.calls != 0 {
		t.Fatalf("%d writes of refused payloads; want 0", calls.calls)
	}
	if err := c.WriteFrames(small, nil, small); err != nil {
		t.Fatal(err)
	}
	if err := c.WriteFrames(); err != nil {
		t.Fatal(err)
	}
	if got := dst.String(); got != "\x02ok\x00\x02ok" || calls.calls != 1 {
		t.Errorf("%q was written in %d writes; want %q in 1", got, calls.calls, "\x02ok\x00\x02ok")
	}
}

// A vectorConn is a connection with a method WriteBuffers, and keeps what is
// written.
type vectorConn struct {
	ioConn
	buffers [][][]byte
	writes  [][]byte
}

func (c *vectorConn) Write(p []byte) (int, error) {
	c.writes = append(c.writes, slices.Clone(p))
	return len(p), nil
}

func (c *vectorConn) WriteBuffers(bufs *net.Buffers) (n int64, err error) {
	c.buffers = append(c.buffers, slices.Clone([][]byte(*bufs)))
	return bufs.WriteTo(io.Discard)
}

// Large payloads are not copied if the connection takes a vectored write: it
// consists of the buffered frames and the header, the payload itself and the trailer.
func TestConn_WriteBuffers(t *testing.T) {
	large := bytes.Repeat([]byte("x"), 16<<10)
	check := func(t *testing.T, g *vectorConn, header, trailer string) {
		t.Helper()
		if len(g.buffers) != 1 {
			t.Fatalf("%d vectored and %d other writes; want 1 vectored", len(g.buffers), len(g.writes))
		}
		parts := g.buffers[0]
		if string(parts[0]) != header || &parts[1][0] != &large[0] || len(parts[1]) != len(large) {
			t.Fatalf("the parts are %q and %d bytes; want %q and the payload", parts[0], len(parts[1]), header)
		}
		if trailer == "" && len(parts) != 2 || trailer != "" && (len(parts) != 3 || string(parts[2]) != trailer) {
			t.Fatalf("%d parts; want the trailer %q", len(parts), trailer)
		}
	}
	for _, test := range []struct {
		framer          framing.Framer
		header, trailer string
	}{
		{lengthprefix.Uint32(), "\x00\x00\x40\x00", ""},
		{trailerFramer{lengthprefix.Uint32()}, "\x00\x00\x40\x00", "end"},
		{delimiter.Line(), "", "\n"},
		{delimiter.CRLF(), "", "\r\n"},
		{stx.New(), "\x02", "\x03"},
	} {
		t.Run(fmt.Sprintf("%T %v", test.framer, test.framer), func(t *testing.T) {
			g := &vectorConn{}
			c := framing.NewConn(g, test.framer)
			c.SetMaxPayload(len(large))
			if err := c.WriteFrame(large); err != nil {
				t.Fatal(err)
			}
			check(t, g, test.header, test.trailer)
			checkPayloadTooLarge(t, "WriteFrame()", c.WriteFrame(append(large, 'x')), len(large), len(large)+1)

			g = &vectorConn{}
			w := framing.NewWriter(g, test.framer)
			w.SetMaxPayload(len(large))
			w.WriteFrame([]byte("a"))
			if err := w.WriteFrame(large); err != nil || w.Buffered() != 0 {
				t.Fatalf("WriteFrame() = %v, Buffered() = %d; want nil, 0", err, w.Buffered())
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
		{"no Encloser", opaqueFramer{lengthprefix.Uint32()}, large, -1, false},
		{"a line over the limit", delimiter.Line(), large, len(large) - 1, true},
		{"a line that contains another", delimiter.Line(), append([]byte("\n"), large...), -1, true},
		{"a line that needs the other delimiter", delimiter.Line(), append(large[:len(large):len(large)], '\r'), -1, false},
		{"a payload over the limit", lengthprefix.Uint32(), large, len(large) - 1, true},
		{"a payload over the field", lengthprefix.Uint8(), large, -1, true},
	} {
		g := &vectorConn{}
		c := framing.NewConn(g, test.framer)
		c.SetMaxPayload(test.max)
		if err := c.WriteFrame(test.payload); (err != nil) != test.fails || len(g.buffers) != 0 || len(g.writes) == 1 == test.fails {
			t.Errorf("%s: WriteFrame() = %v, %d vectored and %d other writes; want an error: %t, else 1 other write", test.name, err, len(g.buffers), len(g.writes), test.fails)
		}
	}
}

// Every byte arrives on a TCP connection, whatever the size, by Writer and Conn.
func TestConn_VectoredWritesOnTCP(t *testing.T) {
	for _, f := range []framing.Framer{lengthprefix.Uint32(), lengthprefix.Varint(), trailerFramer{lengthprefix.Uint32()}, delimiter.Line(), stx.New()} {
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
			t.Errorf("%v: %d bytes arrived, or others; want %d", f, len(all), len(want))
		}
	}
}

// A read that times out may be repeated, on a TCP connection; a write that times out
// is the end of writing.
func TestConn_Deadlines(t *testing.T) {
	client, server := loopback(t)
	c := framing.NewConn(client, lengthprefix.Uint32())
	io.WriteString(server, "\x00\x00\x00\x05he")
	for {
		c.NetConn().SetReadDeadline(time.Now().Add(time.Millisecond))
		if p, err := c.ReadFrame(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("ReadFrame() = %q, %v; want the timeout", p, err)
		}
		if len(c.Unread()) == 6 {
			break // all bytes have arrived
		}
	}
	io.WriteString(server, "llo")
	c.NetConn().SetReadDeadline(time.Time{})
	if p, err := c.ReadFrame(); string(p) != "hello" || err != nil {
		t.Fatalf(`ReadFrame() = %q, %v; want "hello", nil`, p, err)
	}

	c.NetConn().SetWriteDeadline(time.Now().Add(-time.Second))
	if err := c.WriteFrame([]byte("late")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("WriteFrame() = %v; want the timeout", err)
	}
	c.NetConn().SetWriteDeadline(time.Time{})
	if err := c.WriteFrame([]byte("again")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("WriteFrame() after a timeout = %v; want the timeout", err)
	}
}

// Close ends a read and a write that block.
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
			t.Errorf("error %v; want io.ErrClosedPipe", err)
		}
	}
}

// SetFramer and SetMaxPayload are for both directions.
func TestConn_SetFramerAndLimit(t *testing.T) {
	var dst bytes.Buffer
	c := framing.NewConn(ioConn{Reader: strings.NewReader("text\n\x04data\x05large"), Writer: &dst}, delimiter.Line())
	p, err := c.ReadFrame()
	if string(p) != "text" || c.WriteFrame(p) != nil {
		t.Fatalf(`ReadFrame() = %q, %v; want "text", nil`, p, err)
	}
	if err := c.SetFramer(lengthprefix.Uint8()); err != nil {
		t.Fatal(err)
	}
	c.SetMaxPayload(4)
	p, err = c.AppendPayload(nil)
	if string(p) != "data" || c.WriteFrame(p) != nil {
		t.Fatalf(`AppendPayload(nil) = %q, %v; want "data", nil`, p, err)
	}
	checkPayloadTooLarge(t, "WriteFrame()", c.WriteFrame([]byte("large")), 4, 5)
	_, err = c.ReadFrame()
	checkTooLarge(t, "ReadFrame()", err, 4, 5)
	if err := c.SetFramer(delimiter.Line()); err != framing.ErrSkipping {
		t.Errorf("SetFramer() while skipping = %v; want ErrSkipping", err)
	}
	if err := c.WriteFrame([]byte("same")); err != nil || dst.String() != "text\n\x04data\x04same" {
		t.Errorf("WriteFrame() = %v, %q was written; want nil, %q", err, dst.String(), "text\n\x04data\x04same")
	}
	for p, err := range c.Frames() {
		t.Errorf("Frames() at the end yields %q, %v; want nothing", p, err)
	}
}

// The caller may retain what a CopyConn returns.
func TestCopyConn(t *testing.T) {
	var dst bytes.Buffer
	closed := make(chan bool, 1)
	conn := closeConn{ioConn{Reader: strings.NewReader("one\n\ntwo\nthree"), Writer: &dst}, closed}
	c := framing.NewCopyConn(framing.NewConn(conn, delimiter.Line()))
	var all [][]byte
	for range 3 {
		p, err := c.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		_ = append(p[:len(p):len(p)], "more"...)
		all = append(all, p)
	}
	if p, err := c.ReadFrame(); p != nil || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("ReadFrame() = %q, %v; want nil, io.ErrUnexpectedEOF", p, err)
	}
	if got := string(bytes.Join(all, []byte(","))); got != "one,,two" || all[1] == nil {
		t.Errorf("the payloads are %q; want one, an empty one, two", got)
	}
	if err := c.WriteFrame([]byte("out")); err != nil || dst.String() != "out\n" {
		t.Errorf("WriteFrame() = %v, %q was written; want nil, %q", err, dst.String(), "out\n")
	}
	if c.Conn() != conn || c.Close() != nil || !<-closed {
		t.Error("Conn() and Close() are not those of the connection")
	}
}

// A closeConn sends a value when it is closed.
type closeConn struct {
	ioConn
	closed chan bool
}

func (c closeConn) Close() error {
	c.closed <- true
	return nil
}
