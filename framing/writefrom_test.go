package framing_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/cobs"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/netstring"
	"github.com/wholeframe/wholeframe/framing/slip"
	"github.com/wholeframe/wholeframe/framing/stx"
)

// WriteFrom writes the frames that WriteFrame does, with every framing, and reads
// nothing after the payload.
func TestWriteFrom(t *testing.T) {
	for _, c := range streamCases(5, 0, 1, 300, 70_000, 0, 32<<10, 3) {
		for _, s := range sources {
			var wire bytes.Buffer
			w := framing.NewWriter(&wire, c.framer)
			for i, payload := range c.payloads {
				size := int64(len(payload))
				var err error
				rest := []byte("rest")
				switch i % 3 {
				case 0:
					src := bytes.NewReader(append(bytes.Clone(payload), rest...))
					if err = w.WriteFrom(s.of(src), size); err == nil && s.name == "whole" {
						rest, _ = io.ReadAll(src)
					}
				case 1: // io.EOF is returned together with the last byte
					err = w.WriteFrom(iotest.DataErrReader(bytes.NewReader(payload)), size)
				case 2:
					err = w.WriteFrame(payload)
				}
				if err != nil || string(rest) != "rest" {
					t.Fatalf("%s, %s: writing %d bytes = %v, then the source holds %q; want nil, %q", c.name, s.name, size, err, rest, "rest")
				}
			}
			if err := w.Flush(); err != nil || !bytes.Equal(wire.Bytes(), c.wire) {
				t.Fatalf("%s, %s: Flush() = %v, %d bytes written; want nil, the %d of WriteFrame", c.name, s.name, err, wire.Len(), len(c.wire))
			}
		}
	}
}

// A payload whose header neither its size nor its beginning tells is held whole,
// within the limit. Over the limit it is refused, and at most the beginning was read.
func TestWriteFrom_HeldPayloadsWithinTheLimit(t *testing.T) {
	for _, f := range []framing.Framer{delimiter.Line(), delimiter.Line().Keep(), delimiter.CRLF(), cobs.New(), slip.New(), stx.New(), escaped{}, opaqueFramer{lengthprefix.Uint32()}} {
		name := fmt.Sprintf("%T %v", f, f)
		payload := bytes.Repeat([]byte("x"), 5000)
		payload[4999] = '\n'
		if _, err := f.Append(nil, payload); err != nil {
			payload[4999] = 'x'
		}
		for _, limit := range []int{5000, 4999} {
			for _, conn := range []bool{false, true} {
				var dst bytes.Buffer
				w := framing.NewWriter(&dst, f)
				w.SetMaxPayload(limit)
				c := framing.NewConn(ioConn{Writer: &dst}, f)
				c.SetMaxPayload(limit)
				src := bytes.NewReader(payload)
				err := w.WriteFrom
				if conn {
					err = c.WriteFrom
				}
				if err := err(src, 5000); limit < 5000 {
					checkPayloadTooLarge(t, name+": WriteFrom()", err, limit, 5000)
				} else if err != nil {
					t.Fatalf("%s: WriteFrom() = %v; want nil", name, err)
				}
				if err := w.Flush(); err != nil {
					t.Fatal(err)
				}
				var want []byte
				if limit == 5000 {
					want = must(f.Append(nil, payload))
				} else if n := 5000 - src.Len(); n > 4<<10 {
					t.Errorf("%s: WriteFrom() of a payload over the limit read %d bytes of its source; want at most 4096", name, n)
				}
				if !bytes.Equal(dst.Bytes(), want) {
					t.Errorf("%s: %d bytes were written; want %d", name, dst.Len(), len(want))
				}
			}
		}
	}
}

// A size that a framing cannot carry, or no payload can have, is a *PayloadError,
// for every framing, and nothing is written.
func TestWriteFrom_RefusedSizes(t *testing.T) {
	kept := must(lengthprefix.New(lengthprefix.Config{Width: 1, Keep: true}))
	for _, test := range []struct {
		framer framing.Framer
		size   int64
	}{
		{lengthprefix.Uint8(), 300}, {lengthprefix.Uint8(), -1},
		{kept, 300}, {kept, 0}, {kept, -1},
		{netstring.New(), -1}, {delimiter.Line(), -1}, {cobs.New(), -1}, {slip.New(), -1}, {stx.New(), -1}, {escaped{}, -1},
		{must(fixed.New(5)), 4}, {must(fixed.New(5)), 6}, {must(fixed.New(5)), -1}, {must(fixed.Padded(5, 0)), 6}, {must(fixed.Padded(5, 0)), -1},
		{delimiter.Line(), 1 << 60}, {cobs.New(), 1 << 60},
	} {
		var dst bytes.Buffer
		w := framing.NewWriter(&dst, test.framer)
		c := framing.NewConn(ioConn{Writer: &dst}, test.framer)
		for _, write := range []func(io.Reader, int64) error{w.WriteFrom, c.WriteFrom} {
			e := checkAs[*framing.PayloadError](t, fmt.Sprintf("%v: WriteFrom(src, %d)", test.framer, test.size), write(zeros(5000), test.size))
			if e.Size != test.size {
				t.Errorf("%v: WriteFrom(src, %d): error %+v; want Size %d", test.framer, test.size, e, test.size)
			}
		}
		if err := w.Flush(); err != nil || dst.Len() > 0 {
			t.Errorf("%v: Flush() = %v, %q written; want nil, nothing", test.framer, err, dst.String())
		}
	}
}

// The source ends too early: nothing of a frame that was not written is, and nothing
// follows one that was written in part.
func TestWriteFrom_ShortSource(t *testing.T) {
	const size = 100_000
	for _, have := range []int64{0, 1, 1000, 50_000, size - 1} {
		for _, c := range []struct {
			name string
			src  func() io.Reader
			want error
		}{
			{"ends", func() io.Reader { return zeros(have) }, io.ErrUnexpectedEOF},
			{"fails", func() io.Reader { return io.MultiReader(zeros(have), iotest.ErrReader(errPause)) }, errPause},
			{"returns nothing", func() io.Reader {
				return io.MultiReader(zeros(have), &emptyReadsReader{r: zeros(1), n: 1000})
			}, io.ErrNoProgress},
			{"returns an impossible count", func() io.Reader { return io.MultiReader(zeros(have), &countReader{-1}) }, nil},
		} {
			for _, f := range []struct {
				framing.Framer
				streamed bool
			}{{netstring.New(), true}, {cobs.New(), false}} {
				t.Run(fmt.Sprint(c.name, have, f.Framer), func(t *testing.T) {
					var dst bytes.Buffer
					w := framing.NewWriter(&dst, f.Framer)
					if err := w.WriteFrame([]byte("before")); err != nil {
						t.Fatal(err)
					}
					err := w.WriteFrom(c.src(), size)
					e := checkAs[*framing.SourceError](t, "WriteFrom()", err)
					if e.Have != have || e.Want != size || e.Final != (f.streamed && have >= 32<<10) || c.want != nil && e.Err != c.want {
						t.Fatalf("WriteFrom(): error %+v; want Have %d, Want %d, Err %v", e, have, size, c.want)
					}
					written := dst.Len()
					if e.Final {
						for _, again := range []error{w.WriteFrame([]byte("after")), w.WriteFrom(zeros(1), 1), w.Flush()} {
							if again != err {
								t.Errorf("a later call = %v; want %v", again, err)
							}
						}
						if dst.Len() != written {
							t.Errorf("%d bytes follow the incomplete frame; want 0", dst.Len()-written)
						}
						return
					}
					want := must(f.Append(must(f.Append(nil, []byte("before"))), []byte("after")))
					if err := errors.Join(w.WriteFrame([]byte("after")), w.Flush()); err != nil || !bytes.Equal(dst.Bytes(), want) {
						t.Errorf("the frame after = %v, %q written; want nil, %q", err, dst.Bytes(), want)
					}
				})
			}
		}
	}
}

// A source may return 0, nil up to 99 times before each byte.
func TestWriteFrom_NoProgressForAWhile(t *testing.T) {
	var dst bytes.Buffer
	w := framing.NewWriter(&dst, netstring.New())
	src := &emptyReadsReader{r: iotest.OneByteReader(strings.NewReader("abc")), n: 99}
	if err := errors.Join(w.WriteFrom(src, 3), w.Flush()); err != nil || dst.String() != "3:abc," {
		t.Fatalf(`WriteFrom() = %v, %q written; want nil, "3:abc,"`, err, dst.String())
	}
}

// A write that fails is reported, and not what the source would return next.
func TestWriteFrom_FailingWriter(t *testing.T) {
	full := errors.New("disk full")
	w := framing.NewWriter(&failingWriter{err: full}, lengthprefix.Uint32())
	for i, err := range []error{w.WriteFrom(zeros(1<<20), 1<<20), w.WriteFrom(zeros(1), 1), w.Flush()} {
		if err != full {
			t.Errorf("call %d = %v; want %v", i, err, full)
		}
	}
	c := framing.NewConn(ioConn{Writer: &failingWriter{err: full}}, lengthprefix.Uint8())
	checkAs[*framing.PayloadError](t, "WriteFrom(src, 256)", c.WriteFrom(zeros(256), 256))
	for i, err := range []error{c.WriteFrom(zeros(2), 2), c.WriteFrom(zeros(2), 2), c.WriteFrame(nil)} {
		if err != full {
			t.Errorf("Conn: call %d = %v; want %v", i, err, full)
		}
	}
}

// A source that ends too early takes no frame of other goroutines with it.
func TestConn_WriteFromShortSource(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	w, r := framing.NewConn(a, netstring.New()), framing.NewConn(b, netstring.New())
	for range 300 {
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if err := w.WriteFrame([]byte("x")); err != nil {
					t.Errorf("WriteFrame() = %v; want nil", err)
				}
			})
			wg.Go(func() {
				var short *framing.SourceError
				if err := w.WriteFrom(zeros(2), 3); !errors.As(err, &short) || short.Final {
					t.Errorf("WriteFrom() = %v; want a SourceError that is not final", err)
				}
			})
		}
		for range 3 {
			if p, err := r.ReadFrame(); string(p) != "x" || err != nil {
				t.Fatalf(`ReadFrame() = %q, %v; want "x", nil`, p, err)
			}
		}
		wg.Wait()
	}
}

// Nor a frame that is collected before it, which is written in the same turn.
func TestConn_WriteFromShortSourceAfterOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBlockingWriter()
		c := framing.NewConn(ioConn{Writer: w}, lengthprefix.Uint8())
		const rounds = 20
		for range rounds {
			errs := make(chan error, 2)
			go func() { errs <- c.WriteFrame([]byte("a")) }()
			synctest.Wait()
			short := make(chan error, 1)
			go func() { short <- c.WriteFrom(zeros(2), 3) }()
			synctest.Wait()
			go func() { errs <- c.WriteFrame([]byte("b")) }()
			synctest.Wait()
			for range 2 {
				w.results <- nil
				if err := <-errs; err != nil {
					t.Fatalf("WriteFrame() = %v; want nil", err)
				}
			}
			checkAs[*framing.SourceError](t, "WriteFrom()", <-short)
		}
		if got := w.taken.String(); got != strings.Repeat("\x01a\x01b", rounds) {
			t.Errorf("%q was written; want %d times %q", got, rounds, "\x01a\x01b")
		}
	})
}

// Many goroutines write by all methods, one of them from sources that end too early;
// the frames are whole and those of each goroutine in order.
func TestConn_WriteFrom(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	w, r := framing.NewConn(a, netstring.New()), framing.NewConn(b, netstring.New())
	const writers, frames = 6, 60
	payload := func(writer, i int) []byte {
		p := bytes.Repeat([]byte{byte(writer)}, 2+(writer*7919+i*104_729)%70_000)
		p[0] = byte(i)
		return p
	}
	var wg sync.WaitGroup
	for writer := range writers {
		wg.Go(func() {
			for i := range frames {
				p := payload(writer, i)
				var err error
				switch (writer + i) % 3 {
				case 0:
					err = w.WriteFrame(p)
				case 1:
					err = w.WriteFrames(p)
				case 2:
					err = w.WriteFrom(bytes.NewReader(p), int64(len(p)))
				}
				if err != nil {
					t.Errorf("writing = %v; want nil", err)
					return
				}
				var short *framing.SourceError
				if err := w.WriteFrom(zeros(2), 3); writer == 0 && !errors.As(err, &short) {
					t.Errorf("WriteFrom() of a short source = %v; want a SourceError", err)
				}
			}
		})
	}
	next := make([]int, writers)
	for range writers * frames {
		size, p, err := r.NextReader()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(p)
		if err != nil || size < 2 || int64(len(got)) != size || int(got[1]) >= writers {
			t.Fatalf("ReadAll() = %d bytes, %v; want %d, nil", len(got), err, size)
		}
		writer := int(got[1])
		if !bytes.Equal(got, payload(writer, next[writer])) {
			t.Fatalf("%d bytes of goroutine %d; want frame %d of it", len(got), writer, next[writer])
		}
		next[writer]++
	}
	wg.Wait()

	// An incomplete frame is the end of writing.
	errs := make(chan error, 1)
	go func() { errs <- w.WriteFrom(zeros(100_000), 100_001) }()
	_, p, err := r.NextReader()
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, p)
	err = <-errs
	if e := checkAs[*framing.SourceError](t, "WriteFrom()", err); !e.Final {
		t.Fatalf("WriteFrom(): error %+v; want a final one", e)
	}
	if again := w.WriteFrame(nil); again != err {
		t.Fatalf("WriteFrame() = %v; want %v", again, err)
	}
}
