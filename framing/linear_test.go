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

// counting counts the bytes that a framer is shown and has not seen.
type counting struct {
	framing.Framer
	looked *int
}

func (c counting) Split(data []byte, seen int) (framing.Frame, error) {
	*c.looked += len(data) - seen
	return c.Framer.Split(data, seen)
}

func (c counting) Skip(data []byte) (int, bool) {
	*c.looked += len(data)
	return c.Framer.(framing.Skipper).Skip(data)
}

// A frame that arrives byte by byte is looked at a few times a byte, by a Reader
// and while it is skipped. The work is counted, not timed: 4 MiB for one framer
// of each kind, which is what a framer that looks again would never end with.
func TestL8_LinearWork(t *testing.T) {
	const large, small = 4 << 20, 256 << 10
	for _, f := range []struct {
		framing.Framer
		name  string
		size  int
		times int // the most looks at a byte
	}{
		{delimiter.Line(), "line", large, 2}, // a "\r" may have come before
		{delimiter.CRLF(), "crlf", small, 2},
		{must(delimiter.New("<end>")), "one delimiter", small, 5},
		{must(delimiter.New("a", "bc", "def")), "delimiters", small, 3},
		{lengthprefix.Uint32(), "length", large, 1},
		{lengthprefix.Varint(), "varint", small, 1},
		{must(lengthprefix.New(lengthprefix.Config{Width: 4, Offset: 2, Zero: []byte("ab")})), "length with a constant", small, 1},
		{must(fixed.New(large)), "fixed", large, 1},
		{must(fixed.Padded(small, 0)), "padded", small, 1},
		{escaped{}, "escaped", small, 1},
	} {
		t.Run(f.name, func(t *testing.T) {
			wire := must(f.Append(nil, bytes.Repeat([]byte("x"), f.size)))
			read(t, f.Framer, wire, f.size, f.times)
			if _, ok := f.Framer.(framing.Skipper); ok && f.size == small {
				read(t, f.Framer, wire, 10, f.times)
			}
		})
	}
}

// read reads wire, a single frame, byte by byte to its end.
func read(t *testing.T, f framing.Framer, wire []byte, limit, times int) {
	looked := 0
	r := framing.NewReader(iotest.OneByteReader(bytes.NewReader(wire)), counting{f, &looked})
	r.SetMaxPayload(limit)
	r.ReadFrame()
	if _, err := r.ReadFrame(); err != io.EOF || r.Offset() != int64(len(wire)) {
		t.Fatalf("limit %d: %v at %d", limit, err, r.Offset())
	}
	if looked > times*len(wire)+100 {
		t.Errorf("limit %d: reading %d bytes looked at %d", limit, len(wire), looked)
	}
}

// SplitFunc keeps the promise for a Scanner.
func TestL8_SplitFunc(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		looked := 0
		split := framing.SplitFunc(counting{f.framer, &looked})
		data := []byte(f.wire)
		for from, n := 0, 1; n <= len(data); n++ {
			advance, _, err := split(data[from:n], false)
			if err != nil {
				t.Fatal(err)
			}
			from += advance
		}
		if most := 6*len(data) + 10*len(f.frames); looked > most {
			t.Errorf("splitting %d bytes looked at %d", len(data), looked)
		}
	})
}
