package framing_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"testing"

	"github.com/smallnest/goframe"
	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"pgregory.net/rapid"
)

var _ goframe.FrameConn = framing.CopyConn{}

func TestGoframe_Line(t *testing.T) {
	exchange(t, delimiter.Line(), goframe.NewLineBasedFrameConn, 0, 1, 100, 5000, 100_000)
}

func TestGoframe_FixedLength(t *testing.T) {
	for _, size := range []int{1, 16, 5000, 100_000} {
		peer := func(c net.Conn) goframe.FrameConn { return goframe.NewFixedLengthFrameConn(size, c) }
		exchange(t, must(fixed.New(size)), peer, size, size, size)
	}
}

// goframe has an adjustment that is added to the length on writing, and another for
// reading; a Framer has the one for reading.
func TestGoframe_LengthField(t *testing.T) {
	for _, width := range []int{1, 2, 3, 4, 8} {
		for _, order := range []binary.ByteOrder{binary.BigEndian, binary.LittleEndian} {
			for _, adjust := range []int{0, -2, 3} {
				for _, includes := range []bool{false, true} {
					t.Run(fmt.Sprintf("width %d, %v, adjust %d, includes the length field %t", width, order, adjust, includes), func(t *testing.T) {
						f := must(lengthprefix.New(lengthprefix.Config{
							Width: width, LittleEndian: order == binary.LittleEndian, Adjust: adjust, IncludesHeader: includes,
						}))
						decodes := goframe.DecoderConfig{ByteOrder: order, LengthFieldLength: width, LengthAdjustment: adjust, InitialBytesToStrip: width}
						if includes {
							decodes.LengthAdjustment -= width
						}
						encodes := goframe.EncoderConfig{ByteOrder: order, LengthFieldLength: width, LengthAdjustment: -adjust, LengthIncludesLengthFieldLength: includes}
						peer := func(c net.Conn) goframe.FrameConn {
							return goframe.NewLengthFieldBasedFrameConn(encodes, decodes, c)
						}
						sizes := []int{3, 4, 100, 240}
						if width > 1 {
							sizes = append(sizes, 5000, 60_000)
						}
						if width > 2 {
							sizes = append(sizes, 100_000)
						}
						exchange(t, f, peer, sizes...)
					})
				}
			}
		}
	}
}

// exchange sends payloads of these sizes to a peer on a TCP connection, which
// returns them, and then the other way round. One frame is under way at a time.
func exchange(t *testing.T, f framing.Framer, peer func(net.Conn) goframe.FrameConn, sizes ...int) {
	t.Helper()
	client, server := loopback(t)
	ours, theirs := goframe.FrameConn(framing.NewCopyConn(framing.NewConn(client, f))), peer(server)
	for _, way := range []struct {
		name     string
		from, to goframe.FrameConn
	}{{"they echo", ours, theirs}, {"we echo", theirs, ours}} {
		done := make(chan error, 1)
		go func() {
			for range sizes {
				p, err := way.to.ReadFrame()
				if err == nil {
					err = way.to.WriteFrame(p)
				}
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
		for i, size := range sizes {
			want := bytes.Repeat([]byte{byte('a' + i)}, size)
			if err := way.from.WriteFrame(want); err != nil {
				t.Fatalf("%s: WriteFrame() of %d bytes = %v; want nil", way.name, size, err)
			}
			if got, err := way.from.ReadFrame(); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s: ReadFrame() = %d bytes, %v; want the %d written, nil", way.name, len(got), err, size)
			}
		}
		if err := <-done; err != nil {
			t.Fatalf("%s: the echo failed: %v", way.name, err)
		}
	}
}

// Whole frames of random layouts: goframe reads what a Framer writes, with header
// bytes before and after the field, and the other way round.
func TestGoframe_LengthFieldRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := lengthprefix.Config{
			Width:          rapid.SampledFrom([]int{1, 2, 3, 4, 8}).Draw(t, "width"),
			LittleEndian:   rapid.Bool().Draw(t, "little"),
			Offset:         rapid.IntRange(0, 9).Draw(t, "offset"),
			Adjust:         rapid.IntRange(-9, 9).Draw(t, "adjust"),
			IncludesHeader: rapid.Bool().Draw(t, "includes-header"),
			Keep:           rapid.Bool().Draw(t, "keep"),
		}
		if !c.Keep {
			c.Strip = rapid.IntRange(0, 24).Draw(t, "strip")
		}
		f, err := lengthprefix.New(c)
		if err != nil {
			return // no such layout
		}
		strip := f.Config().Strip
		header := c.Offset + c.Width
		decodes := goframe.DecoderConfig{
			ByteOrder: binary.BigEndian, LengthFieldOffset: c.Offset, LengthFieldLength: c.Width, LengthAdjustment: c.Adjust, InitialBytesToStrip: strip,
		}
		encodes := goframe.EncoderConfig{
			ByteOrder: binary.BigEndian, LengthFieldLength: c.Width, LengthAdjustment: -c.Adjust, LengthIncludesLengthFieldLength: c.IncludesHeader,
		}
		if c.LittleEndian {
			decodes.ByteOrder, encodes.ByteOrder = binary.LittleEndian, binary.LittleEndian
		}
		if c.IncludesHeader {
			decodes.LengthAdjustment -= header
		}

		for range rapid.IntRange(1, 5).Draw(t, "frames") {
			// Random bytes around a field that gives their number.
			frame := rapid.SliceOfN(rapid.Byte(), max(header, strip), 600).Draw(t, "frame")
			value := len(frame) - c.Adjust
			if !c.IncludesHeader {
				value -= header
			}
			if value < 0 || c.Width == 1 && value > math.MaxUint8 {
				continue
			}
			var field [8]byte
			if c.LittleEndian {
				binary.LittleEndian.PutUint64(field[:], uint64(value))
				copy(frame[c.Offset:header], field[:])
			} else {
				binary.BigEndian.PutUint64(field[:], uint64(value))
				copy(frame[c.Offset:header], field[8-c.Width:])
			}
			theirs, err := goframe.NewLengthFieldBasedFrameConn(encodes, decodes, ioConn{Reader: bytes.NewReader(frame)}).ReadFrame()
			if err != nil {
				t.Fatalf("%v: goframe: %x: %v", f, frame, err)
			}
			ours, err := framing.NewReader(bytes.NewReader(frame), f).ReadFrame()
			if err != nil || !bytes.Equal(ours, theirs) {
				t.Fatalf("%v: ReadFrame() of %x = %x, %v; goframe reads %x", f, frame, ours, err, theirs)
			}

			// It is written as it was, with zeros for the stripped bytes.
			clear(frame[:min(c.Offset, strip)])
			if strip > header {
				clear(frame[header:strip])
			}
			sent, err := f.Append(nil, ours)
			if err != nil || !bytes.Equal(sent, frame) {
				t.Fatalf("%v: Append(nil, %x) = %x, %v; want %x, nil", f, ours, sent, err, frame)
			}
			if c.Offset == 0 && strip == header {
				var w bytes.Buffer
				if err := goframe.NewLengthFieldBasedFrameConn(encodes, decodes, ioConn{Writer: &w}).WriteFrame(ours); err != nil || !bytes.Equal(w.Bytes(), sent) {
					t.Fatalf("%v: Append(nil, %x) = %x; goframe writes %x, %v", f, ours, sent, w.Bytes(), err)
				}
			}
		}
	})
}

// Frames that goframe pipelines arrive whole and in order; so do those of lines and
// of a fixed length that it reads.
func TestGoframe_Pipelined(t *testing.T) {
	const frames = 1000
	payload := func(n int) []byte { return fmt.Appendf(nil, "frame %09d", n) }
	lengths := func(c net.Conn) goframe.FrameConn {
		return goframe.NewLengthFieldBasedFrameConn(
			goframe.EncoderConfig{ByteOrder: binary.BigEndian, LengthFieldLength: 4},
			goframe.DecoderConfig{ByteOrder: binary.BigEndian, LengthFieldLength: 4, InitialBytesToStrip: 4}, c)
	}
	sized := func(c net.Conn) goframe.FrameConn { return goframe.NewFixedLengthFrameConn(len(payload(0)), c) }
	ours := func(f framing.Framer) func(net.Conn) goframe.FrameConn {
		return func(c net.Conn) goframe.FrameConn { return framing.NewCopyConn(framing.NewConn(c, f)) }
	}
	line, size := ours(delimiter.Line()), ours(must(fixed.New(len(payload(0)))))
	for _, test := range []struct {
		name     string
		from, to func(net.Conn) goframe.FrameConn
	}{
		{"lines from goframe", goframe.NewLineBasedFrameConn, line},
		{"lines to goframe", line, goframe.NewLineBasedFrameConn},
		{"fixed length from goframe", sized, size},
		{"fixed length to goframe", size, sized},
		{"length field from goframe", lengths, ours(lengthprefix.Uint32())},
	} {
		t.Run(test.name, func(t *testing.T) {
			client, server := loopback(t)
			from, to := test.from(client), test.to(server)
			done := make(chan error, 1)
			go func() {
				for n := range frames {
					if err := from.WriteFrame(payload(n)); err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
			for n := range frames {
				if got, err := to.ReadFrame(); err != nil || !bytes.Equal(got, payload(n)) {
					t.Fatalf("ReadFrame() = %q, %v; want %q, nil", got, err, payload(n))
				}
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		})
	}
}
