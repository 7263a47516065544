package recordmark_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/recordmark"
)

func TestWire(t *testing.T) {
	for wire, want := range map[string]frametest.Stream{
		"":                                  {},
		"\x80\x00\x00\x05hello":             frametest.Frames("hello"),
		"\x80\x00\x00\x00\x80\x00\x00\x01a": frametest.Frames("", "a"),
		"\x00\x00\x00\x00\x80\x00\x00\x01a": frametest.Frames("a"),
		"\x00\x00\x00\x01a\x80\x00\x00\x00": frametest.Frames("a"),
		"\x00\x00\x00\x01a\x80\x00\x00\x02bc\x80\x00\x00\x01d": frametest.Frames("abc", "d"),
		"\x00\x00\x00\x01a": {Torn: true},
		"\x80\x00\x00":      {Torn: true},
		"\x80\x00\x00\x02a": {Torn: true},
	} {
		frametest.Compare(t, recordmark.New(), []byte(wire), want)
	}
}

// record returns a record of n fragments of one byte, the last of which is z.
func record(n int) []byte {
	return slices.Concat(bytes.Repeat([]byte("\x00\x00\x00\x01a"), n-1), []byte("\x80\x00\x00\x01z"))
}

// A record may have MaxFragments fragments. One that has more is lost, and the next
// one is read.
func TestMaxFragments(t *testing.T) {
	const most = recordmark.MaxFragments
	next := []byte("\x80\x00\x00\x01b")
	frametest.Compare(t, recordmark.New(), slices.Concat(record(most), next), frametest.Frames(strings.Repeat("a", most-1)+"z", "b"))
	want := frametest.Stream{Frames: []frametest.Frame{{Invalid: true}, {Payload: "b"}}}
	for _, n := range []int{most + 1, most + 2, 3 * most} {
		frametest.Compare(t, recordmark.New(), slices.Concat(record(n), next), want)
	}
	_, err := framing.NewReader(bytes.NewReader(record(most+1)), recordmark.New()).ReadFrame()
	if want := "framing: frame at offset 0: malformed record: it has more than 4096 fragments"; fmt.Sprint(err) != want {
		t.Errorf("ReadFrame() = %v; want %s", err, want)
	}
}

// A record over the limit is skipped, whatever its fragments.
func TestTooLarge(t *testing.T) {
	wire := slices.Concat([]byte("\x00\x00\x40\x00"), make([]byte, 0x4000), record(10), record(5000), []byte("\x80\x00\x00\x05hello\x80\x00\x00\x01b"))
	for _, size := range []int{1, 3, 1000, len(wire)} {
		r := framing.NewReader(frametest.Chunks(wire, size), recordmark.New())
		r.SetMaxPayload(4)
		for i := range 3 {
			if _, err := r.ReadFrame(); !errors.Is(err, framing.ErrFrame) {
				t.Fatalf("ReadFrame() %d in chunks of %d: got %v; want an error that loses a frame", i, size, err)
			}
		}
		if payload, err := r.ReadFrame(); string(payload) != "b" || err != nil {
			t.Fatalf("ReadFrame() in chunks of %d = %q, %v; want b, nil", size, payload, err)
		}
	}
}

// A record of one fragment is announced, and can be streamed; one of several is not.
func TestStreams(t *testing.T) {
	r := framing.NewReader(strings.NewReader("\x80\x00\x00\x05hello\x00\x00\x00\x02he\x80\x00\x00\x03llo"), recordmark.New())
	for range 2 {
		_, payload, err := r.NextReader()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(payload); string(got) != "hello" || err != nil {
			t.Errorf("ReadAll = %q, %v; want hello, nil", got, err)
		}
	}
}

func TestAppendHeader(t *testing.T) {
	f := recordmark.New()
	if h, err := f.AppendHeader(nil, nil, math.MaxInt32); string(h) != "\xff\xff\xff\xff" || err != nil {
		t.Errorf("AppendHeader of 2 GiB less one = %q, %v; want ff ff ff ff, nil", h, err)
	}
	for _, size := range []int64{-1, math.MaxInt32 + 1} {
		h, err := f.AppendHeader([]byte("dst"), nil, size)
		if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || e.Size != size || string(h) != "dst" {
			t.Errorf("AppendHeader of %d bytes = %q, %v; want dst, a PayloadError", size, h, err)
		}
	}
}

func TestMaxEncodedLen(t *testing.T) {
	for n, want := range map[int]int{0: 16384, 5: 16389, math.MaxInt - 16384: math.MaxInt, math.MaxInt: math.MaxInt} {
		if got := recordmark.New().MaxEncodedLen(n); got != want {
			t.Errorf("MaxEncodedLen(%d) = %d; want %d", n, got, want)
		}
	}
}

func TestAllocs(t *testing.T) {
	frametest.CheckAllocs(t, recordmark.New(), make([]byte, 1024))
	buf := framing.NewBuffer(recordmark.New())
	wire := record(100)
	if n := testing.AllocsPerRun(100, func() {
		buf.Write(wire)
		if payload, ok, err := buf.Next(); len(payload) != 100 || !ok || err != nil {
			t.Fatalf("Next() = %q, %t, %v; want 100 bytes", payload, ok, err)
		}
	}); n > 0 {
		t.Errorf("got %v allocations for a record of 100 fragments; want none", n)
	}
}

func Benchmark(b *testing.B) { frametest.Benchmark(b, recordmark.New(), make([]byte, 1024)) }
