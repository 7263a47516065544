package framing_test

import (
	"io"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// Frame tells where the payload lay, so that header and trailer can be counted.
func TestBuffer_Frame(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		b := framing.NewBuffer(f.framer)
		io.WriteString(b, f.wire)
		for i, want := range f.payloads {
			p, _, err := b.Next()
			frame := b.Frame()
			if string(p) != want || err != nil || frame.Size != len(f.frames[i]) || frame.End-frame.Start != len(p) {
				t.Fatalf("frame %d: %q, %v, %+v", i, p, err, frame)
			}
		}
	})
}

// Bytes shows what waits, whatever was cut off.
func TestBuffer_BytesAndOffset(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		b := framing.NewBuffer(f.framer)
		b.SetInitial(1)
		written, cut, frame := 0, 0, 0
		for written < len(f.wire) {
			io.WriteString(b, f.wire[written:written+1])
			written++
			_, ok, err := b.Next()
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				cut += len(f.frames[frame])
				frame++
			}
			if string(b.Bytes()) != f.wire[cut:written] || b.Offset() != int64(cut) {
				t.Fatalf("%d written: %q at %d, want %q at %d", written, b.Bytes(), b.Offset(), f.wire[cut:written], cut)
			}
		}
	})
}

// After End a Buffer goes on with what comes, as for a file that grows.
func TestBuffer_GoesOnAfterEnd(t *testing.T) {
	b := framing.NewBuffer(must(delimiter.New("<end>")))
	b.AcceptUnterminated(true)
	for range 3 {
		io.WriteString(b, "no end")
		if p, ok, err := b.Next(); ok || err != nil {
			t.Fatalf("%q, %v", p, err)
		}
		if p, err := b.End(); string(p) != "no end" {
			t.Fatalf("End: %q, %v", p, err)
		}
		if _, err := b.End(); err != io.EOF {
			t.Fatalf("End: %v", err)
		}
		io.WriteString(b, "a<end>")
		if p, _, err := b.Next(); string(p) != "a" {
			t.Fatalf("%q, %v", p, err)
		}
	}
}

// A Buffer that is released in the middle of a frame that is skipped knows
// where it is.
func TestBuffer_ReleaseWhileSkipping(t *testing.T) {
	b := framing.NewBuffer(lengthprefix.Uint8())
	b.SetMaxPayload(3)
	io.WriteString(b, "\x05he")
	b.Next()
	b.Next()
	b.Release()
	if b.Cap() != 0 || b.Offset() != 3 {
		t.Fatalf("%d bytes held at %d", b.Cap(), b.Offset())
	}
	io.WriteString(b, "ll")
	b.Next()
	if _, err := b.End(); err == nil || !strings.HasSuffix(err.Error(), "unexpected EOF after 5 of 6 bytes") {
		t.Fatalf("End: %v", err)
	}
}

// A Buffer that is filled from a source reports the source's error beside what
// it brought.
func TestBuffer_Fill(t *testing.T) {
	b := framing.NewBuffer(delimiter.Line())
	src := &pieces{{"a\nb", errPause}, {"", errPause}, {"\n", nil}}
	for _, want := range []struct {
		n   int
		err error
	}{{3, errPause}, {0, errPause}, {1, nil}, {0, io.EOF}} {
		if n, err := b.Fill(src); n != want.n || err != want.err {
			t.Fatalf("%d, %v, want %d, %v", n, err, want.n, want.err)
		}
	}
	same(t, "frames", drain(b), []string{`"a"`, `"b"`})
}
