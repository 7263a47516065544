package framing_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// tearing is a destination that takes the first left bytes, and from then on
// fails: with err, or, if that is nil, by writing short and saying nothing.
type tearing struct {
	left  int
	err   error
	took  strings.Builder
	after int // calls after the one that failed
	torn  bool
}

func (w *tearing) Write(p []byte) (int, error) {
	if w.torn {
		w.after++
	}
	n := min(len(p), w.left)
	w.left -= n
	w.took.Write(p[:n])
	if n < len(p) {
		w.torn = true
		return n, w.err
	}
	return n, nil
}

// WriteBuffers writes bufs with Write, and counts like net.Buffers.
func (w *tearing) WriteBuffers(bufs *net.Buffers) (n int64, err error) {
	return bufs.WriteTo(struct{ io.Writer }{w})
}

// A write that fails, or is short, at any offset is the end of writing: that
// error comes for ever, and not one byte follows the torn frame.
func TestR6_FailingAndShortWritesAtEveryOffset(t *testing.T) {
	full := errors.New("disk full")
	writers := []struct {
		name  string
		write func(dst io.Writer, f family) (again []func() error, first error)
	}{
		{"Writer, flushed each time", func(dst io.Writer, f family) ([]func() error, error) {
			w := framing.NewWriter(dst, f.framer)
			p := []byte(f.payloads[0])
			again := []func() error{w.Flush, func() error { return w.WriteFrame(p) }}
			for _, p := range f.payloads {
				if err := w.WriteFrame([]byte(p)); err != nil {
					return again, err
				}
				if err := w.Flush(); err != nil {
					return again, err
				}
			}
			return again, nil
		}},
		{"Writer, flushed once", func(dst io.Writer, f family) ([]func() error, error) {
			w := framing.NewWriter(dst, f.framer)
			p := []byte(f.payloads[0])
			for _, p := range f.payloads {
				if err := w.WriteFrame([]byte(p)); err != nil {
					return nil, err
				}
			}
			return []func() error{w.Flush, func() error { return w.WriteFrame(p) }}, w.Flush()
		}},
		{"Conn", func(dst io.Writer, f family) ([]func() error, error) {
			c := framing.NewConn(stub{Writer: dst}, f.framer)
			p := []byte(f.payloads[0])
			again := []func() error{
				func() error { return c.WriteFrame(p) },
				func() error { return c.WriteFrames(p, p) },
				func() error { return c.WriteFrames() },
			}
			for _, p := range f.payloads {
				if err := c.WriteFrame([]byte(p)); err != nil {
					return again, err
				}
			}
			return again, nil
		}},
		{"Conn, in a batch", func(dst io.Writer, f family) ([]func() error, error) {
			c := framing.NewConn(stub{Writer: dst}, f.framer)
			var all [][]byte
			for _, p := range f.payloads {
				all = append(all, []byte(p))
			}
			return []func() error{
				func() error { return c.WriteFrame(all[0]) },
				func() error { return c.WriteFrames(all...) },
				func() error { return c.WriteFrames() },
			}, c.WriteFrames(all...)
		}},
	}
	for _, w := range writers {
		t.Run(w.name, func(t *testing.T) {
			eachFamily(t, func(t *testing.T, f family) {
				wire := f.written()
				for cut := range len(wire) {
					for _, fault := range []error{full, nil} {
						dst := &tearing{left: cut, err: fault}
						again, err := w.write(dst, f)
						want := fault
						if fault == nil {
							want = io.ErrShortWrite
						}
						if err != want {
							t.Fatalf("torn after %d bytes: %v, want %v", cut, err, want)
						}
						dst.left = 1 << 20 // nobody should notice that it works again
						for i, write := range again {
							if err := write(); err != want {
								t.Fatalf("torn after %d bytes, call %d after it: %v", cut, i, err)
							}
						}
						if got := dst.took.String(); got != wire[:cut] || dst.after > 0 {
							t.Fatalf("torn after %d bytes: %q was written, want %q", cut, got, wire[:cut])
						}
					}
				}
			})
		})
	}
}

// The same for header and payload in one vectored write, with small frames in
// front of the large one.
func TestR6_VectoredWrites(t *testing.T) {
	full := errors.New("disk full")
	payload := []byte(strings.Repeat("x", 20_000))
	wire := "\x00\x00\x00\x05small" + "\x00\x00\x4e\x20" + string(payload)
	for _, cut := range []int{0, 1, 4, 8, 9, 10, 12, 13, 14, 5000, len(wire) - 1} {
		for _, fault := range []error{full, nil} {
			want := fault
			if fault == nil {
				want = io.ErrShortWrite
			}
			t.Run(fmt.Sprint(cut, " ", want), func(t *testing.T) {
				dst := &tearing{left: cut, err: want} // net.Buffers never is short without an error
				w := framing.NewWriter(dst, lengthprefix.Uint32())
				w.WriteFrame([]byte("small"))
				if err := w.WriteFrame(payload); err != want {
					t.Fatalf("Writer: %v", err)
				}
				dst.left = 1 << 20
				for _, err := range []error{w.WriteFrame(payload), w.WriteFrame([]byte("a")), w.Flush()} {
					if err != want {
						t.Errorf("Writer, then: %v", err)
					}
				}
				if dst.took.String() != wire[:cut] || dst.after > 0 || w.Buffered() != 0 {
					t.Errorf("Writer: %d bytes were written, want %d; %d wait", dst.took.Len(), cut, w.Buffered())
				}
			})
		}
	}
}

// lying is a destination that claims to have written n bytes.
type lying struct {
	n     int
	calls int
}

func (w *lying) Write(p []byte) (int, error) {
	w.calls++
	return w.n, nil
}

func TestR6_ImpossibleCounts(t *testing.T) {
	for _, n := range []int{-1, 100} {
		dst := &lying{n: n}
		w := framing.NewWriter(dst, lengthprefix.Uint8())
		w.WriteFrame([]byte("a"))
		err := w.Flush()
		if err == nil || !strings.HasPrefix(err.Error(), "framing: ") {
			t.Errorf("count %d: %v", n, err)
		}
		if again := w.WriteFrame([]byte("b")); again != err || w.Flush() != err || dst.calls != 1 {
			t.Errorf("count %d: then %v after %d calls", n, again, dst.calls)
		}
		c := framing.NewConn(stub{Writer: &lying{n: n}}, lengthprefix.Uint8())
		if err := c.WriteFrame([]byte("a")); err == nil {
			t.Errorf("count %d: Conn did not notice", n)
		}
	}
}

// A payload that is refused writes nothing and changes nothing.
func TestR6_RefusedPayloadsLeaveNoTrace(t *testing.T) {
	long := make([]byte, 256)
	dst := &tearing{left: 1 << 20}
	f := lengthprefix.Uint8()
	w := framing.NewWriter(dst, f)
	c := framing.NewConn(stub{Writer: dst}, f)
	for range 3 {
		if err := w.WriteFrame(long); err == nil {
			t.Error("Writer: a payload of 256 bytes was not refused")
		}
		if err := w.WriteFrame([]byte("w")); err != nil || w.Flush() != nil {
			t.Errorf("Writer: %v", err)
		}
		if err := c.WriteFrame(long); err == nil {
			t.Error("Conn: a payload of 256 bytes was not refused")
		}
		if err := c.WriteFrame([]byte("c")); err != nil {
			t.Errorf("Conn: %v", err)
		}
	}
	if got, want := dst.took.String(), strings.Repeat("\x01w\x01c", 3); got != want {
		t.Errorf("%q was written, want %q", got, want)
	}
}

// Errors on writing name the offset of the frame in the stream.
func TestR6_Offset(t *testing.T) {
	offset := func(err error) int64 {
		var e *framing.TooLargeError
		if !errors.As(err, &e) {
			t.Fatalf("%T %v", err, err)
		}
		return e.Offset
	}
	large := make([]byte, 101)
	w := framing.NewWriter(io.Discard, lengthprefix.Uint32())
	w.SetMaxPayload(100)
	w.WriteFrame([]byte("0123456789"))
	w.Flush()
	w.WriteFrame([]byte("01234"))
	if n := offset(w.WriteFrame(large)); n != 23 {
		t.Errorf("Writer: offset %d, want 23", n)
	}
	c := framing.NewConn(stub{Writer: io.Discard}, lengthprefix.Uint32())
	c.SetMaxPayload(100)
	c.WriteFrame([]byte("0123456789"))
	if n := offset(c.WriteFrame(large)); n != 14 {
		t.Errorf("Conn: offset %d, want 14", n)
	}
	if n := offset(c.WriteFrames([]byte("01234"), large)); n != 23 {
		t.Errorf("Conn, in a batch: offset %d, want 23", n)
	}
}
