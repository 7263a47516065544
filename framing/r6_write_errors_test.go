package framing_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// A write that fails or is short, at any offset, is the end of writing: every later
// call returns its error, and not one byte follows the incomplete frame.
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
			c := framing.NewConn(ioConn{Writer: dst}, f.framer)
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
			c := framing.NewConn(ioConn{Writer: dst}, f.framer)
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
						dst := &failingWriter{left: cut, err: fault}
						again, err := w.write(dst, f)
						want := fault
						if fault == nil {
							want = io.ErrShortWrite
						}
						if err != want {
							t.Fatalf("failing after %d bytes: error %v; want %v", cut, err, want)
						}
						dst.left = 1 << 20 // it would work again
						for i, write := range again {
							if err := write(); err != want {
								t.Fatalf("failing after %d bytes, call %d after that: error %v; want %v", cut, i, err, want)
							}
						}
						if got := dst.taken.String(); got != wire[:cut] || dst.after > 0 {
							t.Fatalf("failing after %d bytes: %q was written, and %d calls after that; want %q, 0", cut, got, dst.after, wire[:cut])
						}
					}
				}
			})
		})
	}
}

// The same for header and payload in one vectored write, with a small frame before
// the large one.
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
				dst := &failingWriter{left: cut, err: want} // net.Buffers is never short without an error
				w := framing.NewWriter(dst, lengthprefix.Uint32())
				w.WriteFrame([]byte("small"))
				if err := w.WriteFrame(payload); err != want {
					t.Fatalf("WriteFrame(payload) = %v; want %v", err, want)
				}
				dst.left = 1 << 20
				for _, err := range []error{w.WriteFrame(payload), w.WriteFrame([]byte("a")), w.Flush()} {
					if err != want {
						t.Errorf("a later call: error %v; want %v", err, want)
					}
				}
				if dst.taken.String() != wire[:cut] || dst.after > 0 || w.Buffered() != 0 {
					t.Errorf("%d bytes were written, Buffered() = %d; want %d, 0", dst.taken.Len(), w.Buffered(), cut)
				}
			})
		}
	}
}

// A count that Write cannot have is an error, and sticky.
func TestR6_ImpossibleCounts(t *testing.T) {
	for _, n := range []int{-1, 100} {
		dst := &countWriter{n: n}
		w := framing.NewWriter(dst, lengthprefix.Uint8())
		w.WriteFrame([]byte("a"))
		err := w.Flush()
		if err == nil || !strings.HasPrefix(err.Error(), "framing: ") {
			t.Errorf("Flush() where Write returns %d: error %v; want one of framing", n, err)
		}
		if again := w.WriteFrame([]byte("b")); again != err || w.Flush() != err || dst.calls != 1 {
			t.Errorf("WriteFrame() after that: error %v after %d calls of Write; want %v, 1", again, dst.calls, err)
		}
		c := framing.NewConn(ioConn{Writer: &countWriter{n: n}}, lengthprefix.Uint8())
		if err := c.WriteFrame([]byte("a")); err == nil {
			t.Errorf("Conn.WriteFrame() where Write returns %d: no error", n)
		}
	}
}

// A payload that is refused writes nothing and changes nothing.
func TestR6_RefusedPayloadsLeaveNoTrace(t *testing.T) {
	long := make([]byte, 256)
	dst := &failingWriter{left: 1 << 20}
	f := lengthprefix.Uint8()
	w := framing.NewWriter(dst, f)
	c := framing.NewConn(ioConn{Writer: dst}, f)
	for range 3 {
		if err := w.WriteFrame(long); err == nil {
			t.Error("Writer.WriteFrame() of 256 bytes: no error")
		}
		if err := w.WriteFrame([]byte("w")); err != nil || w.Flush() != nil {
			t.Errorf("Writer.WriteFrame() after a refused payload = %v; want nil", err)
		}
		if err := c.WriteFrame(long); err == nil {
			t.Error("Conn.WriteFrame() of 256 bytes: no error")
		}
		if err := c.WriteFrame([]byte("c")); err != nil {
			t.Errorf("Conn.WriteFrame() after a refused payload = %v; want nil", err)
		}
	}
	if got, want := dst.taken.String(), strings.Repeat("\x01w\x01c", 3); got != want {
		t.Errorf("%q was written; want %q", got, want)
	}
}
