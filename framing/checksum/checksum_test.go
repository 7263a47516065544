package checksum_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/checksum"
	"github.com/wholeframe/wholeframe/framing/cobs"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/stuffed"
)

// The check values of the catalogue of CRC algorithms, in the order of the wire.
func TestKinds(t *testing.T) {
	want := map[string]string{
		"xor8": "31", "sum8": "dd", "crc16-x25": "6e90", "crc16-modbus": "374b", "crc16-ccitt": "29b1", "crc16-xmodem": "31c3",
		"crc32": "cbf43926", "crc32-le": "2639f4cb", "crc32c": "e3069283", "crc32c-le": "839206e3",
	}
	for _, kind := range checksum.Kinds() {
		got := fmt.Sprintf("%x", kind.Append(nil, []byte("123456789")))
		if got != want[kind.String()] || 2*kind.Size() != len(got) {
			t.Errorf("%v of 123456789 = %s; want %s", kind, got, want[kind.String()])
		}
	}
	if len(checksum.Kinds()) != len(want) {
		t.Errorf("got %d kinds; want %d", len(checksum.Kinds()), len(want))
	}
	for _, none := range []checksum.Kind{checksum.Kind(len(want)), 99} {
		if s := none.String(); s != "unknown" || none.Size() != 0 || none.Append(nil, nil) != nil {
			t.Errorf("Kind(%d) = %q of %d bytes; want unknown, 0", none, s, none.Size())
		}
	}
}

func TestWrapRefuses(t *testing.T) {
	for _, kind := range []checksum.Kind{checksum.Kind(len(checksum.Kinds())), 99} {
		f, err := checksum.Wrap(cobs.New(), kind)
		if want := fmt.Sprintf("checksum: check: %d is not a kind of checksum", uint8(kind)); f != nil || fmt.Sprint(err) != want {
			t.Errorf("Wrap = %v, %v; want nil, %s", f, err, want)
		}
	}
}

func TestMaxEncodedLen(t *testing.T) {
	f := wrap(t, lengthprefix.Uint32(), checksum.CRC32)
	for n, want := range map[int]int{0: 8, 100: 108, math.MaxInt - 8: math.MaxInt, math.MaxInt: math.MaxInt} {
		if got := f.MaxEncodedLen(n); got != want {
			t.Errorf("MaxEncodedLen(%d) = %d; want %d", n, got, want)
		}
	}
}

// A wrapped Framer is a Skipper if the inner one is, and never an Encloser, for which
// the checksum would be a part of the payload.
func TestInterfaces(t *testing.T) {
	for _, test := range []struct {
		f     framing.Framer
		skips bool
	}{{cobs.New(), true}, {delimiter.Line(), true}, {lengthprefix.Varint(), false}} {
		f := wrap(t, test.f, checksum.CRC32)
		_, skips := f.(framing.Skipper)
		_, finishes := f.(framing.Finisher)
		_, encloses := f.(framing.Encloser)
		if skips != test.skips || finishes || encloses {
			t.Errorf("%v: Skipper %t, Finisher %t, Encloser %t; want %t, false, false", f, skips, finishes, encloses, test.skips)
		}
	}
}

func TestErrors(t *testing.T) {
	f := wrap(t, lengthprefix.Uint8(), checksum.CRC16X25)
	for wire, want := range map[string]string{
		"\x01a":         "malformed checksum: the frame has 1 bytes, fewer than crc16-x25",
		"\x03a\x00\x00": "wrong checksum: got 0000, want f782 (crc16-x25)",
	} {
		frame, _, err := f.Split([]byte(wire), framing.Resume{})
		if fmt.Sprint(err) != want || frame.Size != len(wire) || frame.End != frame.Start {
			t.Errorf("Split(%q) = %+v, %v; want Size %d, %s", wire, frame, err, len(wire), want)
		}
	}
	got, err := f.Append([]byte("dst"), make([]byte, 254))
	want := "framing: payload of 254 bytes refused: with its checksum, a length field of this width allows at most 255 bytes"
	if fmt.Sprint(err) != want || string(got) != "dst" {
		t.Errorf("Append = %q, %v; want dst, %s", got, err, want)
	}
	if _, err := wrap(t, delimiter.Line(), checksum.XOR8).Append(nil, []byte("ka")); err == nil {
		t.Error("Append of a line whose checksum is a line end: got nil; want a PayloadError")
	}
}

// A frame that might be larger than memory is not built to be refused.
func TestAppendHuge(t *testing.T) {
	huge, err := fixed.New(math.MaxInt)
	if err != nil {
		t.Fatal(err)
	}
	_, err = wrap(t, huge, checksum.CRC32).Append(nil, []byte("a"))
	if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || e.Size != 1 {
		t.Errorf("Append = %v; want a PayloadError", err)
	}
}

func TestAllocs(t *testing.T) {
	for _, f := range []framing.Framer{lengthprefix.Uint32(), cobs.New(), stuffed.HDLC(), delimiter.Line()} {
		frametest.CheckAllocs(t, wrap(t, f, checksum.CRC32), bytes.Repeat([]byte("x"), 1000))
	}
}

func Benchmark(b *testing.B) {
	for _, f := range []framing.Framer{lengthprefix.Uint32(), cobs.New()} {
		f := wrap(b, f, checksum.CRC32)
		b.Run(fmt.Sprint(f), func(b *testing.B) { frametest.Benchmark(b, f, make([]byte, 64)) })
	}
}
