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
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// large are framers that announce a payload's size before it comes.
func large() []framing.Framer {
	return []framing.Framer{
		lengthprefix.Uint32(), lengthprefix.Uint64(), lengthprefix.Varint(),
		must(lengthprefix.New(lengthprefix.Config{Width: 3, Offset: 2, Strip: lengthprefix.KeepHeader})),
		must(fixed.New(1 << 20)), must(fixed.Padded(1<<20, 0)),
	}
}

// announced returns the beginning of a frame of f with a payload of 1 MiB: the
// header and one byte.
func announced(f framing.Framer) []byte {
	payload := make([]byte, 1<<20)
	payload[4] = 0x10 // where the header is delivered, it is the size
	payload[len(payload)-1] = 1
	if c, ok := f.(*lengthprefix.Framer); ok && c.Config().Strip == lengthprefix.KeepHeader {
		copy(payload, "\x00\x00\x0f\xff\xfb")
	}
	wire := must(f.Append(nil, payload))
	return wire[:len(wire)-len(payload)+6]
}

// A connection that has announced 1 MiB and sent one byte of it holds a few KiB.
func TestR5_AnnouncedButNotSent(t *testing.T) {
	for _, f := range large() {
		t.Run(fmt.Sprint(f), func(t *testing.T) {
			wire := announced(f)
			const readers = 100
			held := make([]*framing.Reader, readers)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for i := range held {
				held[i] = framing.NewReader(&pieces{{string(wire), nil}, {"", os.ErrDeadlineExceeded}}, f)
				if p, err := held[i].ReadFrame(); err != os.ErrDeadlineExceeded {
					t.Fatalf("%q, %v", p, err)
				}
			}
			runtime.ReadMemStats(&after)
			if n := (after.TotalAlloc - before.TotalAlloc) / readers; n > 6<<10 {
				t.Errorf("%d bytes were allocated for each reader", n)
			}
		})
	}
}

// What a reader holds is proportional to what has arrived.
func TestR5_GrowsWithArrival(t *testing.T) {
	for _, f := range append(large(), delimiter.Line(), delimiter.CRLF(), escaped{}) {
		t.Run(fmt.Sprint(f), func(t *testing.T) {
			wire := announced(f)
			b := framing.NewBuffer(f)
			b.Write(wire)
			for arrived := len(wire); arrived < 1<<20-100; arrived += 100 {
				if _, ok, err := b.Next(); ok || err != nil {
					t.Fatal(err)
				}
				b.Write(make([]byte, 100))
				if most := max(4<<10, 2*(arrived+100)); b.Cap() > most {
					t.Fatalf("%d bytes held when %d have arrived", b.Cap(), arrived+100)
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
		t.Errorf("%d bytes were held for a source that always has more, want 64 KiB", most)
	}
}

// A large buffer is given back after some frames that did not need it, or an
// idle wait, by Buffer, Reader, Writer and Conn.
func TestR5_LargeBuffersAreGivenBack(t *testing.T) {
	const small = 16 << 10
	f := delimiter.Line() // not a Prefixer: its payloads are copied
	one := []byte(strings.Repeat("x", 1<<20))
	line := string(one) + "\n"

	t.Run("Reader, after some frames", func(t *testing.T) {
		src := pieces{{line, nil}}
		for range 40 {
			src = append(src, piece{"small\n", nil})
		}
		r := framing.NewReader(&src, f)
		if _, err := r.ReadFrame(); err != nil || r.Held() < 1<<20 {
			t.Fatalf("%v, %d bytes held", err, r.Held())
		}
		for range 40 {
			if p, err := r.ReadFrame(); string(p) != "small" {
				t.Fatalf("%q, %v", p, err)
			}
		}
		if r.Held() > small {
			t.Errorf("%d bytes held after 40 small frames", r.Held())
		}
	})
	t.Run("Reader, after a wait", func(t *testing.T) {
		r := framing.NewReader(&pieces{{line, nil}, {"", os.ErrDeadlineExceeded}, {"small\n", nil}}, f)
		if _, err := r.ReadFrame(); err != nil || r.Held() < 1<<20 {
			t.Fatalf("%v, %d bytes held", err, r.Held())
		}
		if _, err := r.ReadFrame(); err != os.ErrDeadlineExceeded || r.Held() > small {
			t.Errorf("%v, %d bytes held after a wait", err, r.Held())
		}
		if p, err := r.ReadFrame(); string(p) != "small" {
			t.Errorf("%q, %v", p, err)
		}
	})
	t.Run("Reader, small and after a wait", func(t *testing.T) {
		r := framing.NewReader(&pieces{{"small\n", nil}, {"", os.ErrDeadlineExceeded}}, f)
		r.ReadFrame()
		held := r.Held()
		if _, err := r.ReadFrame(); err != os.ErrDeadlineExceeded || r.Held() != held {
			t.Errorf("%v, %d of %d bytes held after a wait", err, r.Held(), held)
		}
	})
	t.Run("Buffer, just full", func(t *testing.T) {
		b := framing.NewBuffer(f)
		b.SetInitial(64)
		b.Write(make([]byte, 1))
		if b.Write(make([]byte, 63)); b.Cap() != 64 {
			t.Errorf("%d bytes held for 64 of 64 bytes", b.Cap())
		}
	})
	t.Run("Buffer, after some frames", func(t *testing.T) {
		b := framing.NewBuffer(f)
		io.WriteString(b, line)
		b.Next()
		for range 40 {
			io.WriteString(b, "small\n")
			if p, _, err := b.Next(); string(p) != "small" {
				t.Fatalf("%q, %v", p, err)
			}
		}
		if b.Cap() > small {
			t.Errorf("%d bytes held after 40 small frames", b.Cap())
		}
	})
	t.Run("Buffer, released", func(t *testing.T) {
		b := framing.NewBuffer(f)
		io.WriteString(b, line+"a")
		b.Next()
		if b.Release(); string(b.Bytes()) != "a" {
			t.Errorf("Release took bytes that wait: %q is left", b.Bytes())
		}
		io.WriteString(b, "\n")
		b.Next()
		if b.Release(); b.Cap() != 0 || b.Offset() != 1<<20+3 {
			t.Errorf("%d bytes held, offset %d", b.Cap(), b.Offset())
		}
		io.WriteString(b, "b\n")
		if p, _, err := b.Next(); string(p) != "b" || b.Offset() != 1<<20+5 {
			t.Errorf("%q, %v at %d", p, err, b.Offset())
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
		if w.Cap() > small {
			t.Errorf("%d bytes held after 40 small frames", w.Cap())
		}
		w.WriteFrame([]byte("small"))
		if w.Release(); w.Buffered() != 6 {
			t.Errorf("Release took frames that wait: %d bytes are left", w.Buffered())
		}
		w.Flush()
		if w.Release(); w.Cap() != 0 {
			t.Errorf("%d bytes held when released", w.Cap())
		}
	})
	t.Run("Conn", func(t *testing.T) {
		c := framing.NewConn(stub{Writer: io.Discard}, f)
		c.WriteFrame(one)
		for range 80 {
			if err := c.WriteFrame([]byte("small")); err != nil {
				t.Fatal(err)
			}
		}
		if c.Held() > small {
			t.Errorf("%d bytes held after 80 small frames", c.Held())
		}
	})
}

// A buffer that is needed is kept: nothing is allocated over and over.
func TestR5_NeededBuffersAreKept(t *testing.T) {
	f := delimiter.Line()
	var frames []byte
	for i := range 20 {
		frames = append(append(frames, strings.Repeat("x", 1<<(i%4)*5000)...), '\n')
	}
	r := framing.NewReader(&repeated{data: frames}, f)
	r.SetMaxPayload(math.MaxInt)
	for range 200 {
		r.ReadFrame()
	}
	if n := testing.AllocsPerRun(200, func() { r.ReadFrame() }); n != 0 {
		t.Errorf("%v allocations for each frame", n)
	}
}

// A buffer becomes little larger than the frame that needs it, also where that
// is just over a power of two and the source has more.
func TestR5_LittleMoreThanTheFrame(t *testing.T) {
	const size = 64<<10 + 1
	stream := must(lengthprefix.Uint32().Append(nil, make([]byte, size)))
	r := framing.NewReader(&repeated{data: stream}, lengthprefix.Uint32())
	for range 20 {
		if _, err := r.ReadFrame(); err != nil || r.Held() > size+size/4 {
			t.Fatalf("%v, %d bytes held for frames of %d", err, r.Held(), size)
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
		t.Errorf("%d buffers, %d bytes held", buffers, held)
	}
}

// repeated reads data over and over.
type repeated struct {
	data []byte
	r    int
}

func (s *repeated) Read(p []byte) (int, error) {
	if s.r == len(s.data) {
		s.r = 0
	}
	n := copy(p, s.data[s.r:])
	s.r += n
	return n, nil
}
