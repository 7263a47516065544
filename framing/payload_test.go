package framing_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/cobs"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/headers"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/netstring"
)

// A streamCase is a framer, payloads that it carries, and their frames.
type streamCase struct {
	framer   framing.Framer
	payloads [][]byte
	wire     []byte
}

func streamCases(t *testing.T, sizes ...int) (all []streamCase) {
	t.Helper()
	wide, err := lengthprefix.New(lengthprefix.Config{Width: 4, Adjust: 70, Strip: 74})
	require.NoError(t, err)
	kept, err := lengthprefix.New(lengthprefix.Config{Width: 4, Strip: lengthprefix.KeepHeader})
	require.NoError(t, err)
	for _, f := range []framing.Framer{lengthprefix.Uint32(), lengthprefix.Varint(), netstring.New(), headers.New(), wide, kept, delimiter.Line(), cobs.New()} {
		c := streamCase{framer: f}
		for i, size := range sizes {
			payload := bytes.Repeat([]byte{'a' + byte(i)}, size)
			if f == kept {
				payload, err = lengthprefix.Uint32().Append(nil, payload)
				require.NoError(t, err)
			}
			c.payloads = append(c.payloads, payload)
			c.wire, err = f.Append(c.wire, payload)
			require.NoError(t, err)
		}
		all = append(all, c)
	}
	return all
}

// TestNextReader reads payloads as a whole, in part, not at all, and as slices,
// in turns, from sources that bring much or little.
func TestNextReader(t *testing.T) {
	for _, c := range streamCases(t, 5, 0, 1, 300, 70_000, 0, 5000, 3) {
		for name, source := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "halves": iotest.HalfReader, "bytes": iotest.OneByteReader, "dataErr": iotest.DataErrReader,
		} {
			for first := range 6 {
				r := framing.NewReader(source(bytes.NewReader(c.wire)), c.framer)
				for i, want := range c.payloads {
					how := (first + i) % 6
					where := fmt.Sprint(c.framer, " ", name, " payload ", i, " way ", how)
					if how == 0 {
						payload, err := r.ReadFrame()
						require.NoError(t, err, where)
						require.Equal(t, want, payload, where)
						continue
					}
					size, payload, err := r.NextReader()
					require.NoError(t, err, where)
					require.Equal(t, int64(len(want)), size, where)
					var have []byte
					switch how {
					case 1:
						have, err = io.ReadAll(payload)
					case 2:
						var b bytes.Buffer
						var n int64
						n, err = io.Copy(&b, payload)
						require.Equal(t, size, n)
						have = b.Bytes()
					case 3: // half of it, the rest is skipped
						want = want[:len(want)/2]
						have = make([]byte, len(want))
						_, err = io.ReadFull(payload, have)
					case 4: // just its bytes, not io.EOF behind them
						have = make([]byte, len(want))
						_, err = io.ReadFull(payload, have)
					case 5:
						want = nil
					}
					require.NoError(t, err, where)
					require.True(t, bytes.Equal(want, have), where)
				}
				for range 2 {
					_, _, err := r.NextReader()
					require.Equal(t, io.EOF, err)
					_, err = r.ReadFrame()
					require.Equal(t, io.EOF, err)
				}
				require.Equal(t, int64(len(c.wire)), r.Offset())
			}
		}
	}
}

// TestNextReaderEOF ends the stream at every byte.
func TestNextReaderEOF(t *testing.T) {
	for _, c := range streamCases(t, 3, 9, 0) {
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
				require.Equal(t, io.EOF, err)
				continue
			}
			var torn *framing.UnexpectedEOFError
			require.ErrorAs(t, err, &torn)
			require.Equal(t, offset, torn.Offset)
			require.Equal(t, int64(cut)-offset, torn.Have)
			_, _, again := r.NextReader()
			require.Equal(t, err, again)
			_, again = r.ReadFrame()
			require.Equal(t, err, again)
		}
	}
}

// hiccup is a source that fails before each byte it gives.
type hiccup struct {
	r     io.Reader
	ready bool
}

var errHiccup = errors.New("hiccup")

func (h *hiccup) Read(p []byte) (int, error) {
	if h.ready = !h.ready; h.ready {
		return 0, errHiccup
	}
	return h.r.Read(p[:1])
}

// TestNextReaderHiccup shows that errors of the source lose nothing.
func TestNextReaderHiccup(t *testing.T) {
	for _, c := range streamCases(t, 5, 0, 12) {
		r := framing.NewReader(&hiccup{r: bytes.NewReader(c.wire)}, c.framer)
		for _, want := range c.payloads {
			size, payload, err := r.NextReader()
			for errors.Is(err, errHiccup) {
				size, payload, err = r.NextReader()
			}
			require.NoError(t, err)
			require.Equal(t, int64(len(want)), size)
			var have []byte
			for {
				more, err := io.ReadAll(payload)
				have = append(have, more...)
				if err == nil {
					break
				}
				require.Equal(t, errHiccup, err)
			}
			require.True(t, bytes.Equal(want, have))
		}
	}
}

// TestNextReaderTrailer shows that what stands behind a payload is looked at,
// alike for a frame that has arrived whole and one that has not.
func TestNextReaderTrailer(t *testing.T) {
	for _, source := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.DataErrReader} {
		r := framing.NewReader(source(bytes.NewReader([]byte("3:abcX0:Y1:d,"))), netstring.New())
		for i, want := range []string{"abc", "", "d"} {
			_, payload, err := r.NextReader()
			require.NoError(t, err)
			have, err := io.ReadAll(payload)
			require.Equal(t, want, string(have))
			if want == "d" {
				require.NoError(t, err)
				continue
			}
			require.ErrorIs(t, err, framing.ErrFrame)
			var format *framing.FormatError
			require.ErrorAs(t, err, &format)
			require.Equal(t, int64(6*i), format.Offset)
			_, again := payload.Read(make([]byte, 1))
			require.Equal(t, err, again)
		}
	}
}

// TestNextReaderLost shows that a stream that is lost stays lost.
func TestNextReaderLost(t *testing.T) {
	r := framing.NewReader(bytes.NewReader([]byte("1:a,x")), netstring.New())
	_, _, err := r.NextReader()
	require.NoError(t, err)
	for range 2 {
		_, _, err = r.NextReader()
		var format *framing.FormatError
		require.ErrorAs(t, err, &format)
		require.True(t, format.Final)
	}
}

// TestNextReaderLimit shows that MaxPayload bounds what is held, and only that.
func TestNextReaderLimit(t *testing.T) {
	for _, c := range streamCases(t, 100) {
		r := framing.NewReader(bytes.NewReader(c.wire), c.framer)
		r.SetMaxPayload(10)
		size, _, err := r.NextReader()
		if _, ok := c.framer.(framing.Prefixer); ok {
			require.NoError(t, err)
			require.Equal(t, int64(len(c.payloads[0])), size)
			continue
		}
		var large *framing.TooLargeError
		require.ErrorAs(t, err, &large)
	}
}

// TestStalePayload shows that a payload says so when its time is over, and that
// its frame counts as being skipped until then.
func TestStalePayload(t *testing.T) {
	for _, next := range []func(*framing.Reader) error{
		func(r *framing.Reader) error { _, err := r.ReadFrame(); return err },
		func(r *framing.Reader) error { _, _, err := r.NextReader(); return err },
	} {
		wire, _ := lengthprefix.Uint8().Append(nil, []byte("one"))
		wire, _ = lengthprefix.Uint8().Append(wire, []byte("two"))
		wire, _ = lengthprefix.Uint8().Append(wire, nil)
		r := framing.NewReader(bytes.NewReader(wire), lengthprefix.Uint8())
		_, payload, err := r.NextReader()
		require.NoError(t, err)
		require.ErrorIs(t, r.SetFramer(delimiter.Line()), framing.ErrSkipping)
		_, err = r.ReadFrame()
		require.NoError(t, err)
		_, err = payload.Read(make([]byte, 1))
		require.Error(t, err)
		require.NotEqual(t, io.EOF, err)
		require.NoError(t, next(r))
		require.NoError(t, r.SetFramer(delimiter.Line()))
	}
}

// TestStaleWhileSkipping shows that a payload whose time is over does not read
// of a frame that is being skipped.
func TestStaleWhileSkipping(t *testing.T) {
	r := framing.NewReader(bytes.NewReader([]byte("\x03one\x03two")), lengthprefix.Uint8())
	r.SetMaxPayload(2)
	_, payload, err := r.NextReader()
	require.NoError(t, err)
	_, err = r.ReadFrame()
	require.ErrorIs(t, err, framing.ErrFrame)
	n, err := payload.Read(make([]byte, 1))
	require.Error(t, err)
	require.Zero(t, n)
	_, err = r.ReadFrame()
	require.Equal(t, io.EOF, err)
}

// idleNetstring is netstring with newlines between the frames.
type idleNetstring struct{ *netstring.Framer }

func (f idleNetstring) Split(data []byte, seen int) (framing.Frame, error) {
	if data[0] == '\n' {
		return framing.Frame{Size: 1}, framing.ErrIdle
	}
	return f.Framer.Split(data, seen)
}

// TestNextReaderIdle shows that idle bytes are passed over, and that what stands
// behind them is not waited for.
func TestNextReaderIdle(t *testing.T) {
	src := io.MultiReader(bytes.NewReader([]byte("\n\n1:a,\n1:b,\n")), iotest.ErrReader(errHiccup))
	r := framing.NewReader(src, idleNetstring{netstring.New()})
	for _, want := range []string{"a", "b"} {
		_, payload, err := r.NextReader()
		require.NoError(t, err)
		have, err := io.ReadAll(payload)
		require.NoError(t, err)
		require.Equal(t, want, string(have))
	}
	_, _, err := r.NextReader()
	require.Equal(t, errHiccup, err)
	require.Empty(t, r.Buffered())
}

// narrow takes one byte of each Write.
type narrow struct{ bytes.Buffer }

func (n *narrow) Write(p []byte) (int, error) { return n.Buffer.Write(p[:1]) }

// TestPayloadNoLimit shows that payloads of any size are read one behind the
// other, at once and byte by byte, by a Prefixer and by another Framer.
func TestPayloadNoLimit(t *testing.T) {
	for _, f := range []framing.Framer{lengthprefix.Uint8(), delimiter.Line()} {
		var wire []byte
		for _, payload := range []string{"a", "b", "c"} {
			wire = must(f.Append(wire, []byte(payload)))
		}
		for _, src := range []io.Reader{bytes.NewReader(wire), iotest.OneByteReader(bytes.NewReader(wire))} {
			r := framing.NewReader(src, f)
			r.SetMaxPayload(-1)
			for _, want := range []string{"a", "b", "c"} {
				size, payload, err := r.NextReader()
				require.NoError(t, err)
				require.Equal(t, int64(1), size)
				have, err := io.ReadAll(payload)
				require.NoError(t, err)
				require.Equal(t, want, string(have))
			}
			_, _, err := r.NextReader()
			require.Equal(t, io.EOF, err)
		}
	}
}

// TestPayloadShortWrite shows that WriteTo notices a write that is short, and
// loses nothing of the payload by it.
func TestPayloadShortWrite(t *testing.T) {
	for _, f := range []framing.Framer{lengthprefix.Uint8(), delimiter.Line()} {
		wire, err := f.Append(nil, []byte("abc"))
		require.NoError(t, err)
		_, payload, err := framing.NewReader(bytes.NewReader(wire), f).NextReader()
		require.NoError(t, err)
		var dst narrow
		for range 2 {
			n, err := payload.(io.WriterTo).WriteTo(&dst)
			require.Equal(t, io.ErrShortWrite, err)
			require.Equal(t, int64(1), n)
		}
		rest, err := io.ReadAll(payload)
		require.NoError(t, err)
		require.Equal(t, "abc", dst.String()+string(rest))
	}
}

// TestPayloadFailingWrite shows that WriteTo returns the error of a write that
// takes nothing.
func TestPayloadFailingWrite(t *testing.T) {
	_, payload, err := framing.NewReader(bytes.NewReader([]byte("\x03abc")), lengthprefix.Uint8()).NextReader()
	require.NoError(t, err)
	r, w := io.Pipe()
	require.NoError(t, r.Close())
	n, err := payload.(io.WriterTo).WriteTo(w)
	require.Equal(t, io.ErrClosedPipe, err)
	require.Zero(t, n)
}

// still is a source of size bytes that it does not care to write.
type still struct{ left int64 }

func (s *still) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), s.left)
	s.left -= n
	return int(n), nil
}

// counter counts what is written to it.
type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// TestLargerThanMemory passes a payload of 4 GiB (on 32 bits, of nearly 2)
// through a Reader and a Writer in less than 1 MiB of memory.
func TestLargerThanMemory(t *testing.T) {
	size := min(int64(4)<<30, math.MaxInt-1024)
	for _, f := range []framing.Framer{lengthprefix.Uint64(), netstring.New()} {
		head, err := f.(framing.Prefixer).AppendHeader(nil, size)
		require.NoError(t, err)
		trailer := f.(framing.Prefixer).Trailer()
		total := int64(len(head)) + size + int64(len(trailer))
		var dst counter

		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := framing.NewReader(io.MultiReader(bytes.NewReader(head), &still{size}, bytes.NewReader(trailer)), f)
		w := framing.NewWriter(&dst, f)
		have, payload, err := r.NextReader()
		require.NoError(t, err)
		require.Equal(t, size, have)
		require.NoError(t, w.WriteFrom(payload, size))
		require.NoError(t, w.Flush())
		_, _, err = r.NextReader()
		require.Equal(t, io.EOF, err)
		runtime.ReadMemStats(&after)

		require.Equal(t, total, dst.n)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
	}
}

// TestWriteFrom shows that frames of all sizes come out as WriteFrame makes
// them, and that no byte behind the payload is taken from the source.
func TestWriteFrom(t *testing.T) {
	for _, c := range streamCases(t, 5, 0, 1, 300, 70_000, 0, 32<<10, 3) {
		if _, ok := c.framer.(framing.Prefixer); !ok || c.framer.MaxEncodedLen(0) == 4 {
			continue // refused: see TestWriteFromRefused
		}
		for _, source := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.DataErrReader, iotest.HalfReader} {
			var wire bytes.Buffer
			w := framing.NewWriter(&wire, c.framer)
			for i, payload := range c.payloads {
				if i%3 == 2 {
					require.NoError(t, w.WriteFrame(payload))
					continue
				}
				if i%3 == 1 { // io.EOF comes with the last byte
					require.NoError(t, w.WriteFrom(iotest.DataErrReader(bytes.NewReader(payload)), int64(len(payload))))
					continue
				}
				src := bytes.NewReader(append(bytes.Clone(payload), "rest"...))
				require.NoError(t, w.WriteFrom(source(src), int64(len(payload))))
				rest, err := io.ReadAll(src)
				require.NoError(t, err)
				require.LessOrEqual(t, len(rest), 4)
			}
			require.NoError(t, w.Flush())
			require.True(t, bytes.Equal(c.wire, wire.Bytes()), c.framer)
		}
	}
}

func TestWriteFromRefused(t *testing.T) {
	kept, err := lengthprefix.New(lengthprefix.Config{Width: 4, Strip: lengthprefix.KeepHeader})
	require.NoError(t, err)
	for _, f := range []framing.Framer{kept, delimiter.Line(), lengthprefix.Uint8()} {
		var wire bytes.Buffer
		w := framing.NewWriter(&wire, f)
		require.Error(t, w.WriteFrom(&still{300}, 300))
		require.Error(t, w.WriteFrom(&still{300}, -1))
		require.NoError(t, w.Flush())
		require.Zero(t, wire.Len())
	}
}

// TestWriteFromShort ends the source early: nothing of a frame that had not
// left the buffer is written, and nothing ever behind one that is torn.
func TestWriteFromShort(t *testing.T) {
	const size = 100_000
	for _, have := range []int64{0, 1, 1000, 50_000, size - 1} {
		for name, c := range map[string]struct {
			src  io.Reader
			want error
		}{
			"ends":         {&still{have}, io.ErrUnexpectedEOF},
			"fails":        {io.MultiReader(&still{have}, iotest.ErrReader(errHiccup)), errHiccup},
			"says nothing": {io.MultiReader(&still{have}, silent{}), io.ErrNoProgress},
		} {
			t.Run(fmt.Sprint(name, have), func(t *testing.T) {
				var wire bytes.Buffer
				w := framing.NewWriter(&wire, netstring.New())
				require.NoError(t, w.WriteFrame([]byte("before")))
				err := w.WriteFrom(c.src, size)
				var short *framing.SourceError
				require.ErrorAs(t, err, &short)
				require.ErrorIs(t, err, c.want)
				require.Equal(t, have, short.Have)
				require.Equal(t, int64(size), short.Want)
				require.Equal(t, have >= 32<<10, short.Final)
				written := wire.Len()
				if short.Final {
					require.Equal(t, err, w.WriteFrame([]byte("behind")))
					require.Equal(t, err, w.WriteFrom(&still{1}, 1))
					require.Equal(t, err, w.Flush())
					require.Equal(t, written, wire.Len())
					return
				}
				require.NoError(t, w.WriteFrame([]byte("behind")))
				require.NoError(t, w.Flush())
				require.Equal(t, "6:before,6:behind,", wire.String())
			})
		}
	}
}

// silent is a source that returns nothing for ever.
type silent struct{}

func (silent) Read([]byte) (int, error) { return 0, nil }

// slow is a source that returns nothing 60 times before each byte.
type slow struct {
	r     io.Reader
	times int
}

func (s *slow) Read(p []byte) (int, error) {
	if s.times++; s.times%61 > 0 {
		return 0, nil
	}
	return s.r.Read(p[:1])
}

// TestWriteFromSlow shows that a source may take its time.
func TestWriteFromSlow(t *testing.T) {
	var wire bytes.Buffer
	w := framing.NewWriter(&wire, netstring.New())
	require.NoError(t, w.WriteFrom(&slow{r: bytes.NewReader([]byte("abc"))}, 3))
	require.NoError(t, w.Flush())
	require.Equal(t, "3:abc,", wire.String())
}

// TestConnWriteFromShort shows that a source that ends short takes no frame of
// others with it, and that offsets stay true.
func TestConnWriteFromShort(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	w, r := framing.NewConn(a, netstring.New()), framing.NewConn(b, netstring.New())
	const rounds = 300
	for range rounds {
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if err := w.WriteFrame([]byte("x")); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				var short *framing.SourceError
				if err := w.WriteFrom(&still{2}, 3); !errors.As(err, &short) || short.Final {
					t.Error(err)
				}
			})
		}
		for range 3 {
			payload, err := r.ReadFrame()
			require.NoError(t, err)
			require.Equal(t, "x", string(payload))
		}
		wg.Wait()
	}
	w.SetMaxPayload(0)
	var large *framing.TooLargeError
	require.ErrorAs(t, w.WriteFrame([]byte("x")), &large)
	require.Equal(t, int64(rounds*3*len("1:x,")), large.Offset)
}

// TestConnWriteFromShortBehindOthers does so where the frame of another waits,
// which is written at the same turn or before.
func TestConnWriteFromShortBehindOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan error)}
		c := framing.NewConn(stub{Writer: g}, lengthprefix.Uint8())
		const rounds = 20
		for range rounds {
			errs := make(chan error, 2)
			go func() { errs <- c.WriteFrame([]byte("a")) }()
			synctest.Wait()
			short := make(chan error, 1)
			go func() { short <- c.WriteFrom(&still{2}, 3) }()
			synctest.Wait()
			go func() { errs <- c.WriteFrame([]byte("b")) }()
			synctest.Wait()
			for range 2 {
				g.open <- nil
				require.NoError(t, <-errs)
			}
			require.Error(t, <-short)
		}
		require.Equal(t, strings.Repeat("\x01a\x01b", rounds), g.took.String())
		c.SetMaxPayload(0)
		var large *framing.TooLargeError
		require.ErrorAs(t, c.WriteFrame([]byte("x")), &large)
		require.Equal(t, int64(g.took.Len()), large.Offset)
	})
}

// TestConnWriteFrom writes frames from many goroutines by all ways, one of them
// from sources that end short, and reads them whole and in order.
func TestConnWriteFrom(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	w, r := framing.NewConn(a, netstring.New()), framing.NewConn(b, netstring.New())
	const writers, frames = 6, 60
	size := func(writer, i int) int { return (writer*7919 + i*104_729) % 70_000 }
	var wg sync.WaitGroup
	for writer := range writers {
		wg.Go(func() {
			for i := range frames {
				payload := bytes.Repeat([]byte{byte(writer)}, size(writer, i)+2)
				payload[0] = byte(i)
				var err error
				switch {
				case writer%2 == 0:
					err = w.WriteFrame(payload)
				case writer == 1 && i%2 == 0:
					var short *framing.SourceError
					if err := w.WriteFrom(bytes.NewReader(payload[:2]), 1000); !errors.As(err, &short) || short.Final {
						t.Errorf("short source: %v", err)
					}
					fallthrough
				default:
					err = w.WriteFrom(bytes.NewReader(payload), int64(len(payload)))
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	var wire int64
	var next [writers]int
	for range writers * frames {
		n, payload, err := r.NextReader()
		require.NoError(t, err)
		have, err := io.ReadAll(payload)
		require.NoError(t, err)
		require.Len(t, have, int(n))
		wire += int64(len(fmt.Sprintf("%d:%s,", n, have)))
		writer := have[1]
		i := next[writer]
		next[writer]++
		want := bytes.Repeat([]byte{writer}, size(int(writer), i)+2)
		want[0] = byte(i)
		require.True(t, bytes.Equal(want, have))
	}
	wg.Wait()
	w.SetMaxPayload(0)
	var large *framing.TooLargeError
	require.ErrorAs(t, w.WriteFrame([]byte("x")), &large)
	require.Equal(t, wire, large.Offset)

	// A torn frame ends the writing.
	errs := make(chan error, 1)
	go func() { errs <- w.WriteFrom(&still{100_000}, 100_001) }()
	_, payload, err := r.NextReader()
	require.NoError(t, err)
	go io.Copy(io.Discard, payload)
	err = <-errs
	var short *framing.SourceError
	require.ErrorAs(t, err, &short)
	require.True(t, short.Final)
	require.Equal(t, err, w.WriteFrame(nil))
}

// TestNextReaderSourceErrors shows that an error of the source is returned in
// the middle of a payload, as it is, and that the next call goes on.
func TestNextReaderSourceErrors(t *testing.T) {
	r := framing.NewReader(&pieces{{"\x05he", nil}, {"", errPause}, {"llo", nil}}, lengthprefix.Uint8())
	_, payload, err := r.NextReader()
	require.NoError(t, err)
	for _, want := range []struct {
		data string
		err  error
	}{{"he", nil}, {"", errPause}, {"llo", nil}, {"", io.EOF}} {
		data := make([]byte, 10)
		n, err := payload.Read(data)
		require.Equal(t, want.data, string(data[:n]))
		require.Equal(t, want.err, err)
	}
}

// TestNextReaderHeaderInParts shows a header that goes on behind the length, and
// whose end arrives with the payload.
func TestNextReaderHeaderInParts(t *testing.T) {
	f := must(lengthprefix.New(lengthprefix.Config{Width: 1, Strip: 5}))
	r := framing.NewReader(&pieces{{"\x0babc", nil}, {"dpay", nil}, {"load", nil}, {"\x04", nil}}, f)
	size, payload, err := r.NextReader()
	require.NoError(t, err)
	require.Equal(t, int64(7), size)
	data, err := io.ReadAll(payload)
	require.NoError(t, err)
	require.Equal(t, "payload", string(data))
}
