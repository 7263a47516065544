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

// Small frames are written in one Write, when they are flushed.
func TestWriter_OneWriteForManyFrames(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		var dst bytes.Buffer
		calls := &countingWriter{Writer: &dst}
		w := framing.NewWriter(calls, f.framer)
		for _, p := range f.payloads {
			if err := w.WriteFrame([]byte(p)); err != nil {
				t.Fatal(err)
			}
		}
		wire := f.written()
		if calls.calls != 0 || w.Buffered() != len(wire) {
			t.Fatalf("before Flush(): %d writes, Buffered() = %d; want 0, %d", calls.calls, w.Buffered(), len(wire))
		}
		for range 2 { // the second has nothing to do
			if err := w.Flush(); err != nil || calls.calls != 1 || dst.String() != wire || w.Buffered() != 0 {
				t.Fatalf("Flush() = %v, %q in %d writes, Buffered() = %d; want nil, %q in 1, 0", err, dst.String(), calls.calls, w.Buffered(), wire)
			}
		}
	})
}

// A Writer flushes by itself when the buffer holds 32 KiB.
func TestWriter_FlushesWhenFull(t *testing.T) {
	var dst bytes.Buffer
	calls := &countingWriter{Writer: &dst}
	w := framing.NewWriter(calls, delimiter.Line())
	line := []byte(strings.Repeat("x", 1023))
	for n := 1; n <= 1000; n++ {
		if err := w.WriteFrame(line); err != nil {
			t.Fatal(err)
		}
		if w.Buffered() >= 32<<10 || dst.Len()+w.Buffered() != n<<10 {
			t.Fatalf("Buffered() = %d, %d bytes written; want less than 32 KiB, and %d together", w.Buffered(), dst.Len(), n<<10)
		}
	}
	if calls.calls != 1000/32 {
		t.Errorf("%d writes for 1000 KiB; want %d", calls.calls, 1000/32)
	}
}

// So does WriteFrom.
func TestWriter_WriteFromFlushesWhenFull(t *testing.T) {
	for size, buffered := range map[int64]int{32<<10 - 5: 32<<10 - 1, 32<<10 - 4: 0} {
		w := framing.NewWriter(io.Discard, lengthprefix.Uint32())
		if err := w.WriteFrom(zeros(size), size); err != nil || w.Buffered() != buffered {
			t.Errorf("WriteFrom(src, %d) = %v, Buffered() = %d; want nil, %d", size, err, w.Buffered(), buffered)
		}
	}
}

// A buffer of which no use took more than a quarter is given up at the 17th.
func TestWriter_GivesUpItsBufferAfterSeventeenUses(t *testing.T) {
	for size, held := range map[int]int{4 << 10: 0, 4<<10 + 1: 16 << 10} {
		w := framing.NewWriter(io.Discard, lengthprefix.Uint32())
		w.SetInitial(16 << 10)
		for n := 1; n <= 17; n++ {
			if w.Held() != 16<<10 {
				t.Fatalf("%d bytes held before use %d; want 16 KiB", w.Held(), n)
			}
			w.WriteFrame(make([]byte, size-4))
			w.Flush()
		}
		if w.Held() != held {
			t.Errorf("%d bytes held after 17 uses of %d; want %d", w.Held(), size, held)
		}
	}
}

// SetFramer changes the frames that follow, not those in the buffer.
func TestWriter_SetFramer(t *testing.T) {
	var dst bytes.Buffer
	w := framing.NewWriter(&dst, delimiter.Line())
	w.WriteFrame([]byte("text"))
	w.SetFramer(lengthprefix.Uint8())
	w.WriteFrame([]byte("data"))
	if err := w.Flush(); err != nil || dst.String() != "text\n\x04data" {
		t.Errorf("Flush() = %v, %q written; want nil, %q", err, dst.String(), "text\n\x04data")
	}
}
