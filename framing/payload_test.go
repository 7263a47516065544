package framing_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/cobs"
	"github.com/wholeframe/wholeframe/framing/contentlength"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/netstring"
)

// A streamCase is a Framer, payloads that it carries, and their frames.
type streamCase struct {
	name     string
	framer   framing.Framer
	streamed bool // NextReader and WriteFrom stream its payloads
	payloads [][]byte
	wire     []byte
}

// streamCases returns framings with payloads of these sizes.
func streamCases(sizes ...int) []streamCase {
	cases := []streamCase{
		{name: "length", framer: lengthprefix.Uint32(), streamed: true},
		{name: "varint", framer: lengthprefix.Varint(), streamed: true},
		{name: "netstring", framer: netstring.New(), streamed: true},
		{name: "content-length", framer: contentlength.New(), streamed: true},
		{name: "long header", framer: must(lengthprefix.New(lengthprefix.Config{Width: 4, Adjust: 70, Strip: 74})), streamed: true},
		{name: "length,keep", framer: must(lengthprefix.New(lengthprefix.Config{Width: 4, Keep: true})), streamed: true},
		{name: "trailer", framer: trailerFramer{lengthprefix.Uint32()}, streamed: true},
		{name: "line", framer: delimiter.Line()},
		{name: "cobs", framer: cobs.New()},
	}
	for i := range cases {
		c := &cases[i]
		for n, size := range sizes {
			payload := bytes.Repeat([]byte{'a' + byte(n)}, size)
			if c.name == "length,keep" {
				payload = must(lengthprefix.Uint32().Append(nil, payload))
			}
			c.payloads = append(c.payloads, payload)
			c.wire = must(c.framer.Append(c.wire, payload))
		}
	}
	return cases
}

// Payloads are read as a whole, in part, not at all, and as slices, in turns, from
// sources that return much or little.
func TestNextReader(t *testing.T) {
	for _, c := range streamCases(5, 0, 1, 300, 70_000, 0, 5000, 3) {
		for _, s := range sources {
			for first := range 6 {
				r := framing.NewReader(s.of(bytes.NewReader(c.wire)), c.framer)
				for i, want := range c.payloads {
					way := (first + i) % 6
					where := fmt.Sprintf("%s, %s, payload %d, way %d", c.name, s.name, i, way)
					if way == 0 {
						if got, err := r.ReadFrame(); !bytes.Equal(got, want) || err != nil {
							t.Fatalf("%s: ReadFrame() = %d bytes, %v; want %d, nil", where, len(got), err, len(want))
						}
						continue
					}
					size, payload, err := r.NextReader()
					if size != int64(len(want)) || err != nil {
						t.Fatalf("%s: NextReader() = %d, _, %v; want %d, nil", where, size, err, len(want))
					}
					var got []byte
					switch way {
					case 1:
						got, err = io.ReadAll(payload)
					case 2:
						var b bytes.Buffer
						_, err = io.Copy(&b, payload)
						got = b.Bytes()
					case 3: // half of it; the rest is skipped
						want = want[:len(want)/2]
						got = make([]byte, len(want))
						_, err = io.ReadFull(payload, got)
					case 4: // all of it, but not the io.EOF that follows
						got = make([]byte, len(want))
						_, err = io.ReadFull(payload, got)
					case 5:
						want = nil
					}
					if !bytes.Equal(got, want) || err != nil {
						t.Fatalf("%s: read %d bytes, %v; want %d, nil", where, len(got), err, len(want))
					}
				}
				for range 2 {
					if _, _, err := r.NextReader(); err != io.EOF {
						t.Fatalf("%s: NextReader() at the end: error %v; want EOF", c.name, err)
					}
					if _, err := r.ReadFrame(); err != io.EOF {
						t.Fatalf("%s: ReadFrame() at the end: error %v; want EOF", c.name, err)
					}
				}
				if r.Offset() != int64(len(c.wire)) {
					t.Fatalf("%s: Offset() = %d; want %d", c.name, r.Offset(), len(c.wire))
				}
			}
		}
	}
}

// The stream ends at every byte: io.EOF is returned only between frames.
func TestNextReader_EndOfStreamAtEveryOffset(t *testing.T) {
	for _, c := range streamCases(3, 9, 0) {
		for cut := range c.wire {
			r := framing.NewReader(bytes.NewReader(c.wire[:cut]), c.framer)
			var offset int64
			var err error
			for err == nil {
				offset = r.Offset()
				var payload io.Reader
				if _, payload, err = r.NextReader(); err == nil {
					_, err = io.ReadAll(payload)
				}
			}
			if offset == int64(cut) {
				if err != io.EOF {
					t.Fatalf("%s cut at %d, between frames: error %v; want EOF", c.name, cut, err)
				}
				continue
			}
			e := checkAs[*framing.UnexpectedEOFError](t, fmt.Sprintf("%s cut at %d", c.name, cut), err)
			if e.Offset != offset || e.Have != int64(cut)-offset {
				t.Fatalf("%s cut at %d: error %v; want offset %d, %d bytes", c.name, cut, err, offset, int64(cut)-offset)
			}
			if _, _, again := r.NextReader(); again != err {
				t.Fatalf("NextReader() again: error %v; want %v", again, err)
			}
			if _, again := r.ReadFrame(); again != err {
				t.Fatalf("ReadFrame() again: error %v; want %v", again, err)
			}
		}
	}
}

// An error of the source before every byte loses nothing, and is returned as it is.
func TestNextReader_SourceErrorsLoseNothing(t *testing.T) {
	for _, c := range streamCases(5, 0, 12) {
		r := framing.NewReader(&oneByteErrReader{r: bytes.NewReader(c.wire)}, c.framer)
		for _, want := range c.payloads {
			size, payload, err := r.NextReader()
			for err == errPause {
				size, payload, err = r.NextReader()
			}
			if size != int64(len(want)) || err != nil {
				t.Fatalf("%s: NextReader() = %d, _, %v; want %d, nil", c.name, size, err, len(want))
			}
			var got []byte
			for {
				more, err := io.ReadAll(payload)
				got = append(got, more...)
				if err == nil {
					break
				}
				if err != errPause {
					t.Fatalf("%s: Read(): error %v; want %v", c.name, err, errPause)
				}
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("%s: read %q; want %q", c.name, got, want)
			}
		}
	}
	_, payload, err := framing.NewReader(script("\x05he", "", "llo"), lengthprefix.Uint8()).NextReader()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		data string
		err  error
	}{{"he", nil}, {"", errPause}, {"llo", nil}, {"", io.EOF}} {
		data := make([]byte, 10)
		if n, err := payload.Read(data); string(data[:n]) != want.data || err != want.err {
			t.Fatalf("Read() = %q, %v; want %q, %v", data[:n], err, want.data, want.err)
		}
	}
}

// An error that loses the stream is returned by every later call.
func TestNextReader_LostStream(t *testing.T) {
	r := framing.NewReader(bytes.NewReader([]byte("1:a,x")), netstring.New())
	if _, _, err := r.NextReader(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, _, err := r.NextReader()
		if e := checkAs[*framing.FormatError](t, "NextReader()", err); !e.Final || e.Offset != 4 {
			t.Fatalf("NextReader(): error %+v; want a final one at offset 4", e)
		}
	}
}

// SetMaxPayload limits the payloads that are held, exactly, and no others, however
// the bytes arrive.
func TestNextReader_Limit(t *testing.T) {
	for _, c := range streamCases(100) {
		for _, s := range sources {
			for _, limit := range []int{0, 1, 10, 99, len(c.payloads[0])} {
				r := framing.NewReader(s.of(bytes.NewReader(c.wire)), c.framer)
				r.SetMaxPayload(limit)
				size, payload, err := r.NextReader()
				if !c.streamed && limit < 100 {
					checkTooLarge(t, fmt.Sprintf("%s, %s: NextReader()", c.name, s.name), err, limit, 0)
					continue
				}
				if size != int64(len(c.payloads[0])) || err != nil {
					t.Fatalf("%s, %s, limit %d: NextReader() = %d, _, %v; want %d, nil", c.name, s.name, limit, size, err, len(c.payloads[0]))
				}
				if got, err := io.ReadAll(payload); !bytes.Equal(got, c.payloads[0]) || err != nil {
					t.Fatalf("%s, %s, limit %d: read %d bytes, %v; want %d, nil", c.name, s.name, limit, len(got), err, size)
				}
			}
		}
	}
	padded := framing.NewReader(bytes.NewReader([]byte("abcdef")), must(fixed.Padded(6, '_')))
	padded.SetMaxPayload(3)
	if size, payload, err := padded.NextReader(); err == nil {
		got, err := io.ReadAll(payload)
		t.Logf("padded: NextReader() = %d, %q, %v", size, got, err)
	}
}

// SetMaxPayload(-1) sets no limit, for payloads that are streamed or held.
func TestNextReader_NoLimit(t *testing.T) {
	for _, f := range []framing.Framer{lengthprefix.Uint8(), delimiter.Line()} {
		var wire []byte
		for _, payload := range []string{"a", "b", "c"} {
			wire = must(f.Append(wire, []byte(payload)))
		}
		for _, s := range sources {
			r := framing.NewReader(s.of(bytes.NewReader(wire)), f)
			r.SetMaxPayload(-1)
			for _, want := range []string{"a", "b", "c"} {
				size, payload, err := r.NextReader()
				if size != 1 || err != nil {
					t.Fatalf("NextReader() = %d, _, %v; want 1, nil", size, err)
				}
				if got, err := io.ReadAll(payload); string(got) != want || err != nil {
					t.Fatalf("read %q, %v; want %q, nil", got, err, want)
				}
			}
			if _, _, err := r.NextReader(); err != io.EOF {
				t.Fatalf("NextReader() at the end: error %v; want EOF", err)
			}
		}
	}
}

// Reading into an empty slice reads nothing and returns no error.
func TestNextReader_ReadIntoEmptySlice(t *testing.T) {
	for _, f := range []framing.Framer{lengthprefix.Uint32(), delimiter.Line()} {
		wire := must(f.Append(nil, []byte("ab")))
		_, payload, err := framing.NewReader(bytes.NewReader(wire), f).NextReader()
		if err != nil {
			t.Fatal(err)
		}
		if n, err := payload.Read(nil); n != 0 || err != nil {
			t.Errorf("Read(nil) = %d, %v; want 0, nil", n, err)
		}
	}
}

// A payload returns an error, and no byte, once the next frame was requested or the
// memory released: never a byte of another frame, or of another Buffer of the Pool.
func TestStalePayload(t *testing.T) {
	readFrame := func(r *framing.Reader) error { _, err := r.ReadFrame(); return err }
	for _, test := range []struct {
		name string
		next func(r *framing.Reader) error
		want error
		src  []string
	}{
		{"ReadFrame", readFrame, nil, []string{"one", "two"}},
		{"AppendPayload", func(r *framing.Reader) error { _, err := r.AppendPayload(nil); return err }, nil, []string{"one", "two"}},
		{"NextReader", func(r *framing.Reader) error { _, _, err := r.NextReader(); return err }, nil, []string{"one", "two"}},
		{"Frames", func(r *framing.Reader) error {
			for _, err := range r.Frames() {
				return err
			}
			return io.EOF
		}, nil, []string{"one", "two"}},
		{"ReadFrame without a frame", readFrame, errPause, []string{"one", "", "two"}},
		{"ReadFrame of a part", readFrame, errPause, []string{"one", "TWO", "", "two"}},
		{"ReadFrame at the end", readFrame, io.EOF, []string{"one"}},
		{"Release", func(r *framing.Reader) error { r.Release(); return nil }, nil, []string{"one", "two"}},
	} {
		for _, c := range []struct {
			name   string
			framer framing.Framer
			limit  int
		}{
			{"held", delimiter.Line(), 100},
			{"held,length", lengthprefix.Uint8(), 100},
			{"streamed", lengthprefix.Uint8(), 1},
			{"streamed,netstring", netstring.New(), 1},
		} {
			t.Run(test.name+" "+c.name, func(t *testing.T) {
				var pool framing.Pool
				var src frametest.Script
				for _, part := range test.src {
					switch part {
					case "":
						src = append(src, frametest.Read{Err: errPause})
					case "TWO": // without its last byte
						wire := must(c.framer.Append(nil, []byte("two")))
						src = append(src, frametest.Read{Data: string(wire[:len(wire)-1])})
					default:
						src = append(src, frametest.Read{Data: string(must(c.framer.Append(nil, []byte(part))))})
					}
				}
				r := framing.NewReader(&src, c.framer)
				r.SetPool(&pool)
				r.SetMaxPayload(c.limit)
				_, payload, err := r.NextReader()
				if err != nil {
					t.Fatal(err)
				}
				first := make([]byte, 1)
				if _, err := payload.Read(first); string(first) != "o" || err != nil {
					t.Fatalf(`Read() = %q, %v; want "o", nil`, first, err)
				}
				streamed := c.limit == 1
				if err := test.next(r); !errors.Is(err, test.want) && !(streamed && errors.Is(err, framing.ErrFrame)) {
					t.Fatalf("the next call: error %v; want %v", err, test.want)
				}
				other := framing.NewBuffer(c.framer)
				other.SetPool(&pool)
				other.Write(bytes.Repeat([]byte("x"), 100))
				p := make([]byte, 10)
				if n, err := payload.Read(p); n != 0 || err == nil || err == io.EOF || errors.Is(err, framing.ErrFrame) {
					t.Errorf("Read() of a stale payload = %q, %v; want no byte, an error", p[:n], err)
				}
				if n, err := payload.(io.WriterTo).WriteTo(io.Discard); n != 0 || err == nil || errors.Is(err, framing.ErrFrame) {
					t.Errorf("WriteTo() of a stale payload = %d, %v; want 0, an error", n, err)
				}
			})
		}
	}
}

// SetFramer returns ErrSkipping until a streamed payload was read or skipped.
func TestNextReader_SetFramer(t *testing.T) {
	for _, readAll := range []bool{false, true} {
		r := framing.NewReader(bytes.NewReader([]byte("\x05first\x03two\x00")), lengthprefix.Uint8())
		r.SetMaxPayload(3)
		_, payload, err := r.NextReader()
		if err != nil {
			t.Fatal(err)
		}
		if err := r.SetFramer(delimiter.Line()); err != framing.ErrSkipping {
			t.Fatalf("SetFramer() = %v; want ErrSkipping", err)
		}
		if readAll {
			if _, err := io.Copy(io.Discard, payload); err != nil {
				t.Fatal(err)
			}
		} else if p, err := r.ReadFrame(); string(p) != "two" || err != nil {
			t.Fatalf(`ReadFrame() = %q, %v; want "two", nil`, p, err)
		}
		if err := r.SetFramer(delimiter.Line()); err != nil {
			t.Fatalf("SetFramer() after the payload = %v; want nil", err)
		}
	}
}

// A fillNetstring is netstring with newlines between the frames.
type fillNetstring struct{ *netstring.Framer }

func (f fillNetstring) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if data[0] == '\n' {
		return framing.Frame{Size: 1}, framing.Resume{}, framing.ErrFill
	}
	return f.Framer.Split(data, r)
}

// NextReader discards fill, and does not wait for what follows it.
func TestNextReader_Fill(t *testing.T) {
	src := io.MultiReader(bytes.NewReader([]byte("\n\n1:a,\n1:b,\n")), iotest.ErrReader(errPause))
	r := framing.NewReader(src, fillNetstring{netstring.New()})
	for _, want := range []string{"a", "b"} {
		_, payload, err := r.NextReader()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(payload); string(got) != want || err != nil {
			t.Fatalf("read %q, %v; want %q, nil", got, err, want)
		}
	}
	if _, _, err := r.NextReader(); err != errPause || len(r.Unread()) != 0 {
		t.Fatalf("NextReader(): error %v, Unread() = %q; want %v, none", err, r.Unread(), errPause)
	}
}

// A header may end after its length, in a Read of its own or together with the
// payload.
func TestNextReader_HeaderInParts(t *testing.T) {
	f := must(lengthprefix.New(lengthprefix.Config{Width: 1, Strip: 5}))
	r := framing.NewReader(script("\x0babc", "dpay", "load", "\x04"), f)
	size, payload, err := r.NextReader()
	if size != 7 || err != nil {
		t.Fatalf("NextReader() = %d, _, %v; want 7, nil", size, err)
	}
	if got, err := io.ReadAll(payload); string(got) != "payload" || err != nil {
		t.Fatalf(`read %q, %v; want "payload", nil`, got, err)
	}
}

// WriteTo returns io.ErrShortWrite for a short write, and the rest of the payload
// remains.
func TestNextReader_WriteToShortWriter(t *testing.T) {
	for _, f := range []framing.Framer{lengthprefix.Uint8(), delimiter.Line()} {
		wire := must(f.Append(nil, []byte("abc")))
		_, payload, err := framing.NewReader(bytes.NewReader(wire), f).NextReader()
		if err != nil {
			t.Fatal(err)
		}
		var dst shortWriter
		for range 2 {
			if n, err := payload.(io.WriterTo).WriteTo(&dst); n != 1 || err != io.ErrShortWrite {
				t.Fatalf("WriteTo() = %d, %v; want 1, %v", n, err, io.ErrShortWrite)
			}
		}
		rest, err := io.ReadAll(payload)
		if got := dst.String() + string(rest); got != "abc" || err != nil {
			t.Fatalf(`all reads return %q, %v; want "abc", nil`, got, err)
		}
	}
}

// WriteTo returns the error of a Write that fails, and an error for a count that is
// impossible; the payload remains.
func TestNextReader_WriteToFailingWriter(t *testing.T) {
	_, payload, err := framing.NewReader(bytes.NewReader([]byte("\x03abc")), lengthprefix.Uint8()).NextReader()
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	if n, err := payload.(io.WriterTo).WriteTo(&failingWriter{err: full}); n != 0 || err != full {
		t.Fatalf("WriteTo() = %d, %v; want 0, %v", n, err, full)
	}
	for _, count := range []int{-1, 100} {
		n, err := payload.(io.WriterTo).WriteTo(&countWriter{n: count})
		if n != 0 {
			t.Fatalf("WriteTo() = %d; want 0", n)
		}
		checkError(t, "WriteTo()", err, "framing: Write returned an impossible count")
	}
	if got, err := io.ReadAll(payload); string(got) != "abc" || err != nil {
		t.Fatalf(`ReadAll() = %q, %v; want "abc", nil`, got, err)
	}
}

// A payload of 4 GiB (nearly 2 GiB on 32 bits) passes through a Reader and a Writer
// in less than 1 MiB of memory, also if its header is delivered.
func TestNextReader_LargerThanMemory(t *testing.T) {
	size := min(int64(4)<<30, math.MaxInt-1024)
	kept := must(lengthprefix.New(lengthprefix.Config{Width: 8, Keep: true}))
	for _, test := range []struct {
		framer          framing.Framer
		header, trailer string
	}{
		{lengthprefix.Uint64(), string(must(lengthprefix.Uint64().AppendHeader(nil, nil, size))), ""},
		{netstring.New(), fmt.Sprintf("%d:", size), ","},
		{kept, string(must(lengthprefix.Uint64().AppendHeader(nil, nil, size))), ""},
	} {
		payloadSize := size
		if test.framer == kept {
			payloadSize += int64(len(test.header))
		}
		dst := &countingWriter{Writer: io.Discard}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := framing.NewReader(io.MultiReader(bytes.NewReader([]byte(test.header)), zeros(size), bytes.NewReader([]byte(test.trailer))), test.framer)
		w := framing.NewWriter(dst, test.framer)
		n, payload, err := r.NextReader()
		if n != payloadSize || err != nil {
			t.Fatalf("%v: NextReader() = %d, _, %v; want %d, nil", test.framer, n, err, payloadSize)
		}
		if err := errors.Join(w.WriteFrom(payload, n), w.Flush()); err != nil {
			t.Fatalf("%v: WriteFrom(payload, %d) = %v; want nil", test.framer, n, err)
		}
		if _, _, err = r.NextReader(); err != io.EOF {
			t.Fatalf("%v: NextReader() at the end: error %v; want EOF", test.framer, err)
		}
		runtime.ReadMemStats(&after)
		if total := int64(len(test.header)) + size + int64(len(test.trailer)); dst.bytes != total {
			t.Errorf("%v: %d bytes were written; want %d", test.framer, dst.bytes, total)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%v: %d bytes were allocated; want at most 1 MiB", test.framer, n)
		}
	}
}

// A timeout inside a streamed payload gives the memory up and loses nothing.
func TestNextReader_TimeoutReleasesMemory(t *testing.T) {
	f := lengthprefix.Uint32()
	wire := must(f.Append(nil, bytes.Repeat([]byte("x"), 50_000)))
	src := &frametest.Script{{Data: string(wire[:40_000])}, {Err: os.ErrDeadlineExceeded}, {Data: string(wire[40_000:])}}
	r := framing.NewReader(src, f)
	r.SetMaxPayload(10)
	_, payload, err := r.NextReader()
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, payload)
	if err != os.ErrDeadlineExceeded || r.Held() > 4<<10 {
		t.Fatalf("Copy() = %d, %v, %d bytes held; want the timeout, at most 4 KiB", n, err, r.Held())
	}
	if rest, err := io.Copy(io.Discard, payload); n+rest != 50_000 || err != nil {
		t.Fatalf("Copy() = %d after %d, %v; want 50000 together, nil", rest, n, err)
	}
}
