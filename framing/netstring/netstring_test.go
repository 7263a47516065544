package netstring_test

import (
	"bytes"
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/internal/oracle"
	"github.com/wholeframe/wholeframe/framing/netstring"
)

func frames(payloads ...string) (s oracle.Stream) {
	for _, p := range payloads {
		s.Frame([]byte(p))
	}
	return s
}

func TestLaws(t *testing.T) { framingtest.Run(t, netstring.New()) }

func TestWire(t *testing.T) {
	condemned := oracle.Frame{Condemned: true}
	for wire, want := range map[string]oracle.Stream{
		"":                         {},
		"0:,":                      frames(""),
		"12:hello world!,":         frames("hello world!"),
		"3:a:,,1:,,10:0123456789,": frames("a:,", ",", "0123456789"),
		"1":                        {Torn: true},
		"5:":                       {Torn: true},
		"5:hello":                  {Torn: true},
		"2:abc1:d,":                {Frames: []oracle.Frame{condemned, {Payload: "d"}}},
		"3:abc,x":                  {Frames: frames("abc").Frames, Lost: true},
		":,":                       {Lost: true},
		"-1:,":                     {Lost: true},
		"+1:a,":                    {Lost: true},
		" 1:a,":                    {Lost: true},
		"1 :a,":                    {Lost: true},
		"00:,":                     {Lost: true},
		"01:a,":                    {Lost: true},
		"1;a,":                     {Lost: true},
		"18446744073709551615:":    {Lost: true},
		"18446744073709551616":     {Lost: true},
		"99999999999999999999999":  {Lost: true},
	} {
		oracle.Compare(t, netstring.New(), []byte(wire), want)
	}
}

func TestTooLarge(t *testing.T) {
	for wire, size := range map[string]uint64{
		"18446744073709551615:":         math.MaxUint64,
		"18446744073709551616":          0, // more digits may follow
		strconv.Itoa(math.MaxInt) + ":": math.MaxInt,
	} {
		frame, err := netstring.New().Split([]byte(wire), 0)
		var large *framing.TooLargeError
		require.ErrorAs(t, err, &large, wire)
		require.Equal(t, size, large.Size, wire)
		require.Zero(t, frame)
	}
	most := strconv.Itoa(math.MaxInt - len(strconv.Itoa(math.MaxInt)) - 2)
	frame, err := netstring.New().Split([]byte(most+":"), 0)
	require.NoError(t, err)
	require.Equal(t, math.MaxInt, frame.Size)
	frame, err = netstring.New().Split([]byte(strconv.Itoa(math.MaxInt-len(most)-1)+":"), 0)
	require.Error(t, err)
	require.Zero(t, frame)

	// 3 GiB are too many for an int of 32 bits and a limit otherwise.
	buf := framing.NewBuffer(netstring.New())
	buf.Write([]byte("3221225472:x"))
	_, _, err = buf.Next()
	var large *framing.TooLargeError
	require.ErrorAs(t, err, &large)
	require.Equal(t, uint64(3<<30), large.Size)
	require.Equal(t, math.MaxInt < 3<<30, large.Final)
}

// TestCommaBehindTooLarge shows that too large comes before a missing comma,
// though both are there to be seen.
func TestCommaBehindTooLarge(t *testing.T) {
	buf := framing.NewBuffer(netstring.New())
	buf.SetMaxPayload(2)
	buf.Write([]byte("3:abcX1:d,"))
	_, _, err := buf.Next()
	var large *framing.TooLargeError
	require.ErrorAs(t, err, &large)
	require.Equal(t, uint64(3), large.Size)
	payload, ok, err := buf.Next()
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "d", string(payload))
}

func TestMaxEncodedLen(t *testing.T) {
	f := netstring.New()
	require.Equal(t, 22, f.MaxEncodedLen(0))
	require.Equal(t, math.MaxInt, f.MaxEncodedLen(math.MaxInt-22))
	require.Equal(t, math.MaxInt, f.MaxEncodedLen(math.MaxInt))
}

func TestPrefixer(t *testing.T) {
	f := netstring.New()
	head, err := f.AppendHeader([]byte("x"), math.MaxInt64)
	require.NoError(t, err)
	require.Equal(t, "x9223372036854775807:", string(head))
	require.Equal(t, ",", string(f.Trailer()))
	head, err = f.AppendHeader([]byte("x"), -1)
	var refused *framing.PayloadError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "x", string(head))
}

// The smallest size that a header can announce.
func TestAppendHeader_Least(t *testing.T) {
	wire, err := netstring.New().AppendHeader([]byte("x"), 0)
	require.NoError(t, err)
	require.Equal(t, "x0:", string(wire))
}

// costs are payloads, from ordinary to the dearest.
var costs = []struct {
	name    string
	framer  framing.Framer
	payload []byte
}{
	{"16", netstring.New(), bytes.Repeat([]byte("x"), 16)},
	{"1KiB", netstring.New(), bytes.Repeat([]byte("x"), 1024)},
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
