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
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/slip"
)

// Those that take turns need the memory of one: what one has given back, also
// because it has outgrown it, is the next one's.
func TestPool_TurnsTakeOneMemory(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties a Pool
	var pool framing.Pool
	f := lengthprefix.Uint32()
	message := make([]byte, 1000)
	frame := must(f.Append(nil, make([]byte, 30_000)))
	for name, turn := range map[string]func(){
		"Buffer": func() {
			b := framing.NewBuffer(f)
			b.SetPool(&pool)
			for i := 0; i < len(frame); i += 1000 {
				b.Write(frame[i:min(i+1000, len(frame))])
			}
			if p, ok, err := b.Next(); len(p) != 30_000 || !ok || err != nil {
				t.Fatalf("%d bytes, %v, %v", len(p), ok, err)
			}
			b.Release()
		},
		"Writer": func() {
			w := framing.NewWriter(io.Discard, f)
			w.SetPool(&pool)
			for range 30 {
				w.WriteFrame(message)
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
			// Without, each turn takes 60 KiB, 28 of them outgrown; under the
			// race detector a sync.Pool loses a quarter of what it gets.
			if n := (after.TotalAlloc - before.TotalAlloc) / 100; n > 24<<10 {
				t.Errorf("%d bytes were allocated in each turn", n)
			}
		})
	}
}

// After Release a Buffer begins with what it needed before, and with half of it
// each time that it needed no more than a quarter: its memory is of use to who
// is busy, and not to who was.
func TestPool_BeginsWithWhatWasNeeded(t *testing.T) {
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
		if b.Cap() == 0 || size >= 1000 && w.Cap() == 0 {
			t.Fatalf("%d and %d bytes held for %d", b.Cap(), w.Cap(), size)
		}
		w.Flush()
		b.Release()
		w.Release()
		b.Release() // the second changes nothing
		w.Release()
		if b.Cap() != 0 || w.Cap() != 0 {
			t.Fatalf("%d and %d bytes held when released", b.Cap(), w.Cap())
		}
	}
	use(20_000)
	for _, want := range []int{32 << 10, 16 << 10, 8 << 10, 4 << 10, 4 << 10} {
		b.Write([]byte("x"))
		w.WriteFrame([]byte("x"))
		if b.Cap() != want || w.Cap() != want {
			t.Errorf("%d and %d bytes held at the beginning, want %d", b.Cap(), w.Cap(), want)
		}
		io.WriteString(b, "\n")
		b.Next()
		w.Flush()
		b.Release()
		w.Release()
		b.Fill(&pieces{{"", os.ErrDeadlineExceeded}}) // takes memory and needs none
		b.Release()
	}
}

// A quarter is little, a byte more is not.
func TestPool_HalfWhereAQuarterWasEnough(t *testing.T) {
	for use, want := range map[int]int{4 << 10: 8 << 10, 4<<10 + 1: 16 << 10} {
		var pool framing.Pool
		b := framing.NewBuffer(delimiter.Line())
		b.SetPool(&pool)
		for _, size := range []int{16 << 10, use} {
			b.Write(append(make([]byte, size-1), '\n'))
			b.Next()
			b.Release()
		}
		if b.Write([]byte("x")); b.Cap() != want {
			t.Errorf("%d bytes held behind a use of %d, want %d", b.Cap(), use, want)
		}
	}
}

// What waits in a Buffer or a Writer is not given back, and what was read before
// is what follows.
func TestPool_KeepsWhatWaits(t *testing.T) {
	var pool framing.Pool
	var dst bytes.Buffer
	w := framing.NewWriter(&dst, slip.New())
	w.SetPool(&pool)
	b := framing.NewBuffer(slip.New())
	b.SetPool(&pool)
	other := framing.NewBuffer(slip.New())
	other.SetPool(&pool)

	escapes := bytes.Repeat([]byte{0xc0}, 4000) // twice that on the wire: more than the Writer makes room for
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
		t.Errorf("%d bytes, %v, %v", len(p), ok, err)
	}
}

// What a Writer holds is its own until Release, also between two flushes.
func TestPool_AWriterKeepsItsMemory(t *testing.T) {
	var pool framing.Pool
	var dst bytes.Buffer
	w := framing.NewWriter(&dst, delimiter.Line())
	w.SetPool(&pool)
	const rounds = 40 // large memory is given back by itself
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
		t.Errorf("%q was written", got)
	}
}

// What is larger than a Pool keeps is memory as well.
func TestPool_LargerThanItKeeps(t *testing.T) {
	for _, size := range []int{2<<20 - 4, 2<<20 - 3, 5 << 20} {
		var pool framing.Pool
		b := framing.NewBuffer(lengthprefix.Uint32())
		b.SetPool(&pool)
		b.SetMaxPayload(-1)
		b.Write(must(lengthprefix.Uint32().Append(nil, make([]byte, size))))
		if p, ok, err := b.Next(); len(p) != size || !ok || err != nil {
			t.Errorf("%d of %d bytes, %v, %v", len(p), size, ok, err)
		}
		if b.Release(); b.Cap() != 0 {
			t.Errorf("%d bytes held when released", b.Cap())
		}
	}
}
