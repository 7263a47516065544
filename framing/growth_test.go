package framing_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/slip"
)

// withoutGC turns garbage collection off for a test: it empties a Pool.
func withoutGC(t *testing.T) {
	percent := debug.SetGCPercent(-1)
	t.Cleanup(func() { debug.SetGCPercent(percent) })
}

// allocated returns the number of bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// With a Pool, as without, the sizes of a buffer that grows byte by byte are the same:
// a block that has room is used, not replaced.
func TestGrowth_SameWithAndWithoutPool(t *testing.T) {
	for _, use := range []struct {
		name string
		with func(p *framing.Pool) (add func(), held func() int)
	}{
		{"Buffer", func(p *framing.Pool) (func(), func() int) {
			b := framing.NewBuffer(delimiter.Line())
			b.SetPool(p)
			return func() { b.Write(make([]byte, 100)); b.Next() }, b.Held
		}},
		{"Reader", func(p *framing.Pool) (func(), func() int) {
			src := &frametest.Script{}
			r := framing.NewReader(src, delimiter.Line())
			r.SetPool(p)
			return func() {
				*src = append(*src, frametest.Read{Data: strings.Repeat("x", 100)}, frametest.Read{Err: errPause})
				r.ReadFrame()
			}, r.Held
		}},
		{"Writer", func(p *framing.Pool) (func(), func() int) {
			w := framing.NewWriter(io.Discard, delimiter.Line())
			w.SetPool(p)
			return func() { w.WriteFrame(make([]byte, 99)) }, w.Held
		}},
	} {
		t.Run(use.name, func(t *testing.T) {
			add, held := use.with(nil)
			addPooled, heldPooled := use.with(new(framing.Pool))
			sizes := map[int]bool{}
			for n := range 1000 {
				add()
				addPooled()
				if held() != heldPooled() {
					t.Fatalf("after %d bytes: %d bytes held without a Pool, %d with one; want the same", 100*(n+1), held(), heldPooled())
				}
				sizes[held()] = true
			}
			if len(sizes) > 6 {
				t.Errorf("%d sizes for 100 KB; want those of a few doublings", len(sizes))
			}
		})
	}
}

// A buffer is little larger than what it has to hold at once.
func TestGrowth_Sizes(t *testing.T) {
	for _, pool := range []*framing.Pool{nil, new(framing.Pool)} {
		for n, want := range map[int]int{1: 4 << 10, 8<<10 + 1: 10 << 10, 100_000: 112 << 10, 1<<20 + 1: 1280 << 10, 3<<20 + 1: 3584 << 10} {
			b := framing.NewBuffer(delimiter.Line())
			b.SetPool(pool)
			b.Write(make([]byte, n))
			if b.Held() != want {
				t.Errorf("%d bytes held for %d; want %d", b.Held(), n, want)
			}
		}
	}
}

// A block of the Pool that has room for a few bytes more is not replaced.
func TestGrowth_BlockWithRoomIsUsed(t *testing.T) {
	withoutGC(t)
	var pool framing.Pool
	b := framing.NewBuffer(delimiter.Line())
	b.SetPool(&pool)
	b.Write(make([]byte, 4200))
	held := b.Held()
	if n := allocated(func() {
		for b.Write(make([]byte, 0)); len(b.Bytes()) < held; {
			b.Write([]byte("x"))
		}
	}); n > 1<<10 || b.Held() != held {
		t.Errorf("%d bytes were allocated, %d held, to fill a buffer of %d; want none more", n, b.Held(), held)
	}
}

// A buffer doubles as a frame arrives, but not beyond the frame that is announced: of
// a frame of any size, at most 5/4 is held.
func TestGrowth_NotBeyondTheAnnouncedFrame(t *testing.T) {
	f := lengthprefix.Uint32()
	for _, size := range []int{5000, 64<<10 + 1, 100_000, 300_000, 1<<20 - 4} {
		frame := must(f.Append(nil, make([]byte, size)))
		for _, step := range []int{1000, 4096, 70_000} {
			b := framing.NewBuffer(f)
			buffers, held := 0, 0
			for chunk := range slices.Chunk(frame, step) {
				b.Write(chunk)
				if b.Held() != held {
					buffers, held = buffers+1, b.Held()
				}
				if p, ok, err := b.Next(); err != nil || ok && len(p) != size {
					t.Fatalf("Next() = %d bytes, %v, %v; want %d", len(p), ok, err, size)
				}
			}
			if most := max(8<<10, len(frame)*5/4); held > most || buffers > 10 {
				t.Errorf("frame of %d bytes in chunks of %d: %d bytes held, %d buffers; want at most %d, 10", len(frame), step, held, buffers, most)
			}
		}
		// The source has more than the frame.
		src := &repeatReader{data: frame}
		r := framing.NewReader(src, f)
		for range 40 {
			if _, err := r.ReadFrame(); err != nil || r.Held() > max(64<<10, len(frame)*5/4) {
				t.Fatalf("frames of %d bytes: ReadFrame(): error %v, %d bytes held; want nil, at most %d", len(frame), err, r.Held(), max(64<<10, len(frame)*5/4))
			}
		}
	}
}

// Fill reads little more than the large frame at the front, even if the buffer has
// room: the bytes of the next frame would have to be moved.
func TestGrowth_FillReadsLittleBeyondALargeFrame(t *testing.T) {
	f := lengthprefix.Uint32()
	frames := must(f.Append(nil, make([]byte, 1_000_000)))
	for range 5 {
		frames = must(f.Append(frames, make([]byte, 500_000)))
	}
	r := framing.NewReader(&repeatReader{data: frames}, f)
	for n := range 20 {
		if p, err := r.ReadFrame(); err != nil || len(r.Unread()) > len(p)/16+1 {
			t.Fatalf("frame %d of %d bytes: ReadFrame(): error %v, %d bytes unread; want nil, at most 1/16", n, len(p), err, len(r.Unread()))
		}
	}
}

// Release and SetPool are the same for a Buffer, a Reader, a Writer and a Conn: what
// one releases is used by the next, of any of these types, and nothing is held.
func TestGrowth_ReleaseAndSetPool(t *testing.T) {
	withoutGC(t)
	f := opaqueFramer{delimiter.Line()} // no Encloser: payloads are copied
	line := append(bytes.Repeat([]byte("x"), 30_000), '\n')
	payload := line[:len(line)-1]
	for name, turn := range map[string]func(pool *framing.Pool) (held func() int, release func()){
		"Buffer": func(pool *framing.Pool) (func() int, func()) {
			b := framing.NewBuffer(f)
			b.SetPool(pool)
			b.Write(line)
			b.Next()
			return b.Held, b.Release
		},
		"Reader": func(pool *framing.Pool) (func() int, func()) {
			r := framing.NewReader(bytes.NewReader(line), f)
			r.SetPool(pool)
			r.ReadFrame()
			return r.Held, r.Release
		},
		"Writer": func(pool *framing.Pool) (func() int, func()) {
			w := framing.NewWriter(io.Discard, f)
			w.SetPool(pool)
			w.WriteFrame(payload)
			w.Flush()
			return w.Held, w.Release
		},
		"Conn": func(pool *framing.Pool) (func() int, func()) {
			c := framing.NewConn(ioConn{Reader: bytes.NewReader(line), Writer: io.Discard}, f)
			c.SetPool(pool)
			c.ReadFrame()
			c.WriteFrame(payload)
			return c.Held, c.Release
		},
	} {
		t.Run(name, func(t *testing.T) {
			var pool framing.Pool
			use := func(p *framing.Pool) {
				held, release := turn(p)
				if held() < 30_000 {
					t.Fatalf("%d bytes held before Release(); want 30000 or more", held())
				}
				release()
				release() // the second changes nothing
				if held() != 0 {
					t.Fatalf("%d bytes held after Release(); want 0", held())
				}
			}
			use(&pool)
			without := allocated(func() { use(nil) })
			// The race detector makes a sync.Pool drop a quarter of what it gets.
			with := allocated(func() {
				for range 20 {
					use(&pool)
				}
			}) / 20
			if with > without/2 {
				t.Errorf("%d bytes were allocated in each use with the Pool, %d without; want less than half", with, without)
			}
		})
	}
}

// Release and SetPool while another goroutine writes take no memory that is in use.
func TestConn_ReleaseWhileWriting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pool framing.Pool
		w := newBlockingWriter()
		c := framing.NewConn(ioConn{Writer: w}, delimiter.Line())
		c.SetPool(&pool)
		var want string
		write := func(payload string, errs chan error) {
			want += payload + "\n"
			go func() { errs <- c.WriteFrame([]byte(payload)) }()
			synctest.Wait()
		}
		for n := range 20 {
			errs := make(chan error, 3)
			write("first", errs) // blocks
			if n%2 == 0 {
				write("second", errs) // is collected
			}
			c.Release()
			c.SetPool(&pool)
			c.Release()
			// Whoever takes memory from the Pool now may overwrite it.
			var others []*framing.Buffer
			for range 4 {
				b := framing.NewBuffer(delimiter.Line())
				b.SetPool(&pool)
				b.Write(bytes.Repeat([]byte("!"), 4096))
				others = append(others, b)
			}
			if n%2 != 0 {
				write("third", errs)
			}
			for range 2 {
				w.results <- nil
				if err := <-errs; err != nil {
					t.Fatalf("WriteFrame() = %v; want nil", err)
				}
			}
			for _, b := range others {
				if got := string(b.Bytes()); got != strings.Repeat("!", 4096) {
					t.Fatalf("the memory of another Buffer was changed to %.20q", got)
				}
			}
		}
		if got := w.taken.String(); got != want {
			t.Errorf("%q was written; want %q", got, want)
		}
		c.Release()
		if c.Held() != 0 {
			t.Errorf("%d bytes held after Release(); want 0", c.Held())
		}
	})
}

// A Conn whose connection has failed holds no memory after Release.
func TestConn_ReleaseAfterFailure(t *testing.T) {
	broken := errors.New("broken")
	c := framing.NewConn(ioConn{Reader: strings.NewReader(""), Writer: &failingWriter{err: broken}}, delimiter.Line())
	if err := c.WriteFrame([]byte("a")); err != broken {
		t.Fatalf("WriteFrame() = %v; want %v", err, broken)
	}
	if c.Release(); c.Held() != 0 {
		t.Errorf("%d bytes held after Release(); want 0", c.Held())
	}
}

// After a Release, one byte takes no more memory than a Reader reads ahead, however
// large a frame was before; after an idle timeout it takes the least.
func TestGrowth_FirstBufferIsSmall(t *testing.T) {
	var pool framing.Pool
	large := must(lengthprefix.Uint32().Append(nil, make([]byte, 8<<20)))
	b := framing.NewBuffer(lengthprefix.Uint32())
	b.SetPool(&pool)
	b.SetMaxPayload(-1)
	b.Write(large)
	b.Next()
	b.Release()
	if b.Write([]byte{0}); b.Held() > 64<<10 {
		t.Errorf("%d bytes held for one byte after a Release; want at most 64 KiB", b.Held())
	}
	r := framing.NewReader(&frametest.Script{{Data: string(large)}, {Err: os.ErrDeadlineExceeded}, {Data: "x"}}, lengthprefix.Uint32())
	r.SetPool(&pool)
	r.SetMaxPayload(-1)
	for range 3 {
		r.ReadFrame()
	}
	if r.Held() > 4<<10 {
		t.Errorf("%d bytes held for one byte after an idle timeout; want 4 KiB", r.Held())
	}
}

// While a write blocks, a Conn collects frames of 32 KiB and one more; the other
// writers wait.
func TestGrowth_BatchIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBlockingWriter()
		c := framing.NewConn(ioConn{Writer: w}, slip.New())
		const writers, size = 20, 30 << 10
		payload := make([]byte, size)
		errs := make(chan error, writers)
		for range writers {
			go func() { errs <- c.WriteFrame(payload) }()
		}
		synctest.Wait()
		if held := c.Held(); held > 200<<10 {
			t.Errorf("%d bytes held for %d writers that wait; want at most three frames", held, writers)
		}
		for done := 0; done < writers; {
			select {
			case w.results <- nil:
			case err := <-errs:
				if done++; err != nil {
					t.Errorf("WriteFrame() = %v; want nil", err)
				}
			}
		}
	})
}
