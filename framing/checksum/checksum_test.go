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
	"github.com/wholeframe/wholeframe/framing/spec"
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
	for text, want := range map[string]string{
		"fixed,size=3":                    "the frames of fixed,size=3 are too small for crc32, which has 4 bytes",
		"fixed,size=3,pad=00":             "the frames of fixed,size=3,pad=00 are too small for crc32, which has 4 bytes",
		"cobs,check=xor8":                 "cobs,check=xor8 has a checksum already",
		"length,check=xor8":               "length,check=xor8 has a checksum already",
		"line,keep":                       "",
		"crlf,keep":                       "",
		"delimiter,text=;,keep":           "",
		"length,offset=3,trailer=ce,keep": "",
		"dot":                             "",
		"json":                            "",
		"resp":                            "",
		"text-head,protocol=stomp":        "",
		"text-head,protocol=nats":         "",
		"text-head,protocol=memcached":    "",
	} {
		if want == "" {
			want = text + " cannot carry a checksum: the end of a payload belongs to the framing; one can be added where a payload may end in any bytes, as in length or cobs"
		}
		f, err := spec.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := checksum.Wrap(f, checksum.CRC32)
		if e := (*framing.ConfigError)(nil); got != nil || !errors.As(err, &e) || e.Option != "check" || e.Reason != want {
			t.Errorf("Wrap(%v) = %v, %v; want nil, a ConfigError: %s", f, got, err, want)
		}
	}
	if f, err := checksum.Wrap(nil, checksum.CRC32); f != nil || fmt.Sprint(err) != "checksum: check: there is no framer to add a checksum to" {
		t.Errorf("Wrap(nil) = %v, %v; want nil, a ConfigError", f, err)
	}
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
		"\x01a":         "malformed checksum: the frame has 1 byte, fewer than crc16-x25",
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

// Wrap takes what can carry a checksum in some payload. A length that is delivered, with
// the payload, counts the checksum.
func TestWrapTakes(t *testing.T) {
	for text, payload := range map[string]string{
		"fixed,size=4":               "",
		"line":                       "a",
		"length,keep":                "\x00\x00\x00\x09hello",
		"length,trailer=ce":          "hello",
		"varint,keep":                "\x09hello",
		"content-length,keep":        "Content-Length: 9\r\n\r\nhello",
		"text-head,protocol=sip":     "SIP/2.0 200 OK\r\nl: 9\r\n\r\nhello",
		"text-head,protocol=rtsp":    "RTSP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nhello",
		"enclosed,begin=0b,end=1c0d": "a",
		"record-mark":                "a",
		"syslog":                     "a",
		"octet-count":                "a",
	} {
		f, err := spec.Parse(text + ",check=crc32")
		if err != nil {
			t.Errorf("Parse of %s with a check: %v; want nil", text, err)
			continue
		}
		wire, err := f.Append(nil, []byte(payload))
		if err != nil {
			t.Errorf("%v: Append(%q) = %v; want nil", f, payload, err)
		}
		if back, err := framing.NewReader(bytes.NewReader(wire), f).ReadFrame(); string(back) != payload || err != nil {
			t.Errorf("%v: ReadFrame of %q = %q, %v; want %q, nil", f, wire, back, err, payload)
		}
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
