package slip_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/internal/oracle"
	"github.com/wholeframe/wholeframe/framing/slip"
)

func TestLaws(t *testing.T) {
	for _, f := range []*slip.Framer{slip.New(), slip.Flushed()} {
		t.Run(f.String(), func(t *testing.T) { framingtest.Run(t, f) })
	}
}

func TestWire(t *testing.T) {
	condemned := oracle.Frame{Condemned: true}
	for wire, want := range map[string]oracle.Stream{
		"":                                {},
		"hello\xc0":                       {Frames: []oracle.Frame{{Payload: "hello"}}},
		"\xc0hello\xc0\xc0world\xc0":      {Frames: []oracle.Frame{{Payload: "hello"}, {Payload: "world"}}},
		"\xc0\xc0\xc0":                    {},
		"\xdb\xdc\xc0":                    {Frames: []oracle.Frame{{Payload: "\xc0"}}},
		"\xdb\xdd\xc0":                    {Frames: []oracle.Frame{{Payload: "\xdb"}}},
		"a\xdb\xdd\xdc\xdb\xdcbc\xdd\xc0": {Frames: []oracle.Frame{{Payload: "a\xdb\xdc\xc0bc\xdd"}}},
		"\xdba\xc0ok\xc0":                 {Frames: []oracle.Frame{condemned, {Payload: "ok"}}},
		"a\xdb\xc0ok\xc0":                 {Frames: []oracle.Frame{condemned, {Payload: "ok"}}},
		"\xdb\xdb\xdc\xc0ok\xc0":          {Frames: []oracle.Frame{condemned, {Payload: "ok"}}},
		"a":                               {Torn: true},
		"\xc0\xdb":                        {Torn: true},
	} {
		oracle.Compare(t, slip.New(), []byte(wire), want)
	}
}

// TestFlushed shows which END belongs to the frame behind it.
func TestFlushed(t *testing.T) {
	condemned := oracle.Frame{Condemned: true}
	for wire, want := range map[string]oracle.Stream{
		"hello\xc0":                       {Frames: []oracle.Frame{{Payload: "hello"}}},
		"\xc0hello\xc0\xc0world\xc0":      {Frames: []oracle.Frame{{Payload: "hello"}, {Payload: "world"}}},
		"\xc0\xc0\xc0a\xc0":               {Frames: []oracle.Frame{{Payload: "a"}}},
		"\xc0\xdb\xdc\xc0":                {Frames: []oracle.Frame{{Payload: "\xc0"}}},
		"\xc0\xdba\xc0\xc0ok\xc0":         {Frames: []oracle.Frame{condemned, {Payload: "ok"}}},
		"\xc0a\xdb\xc0ok\xc0":             {Frames: []oracle.Frame{condemned, {Payload: "ok"}}},
		"noise\xc0a\xc0\xc0b\xdb\xdd\xc0": {Frames: []oracle.Frame{{Payload: "noise"}, {Payload: "a"}, {Payload: "b\xdb"}}},
		"\xc0":                            {Torn: true},
		"a\xc0\xc0\xc0":                   {Frames: []oracle.Frame{{Payload: "a"}}, Torn: true},
		"\xc0a":                           {Torn: true},
	} {
		oracle.Compare(t, slip.Flushed(), []byte(wire), want)
	}
}

func TestRefused(t *testing.T) {
	for _, f := range []*slip.Framer{slip.New(), slip.Flushed()} {
		wire, err := f.Append([]byte("x"), nil)
		var refused *framing.PayloadError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, "x", string(wire))
	}
}

func TestMaxEncodedLen(t *testing.T) {
	for _, f := range []*slip.Framer{slip.New(), slip.Flushed()} {
		for n := 1; n < 300; n++ {
			wire, err := f.Append(nil, bytes.Repeat([]byte{0xdb}, n))
			require.NoError(t, err)
			require.Len(t, wire, f.MaxEncodedLen(n))
		}
		require.Less(t, f.MaxEncodedLen((math.MaxInt-2)/2), math.MaxInt)
		require.Equal(t, math.MaxInt, f.MaxEncodedLen(math.MaxInt/2+1))
		require.Equal(t, math.MaxInt, f.MaxEncodedLen(math.MaxInt))
	}
}

// TestTooLarge shows that the payload counts as it is delivered, and that what
// is skipped ends at END wherever an escape stands.
func TestTooLarge(t *testing.T) {
	r := framing.NewReader(bytes.NewReader([]byte("\xdb\xdc\xdb\xdc\xdb\xdc\xc0"+"abcd\xc0"+"abcdefg\xdb\xdc\xc0"+"abc\xc0")), slip.New())
	r.SetMaxPayload(3)
	payload, err := r.ReadFrame()
	require.NoError(t, err)
	require.Equal(t, "\xc0\xc0\xc0", string(payload))
	for _, size := range []uint64{4, 0} {
		_, err = r.ReadFrame()
		var large *framing.TooLargeError
		require.ErrorAs(t, err, &large)
		require.Equal(t, size, large.Size)
	}
	payload, err = r.ReadFrame()
	require.NoError(t, err)
	require.Equal(t, "abc", string(payload))

	n, end := slip.New().Skip([]byte("a\xdb\xc0b"))
	require.Equal(t, 3, n)
	require.True(t, end)
	n, end = slip.New().Skip([]byte("a\xdb"))
	require.Equal(t, 2, n)
	require.False(t, end)
}

// costs are payloads, from ordinary to the dearest.
var costs = []struct {
	name    string
	framer  framing.Framer
	payload []byte
}{
	{"16", slip.New(), bytes.Repeat([]byte("x"), 16)},
	{"1KiB flushed", slip.Flushed(), bytes.Repeat([]byte("x"), 1024)},
	{"1KiB", slip.New(), bytes.Repeat([]byte("x"), 1024)},
	{"1KiB, one escape in 64", slip.New(), bytes.Repeat([]byte("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\xc0"), 16)},
	{"1KiB of END", slip.New(), bytes.Repeat([]byte("\xc0"), 1024)},
}

func TestNoAllocation(t *testing.T) {
	for _, c := range costs {
		wire, err := c.framer.Append(nil, c.payload)
		require.NoError(t, err)
		buf := framing.NewBuffer(c.framer)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			wire, _ = c.framer.Append(wire[:0], c.payload)
			buf.Write(wire)
			if payload, ok, err := buf.Next(); !ok || err != nil || len(payload) != len(c.payload) {
				t.Fatal(len(payload), ok, err)
			}
		}), c.name)
	}
}

func BenchmarkRead(b *testing.B) {
	for _, c := range costs {
		b.Run(c.name, func(b *testing.B) {
			wire, _ := c.framer.Append(nil, c.payload)
			buf := framing.NewBuffer(c.framer)
			b.SetBytes(int64(len(c.payload)))
			b.ReportAllocs()
			for b.Loop() {
				buf.Write(wire)
				if _, ok, err := buf.Next(); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, c := range costs {
		b.Run(c.name, func(b *testing.B) {
			var wire []byte
			b.SetBytes(int64(len(c.payload)))
			b.ReportAllocs()
			for b.Loop() {
				wire, _ = c.framer.Append(wire[:0], c.payload)
			}
		})
	}
}
