package frametest

import (
	"testing"

	"github.com/wholeframe/wholeframe/framing"
)

// CheckAllocs fails if Append of f, or a Buffer that reads the frame, allocates
// memory for a frame that carries payload.
func CheckAllocs(t T, f framing.Framer, payload []byte) {
	t.Helper()
	wire, buf := appendRead(t, f, nil, payload, framing.NewBuffer(f))
	if n := testing.AllocsPerRun(100, func() { wire, buf = appendRead(t, f, wire, payload, buf) }); n > 0 {
		t.Fatalf("%v: got %v allocations for a payload of %d bytes; want none", f, n, len(payload))
	}
}

func appendRead(t T, f framing.Framer, dst, payload []byte, buf *framing.Buffer) ([]byte, *framing.Buffer) {
	wire, err := f.Append(dst[:0], payload)
	if err != nil {
		t.Fatalf("%v: Append: got %v; want no error", f, err)
	}
	buf.Write(wire)
	if got, ok, err := buf.Next(); !ok || err != nil || len(got) != len(payload) {
		t.Fatalf("%v: Next() = %d bytes, %t, %v; want %d bytes", f, len(got), ok, err, len(payload))
	}
	return wire, buf
}

// Benchmark measures Append of f, and a Buffer that reads the frame, for a frame
// that carries payload.
func Benchmark(b *testing.B, f framing.Framer, payload []byte) {
	wire, err := f.Append(nil, payload)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Append", func(b *testing.B) {
		b.SetBytes(int64(len(payload)))
		b.ReportAllocs()
		for b.Loop() {
			wire, _ = f.Append(wire[:0], payload)
		}
	})
	b.Run("Read", func(b *testing.B) {
		b.SetBytes(int64(len(payload)))
		b.ReportAllocs()
		buf := framing.NewBuffer(f)
		for b.Loop() {
			buf.Write(wire)
			if _, ok, err := buf.Next(); !ok || err != nil {
				b.Fatalf("Next() = _, %t, %v; want true, nil", ok, err)
			}
		}
	})
}
