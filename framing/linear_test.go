package framing_test

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// A countingFramer counts the bytes that a Framer is given to examine.
type countingFramer struct {
	framing.Framer
	examined *int
}

func (c countingFramer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	*c.examined += len(data) - r.Pos
	return c.Framer.Split(data, r)
}

func (c countingFramer) Skip(data []byte, r framing.Resume) (int, framing.Resume, bool) {
	*c.examined += len(data) - r.Pos
	return c.Framer.(framing.Skipper).Skip(data, r)
}

// Each byte of a frame that arrives byte by byte is examined a few times, by a
// Reader and while the frame is skipped. The work is counted, not timed: with 4 MiB,
// a Framer that examined all bytes again would not finish.
func TestL8_LinearWork(t *testing.T) {
	const large, small = 4 << 20, 256 << 10
	for _, f := range []struct {
		framing.Framer
		name  string
		size  int
		times int // how often a byte may be examined
	}{
		{delimiter.Line(), "line", large, 2}, // a "\r" may precede
		{delimiter.CRLF(), "crlf", small, 2},
		{must(delimiter.New("<end>")), "one delimiter", small, 5},
		{must(delimiter.New("a", "bc", "def")), "delimiters", small, 3},
		{lengthprefix.Uint32(), "length", large, 1},
		{lengthprefix.Varint(), "varint", small, 1},
		{must(lengthprefix.New(lengthprefix.Config{Width: 4, Offset: 2, Magic: []byte("ab")})), "length with a constant", small, 1},
		{must(fixed.New(large)), "fixed", large, 1},
		{must(fixed.Padded(64<<10, 0)), "padded", 64 << 10, 1},
		{escaped{}, "escaped", small, 1},
	} {
		t.Run(f.name, func(t *testing.T) {
			wire := must(f.Append(nil, bytes.Repeat([]byte("x"), f.size)))
			checkLinear(t, f.Framer, wire, f.size, f.times)
			if _, ok := f.Framer.(framing.Skipper); ok && f.size < large {
				checkLinear(t, f.Framer, wire, 10, f.times)
			}
		})
	}
}

// checkLinear reads wire, a single frame, byte by byte to its end.
func checkLinear(t *testing.T, f framing.Framer, wire []byte, limit, times int) {
	examined := 0
	r := framing.NewReader(iotest.OneByteReader(bytes.NewReader(wire)), countingFramer{f, &examined})
	r.SetMaxPayload(limit)
	r.ReadFrame()
	if _, err := r.ReadFrame(); err != io.EOF || r.Offset() != int64(len(wire)) {
		t.Fatalf("limit %d: ReadFrame(): error %v, Offset() = %d; want EOF, %d", limit, err, r.Offset(), len(wire))
	}
	if most := times*len(wire) + 100; examined > most {
		t.Errorf("limit %d: %d bytes of %d were examined; want at most %d", limit, examined, len(wire), most)
	}
}

// SplitFunc keeps the promise for a Scanner.
func TestL8_SplitFunc(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		examined := 0
		split := framing.SplitFunc(countingFramer{f.framer, &examined})
		data := []byte(f.wire)
		for from, n := 0, 1; n <= len(data); n++ {
			advance, _, err := split(data[from:n], false)
			if err != nil {
				t.Fatal(err)
			}
			from += advance
		}
		if most := 6*len(data) + 10*len(f.frames); examined > most {
			t.Errorf("%d bytes of %d were examined; want at most %d", examined, len(data), most)
		}
	})
}
