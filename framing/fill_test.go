package framing_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/netstring"
	"github.com/wholeframe/wholeframe/framing/slip"
)

// Fill between frames is discarded, wherever the stream is cut, and counts in
// offsets.
func TestFillIsDiscarded(t *testing.T) {
	fill := bytes.Repeat([]byte{0xc0}, 70)
	stream := bytes.Join([][]byte{fill, []byte("one\xc0"), fill, []byte("two\xc0"), []byte("\xdb!\xc0"), fill, []byte("three\xc0"), fill}, nil)
	const invalid = int64(70 + 4 + 70 + 4)

	check := func(t *testing.T, next func() ([]byte, error)) {
		t.Helper()
		for _, want := range []string{"one", "two", "", "three"} {
			payload, err := next()
			if want == "" {
				if e := checkAs[*framing.FormatError](t, "the next frame", err); e.Offset != invalid {
					t.Fatalf("the next frame: error %v; want one at offset %d", err, invalid)
				}
				continue
			}
			if string(payload) != want || err != nil {
				t.Fatalf("the next frame = %q, %v; want %q, nil", payload, err, want)
			}
		}
		for range 2 {
			if payload, err := next(); err != io.EOF {
				t.Fatalf("the next frame = %q, %v; want EOF", payload, err)
			}
		}
	}
	t.Run("Reader", func(t *testing.T) {
		for _, s := range sources {
			check(t, framing.NewReader(s.of(bytes.NewReader(stream)), slip.New()).ReadFrame)
		}
	})
	t.Run("Buffer", func(t *testing.T) {
		for cut := range stream {
			b := framing.NewBuffer(slip.New())
			parts := [][]byte{stream[:cut], stream[cut:]}
			check(t, func() ([]byte, error) {
				for {
					payload, ok, err := b.Next()
					if ok || err != nil {
						return payload, err
					}
					if len(parts) == 0 {
						return b.Finish()
					}
					b.Write(parts[0])
					parts = parts[1:]
				}
			})
			if b.Offset() != int64(len(stream)) {
				t.Fatalf("Offset() = %d; want %d", b.Offset(), len(stream))
			}
		}
	})
	t.Run("SplitFunc", func(t *testing.T) {
		for _, s := range sources[:2] {
			scanner := bufio.NewScanner(s.of(bytes.NewReader(stream)))
			scanner.Split(framing.SplitFunc(slip.New()))
			for _, want := range []string{"one", "two"} {
				if ok := scanner.Scan(); !ok || scanner.Text() != want {
					t.Fatalf("Scan() = %t, Text() = %q; want true, %q", ok, scanner.Text(), want)
				}
			}
			if scanner.Scan() {
				t.Fatalf("Scan() = true, Text() = %q; want false", scanner.Text())
			}
			if e := checkAs[*framing.FormatError](t, "Err()", scanner.Err()); e.Offset != invalid {
				t.Fatalf("Err() = %v; want an error at offset %d", e, invalid)
			}
		}
	})
}

// A pingFramer is a length prefix. A frame whose first byte is 0xff is fill, with its
// size in the second.
type pingFramer struct{ framing.Framer }

func (f pingFramer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	switch {
	case data[0] != 0xff:
		return f.Framer.Split(data, r)
	case len(data) < 2:
		return framing.Frame{}, framing.Resume{}, nil
	}
	return framing.Frame{Size: 2 + int(data[1])}, framing.Resume{}, framing.ErrFill
}

// Fill may be announced before it is complete. A stream that ends inside it is
// incomplete.
func TestFillIsAnnounced(t *testing.T) {
	const stream = "\x01a" + "\xff\x05\x01x\x01yz" + "\x01b" + "\xff\x00" + "\x01c"
	for cut := 1; cut < len(stream); cut++ {
		r := newReader(script(stream[:cut], stream[cut:]), pingFramer{lengthprefix.Uint8()}, 1)
		r.SetMaxPayload(1)
		sameEvents(t, fmt.Sprint("cut at ", cut), readAll(t, r), []string{`"a"`, `"b"`, `"c"`, "EOF"})
	}
	r := newReader(script(stream[:6]), pingFramer{lengthprefix.Uint8()}, 1)
	sameEvents(t, "cut off", readAll(t, r), []string{`"a"`, "*framing.UnexpectedEOFError: framing: frame at offset 2: unexpected EOF after 4 of 7 bytes"})

	w := framing.NewWriter(io.Discard, pingFramer{lengthprefix.Uint8()})
	if err := w.WriteFill([]byte("\xff\x02hi\xff\x00")); err != nil {
		t.Errorf("WriteFill() = %v; want nil", err)
	}
	checkAs[*framing.PayloadError](t, "WriteFill() of a part", w.WriteFill([]byte("\xff\x02h")))
}

// A flood of fill takes neither memory nor stack if Split gets one byte at a time.
func TestFillFlood(t *testing.T) {
	flood := io.LimitReader(byteReader(0xc0), 1<<20)
	r := framing.NewReader(io.MultiReader(flood, bytes.NewReader([]byte("x\xc0"))), slip.New())
	r.SetMaxPayload(0)
	_, err := r.ReadFrame()
	if e := checkAs[*framing.TooLargeError](t, "ReadFrame()", err); e.Offset != 1<<20 || r.Held() > 64<<10 {
		t.Fatalf("ReadFrame(): error %v, %d bytes held; want offset %d, at most 64 KiB", err, r.Held(), 1<<20)
	}
	if _, err = r.ReadFrame(); err != io.EOF {
		t.Fatalf("ReadFrame(): error %v; want EOF", err)
	}
}

// An emptyFillFramer returns ErrFill for no bytes.
type emptyFillFramer struct{ framing.Framer }

func (emptyFillFramer) Split([]byte, framing.Resume) (framing.Frame, framing.Resume, error) {
	return framing.Frame{}, framing.Resume{}, framing.ErrFill
}

// Fill of no bytes loses the stream, and does not loop.
func TestFillOfNoBytes(t *testing.T) {
	b := framing.NewBuffer(emptyFillFramer{slip.New()})
	b.Write([]byte("one"))
	for range 2 {
		if _, ok, err := b.Next(); ok || !errors.Is(err, framing.ErrFill) || errors.Is(err, framing.ErrFrame) {
			t.Fatalf("Next() = _, %v, %v; want false, ErrFill that is not ErrFrame", ok, err)
		}
	}
	scanner := bufio.NewScanner(bytes.NewReader([]byte("one")))
	scanner.Split(framing.SplitFunc(emptyFillFramer{slip.New()}))
	if ok := scanner.Scan(); ok || !errors.Is(scanner.Err(), framing.ErrFill) {
		t.Fatalf("Scan() = %v, Err() = %v; want false, ErrFill", ok, scanner.Err())
	}
	w := framing.NewWriter(io.Discard, emptyFillFramer{slip.New()})
	checkAs[*framing.PayloadError](t, "WriteFill()", w.WriteFill([]byte("one")))
}

// WriteFill writes what the receiver discards, and refuses other bytes: those of
// another framing, a frame, and a frame after fill.
func TestWriteFill(t *testing.T) {
	for _, test := range []struct {
		framer framing.Framer
		fill   string
		want   string // the error
	}{
		{slip.New(), "\xc0", ""},
		{slip.New(), "\xc0\xc0\xc0", ""},
		{slip.New(), "", ""},
		{fillNetstring{netstring.New()}, "\n\n", ""},
		{slip.New(), "\xc0\xc0x\xc0", "framing: payload of 4 bytes refused: byte 2 is not fill between frames"},
		{slip.New(), "\xc0a\xdb\xdc\xc0", "framing: payload of 5 bytes refused: byte 1 is not fill between frames"},
		{slip.New(), "\n", "framing: payload of 1 byte refused: byte 0 is not fill between frames"},
		{delimiter.Line(), "\n", "framing: payload of 1 byte refused: byte 0 is not fill between frames"},
		{lengthprefix.Uint8(), "\x00", "framing: payload of 1 byte refused: byte 0 is not fill between frames"},
	} {
		var dst bytes.Buffer
		w := framing.NewWriter(&dst, test.framer)
		c := framing.NewConn(ioConn{Writer: &dst}, test.framer)
		fill := []byte(test.fill)
		for _, write := range []func([]byte) error{w.WriteFill, c.WriteFill} {
			err := write(fill)
			if test.want != "" {
				checkError(t, "WriteFill()", err, test.want)
				checkAs[*framing.PayloadError](t, "WriteFill()", err)
			} else if err != nil {
				t.Errorf("WriteFill(%q) = %v; want nil", test.fill, err)
			}
		}
		if string(fill) != test.fill {
			t.Errorf("WriteFill(%q) changed its argument to %q", test.fill, fill)
		}
		want := test.fill + test.fill
		if test.want != "" {
			want = ""
		}
		if err := w.Flush(); err != nil || dst.String() != want {
			t.Errorf("Flush() = %v, %q written; want nil, %q", err, dst.String(), want)
		}
	}
}

// Fill that is never flushed does not collect without bounds.
func TestWriteFill_FlushesWhenFull(t *testing.T) {
	dst := &countingWriter{Writer: io.Discard}
	w := framing.NewWriter(dst, slip.New())
	fill := bytes.Repeat([]byte{0xc0}, 1<<10)
	for n := range int64(1000) {
		if err := w.WriteFill(fill); err != nil || w.Buffered() >= 32<<10 {
			t.Fatalf("WriteFill() = %v, Buffered() = %d; want nil, less than 32 KiB", err, w.Buffered())
		}
		if got := dst.bytes + int64(w.Buffered()); got != (n+1)<<10 {
			t.Fatalf("%d bytes were written or are buffered; want %d", got, (n+1)<<10)
		}
	}
}

// Fill of no bytes makes no Write.
func TestWriteFill_NoBytes(t *testing.T) {
	dst := &countingWriter{Writer: io.Discard}
	if err := framing.NewConn(ioConn{Writer: dst}, slip.New()).WriteFill(nil); err != nil || dst.calls != 0 {
		t.Errorf("WriteFill(nil) = %v, %d writes; want nil, 0", err, dst.calls)
	}
}

// A Conn writes fill between frames, never inside one, while others write.
func TestConn_WriteFillBetweenFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		c := framing.NewConn(ioConn{Writer: w}, slip.New())
		const frames = 50
		payload := bytes.Repeat([]byte("payload "), 1000)
		errs := make(chan error, 3*frames)
		for range frames {
			go func() { errs <- c.WriteFrame(payload) }()
			go func() { errs <- c.WriteFill([]byte{0xc0, 0xc0}) }()
			go func() { errs <- c.WriteFrom(iotest.HalfReader(bytes.NewReader(payload)), int64(len(payload))) }()
		}
		go func() {
			for range 3 * frames {
				if err := <-errs; err != nil {
					t.Errorf("writing = %v; want nil", err)
				}
			}
			w.Close()
		}()
		n := 0
		reader := framing.NewReader(r, slip.New())
		for p, err := range reader.Frames() {
			if !bytes.Equal(p, payload) || err != nil {
				t.Fatalf("frame %d: %d bytes, %v; want the payload, nil", n, len(p), err)
			}
			n++
		}
		if n != 2*frames || reader.Offset() != int64(2*frames*(len(payload)+1)+2*frames) {
			t.Errorf("%d frames in %d bytes; want %d in %d", n, reader.Offset(), 2*frames, 2*frames*(len(payload)+1)+2*frames)
		}
	})
}
