package cobs_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/cobs"
	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/internal/oracle"
)

// numbers returns the bytes from first to last.
func numbers(first, last int) (b []byte) {
	for c := first; c <= last; c++ {
		b = append(b, byte(c))
	}
	return b
}

func join(parts ...[]byte) string { return string(bytes.Join(parts, nil)) }

// TestEncoding has the examples that are told of COBS everywhere.
func TestEncoding(t *testing.T) {
	for payload, wire := range map[string]string{
		"":                                  "\x01\x00",
		"\x00":                              "\x01\x01\x00",
		"\x00\x00":                          "\x01\x01\x01\x00",
		"\x00\x11\x00":                      "\x01\x02\x11\x01\x00",
		"\x11\x22\x00\x33":                  "\x03\x11\x22\x02\x33\x00",
		"\x11\x22\x33\x44":                  "\x05\x11\x22\x33\x44\x00",
		"\x11\x00\x00\x00":                  "\x02\x11\x01\x01\x01\x00",
		string(numbers(1, 253)):             join([]byte{0xfe}, numbers(1, 253), []byte{0}),
		string(numbers(1, 254)):             join([]byte{0xff}, numbers(1, 254), []byte{0}),
		string(numbers(0, 254)):             join([]byte{1, 0xff}, numbers(1, 254), []byte{0}),
		string(numbers(1, 255)):             join([]byte{0xff}, numbers(1, 254), []byte{2, 0xff, 0}),
		join(numbers(2, 255), []byte{0}):    join([]byte{0xff}, numbers(2, 255), []byte{1, 1, 0}),
		join(numbers(3, 255), []byte{0, 1}): join([]byte{0xfe}, numbers(3, 255), []byte{2, 1, 0}),
		join(numbers(1, 254), numbers(1, 254), []byte{7}): join([]byte{0xff}, numbers(1, 254), []byte{0xff}, numbers(1, 254), []byte{2, 7, 0}),
	} {
		have, err := cobs.New().Append(nil, []byte(payload))
		require.NoError(t, err)
		require.Equal(t, wire, string(have))
		oracle.Compare(t, cobs.New(), []byte(wire), oracle.Stream{Frames: []oracle.Frame{{Payload: payload}}})
	}
}

func TestLaws(t *testing.T) { framingtest.Run(t, cobs.New()) }

func TestWire(t *testing.T) {
	condemned := oracle.Frame{Condemned: true}
	for wire, want := range map[string]oracle.Stream{
		"":                           {},
		"\x00\x00":                   {},
		"\x00\x02a\x00\x00\x02b\x00": {Frames: []oracle.Frame{{Payload: "a"}, {Payload: "b"}}},
		"\x03a\x00\x02b\x00":         {Frames: []oracle.Frame{condemned, {Payload: "b"}}},
		"\x01\x02\x00\x02b\x00":      {Frames: []oracle.Frame{condemned, {Payload: "b"}}},
		"\x02a":                      {Torn: true},
		"\xff":                       {Torn: true},
		join([]byte{0xff}, numbers(1, 253), []byte{0, 1, 0}):                             {Frames: []oracle.Frame{condemned, {}}},
		join([]byte{0xff}, numbers(1, 254), []byte{1, 0}):                                {Frames: []oracle.Frame{{Payload: string(numbers(1, 254))}}}, // the paper's last code
		join([]byte{0xff}, numbers(1, 254), []byte{0xff}, numbers(1, 254), []byte{1, 0}): {Frames: []oracle.Frame{{Payload: join(numbers(1, 254), numbers(1, 254))}}},
	} {
		oracle.Compare(t, cobs.New(), []byte(wire), want)
	}
}

func TestMaxEncodedLen(t *testing.T) {
	f := cobs.New()
	for n := range 1100 {
		// The dearest form is the paper's: a last code behind a full block.
		wire, err := f.Append(nil, bytes.Repeat([]byte{1}, n))
		require.NoError(t, err)
		size := len(wire)
		if n > 0 && n%254 == 0 {
			size++
		}
		require.Equal(t, size, f.MaxEncodedLen(n))
	}
	require.Less(t, f.MaxEncodedLen(math.MaxInt/256*254), math.MaxInt)
	require.Equal(t, math.MaxInt, f.MaxEncodedLen(math.MaxInt-math.MaxInt/256))
	require.Equal(t, math.MaxInt, f.MaxEncodedLen(math.MaxInt))
}

// costs are payloads, from ordinary to the dearest.
var costs = []struct {
	name    string
	framer  framing.Framer
	payload []byte
}{
	{"16", cobs.New(), bytes.Repeat([]byte("x"), 16)},
	{"1KiB", cobs.New(), bytes.Repeat([]byte("x"), 1024)},
	{"1KiB, one zero in 64", cobs.New(), bytes.Repeat([]byte("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\x00"), 16)},
	{"1KiB of zeros", cobs.New(), make([]byte, 1024)},
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
