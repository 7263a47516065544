package framing_test

import (
	"errors"
	"io"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/netstring"
)

// Frame returns the sizes of header, payload and trailer.
func TestBuffer_Frame(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		b := framing.NewBuffer(f.framer)
		io.WriteString(b, f.wire)
		for i, want := range f.payloads {
			p, _, err := b.Next()
			frame := b.Frame()
			if string(p) != want || err != nil || frame.Size != len(f.frames[i]) || frame.End-frame.Start != len(p) {
				t.Fatalf("Next() = %q, %v, Frame() = %+v; want %q, nil, Size %d", p, err, frame, want, len(f.frames[i]))
			}
		}
	})
}

// Bytes returns the buffered bytes after any number of frames.
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
				t.Fatalf("after %d bytes: Bytes() = %q, Offset() = %d; want %q, %d", written, b.Bytes(), b.Offset(), f.wire[cut:written], cut)
			}
		}
	})
}

// After Finish a Buffer continues with the bytes that follow, as for a file that
// grows.
func TestBuffer_ContinuesAfterFinish(t *testing.T) {
	b := framing.NewBuffer(must(delimiter.New("<end>")))
	b.AcceptUnterminated(true)
	for range 3 {
		io.WriteString(b, "no end")
		if p, ok, err := b.Next(); ok || err != nil {
			t.Fatalf("Next() = %q, %v, %v; want false, nil", p, ok, err)
		}
		if p, err := b.Finish(); string(p) != "no end" || err != nil {
			t.Fatalf(`Finish() = %q, %v; want "no end", nil`, p, err)
		}
		if p, err := b.Finish(); p != nil || err != io.EOF {
			t.Fatalf("Finish() = %q, %v; want nil, EOF", p, err)
		}
		io.WriteString(b, "a<end>")
		if p, ok, err := b.Next(); string(p) != "a" || !ok || err != nil {
			t.Fatalf(`Next() = %q, %v, %v; want "a", true, nil`, p, ok, err)
		}
	}
}

// A Buffer that is released while it skips a frame keeps its offset.
func TestBuffer_ReleaseWhileSkipping(t *testing.T) {
	b := framing.NewBuffer(lengthprefix.Uint8())
	b.SetMaxPayload(3)
	io.WriteString(b, "\x05he")
	b.Next()
	b.Next()
	b.Release()
	if b.Held() != 0 || b.Offset() != 3 {
		t.Fatalf("%d bytes held, Offset() = %d; want 0, 3", b.Held(), b.Offset())
	}
	io.WriteString(b, "ll")
	b.Next()
	_, err := b.Finish()
	checkError(t, "Finish()", err, "framing: frame at offset 0: unexpected EOF after 5 of 6 bytes")
}

// Fill returns the results of Read.
func TestBuffer_Fill(t *testing.T) {
	b := framing.NewBuffer(delimiter.Line())
	src := &frametest.Script{{Data: "a\nb", Err: errPause}, {Err: errPause}, {Data: "\n"}}
	for _, want := range []struct {
		n   int
		err error
	}{{3, errPause}, {0, errPause}, {1, nil}, {0, io.EOF}} {
		if n, err := b.Fill(src); n != want.n || err != want.err {
			t.Fatalf("Fill(src) = %d, %v; want %d, %v", n, err, want.n, want.err)
		}
	}
	sameEvents(t, "frames", bufferedEvents(b), []string{`"a"`, `"b"`})
}

// Pending describes the frame at the front once its size is known, until it is
// returned, and while the rest of it is skipped.
func TestBuffer_Pending(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		for i, frame := range f.frames {
			for _, limit := range []int{len(f.payloads[i]), len(f.payloads[i]) - 1} {
				b := framing.NewBuffer(f.framer)
				b.SetMaxPayload(max(0, limit))
				for n := range frame {
					io.WriteString(b, frame[n:n+1])
					_, ok, err := b.Next()
					want := 0
					if n+1 >= f.sizeAt(frame) && (n+1 < len(frame) || err != nil) {
						want = len(frame)
					}
					if got := b.Pending(); got.Size != want || want > 0 && f.payloadAt(frame) <= n+1 && got.End-got.Start != len(f.payloads[i]) {
						t.Fatalf("limit %d: Pending() = %+v after %q, Next() = _, %v, %v; want Size %d", limit, got, frame[:n+1], ok, err, want)
					}
				}
			}
		}
	})
}

// A frame that was reported as invalid, and of which nothing is missing, is over: the
// stream can end.
func TestBuffer_AfterACompleteInvalidFrame(t *testing.T) {
	b := framing.NewBuffer(netstring.New())
	io.WriteString(b, "5:helloX")
	if p, ok, err := b.Next(); ok || !errors.Is(err, framing.ErrFrame) {
		t.Fatalf("Next() = %q, %v, %v; want an error that matches ErrFrame", p, ok, err)
	}
	if p, err := b.Finish(); p != nil || err != io.EOF {
		t.Errorf("Finish() = %q, %v; want nil, io.EOF", p, err)
	}
}
