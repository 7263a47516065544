package framing_test

import (
	"bytes"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/slip"
)

// Buffers used one after the other share memory: what one has released, or
// outgrown, is used by the next.
func TestPool_ReusesMemory(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties a Pool
	var pool framing.Pool
	f := lengthprefix.Uint32()
	payload := make([]byte, 1000)
	frame := must(f.Append(nil, make([]byte, 30_000)))
	for name, turn := range map[string]func(){
		"Buffer": func() {
			b := framing.NewBuffer(f)
			b.SetPool(&pool)
			for i := 0; i < len(frame); i += 1000 {
				b.Write(frame[i:min(i+1000, len(frame))])
			}
			if p, ok, err := b.Next(); len(p) != 30_000 || !ok || err != nil {
				t.Fatalf("Next() = %d bytes, %v, %v; want 30000, true, nil", len(p), ok, err)
			}
			b.Release()
		},
		"Writer": func() {
			w := framing.NewWriter(io.Discard, f)
			w.SetPool(&pool)
			for range 30 {
				w.WriteFrame(payload)
			}
			w.Flush()
			w.Release()
		},
	} {
		t.Run(name, func(t *testing.T) {
			turn()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range 100 {
				turn()
			}
			runtime.ReadMemStats(&after)
			// Without a Pool, each turn takes 60 KiB, of which 28 are outgrown.
			// Under the race detector a sync.Pool drops a quarter of what it gets.
			if n := (after.TotalAlloc - before.TotalAlloc) / 100; n > 24<<10 {
				t.Errorf("%d bytes were allocated in each turn; want at most 24 KiB", n)
			}
		})
	}
}

// After Release a Buffer starts with the size that it needed before, and with half
// of that each time that it needed no more than a quarter.
func TestPool_StartsWithTheSizeNeededBefore(t *testing.T) {
	var pool framing.Pool
	b := framing.NewBuffer(delimiter.Line())
	b.SetPool(&pool)
	w := framing.NewWriter(io.Discard, delimiter.Line())
	w.SetPool(&pool)
	use := func(size int) {
		line := strings.Repeat("x", size-1) + "\n"
		for len(line) > 0 {
			n := min(len(line), 1000)
			io.WriteString(b, line[:n])
			line = line[n:]
		}
		b.Next()
		for range size / 1000 {
			w.WriteFrame(make([]byte, 999))
		}
		if b.Held() == 0 || size >= 1000 && w.Held() == 0 {
			t.Fatalf("%d and %d bytes held for %d; want some", b.Held(), w.Held(), size)
		}
		w.Flush()
		b.Release()
		w.Release()
		b.Release() // the second changes nothing
		w.Release()
		if b.Held() != 0 || w.Held() != 0 {
			t.Fatalf("%d and %d bytes held after Release(); want 0", b.Held(), w.Held())
		}
	}
	use(20_000)
	for _, want := range []int{32 << 10, 16 << 10, 8 << 10, 4 << 10, 4 << 10} {
		b.Write([]byte("x"))
		w.WriteFrame([]byte("x"))
		if b.Held() != want || w.Held() != want {
			t.Errorf("%d and %d bytes held at the start; want %d", b.Held(), w.Held(), want)
		}
		io.WriteString(b, "\n")
		b.Next()
		w.Flush()
		b.Release()
		w.Release()
		b.Fill(&frametest.Script{{Err: os.ErrDeadlineExceeded}}) // takes memory and uses none
		b.Release()
	}
}

// The next size is half if a quarter was used, and the same if a byte more was.
func TestPool_HalvesIfAQuarterWasUsed(t *testing.T) {
	for use, want := range map[int]int{4 << 10: 8 << 10, 4<<10 + 1: 16 << 10} {
		var pool framing.Pool
		b := framing.NewBuffer(delimiter.Line())
		b.SetPool(&pool)
		for _, size := range []int{16 << 10, use} {
			b.Write(append(make([]byte, size-1), '\n'))
			b.Next()
			b.Release()
		}
		if b.Write([]byte("x")); b.Held() != want {
			t.Errorf("%d bytes held after a use of %d; want %d", b.Held(), use, want)
		}
	}
}

// Release does not give up bytes that are buffered, in a Buffer or a Writer.
func TestPool_KeepsBufferedBytes(t *testing.T) {
	var pool framing.Pool
	var dst bytes.Buffer
	w := framing.NewWriter(&dst, slip.New())
	w.SetPool(&pool)
	b := framing.NewBuffer(slip.New())
	b.SetPool(&pool)
	other := framing.NewBuffer(slip.New())
	other.SetPool(&pool)

	escapes := bytes.Repeat([]byte{0xc0}, 4000) // twice as many on the wire: Append has to grow the Writer's buffer
	w.WriteFrame(escapes)
	w.Release()
	other.Write(bytes.Repeat([]byte{'y'}, 8000))
	w.Flush()
	w.Release()
	for _, c := range dst.Bytes() {
		b.Write([]byte{c})
		b.Release()
		framing.NewBuffer(slip.New()).Release()
	}
	if p, ok, err := b.Next(); !ok || err != nil || !bytes.Equal(p, escapes) {
		t.Errorf("Next() = %d bytes, %v, %v; want the payload written, true, nil", len(p), ok, err)
	}
}

// A Writer keeps its memory until Release, also between two flushes.
func TestPool_WriterKeepsItsMemory(t *testing.T) {
	var pool framing.Pool
	var dst bytes.Buffer
	w := framing.NewWriter(&dst, delimiter.Line())
	w.SetPool(&pool)
	const rounds = 40 // a large buffer would be given up by itself
	for range rounds {
		w.WriteFrame([]byte("one"))
		other := framing.NewWriter(io.Discard, delimiter.Line())
		other.SetPool(&pool)
		other.WriteFrame([]byte("other"))
		w.Flush()
		other.Flush()
		other.Release()
	}
	if got := dst.String(); got != strings.Repeat("one\n", rounds) {
		t.Errorf("%q was written; want %d times %q", got, rounds, "one\n")
	}
}

// Buffers that are too large for a Pool work without it.
func TestPool_LargerThanItKeeps(t *testing.T) {
	for _, size := range []int{2<<20 - 4, 2<<20 - 3, 5 << 20} {
		var pool framing.Pool
		b := framing.NewBuffer(lengthprefix.Uint32())
		b.SetPool(&pool)
		b.SetMaxPayload(-1)
		b.Write(must(lengthprefix.Uint32().Append(nil, make([]byte, size))))
		if p, ok, err := b.Next(); len(p) != size || !ok || err != nil {
			t.Errorf("Next() = %d bytes, %v, %v; want %d, true, nil", len(p), ok, err, size)
		}
		if b.Release(); b.Held() != 0 {
			t.Errorf("%d bytes held after Release(); want 0", b.Held())
		}
	}
}
