package framing_test

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// announcing returns Framers that announce a payload's size before it arrives.
func announcing() []framing.Framer {
	return []framing.Framer{
		lengthprefix.Uint32(), lengthprefix.Uint64(), lengthprefix.Varint(),
		must(lengthprefix.New(lengthprefix.Config{Width: 3, Offset: 2, Keep: true})),
		must(fixed.New(1 << 20)),
	}
}

// announced returns the beginning of a frame of f with a payload of 1 MiB: the
// header and a byte or more.
func announced(f framing.Framer) []byte {
	payload := make([]byte, 1<<20)
	payload[len(payload)-1] = 1
	if f, ok := f.(*lengthprefix.Framer); ok && f.Config().Keep {
		copy(payload, "\x00\x00\x0f\xff\xfb") // the header, and 1 MiB without its 5 bytes
	}
	wire := must(f.Append(nil, payload))
	return wire[:len(wire)-len(payload)+6]
}

// A connection that has announced 1 MiB and sent a byte of it holds a few KiB.
func TestR5_AnnouncedButNotSent(t *testing.T) {
	for _, f := range announcing() {
		t.Run(fmt.Sprint(f), func(t *testing.T) {
			wire := announced(f)
			const readers = 100
			held := make([]*framing.Reader, readers)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for i := range held {
				held[i] = framing.NewReader(&frametest.Script{{Data: string(wire)}, {Err: os.ErrDeadlineExceeded}}, f)
				if p, err := held[i].ReadFrame(); err != os.ErrDeadlineExceeded {
					t.Fatalf("ReadFrame() = %q, %v; want the timeout", p, err)
				}
			}
			runtime.ReadMemStats(&after)
			if n := (after.TotalAlloc - before.TotalAlloc) / readers; n > 6<<10 {
				t.Errorf("%d bytes were allocated for each Reader; want at most 6 KiB", n)
			}
		})
	}
}

// A Buffer holds memory in proportion to the bytes that have arrived.
func TestR5_GrowsWithArrival(t *testing.T) {
	for _, f := range append(announcing(), delimiter.Line(), delimiter.CRLF(), escaped{}) {
		t.Run(fmt.Sprint(f), func(t *testing.T) {
			wire := announced(f)
			b := framing.NewBuffer(f)
			b.Write(wire)
			for arrived := len(wire); arrived < 1<<20-100; arrived += 100 {
				if p, ok, err := b.Next(); ok || err != nil {
					t.Fatalf("Next() = %d bytes, %v, %v; want false, nil", len(p), ok, err)
				}
				b.Write(make([]byte, 100))
				if most := max(4<<10, 2*(arrived+100)); b.Held() > most {
					t.Fatalf("%d bytes held after %d arrived; want at most %d", b.Held(), arrived+100, most)
				}
			}
		})
	}
}

// A Reader's buffer is as large as the reads that fill it, up to 64 KiB.
func TestR5_ReadsGrowTheBuffer(t *testing.T) {
	frames := bytes.Repeat([]byte("0123456789abcde\n"), 64<<10)
	r := framing.NewReader(bytes.NewReader(frames), delimiter.Line())
	most := 0
	for range r.Frames() {
		most = max(most, r.Held())
	}
	if most != 64<<10 {
		t.Errorf("%d bytes were held for a source that always fills the buffer; want 64 KiB", most)
	}
}

// A large buffer is given up after a number of frames that did not need it, or an
// idle wait, by Buffer, Reader, Writer and Conn.
func TestR5_LargeBuffersAreGivenUp(t *testing.T) {
	const small = 16 << 10
	f := opaqueFramer{delimiter.Line()} // no Encloser: its payloads are copied
	one := []byte(strings.Repeat("x", 1<<20))
	line := string(one) + "\n"

	t.Run("Reader, after some frames", func(t *testing.T) {
		src := frametest.Script{{Data: line}}
		for range 40 {
			src = append(src, frametest.Read{Data: "small\n"})
		}
		r := framing.NewReader(&src, f)
		if _, err := r.ReadFrame(); err != nil || r.Held() < 1<<20 {
			t.Fatalf("ReadFrame(): error %v, %d bytes held; want nil, 1 MiB or more", err, r.Held())
		}
		for range 40 {
			if p, err := r.ReadFrame(); string(p) != "small" {
				t.Fatalf(`ReadFrame() = %q, %v; want "small", nil`, p, err)
			}
		}
		if r.Held() > small {
			t.Errorf("%d bytes held after 40 small frames; want at most %d", r.Held(), small)
		}
	})
	t.Run("Reader, after a wait", func(t *testing.T) {
		r := framing.NewReader(&frametest.Script{{Data: line}, {Err: os.ErrDeadlineExceeded}, {Data: "small\n"}}, f)
		if _, err := r.ReadFrame(); err != nil || r.Held() < 1<<20 {
			t.Fatalf("ReadFrame(): error %v, %d bytes held; want nil, 1 MiB or more", err, r.Held())
		}
		if _, err := r.ReadFrame(); err != os.ErrDeadlineExceeded || r.Held() > small {
			t.Errorf("ReadFrame(): error %v, %d bytes held; want the timeout, at most %d", err, r.Held(), small)
		}
		if p, err := r.ReadFrame(); string(p) != "small" {
			t.Errorf(`ReadFrame() = %q, %v; want "small", nil`, p, err)
		}
	})
	t.Run("Reader, small and after a wait", func(t *testing.T) {
		r := framing.NewReader(&frametest.Script{{Data: "small\n"}, {Err: os.ErrDeadlineExceeded}}, f)
		r.ReadFrame()
		held := r.Held()
		if _, err := r.ReadFrame(); err != os.ErrDeadlineExceeded || r.Held() != held {
			t.Errorf("ReadFrame(): error %v, %d bytes held; want the timeout, %d", err, r.Held(), held)
		}
	})
	t.Run("Buffer, just full", func(t *testing.T) {
		b := framing.NewBuffer(f)
		b.SetInitial(64)
		b.Write(make([]byte, 1))
		if b.Write(make([]byte, 63)); b.Held() != 64 {
			t.Errorf("%d bytes held for 64 buffered bytes; want 64", b.Held())
		}
	})
	t.Run("Buffer, after some frames", func(t *testing.T) {
		b := framing.NewBuffer(f)
		io.WriteString(b, line)
		b.Next()
		for range 40 {
			io.WriteString(b, "small\n")
			if p, _, err := b.Next(); string(p) != "small" {
				t.Fatalf(`Next() = %q, %v; want "small", nil`, p, err)
			}
		}
		if b.Held() > small {
			t.Errorf("%d bytes held after 40 small frames; want at most %d", b.Held(), small)
		}
	})
	t.Run("Buffer, released", func(t *testing.T) {
		b := framing.NewBuffer(f)
		io.WriteString(b, line+"a")
		b.Next()
		if b.Release(); string(b.Bytes()) != "a" {
			t.Errorf(`Bytes() after Release() = %q; want "a"`, b.Bytes())
		}
		io.WriteString(b, "\n")
		b.Next()
		if b.Release(); b.Held() != 0 || b.Offset() != 1<<20+3 {
			t.Errorf("after Release(): %d bytes held, Offset() = %d; want 0, %d", b.Held(), b.Offset(), 1<<20+3)
		}
		io.WriteString(b, "b\n")
		if p, _, err := b.Next(); string(p) != "b" || b.Offset() != 1<<20+5 {
			t.Errorf(`Next() = %q, %v, Offset() = %d; want "b", nil, %d`, p, err, b.Offset(), 1<<20+5)
		}
	})
	t.Run("Writer", func(t *testing.T) {
		w := framing.NewWriter(io.Discard, f)
		w.WriteFrame(one)
		for range 40 {
			w.WriteFrame([]byte("small"))
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		if w.Held() > small {
			t.Errorf("%d bytes held after 40 small frames; want at most %d", w.Held(), small)
		}
		w.WriteFrame([]byte("small"))
		if w.Release(); w.Buffered() != 6 {
			t.Errorf("Buffered() after Release() = %d; want 6", w.Buffered())
		}
		w.Flush()
		if w.Release(); w.Held() != 0 {
			t.Errorf("%d bytes held after Release(); want 0", w.Held())
		}
	})
	t.Run("Conn", func(t *testing.T) {
		c := framing.NewConn(ioConn{Writer: io.Discard}, f)
		c.WriteFrame(one)
		for range 80 {
			if err := c.WriteFrame([]byte("small")); err != nil {
				t.Fatal(err)
			}
		}
		if c.HeldForWriting() > small {
			t.Errorf("%d bytes held after 80 small frames; want at most %d", c.HeldForWriting(), small)
		}
	})
}

// A buffer that is needed is kept: nothing is allocated again and again.
func TestR5_NeededBuffersAreKept(t *testing.T) {
	f := delimiter.Line()
	var frames []byte
	for i := range 20 {
		frames = append(append(frames, strings.Repeat("x", 1<<(i%4)*5000)...), '\n')
	}
	r := framing.NewReader(&repeatReader{data: frames}, f)
	r.SetMaxPayload(math.MaxInt)
	for range 200 {
		r.ReadFrame()
	}
	if n := testing.AllocsPerRun(200, func() { r.ReadFrame() }); n != 0 {
		t.Errorf("%v allocations for each frame; want 0", n)
	}
}

// A buffer becomes little larger than the frame that needs it, even if that is one
// byte over a power of two and the source has more.
func TestR5_LittleMoreThanTheFrame(t *testing.T) {
	const size = 64<<10 + 1
	stream := must(lengthprefix.Uint32().Append(nil, make([]byte, size)))
	r := framing.NewReader(&repeatReader{data: stream}, lengthprefix.Uint32())
	for range 20 {
		if _, err := r.ReadFrame(); err != nil || r.Held() > size+size/4 {
			t.Fatalf("ReadFrame(): error %v, %d bytes held; want nil, at most %d", err, r.Held(), size+size/4)
		}
	}
}

// Frames that grow by a few bytes each do not each need a new buffer.
func TestR5_GrowingFrames(t *testing.T) {
	var stream []byte
	const from, frames = 60_000, 1000
	for n := range frames {
		stream = must(lengthprefix.Uint32().Append(stream, make([]byte, from+10*n)))
	}
	r := framing.NewReader(bytes.NewReader(stream), lengthprefix.Uint32())
	buffers, held := 0, 0
	for _, err := range r.Frames() {
		if err != nil {
			t.Fatal(err)
		}
		if r.Held() != held {
			buffers, held = buffers+1, r.Held()
		}
	}
	if buffers > 5 || held > 2*(from+10*frames) {
		t.Errorf("%d buffers, %d bytes held; want at most 5, %d", buffers, held, 2*(from+10*frames))
	}
}
