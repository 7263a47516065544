package framing_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// Small frames leave in one write, when they are flushed.
func TestWriter_OneWriteForManyFrames(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		var dst bytes.Buffer
		calls := &counted{Writer: &dst}
		w := framing.NewWriter(calls, f.framer)
		for _, p := range f.payloads {
			if err := w.WriteFrame([]byte(p)); err != nil {
				t.Fatal(err)
			}
		}
		wire := f.written()
		if calls.n != 0 || w.Buffered() != len(wire) {
			t.Fatalf("%d writes before Flush, %d bytes wait, want %d", calls.n, w.Buffered(), len(wire))
		}
		for range 2 { // the second has nothing to do
			if err := w.Flush(); err != nil || calls.n != 1 || dst.String() != wire || w.Buffered() != 0 {
				t.Fatalf("%v, %q in %d writes, %d bytes wait", err, dst.String(), calls.n, w.Buffered())
			}
		}
	})
}

// A Writer flushes by itself before it holds more than it was given and 32 KiB.
func TestWriter_FlushesWhenFull(t *testing.T) {
	var dst bytes.Buffer
	calls := &counted{Writer: &dst}
	w := framing.NewWriter(calls, delimiter.Line())
	line := []byte(strings.Repeat("x", 1023))
	for n := 1; n <= 1000; n++ {
		if err := w.WriteFrame(line); err != nil {
			t.Fatal(err)
		}
		if w.Buffered() >= 32<<10 || dst.Len()+w.Buffered() != n<<10 {
			t.Fatalf("%d bytes wait, %d were written, of %d", w.Buffered(), dst.Len(), n<<10)
		}
	}
	if calls.n != 1000/32 {
		t.Errorf("%d writes for 1000 KiB", calls.n)
	}
}

// WriteFrom leaves no more than that either.
func TestWriter_WriteFromFlushesWhenFull(t *testing.T) {
	for size, waits := range map[int64]int{32<<10 - 5: 32<<10 - 1, 32<<10 - 4: 0} {
		w := framing.NewWriter(io.Discard, lengthprefix.Uint32())
		if err := w.WriteFrom(&still{size}, size); err != nil || w.Buffered() != waits {
			t.Errorf("%v, %d bytes wait of a payload of %d", err, w.Buffered(), size)
		}
	}
}

// A buffer of which a quarter was needed is given back at the seventeenth use.
func TestWriter_GivesBackAfterSeventeenUses(t *testing.T) {
	for size, held := range map[int]int{4 << 10: 0, 4<<10 + 1: 16 << 10} {
		w := framing.NewWriter(io.Discard, lengthprefix.Uint32())
		w.SetInitial(16 << 10)
		for n := 1; n <= 17; n++ {
			if w.Cap() != 16<<10 {
				t.Fatalf("%d bytes held before use %d", w.Cap(), n)
			}
			w.WriteFrame(make([]byte, size-4))
			w.Flush()
		}
		if w.Cap() != held {
			t.Errorf("%d bytes held after 17 uses of %d", w.Cap(), size)
		}
	}
}

// A framer that is set builds the frames that follow, not those that wait.
func TestWriter_SetFramer(t *testing.T) {
	var dst bytes.Buffer
	w := framing.NewWriter(&dst, delimiter.Line())
	w.WriteFrame([]byte("text"))
	w.SetFramer(lengthprefix.Uint8())
	w.WriteFrame([]byte("data"))
	if err := w.Flush(); err != nil || dst.String() != "text\n\x04data" {
		t.Errorf("%v, %q", err, dst.String())
	}
}
