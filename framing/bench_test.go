package framing_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"testing"
	"testing/iotest"

	"github.com/smallnest/goframe"
	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// The benchmarks compare implementations of the same framing: wholeframe, by hand on
// bufio, bufio.Scanner and goframe. For a table:
//
//	go test -run=- -bench=Frame -count=6 ./framing | benchstat -col /by -

var benchmarkSizes = []int{16, 128, 1 << 10, 64 << 10}

// A contestant returns functions that read or write one frame of size bytes.
type contestant struct {
	by     string
	reader func(src io.Reader, size int) func() ([]byte, error)
	writer func(dst io.Writer, size int) func(payload []byte) error
}

// handSize is the buffer size for bufio: 64 KiB, as a Reader's, or more for a frame
// of 64 KiB.
func handSize(size int) int { return max(64<<10, 2*size) }

func readByReader(f framing.Framer) func(io.Reader, int) func() ([]byte, error) {
	return func(src io.Reader, _ int) func() ([]byte, error) { return framing.NewReader(src, f).ReadFrame }
}

func writeByWriter(f framing.Framer) func(io.Writer, int) func([]byte) error {
	return func(dst io.Writer, _ int) func([]byte) error { return framing.NewWriter(dst, f).WriteFrame }
}

func writeByConn(f framing.Framer) func(io.Writer, int) func([]byte) error {
	return func(dst io.Writer, _ int) func([]byte) error {
		return framing.NewConn(ioConn{Writer: dst}, f).WriteFrame
	}
}

func readByScanner(split bufio.SplitFunc) func(io.Reader, int) func() ([]byte, error) {
	return func(src io.Reader, size int) func() ([]byte, error) {
		s := bufio.NewScanner(src)
		s.Buffer(make([]byte, handSize(size)), handSize(size))
		s.Split(split)
		return func() ([]byte, error) {
			if !s.Scan() {
				return nil, s.Err()
			}
			return s.Bytes(), nil
		}
	}
}

func byGoframe(peer func(c ioConn, size int) goframe.FrameConn) contestant {
	return contestant{"goframe",
		func(src io.Reader, size int) func() ([]byte, error) { return peer(ioConn{Reader: src}, size).ReadFrame },
		func(dst io.Writer, size int) func([]byte) error { return peer(ioConn{Writer: dst}, size).WriteFrame },
	}
}

// framings returns the framings of the benchmarks, with the contestants of each.
func framings(size int) []struct {
	name        string
	framer      framing.Framer
	contestants []contestant
} {
	line, length, varint, same := delimiter.Line(), lengthprefix.Uint32(), lengthprefix.Varint(), must(fixed.New(size))
	ours := func(f framing.Framer) []contestant {
		return []contestant{{"wholeframe", readByReader(f), writeByWriter(f)}, {"wholeframe.Conn", nil, writeByConn(f)}}
	}
	return []struct {
		name        string
		framer      framing.Framer
		contestants []contestant
	}{
		{"line", line, append(ours(line),
			contestant{"hand", lineByHand, writeLineByHand},
			contestant{"Scanner", readByScanner(bufio.ScanLines), nil},
			byGoframe(func(c ioConn, _ int) goframe.FrameConn { return goframe.NewLineBasedFrameConn(c) }))},
		{"length", length, append(ours(length),
			contestant{"hand", lengthByHand, writeLengthByHand},
			contestant{"Scanner", readByScanner(scanLength), nil},
			byGoframe(func(c ioConn, _ int) goframe.FrameConn {
				return goframe.NewLengthFieldBasedFrameConn(
					goframe.EncoderConfig{ByteOrder: binary.BigEndian, LengthFieldLength: 4},
					goframe.DecoderConfig{ByteOrder: binary.BigEndian, LengthFieldLength: 4, InitialBytesToStrip: 4}, c)
			}))},
		{"varint", varint, append(ours(varint), contestant{"hand", varintByHand, writeVarintByHand})},
		{"fixed", same, append(ours(same),
			contestant{"hand", fixedByHand, writeFixedByHand},
			contestant{"Scanner", readByScanner(scanFixed(size)), nil},
			byGoframe(func(c ioConn, size int) goframe.FrameConn { return goframe.NewFixedLengthFrameConn(size, c) }))},
	}
}

func lineByHand(src io.Reader, size int) func() ([]byte, error) {
	r := bufio.NewReaderSize(src, handSize(size))
	return func() ([]byte, error) {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		line = line[:len(line)-1]
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		return line, nil
	}
}

func lengthByHand(src io.Reader, size int) func() ([]byte, error) {
	r := bufio.NewReaderSize(src, handSize(size))
	return func() ([]byte, error) {
		header, err := r.Peek(4)
		if err != nil {
			return nil, err
		}
		n := int(binary.BigEndian.Uint32(header))
		if n > framing.DefaultMaxPayload {
			return nil, bufio.ErrTooLong
		}
		frame, err := r.Peek(4 + n)
		if err != nil {
			return nil, err
		}
		r.Discard(4 + n)
		return frame[4:], nil
	}
}

func varintByHand(src io.Reader, size int) func() ([]byte, error) {
	r := bufio.NewReaderSize(src, handSize(size))
	return func() ([]byte, error) {
		n, err := binary.ReadUvarint(r)
		if err != nil {
			return nil, err
		}
		if n > framing.DefaultMaxPayload {
			return nil, bufio.ErrTooLong
		}
		payload, err := r.Peek(int(n))
		if err != nil {
			return nil, err
		}
		r.Discard(int(n))
		return payload, nil
	}
}

func fixedByHand(src io.Reader, size int) func() ([]byte, error) {
	r := bufio.NewReaderSize(src, handSize(size))
	return func() ([]byte, error) {
		payload, err := r.Peek(size)
		if err != nil {
			return nil, err
		}
		r.Discard(size)
		return payload, nil
	}
}

func scanLength(data []byte, atEOF bool) (int, []byte, error) {
	if len(data) < 4 {
		return 0, nil, nil
	}
	n := 4 + int(binary.BigEndian.Uint32(data))
	if len(data) < n {
		return 0, nil, nil
	}
	return n, data[4:n], nil
}

func scanFixed(size int) bufio.SplitFunc {
	return func(data []byte, atEOF bool) (int, []byte, error) {
		if len(data) < size {
			return 0, nil, nil
		}
		return size, data[:size], nil
	}
}

func writeLineByHand(dst io.Writer, _ int) func([]byte) error {
	w := bufio.NewWriterSize(dst, 32<<10)
	return func(payload []byte) error {
		if _, err := w.Write(payload); err != nil {
			return err
		}
		return w.WriteByte('\n')
	}
}

func writeLengthByHand(dst io.Writer, _ int) func([]byte) error {
	w := bufio.NewWriterSize(dst, 32<<10)
	header := make([]byte, 4)
	return func(payload []byte) error {
		binary.BigEndian.PutUint32(header, uint32(len(payload)))
		if _, err := w.Write(header); err != nil {
			return err
		}
		_, err := w.Write(payload)
		return err
	}
}

func writeVarintByHand(dst io.Writer, _ int) func([]byte) error {
	w := bufio.NewWriterSize(dst, 32<<10)
	header := make([]byte, binary.MaxVarintLen64)
	return func(payload []byte) error {
		if _, err := w.Write(header[:binary.PutUvarint(header, uint64(len(payload)))]); err != nil {
			return err
		}
		_, err := w.Write(payload)
		return err
	}
}

func writeFixedByHand(dst io.Writer, _ int) func([]byte) error {
	w := bufio.NewWriterSize(dst, 32<<10)
	return func(payload []byte) error {
		_, err := w.Write(payload)
		return err
	}
}

// BenchmarkReadFrame reads frames from an endless stream in memory.
func BenchmarkReadFrame(b *testing.B) {
	for _, size := range benchmarkSizes {
		for _, f := range framings(size) {
			payload := bytes.Repeat([]byte("x"), size)
			var stream []byte
			for len(stream) < 1<<20 {
				stream = must(f.framer.Append(stream, payload))
			}
			for _, c := range f.contestants {
				if c.reader == nil {
					continue
				}
				b.Run(fmt.Sprintf("framing=%s/size=%d/by=%s", f.name, size, c.by), func(b *testing.B) {
					src := &repeatReader{data: stream}
					var r io.Reader = src
					if c.by == "goframe" && f.name == "length" {
						r = alignedReader{src, len(payload) + 4}
					}
					read := c.reader(r, size)
					b.SetBytes(int64(size))
					b.ReportAllocs()
					for b.Loop() {
						if p, err := read(); err != nil || len(p) != size {
							b.Fatal(len(p), err)
						}
					}
				})
			}
		}
	}
}

// An alignedReader returns whole frames of size bytes, as many as fit, or a part of
// one that does not: no header is cut in two, which goframe does not support.
type alignedReader struct {
	src  *repeatReader
	size int
}

func (a alignedReader) Read(p []byte) (int, error) {
	left := a.size - a.src.r%a.size
	if n := left + (len(p)-left)/a.size*a.size; len(p) >= left {
		p = p[:n]
	}
	return a.src.Read(p)
}

// BenchmarkWriteFrame writes frames to nowhere. A Writer and bufio collect them, a
// Conn and goframe write each.
func BenchmarkWriteFrame(b *testing.B) {
	for _, size := range benchmarkSizes {
		payload := bytes.Repeat([]byte("x"), size)
		for _, f := range framings(size) {
			for _, c := range f.contestants {
				if c.writer == nil {
					continue
				}
				b.Run(fmt.Sprintf("framing=%s/size=%d/by=%s", f.name, size, c.by), func(b *testing.B) {
					write := c.writer(discardWriter{}, size)
					b.SetBytes(int64(size))
					b.ReportAllocs()
					for b.Loop() {
						if err := write(payload); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}

// A discardWriter discards what is written, and has no other methods.
type discardWriter struct{}

func (discardWriter) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkDrip reads one frame that arrives byte by byte: the time for a byte
// does not depend on the size of the frame.
func BenchmarkDrip(b *testing.B) {
	for _, size := range []int{64 << 10, 512 << 10, 4 << 20} {
		for _, f := range framings(size) {
			stream := must(f.framer.Append(nil, bytes.Repeat([]byte("x"), size)))
			for _, c := range f.contestants {
				if c.by != "wholeframe" && (c.by != "Scanner" || size > 64<<10) {
					continue // a Scanner takes 64 times as long for 8 times the bytes
				}
				b.Run(fmt.Sprintf("framing=%s/size=%d/by=%s", f.name, size, c.by), func(b *testing.B) {
					for b.Loop() {
						src := iotest.OneByteReader(bytes.NewReader(stream))
						read := c.reader(src, size)
						if c.by == "wholeframe" {
							r := framing.NewReader(src, f.framer)
							r.SetMaxPayload(size)
							read = r.ReadFrame
						}
						if p, err := read(); err != nil || len(p) != size {
							b.Fatal(len(p), err)
						}
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(stream)), "ns/byte")
				})
			}
		}
	}
}

// BenchmarkAnnounced shows in B/op how much memory a connection holds that has
// announced 1 MiB and sent one byte of it.
func BenchmarkAnnounced(b *testing.B) {
	const size = 1 << 20
	for _, f := range framings(size) {
		if f.name == "line" {
			continue
		}
		stream := must(f.framer.Append(nil, bytes.Repeat([]byte("x"), size)))
		stream = stream[:len(stream)-size+1]
		for _, c := range f.contestants {
			if c.by != "wholeframe" && c.by != "goframe" {
				continue
			}
			b.Run(fmt.Sprintf("framing=%s/by=%s", f.name, c.by), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					src := &frametest.Script{{Data: string(stream), Err: os.ErrDeadlineExceeded}, {Err: os.ErrDeadlineExceeded}}
					if p, err := c.reader(src, size)(); err == nil {
						b.Fatal(len(p), err)
					}
				}
			})
		}
	}
}
