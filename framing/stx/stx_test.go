package stx_test

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/internal/oracle"
	"github.com/wholeframe/wholeframe/framing/stx"
)

func TestLaws(t *testing.T) { framingtest.Run(t, stx.New()) }

func TestLawsDLE(t *testing.T) { framingtest.Run(t, stx.DLE()) }

func TestWire(t *testing.T) {
	condemned := oracle.Frame{Condemned: true}
	for wire, want := range map[string]oracle.Stream{
		"":                       {},
		"\x02hello\x03":          {Frames: []oracle.Frame{{Payload: "hello"}}},
		"\x02\x03\x02a\x03":      {Frames: []oracle.Frame{{}, {Payload: "a"}}},
		"\x02a\x03\r\n\x02b\x03": {Frames: []oracle.Frame{{Payload: "a"}, condemned, {Payload: "b"}}},
		"torn\x03\x02b\x03":      {Frames: []oracle.Frame{condemned, {Payload: "b"}}},
		"\x03\x03\x02b\x03":      {Frames: []oracle.Frame{condemned, condemned, {Payload: "b"}}},
		"\x02torn\x02b\x03":      {Frames: []oracle.Frame{condemned, {Payload: "b"}}},
		"\x02\x02b\x03":          {Frames: []oracle.Frame{condemned, {Payload: "b"}}},
		"\x02":                   {Torn: true},
		"\x02a":                  {Torn: true},
		"garbage":                {Torn: true},
	} {
		oracle.Compare(t, stx.New(), []byte(wire), want)
	}
}

func TestWireDLE(t *testing.T) {
	condemned := oracle.Frame{Condemned: true}
	for wire, want := range map[string]oracle.Stream{
		"":                                     {},
		"\x10\x02hello\x10\x03":                {Frames: []oracle.Frame{{Payload: "hello"}}},
		"\x10\x02\x10\x03":                     {Frames: []oracle.Frame{{}}},
		"\x10\x02\x02\x03\x10\x10\x03\x10\x03": {Frames: []oracle.Frame{{Payload: "\x02\x03\x10\x03"}}},
		"\x10\x02\x10\x10\x10\x10\x10\x03":     {Frames: []oracle.Frame{{Payload: "\x10\x10"}}},
		"\x10\x02a\x10b\x10\x03\x10\x02c\x10\x03": {Frames: []oracle.Frame{condemned, {Payload: "c"}}},
		"noise\x10\x02c\x10\x03":                  {Frames: []oracle.Frame{condemned, {Payload: "c"}}},
		"torn\x10\x03\x10\x02c\x10\x03":           {Frames: []oracle.Frame{condemned, {Payload: "c"}}},
		"\x10\x02torn\x10\x02c\x10\x03":           {Frames: []oracle.Frame{condemned, {Payload: "c"}}},
		"\x10\x10\x02\x10\x02c\x10\x03":           {Frames: []oracle.Frame{condemned, {Payload: "c"}}},
		"\x10":                                    {Torn: true},
		"\x10\x02a\x10":                           {Torn: true},
		"\x10\x02a\x03":                           {Torn: true},
	} {
		oracle.Compare(t, stx.DLE(), []byte(wire), want)
	}
}

// TestSizes shows that a mark is found wherever it stands.
func TestSizes(t *testing.T) {
	for n := range 600 {
		payload := strings.Repeat("x", n)
		oracle.Compare(t, stx.New(), []byte("\x02"+payload+"\x03"), oracle.Stream{Frames: []oracle.Frame{{Payload: payload}}})
		oracle.Compare(t, stx.New(), []byte("\x02"+payload+"\x02\x03"), oracle.Stream{Frames: []oracle.Frame{{Condemned: true}, {}}})
	}
}

func TestRefused(t *testing.T) {
	for _, payload := range []string{"\x02", "\x03", "a\x03", strings.Repeat("x", 500) + "\x02"} {
		wire, err := stx.New().Append([]byte("x"), []byte(payload))
		var refused *framing.PayloadError
		require.ErrorAs(t, err, &refused)
		require.ErrorContains(t, err, "(stx,dle)")
		require.Equal(t, "x", string(wire))
	}
}

func TestMaxEncodedLen(t *testing.T) {
	for n := range 300 {
		wire, err := stx.DLE().Append(nil, bytes.Repeat([]byte{0x10}, n))
		require.NoError(t, err)
		require.Len(t, wire, stx.DLE().MaxEncodedLen(n))
		require.Equal(t, n+2, stx.New().MaxEncodedLen(n))
	}
	require.Equal(t, math.MaxInt, stx.New().MaxEncodedLen(math.MaxInt-1))
	require.Equal(t, math.MaxInt, stx.New().MaxEncodedLen(math.MaxInt))
	require.Equal(t, math.MaxInt-1, stx.DLE().MaxEncodedLen((math.MaxInt-4)/2))
	require.Equal(t, math.MaxInt, stx.DLE().MaxEncodedLen((math.MaxInt-4)/2+1))
	require.Equal(t, math.MaxInt, stx.DLE().MaxEncodedLen(math.MaxInt))
}

// TestTooLarge shows that what grows too large, message or noise, is skipped to
// where it would have ended, at whatever byte the limit falls.
func TestTooLarge(t *testing.T) {
	for _, c := range []struct {
		framer framing.Framer
		wire   []string // what is too large, and what ends it
		last   string
	}{
		{stx.New(), []string{"\x02aaaaaaaaaa", "\x03"}, "\x02b\x03"},
		{stx.New(), []string{"\x02aaaaaaaaaa", ""}, "\x02b\x03"},
		{stx.New(), []string{"aaaaaaaaaaa", "\x03"}, "\x02b\x03"},
		{stx.New(), []string{"aaaaaaaaaaa", ""}, "\x02b\x03"},
		{stx.DLE(), []string{"\x10\x02" + strings.Repeat("\x10\x10", 10), "\x10\x03"}, "\x10\x02b\x10\x03"},
		{stx.DLE(), []string{"\x10\x02a" + strings.Repeat("\x10\x10", 10), "\x10\x03"}, "\x10\x02b\x10\x03"},
		{stx.DLE(), []string{"\x10\x02a" + strings.Repeat("\x10\x10", 10), ""}, "\x10\x02b\x10\x03"},
		{stx.DLE(), []string{"a" + strings.Repeat("\x10\x10", 10), ""}, "\x10\x02b\x10\x03"},
	} {
		for limit := 1; limit < 5; limit++ {
			for _, piece := range []int{1, 2, 3, 100} {
				buf := framing.NewBuffer(c.framer)
				buf.SetMaxPayload(limit)
				var have []string
				for part := range slices.Chunk([]byte(strings.Join(c.wire, "")+c.last), piece) {
					buf.Write(part)
					for payload, err := range buf.Frames() {
						if err != nil {
							var large *framing.TooLargeError
							require.ErrorAs(t, err, &large)
							require.Zero(t, large.Offset)
						}
						have = append(have, string(payload))
					}
				}
				require.Equal(t, []string{"", "b"}, have)
			}
		}
	}
}

// BenchmarkManyMarks reads frames of which each is broken off by the next, with
// the only end mark far away: a mark must not be sought beyond another one.
func BenchmarkManyMarks(b *testing.B) {
	wire := append(bytes.Repeat([]byte{2}, 1<<20), 3)
	b.ReportAllocs()
	for b.Loop() {
		if frame, err := stx.New().Split(wire, 0); frame.Size != 1 || err == nil {
			b.Fatal(frame, err)
		}
	}
}

// costs are payloads, from ordinary to the dearest.
var costs = []struct {
	name    string
	framer  framing.Framer
	payload []byte
}{
	{"16", stx.New(), bytes.Repeat([]byte("x"), 16)},
	{"1KiB", stx.New(), bytes.Repeat([]byte("x"), 1024)},
	{"dle/16", stx.DLE(), bytes.Repeat([]byte("x"), 16)},
	{"dle/1KiB", stx.DLE(), bytes.Repeat([]byte("x"), 1024)},
	{"dle/1KiB, one DLE in 64", stx.DLE(), bytes.Repeat([]byte("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\x10"), 16)},
	{"dle/1KiB of DLE", stx.DLE(), bytes.Repeat([]byte("\x10"), 1024)},
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
