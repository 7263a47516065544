package octetcount_test

import (
	"bytes"
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/internal/oracle"
	"github.com/wholeframe/wholeframe/framing/octetcount"
)

func frames(payloads ...string) (s oracle.Stream) {
	for _, p := range payloads {
		s.Frame([]byte(p))
	}
	return s
}

func TestLaws(t *testing.T) { framingtest.Run(t, octetcount.New()) }

func TestWire(t *testing.T) {
	for wire, want := range map[string]oracle.Stream{
		"":                                  {},
		"15 <13>1 - - - - -":                frames("<13>1 - - - - -"),
		"1 a2 b 10 0123456789":              frames("a", "b ", "0123456789"),
		"3 ab\n1 c":                         frames("ab\n", "c"),
		"1":                                 {Torn: true},
		"5 ":                                {Torn: true},
		"5 hell":                            {Torn: true},
		"0 ":                                {Lost: true},
		"0":                                 {Lost: true},
		"01 a":                              {Lost: true},
		" 1 a":                              {Lost: true},
		"-1 a":                              {Lost: true},
		"1\ta":                              {Lost: true},
		"2 ab\n":                            {Frames: frames("ab").Frames, Lost: true},
		"<13>Oct 11 22:14:15 host su: hi\n": {Lost: true},
		"18446744073709551615 ":             {Lost: true},
		"99999999999999999999999":           {Lost: true},
	} {
		oracle.Compare(t, octetcount.New(), []byte(wire), want)
	}
}

// TestNoLength shows that a peer that ends messages with a newline is told so.
func TestNoLength(t *testing.T) {
	_, err := octetcount.New().Split([]byte("<"), 0)
	require.ErrorContains(t, err, "delimiter.Line (line)")
}

func TestTooLarge(t *testing.T) {
	for wire, size := range map[string]uint64{
		"18446744073709551615 ":         math.MaxUint64,
		"18446744073709551616":          0, // more digits may follow
		strconv.Itoa(math.MaxInt) + " ": math.MaxInt,
	} {
		frame, err := octetcount.New().Split([]byte(wire), 0)
		var large *framing.TooLargeError
		require.ErrorAs(t, err, &large, wire)
		require.Equal(t, size, large.Size, wire)
		require.Zero(t, frame)
	}
	most := strconv.Itoa(math.MaxInt - len(strconv.Itoa(math.MaxInt)) - 1)
	frame, err := octetcount.New().Split([]byte(most+" "), 0)
	require.NoError(t, err)
	require.Equal(t, math.MaxInt, frame.Size)
	frame, err = octetcount.New().Split([]byte(strconv.Itoa(math.MaxInt-len(most))+" "), 0)
	require.Error(t, err)
	require.Zero(t, frame)
}

func TestMaxEncodedLen(t *testing.T) {
	f := octetcount.New()
	require.Equal(t, 21, f.MaxEncodedLen(0))
	require.Equal(t, math.MaxInt, f.MaxEncodedLen(math.MaxInt-21))
	require.Equal(t, math.MaxInt, f.MaxEncodedLen(math.MaxInt))
}

func TestRefused(t *testing.T) {
	f := octetcount.New()
	var refused *framing.PayloadError
	wire, err := f.Append([]byte("x"), nil)
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "x", string(wire))
	for _, size := range []int64{0, -1} {
		wire, err = f.AppendHeader([]byte("x"), size)
		require.ErrorAs(t, err, &refused)
		require.Equal(t, "x", string(wire))
	}
	wire, err = f.AppendHeader([]byte("x"), math.MaxInt64)
	require.NoError(t, err)
	require.Equal(t, "x9223372036854775807 ", string(wire))
	require.Nil(t, f.Trailer())
}

// The smallest size that a header can announce.
func TestAppendHeader_Least(t *testing.T) {
	wire, err := octetcount.New().AppendHeader([]byte("x"), 1)
	require.NoError(t, err)
	require.Equal(t, "x1 ", string(wire))
}

// costs are payloads, from ordinary to the dearest.
var costs = []struct {
	name    string
	framer  framing.Framer
	payload []byte
}{
	{"16", octetcount.New(), bytes.Repeat([]byte("x"), 16)},
	{"1KiB", octetcount.New(), bytes.Repeat([]byte("x"), 1024)},
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
