package lengthprefix_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

var (
	_ framing.Encloser = (*lengthprefix.Framer)(nil)
	_ framing.Encloser = (*lengthprefix.VarintFramer)(nil)
)

func newFramer(t *testing.T, c lengthprefix.Config) *lengthprefix.Framer {
	t.Helper()
	f, err := lengthprefix.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestNewRefuses(t *testing.T) {
	for _, test := range []struct {
		config lengthprefix.Config
		option string
		reason string
	}{
		{lengthprefix.Config{}, "width", "0 is not allowed; it must be 1 to 8 bytes"},
		{lengthprefix.Config{Width: -1}, "width", "-1 is not allowed; it must be 1 to 8 bytes"},
		{lengthprefix.Config{Width: 9}, "width", "9 is not allowed; it must be 1 to 8 bytes"},
		{lengthprefix.Config{Width: 1, Offset: -1}, "offset", "-1 is not allowed; it must be 0 to 65535 bytes"},
		{lengthprefix.Config{Width: 1, Offset: 65536}, "offset", "65536 is not allowed; it must be 0 to 65535 bytes"},
		{lengthprefix.Config{Width: 4, Adjust: 1<<30 + 1}, "adjust", "1073741825 is not allowed; it must be -1073741824 to 1073741824"},
		{lengthprefix.Config{Width: 4, Adjust: -1<<30 - 1}, "adjust", "-1073741825 is not allowed; it must be -1073741824 to 1073741824"},
		{lengthprefix.Config{Width: 1, Strip: -1}, "strip", "-1 is not allowed; it must be 1 to 65535 bytes"},
		{lengthprefix.Config{Width: 1, Strip: 65536}, "strip", "65536 is not allowed; it must be 1 to 65535 bytes"},
		{lengthprefix.Config{Width: 1, SkipEmpty: true, Keep: true}, "skip-empty", "no frame is empty if a part of the header is delivered"},
		{lengthprefix.Config{Width: 2, SkipEmpty: true, Strip: 1}, "skip-empty", "no frame is empty if a part of the header is delivered"},
		{lengthprefix.Config{Width: 1, Strip: 1, Keep: true}, "strip", "1 is not allowed with keep, which delivers the whole frame"},
		{lengthprefix.Config{Width: 2, Magic: []byte("a")}, "magic", "it has 1 byte; the header has 0 besides the length field"},
		{lengthprefix.Config{Width: 2, Magic: []byte("a"), Keep: true}, "magic", "it has 1 byte; the header has 0 besides the length field"},
		{lengthprefix.Config{Width: 2, Offset: 2, Magic: []byte("abc")}, "magic", "it has 3 bytes; the header has 2 besides the length field"},
		{lengthprefix.Config{Width: 2, Offset: 2, Strip: 1, Magic: []byte("abc")}, "magic", "it has 3 bytes; the header has 2 besides the length field"},
		{lengthprefix.Config{Width: 2, Offset: 2, Strip: 5, Magic: []byte("abcd")}, "magic", "it has 4 bytes; the header has 3 besides the length field"},
		{lengthprefix.Config{Width: 1, Digits: 4}, "digits", "4 is not allowed; it must be Binary, Decimal, Hex or BCD"},
		{lengthprefix.Config{Width: 1, Digits: lengthprefix.Hex, LittleEndian: true}, "order", "little is not allowed with digits, of which the most significant is the first"},
		{lengthprefix.Config{Width: 1, Trailer: make([]byte, 256)}, "trailer", "it has 256 bytes; at most 255 are allowed"},
		{lengthprefix.Config{Width: 1, Resync: true}, "resync", "it needs a magic of at least 2 bytes before the length field, to find the next frame"},
		{lengthprefix.Config{Width: 1, Offset: 1, Adjust: 1, Strip: 3, Magic: []byte("ab"), Resync: true}, "resync", "it needs a magic of at least 2 bytes before the length field, to find the next frame"},
		{lengthprefix.Config{Width: 1, Digits: lengthprefix.Decimal, Strip: 11, Trailer: []byte("ab")}, "adjust", "no value of a 1-byte length field makes a frame of 13 bytes, which its header and the stripped bytes take"},
		{lengthprefix.Config{Width: 1, Adjust: -256}, "adjust", "no value of a 1-byte length field makes a frame of 1 byte, which its header and the stripped bytes take"},
		{lengthprefix.Config{Width: 1, Strip: 300}, "adjust", "no value of a 1-byte length field makes a frame of 300 bytes, which its header and the stripped bytes take"},
		{lengthprefix.Config{Width: 1, Offset: 255, IncludesHeader: true}, "adjust", "no value of a 1-byte length field makes a frame of 256 bytes, which its header and the stripped bytes take"},
	} {
		f, err := lengthprefix.New(test.config)
		want := &framing.ConfigError{Framer: "lengthprefix", Option: test.option, Reason: test.reason}
		var got *framing.ConfigError
		if f != nil || !errors.As(err, &got) || *got != *want {
			t.Errorf("New(%+v) =\n%v, %v; want\nnil, %v", test.config, f, err, want)
		}
	}
}

func TestNewAcceptsLimits(t *testing.T) {
	for _, c := range []lengthprefix.Config{
		{Width: 1}, {Width: 8}, {Width: 8, Offset: 65535}, {Width: 8, Strip: 65535}, {Width: 4, Adjust: 1 << 30}, {Width: 4, Adjust: -1 << 30},
		{Width: 1, Adjust: -255}, {Width: 1, Strip: 256}, {Width: 1, Offset: 254, IncludesHeader: true}, {Width: 2, Magic: []byte{}},
		{Width: 8, Offset: 65535, Strip: 65535, Adjust: -1 << 30, IncludesHeader: true, LittleEndian: true, Magic: make([]byte, 65535)},
		{Width: 1, Offset: 65535, Magic: make([]byte, 65535), Keep: true},
		{Width: 1, Adjust: -255, Trailer: make([]byte, 255)}, {Width: 1, Digits: lengthprefix.Decimal, Adjust: -9}, {Width: 1, Digits: lengthprefix.BCD, Adjust: -99},
		{Width: 8, Offset: 2, Magic: []byte("ab"), Resync: true},
	} {
		if _, err := lengthprefix.New(c); err != nil {
			t.Errorf("New: %v; want nil", err)
		}
	}
}

// sizeOf returns the size of a frame with this value: value + Adjust bytes follow
// the field, less the header if the value counts it, and the trailer.
func sizeOf(c lengthprefix.Config, value uint64) *big.Int {
	size := new(big.Int).SetUint64(value)
	size.Add(size, big.NewInt(int64(c.Adjust+len(c.Trailer))))
	if !c.IncludesHeader {
		size.Add(size, big.NewInt(int64(c.Offset+c.Width)))
	}
	return size
}

// Framers of all widths, byte orders, offsets and adjustments read and write the
// values at the limits of the field, of the header and of int.
func TestBoundaries(t *testing.T) {
	for width := 1; width <= 8; width++ {
		for adjust := -9; adjust <= 9; adjust++ {
			for _, includes := range []bool{false, true} {
				for _, little := range []bool{false, true} {
					for _, offset := range []int{0, 3} {
						c := lengthprefix.Config{Width: width, LittleEndian: little, Offset: offset, Adjust: adjust, IncludesHeader: includes, Keep: true}
						testBoundaries(t, c)
						c.Keep = false
						for _, strip := range []int{1, width, offset + width - 1, offset + width, offset + width + 2} {
							c.Strip = strip
							testBoundaries(t, c)
						}
					}
				}
			}
		}
	}
}

func testBoundaries(t *testing.T, c lengthprefix.Config) {
	t.Helper()
	f := newFramer(t, c)
	readBoundaries(t, f)
	writeBoundaries(t, f)
}

// header returns a header with this value, and zeros in the other bytes.
func header(c lengthprefix.Config, value uint64) []byte {
	h := make([]byte, c.Offset+c.Width)
	for i := range c.Width {
		at := c.Offset + c.Width - 1 - i
		if c.LittleEndian {
			at = c.Offset + i
		}
		h[at] = byte(value >> (8 * i))
	}
	return h
}

func readBoundaries(t *testing.T, f *lengthprefix.Framer) {
	t.Helper()
	c := f.Config()
	mask := uint64(math.MaxUint64) >> (64 - 8*c.Width)
	values := []uint64{mask - 1, mask, mask/2 + 1}
	for v := range uint64(40) {
		values = append(values, v)
	}
	for d := range uint64(40) {
		values = append(values, math.MaxInt-20+d, math.MaxInt32-20+d, 1<<32-20+d)
	}
	for _, value := range values {
		if value > mask {
			continue
		}
		frame, _, err := f.Split(header(c, value), framing.Resume{})
		size := sizeOf(c, value)
		var tooLarge *framing.TooLargeError
		switch {
		case size.Cmp(big.NewInt(int64(max(c.Offset+c.Width, c.Strip)))) < 0:
			if frame.Size != 0 || err == nil || !strings.HasPrefix(err.Error(), "malformed length: ") {
				t.Fatalf("%v: Split of length %d = %+v, %v; want a malformed length", f, value, frame, err)
			}
		case size.Cmp(big.NewInt(math.MaxInt)) > 0:
			if frame.Size != 0 || !errors.As(err, &tooLarge) {
				t.Fatalf("%v: Split of length %d = %+v, %v; want a TooLargeError", f, value, frame, err)
			}
			payload := uint64(math.MaxUint64)
			if size.Sub(size, big.NewInt(int64(c.Strip))); size.IsUint64() {
				payload = size.Uint64()
			}
			if most := uint64(math.MaxInt - c.Strip); tooLarge.Size != payload || tooLarge.Max != most {
				t.Fatalf("%v: Split of length %d: got size %d, max %d; want %d, %d", f, value, tooLarge.Size, tooLarge.Max, payload, most)
			}
		default:
			if err != nil || int64(frame.Size) != size.Int64() || frame.Start != c.Strip || frame.End != frame.Size {
				t.Fatalf("%v: Split of length %d = %+v, %v; want size %d", f, value, frame, err, size)
			}
		}
	}
}

func writeBoundaries(t *testing.T, f *lengthprefix.Framer) {
	t.Helper()
	c := f.Config()
	head := c.Offset + c.Width
	delivered := max(0, head-c.Strip)
	mask := uint64(math.MaxUint64) >> (64 - 8*c.Width)
	sizes := []int{0, 1, 2, 9, 10, 11, 12, 13, 20, 100}
	if c.Width == 1 {
		for n := 230; n < 280; n++ {
			sizes = append(sizes, n)
		}
	}
	for _, n := range sizes {
		total := n + c.Strip
		value := total - head - c.Adjust
		if c.IncludesHeader {
			value += head
		}
		payload := bytes.Repeat([]byte{'x'}, n)
		fits := n >= delivered && value >= 0 && uint64(value) <= mask
		if err := f.PutHeader(payload); (err == nil) != fits {
			t.Fatalf("%v: PutHeader of %d bytes = %v; want nil: %t", f, n, err, fits)
		}
		wire, err := f.Append([]byte("before"), payload)
		h, errHeader := f.AppendHeader([]byte("before"), payload[:min(delivered, n)], int64(n))
		if !fits {
			if err == nil || string(wire) != "before" || errHeader == nil || string(h) != "before" {
				t.Fatalf("%v: Append of %d bytes = %x, %v, AppendHeader %x, %v; want errors", f, n, wire, err, h, errHeader)
			}
			continue
		}
		want := "before" + string(header(c, uint64(value))[:min(head, c.Strip)]) + strings.Repeat("\x00", max(0, c.Strip-head)) + string(payload)
		if err != nil || string(wire) != want {
			t.Fatalf("%v: Append of %d bytes = %x, %v; want %x, nil", f, n, wire, err, want)
		}
		if errHeader != nil || string(h)+string(payload) != want {
			t.Fatalf("%v: AppendHeader of %d bytes = %x, %v; Append = %x", f, n, h, errHeader, wire)
		}
		frame, _, err := f.Split(wire[6:], framing.Resume{})
		if err != nil || frame.Size != total || !bytes.Equal(wire[6:][frame.Start:frame.End], payload) {
			t.Fatalf("%v: Split of %x = %+v, %v; want the payload %x", f, wire[6:], frame, err, payload)
		}
		if total > f.MaxEncodedLen(n) {
			t.Fatalf("%v: MaxEncodedLen(%d) = %d; the frame has %d bytes", f, n, f.MaxEncodedLen(n), total)
		}
	}
}

// The presets accept the largest payload that their length can announce, and
// refuse one byte more.
func TestPresets(t *testing.T) {
	for _, test := range []struct {
		framer *lengthprefix.Framer
		text   string
		header string // of 5 bytes
		max    uint64
	}{
		{lengthprefix.Uint8(), "length,width=1", "\x05", 1<<8 - 1},
		{lengthprefix.Uint16(), "length,width=2", "\x00\x05", 1<<16 - 1},
		{lengthprefix.Uint32(), "length", "\x00\x00\x00\x05", 1<<32 - 1},
		{lengthprefix.Uint64(), "length,width=8", "\x00\x00\x00\x00\x00\x00\x00\x05", math.MaxUint64},
	} {
		wire, err := test.framer.Append(nil, []byte("hello"))
		if want := test.header + "hello"; err != nil || string(wire) != want {
			t.Errorf("%v: Append(hello) = %q, %v; want %q, nil", test.framer, wire, err, want)
		}
		if got := test.framer.String(); got != test.text {
			t.Errorf("String() = %q; want %q", got, test.text)
		}
		refused := []int64{-1}
		if test.max < math.MaxInt64 {
			if _, err := test.framer.AppendHeader(nil, nil, int64(test.max)); err != nil {
				t.Errorf("%v: AppendHeader of %d bytes: %v; want nil", test.framer, test.max, err)
			}
			refused = append(refused, int64(test.max)+1)
		}
		for _, size := range refused {
			reason := "a size cannot be negative"
			if size > 0 {
				reason = fmt.Sprintf("a length field of this width allows at most %d bytes", test.max)
			}
			dst, err := test.framer.AppendHeader([]byte("dst"), nil, size)
			var e *framing.PayloadError
			if !errors.As(err, &e) || e.Size != size || e.Reason != reason || string(dst) != "dst" {
				t.Errorf("%v: AppendHeader of %d bytes = %q, %v; want %q, %s", test.framer, size, dst, err, "dst", reason)
			}
		}
	}
	long := make([]byte, 1<<16)
	if _, err := lengthprefix.Uint8().Append(nil, long[:256]); err == nil {
		t.Error("Uint8: Append of 256 bytes: got nil; want an error")
	}
	if _, err := lengthprefix.Uint16().Append(nil, long); err == nil {
		t.Error("Uint16: Append of 65,536 bytes: got nil; want an error")
	}
}

// A frame larger than math.MaxInt (3 GiB if int has 32 bits, 8 EiB otherwise) is a
// TooLargeError, whose size is never below its limit.
func TestSplitLargerThanInt(t *testing.T) {
	type split struct {
		framer *lengthprefix.Framer
		value  uint64
		size   uint64 // 0 if it is not too large
		max    uint64
	}
	keep := newFramer(t, lengthprefix.Config{Width: 8, IncludesHeader: true, Keep: true})
	tests := []split{
		{lengthprefix.Uint64(), math.MaxInt - 8, 0, 0},
		{lengthprefix.Uint64(), math.MaxInt - 7, math.MaxInt - 7, math.MaxInt - 8},
		{lengthprefix.Uint64(), 1 << 63, 1 << 63, math.MaxInt - 8},
		{lengthprefix.Uint64(), math.MaxUint64, math.MaxUint64, math.MaxInt - 8},
		{keep, math.MaxInt, 0, 0},
		{keep, math.MaxInt + 1, math.MaxInt + 1, math.MaxInt},
	}
	if math.MaxInt == math.MaxInt32 {
		tests = append(tests,
			split{lengthprefix.Uint32(), 2147483643, 0, 0},
			split{lengthprefix.Uint32(), 2147483644, 2147483644, 2147483643},
			split{lengthprefix.Uint32(), 3 << 30, 3 << 30, 2147483643},
		)
	}
	for _, test := range tests {
		frame, _, err := test.framer.Split(header(test.framer.Config(), test.value), framing.Resume{})
		var e *framing.TooLargeError
		if test.size == 0 {
			if err != nil || uint64(frame.End-frame.Start) != test.value {
				t.Errorf("%v: Split of length %d = %+v, %v; want a payload of that size", test.framer, test.value, frame, err)
			}
			continue
		}
		if frame.Size != 0 || !errors.As(err, &e) || e.Size != test.size || e.Max != test.max {
			t.Errorf("%v: Split of length %d = %+v, %v; want size %d, max %d", test.framer, test.value, frame, err, test.size, test.max)
		}
		// What a user sees, without a limit of their own.
		r := framing.NewReader(bytes.NewReader(header(test.framer.Config(), test.value)), test.framer)
		r.SetMaxPayload(-1)
		want := fmt.Sprintf("framing: frame at offset 0: payload of %d bytes exceeds the limit of %d bytes", test.size, test.max)
		if _, err := r.ReadFrame(); err == nil || err.Error() != want {
			t.Errorf("ReadFrame: got %v; want %s", err, want)
		}
	}
}

// The delivered part of a header is verified on writing.
func TestAppendVerifiesDeliveredHeader(t *testing.T) {
	type config = lengthprefix.Config
	for _, test := range []struct {
		config  config
		payload string
		refused string
	}{
		{config{Width: 2, Keep: true}, "\x00\x05hello", ""},
		{config{Width: 2, Keep: true}, "\x00\x04hello", "its length field, at byte 0, is 0004; for this size it must be 0005"},
		{config{Width: 2, Keep: true}, "\x00", "it must begin with the delivered part of the header, 2 bytes"},
		{config{Width: 2, Keep: true}, "", "it must begin with the delivered part of the header, 2 bytes"},
		{config{Width: 2, LittleEndian: true, Keep: true}, "\x00\x05hello", "its length field, at byte 0, is 0005; for this size it must be 0500"},
		{config{Width: 3, Offset: 2, Keep: true}, "xy\x00\x00\x05hello", ""},
		{config{Width: 3, Offset: 2, Keep: true}, "xy\x00\x05\x00hello", "its length field, at byte 2, is 000500; for this size it must be 000005"},
		{config{Width: 3, Offset: 2, Strip: 1}, "y\x00\x00\x05hello", ""},
		{config{Width: 3, Offset: 2, Strip: 1}, "y\x00\x00", "it must begin with the delivered part of the header, 4 bytes"},
		{config{Width: 3, Offset: 2, Strip: 1}, "y\x00\x00\x06hello", "its length field, at byte 1, is 000006; for this size it must be 000005"},
		// A part of the field is stripped: the other part is verified.
		{config{Width: 4, Strip: 2}, "\x00\x05hello", ""},
		{config{Width: 4, Strip: 2}, "\x01\x05hello", "its length field, at byte 0, is 0105; for this size it must be 0005"},
		{config{Width: 1, Adjust: 5, Keep: true}, "\x00hello", ""},
		{config{Width: 1, Adjust: 5, Keep: true}, "\x00hell", "it must have at least 6 bytes; with fewer, this adjustment makes the length negative"},
		{config{Width: 1, Offset: 1, Adjust: 5, Strip: 1}, "\x00hell", "it must have at least 6 bytes; with fewer, this adjustment makes the length negative"},
		// Magic is verified where it is delivered.
		{config{Width: 1, Offset: 2, Magic: []byte{'x', 0xef}, Keep: true}, "x\xef\x02hi", ""},
		{config{Width: 1, Offset: 2, Magic: []byte{'x', 0xef}, Keep: true}, "y\xef\x02hi", "its byte 0 is 0x79; the magic requires 0x78"},
		{config{Width: 1, Offset: 2, Magic: []byte{'x', 0xef}, Keep: true}, "x\xee\x02hi", "its byte 1 is 0xee; the magic requires 0xef"},
		{config{Width: 1, Offset: 2, Magic: []byte{'x', 0xef}, Strip: 1}, "\xef\x02hi", ""},
		{config{Width: 1, Offset: 2, Magic: []byte{'x', 0xef}, Strip: 1}, "\xee\x02hi", "its byte 0 is 0xee; the magic requires 0xef"},
		{config{Width: 1, Offset: 2, Magic: []byte("x"), Keep: true}, "x?\x02hi", ""},
		{config{Width: 1, Offset: 2, Magic: []byte("x"), Strip: 1}, "?\x02hi", ""},
	} {
		f := newFramer(t, test.config)
		before := []byte("before")
		wire, err := f.Append(before, []byte(test.payload))
		head, errHeader := f.AppendHeader(before, []byte(test.payload), int64(len(test.payload)))
		if test.refused == "" {
			if err != nil || !strings.HasSuffix(string(wire), test.payload) || errHeader != nil || string(head)+test.payload != string(wire) {
				t.Errorf("%v: Append(%q) = %q, %v, AppendHeader %q, %v; want no error", f, test.payload, wire, err, head, errHeader)
			}
			continue
		}
		for _, err := range []error{err, errHeader} {
			var e *framing.PayloadError
			if !errors.As(err, &e) || e.Reason != test.refused || e.Size != int64(len(test.payload)) {
				t.Errorf("%v, %q:\n got %v\nwant %s", f, test.payload, err, test.refused)
			}
		}
		if string(wire) != "before" || string(head) != "before" {
			t.Errorf("%v, %q: dst = %q, %q; want it unchanged", f, test.payload, wire, head)
		}
	}
}

// AppendHeader needs the delivered part of the header, and no more of the payload.
func TestAppendHeaderNeedsDeliveredHeader(t *testing.T) {
	for _, test := range []struct {
		config   lengthprefix.Config
		payload  string
		need     int
		stripped string
	}{
		{lengthprefix.Config{Width: 2}, "hello", 0, "\x00\x05"},
		{lengthprefix.Config{Width: 2, Keep: true}, "\x00\x05hello", 2, ""},
		{lengthprefix.Config{Width: 2, Offset: 1, Magic: []byte("m"), Keep: true}, "m\x00\x05hello", 3, ""},
		{lengthprefix.Config{Width: 2, Offset: 2, Magic: []byte("m"), Strip: 1}, "?\x00\x05hello", 3, "m"},
		{lengthprefix.Config{Width: 2, Offset: 1, Magic: []byte("m"), Strip: 2}, "\x05hello", 1, "m\x00"},
	} {
		f := newFramer(t, test.config)
		for n := range len(test.payload) + 1 {
			dst, err := f.AppendHeader([]byte("dst"), []byte(test.payload[:n]), int64(len(test.payload)))
			want, wantErr := "dst"+test.stripped, error(nil)
			if n < test.need {
				want, wantErr = "dst", framing.ErrNoHeader
			}
			if string(dst) != want || err != wantErr {
				t.Errorf("%v: AppendHeader of %q = %q, %v; want %q, %v", f, test.payload[:n], dst, err, want, wantErr)
			}
		}
	}
}

// A frame that is delivered with its header streams in and out.
func TestKeepStreams(t *testing.T) {
	f := newFramer(t, lengthprefix.Config{Width: 4, Offset: 1, Magic: []byte("m"), Keep: true})
	payload := make([]byte, 3<<20) // more than the limit of a Reader or Writer
	copy(payload[100:], "hello")
	if err := f.PutHeader(payload); err != nil {
		t.Fatal(err)
	}
	var wire bytes.Buffer
	w := framing.NewWriter(&wire, f)
	if err := w.WriteFrom(bytes.NewReader(payload), int64(len(payload))); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	size, r, err := framing.NewReader(bytes.NewReader(wire.Bytes()), f).NextReader()
	if err != nil || size != int64(len(payload)) {
		t.Fatalf("NextReader = %d, %v; want %d, nil", size, err, len(payload))
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, payload) {
		t.Errorf("ReadAll = %d bytes, %v; want the %d that were written", len(got), err, len(payload))
	}

	payload[4] ^= 1
	var e *framing.PayloadError
	if err := w.WriteFrom(bytes.NewReader(payload), int64(len(payload))); !errors.As(err, &e) {
		t.Errorf("WriteFrom with a wrong length: got %v; want a PayloadError", err)
	}
}

func TestPutHeader(t *testing.T) {
	for _, test := range []struct {
		config        lengthprefix.Config
		payload, want string
	}{
		{lengthprefix.Config{Width: 2}, "hello", "hello"},
		{lengthprefix.Config{Width: 2, Keep: true}, "??hello", "\x00\x05hello"},
		{lengthprefix.Config{Width: 2, IncludesHeader: true, Keep: true}, "??hello", "\x00\x07hello"},
		{lengthprefix.Config{Width: 2, LittleEndian: true, Adjust: -2, Keep: true}, "??hello", "\x07\x00hello"},
		{lengthprefix.Config{Width: 4, Offset: 1, Adjust: -4, Keep: true}, "Q????hello", "Q\x00\x00\x00\x09hello"},
		{lengthprefix.Config{Width: 1, Offset: 3, Magic: []byte("mn"), Keep: true}, "????hello", "mn?\x05hello"},
		{lengthprefix.Config{Width: 1, Offset: 3, Magic: []byte("mn"), Strip: 1}, "???hello", "n?\x05hello"},
		{lengthprefix.Config{Width: 4, Strip: 2}, "??hello", "\x00\x05hello"},
	} {
		f := newFramer(t, test.config)
		payload := []byte(test.payload)
		if err := f.PutHeader(payload); err != nil || string(payload) != test.want {
			t.Errorf("%v: PutHeader(%q) = %v, %q; want nil, %q", f, test.payload, err, payload, test.want)
		}
		if _, err := f.Append(nil, payload); err != nil {
			t.Errorf("%v: Append(%q) = %v; want nil", f, payload, err)
		}
	}

	f := newFramer(t, lengthprefix.Config{Width: 1, Offset: 2, Magic: []byte("mn"), Keep: true})
	for n, reason := range map[int]string{
		0:   "it must begin with the delivered part of the header, 3 bytes",
		2:   "it must begin with the delivered part of the header, 3 bytes",
		259: "a length field of this width allows at most 258 bytes",
	} {
		payload := bytes.Repeat([]byte("x"), n)
		var e *framing.PayloadError
		if err := f.PutHeader(payload); !errors.As(err, &e) || e.Size != int64(n) || e.Reason != reason || strings.Trim(string(payload), "x") != "" {
			t.Errorf("PutHeader of %d bytes = %v, %q; want %s, and no change", n, err, payload, reason)
		}
	}
}

// Magic is written, and verified as soon as it arrives.
func TestMagic(t *testing.T) {
	config := lengthprefix.Config{Width: 1, Offset: 2, Adjust: 2, Strip: 5}
	f := newFramer(t, config)
	if wire, err := f.Append(nil, []byte("hi")); err != nil || string(wire) != "\x00\x00\x02\x00\x00hi" {
		t.Errorf("Append(hi) = %q, %v; want zeros around the length", wire, err)
	}
	if frame, _, err := f.Split([]byte("ab\x02cdhi"), framing.Resume{}); err != nil || frame.Size != 7 {
		t.Errorf("Split = %+v, %v; want size 7, nil", frame, err)
	}

	magic := []byte("ab\xefd")
	config.Magic = magic
	f = newFramer(t, config)
	magic[0] = 'x'
	f.Config().Magic[0] = 'x'
	wire, err := f.Append(nil, []byte("hi"))
	if err != nil || string(wire) != "ab\x02\xefdhi" {
		t.Fatalf("Append(hi) = %q, %v; want %q, nil", wire, err, "ab\x02\xefdhi")
	}
	testMagic(t, f, wire, 0, 1, 3, 4)

	config.Magic = []byte("ab\xef") // the last stripped byte is not given
	f = newFramer(t, config)
	testMagic(t, f, []byte("ab\x02\xef?hi"), 0, 1, 3)
	config.Magic = []byte("a")
	f = newFramer(t, config)
	testMagic(t, f, []byte("a?\x02??hi"), 0)
	config.Magic, config.Strip, config.Keep = []byte("a\xef"), 0, true
	testMagic(t, newFramer(t, config), []byte("a\xef\x02??hi"), 0, 1)
	config.Strip, config.Keep = 1, false
	testMagic(t, newFramer(t, config), []byte("a\xef\x02??hi"), 0, 1)
}

// testMagic changes each byte of wire, a frame, in the header and expects Split to
// reject those at the given positions, whole and byte by byte.
func testMagic(t *testing.T, f *lengthprefix.Framer, wire []byte, at ...int) {
	t.Helper()
	isMagic := make([]bool, 5)
	for _, i := range at {
		isMagic[i] = true
	}
	for i := range isMagic {
		if i == 2 {
			continue
		}
		bad := bytes.Clone(wire)
		bad[i] = '!'
		var r framing.Resume
		for n := 1; n <= len(wire); n++ {
			want := "<nil>"
			if isMagic[i] && n > i {
				want = fmt.Sprintf("malformed header: byte %d is 0x21, want 0x%02x", i, wire[i])
			}
			whole, _, err := f.Split(bad[:n], framing.Resume{})
			if fmt.Sprint(err) != want || err != nil && whole.Size != 0 {
				t.Errorf("%v: Split(%q) = %+v, %v; want %s", f, bad[:n], whole, err, want)
			}
			var frame framing.Frame
			frame, r, err = f.Split(bad[:n], r)
			if fmt.Sprint(err) != want || frame != whole {
				t.Errorf("%v: Split(%q), resumed, = %+v, %v; want %+v, %s", f, bad[:n], frame, err, whole, want)
			}
			if err != nil {
				break
			}
		}
	}
}

// Magic that arrives byte by byte is compared once: Split does not examine again
// what precedes the position it returned, nor does it return less than it could.
func TestMagicIsLinear(t *testing.T) {
	const size = 60_000
	magic := bytes.Repeat([]byte("m"), size)
	for _, c := range []lengthprefix.Config{
		{Width: 4, Offset: size, Magic: magic},
		{Width: 4, Offset: size, Magic: magic, Keep: true},
		{Width: 4, Strip: size + 4, Adjust: size, Magic: magic},
		{Width: 4, Offset: size / 2, Strip: size + 4, Adjust: size / 2, Magic: magic},
	} {
		f := newFramer(t, c)
		wire := bytes.Repeat([]byte("m"), size+4)
		copy(wire[c.Offset:], "\x00\x00\x00\x00")
		data := bytes.Clone(wire)
		var r framing.Resume
		examined := 0
		for n := 1; n <= len(wire); n++ {
			// What Split promised not to examine is wrong from now on.
			before := r.Pos
			for i := max(0, before-1); i < before && (i < c.Offset || i >= c.Offset+c.Width); i++ {
				data[i] = '!'
			}
			frame, next, err := f.Split(data[:n], r)
			if err != nil || (frame.Size > 0) != (n == len(wire)) {
				t.Fatalf("%v: Split of %d bytes = %+v, %v", f, n, frame, err)
			}
			if next.Pos < before || next.Pos > n {
				t.Fatalf("%v: Split of %d bytes returned position %d after %d", f, n, next.Pos, before)
			}
			examined += n - before
			r = next
		}
		if most := 2*size + 64; examined > most {
			t.Errorf("%v: Split examined %d bytes of a header of %d; want at most %d", f, examined, len(wire), most)
		}
	}
}

// A length that makes no frame is rejected when its field is complete, before Magic
// that follows it has arrived.
func TestMagicAfterInvalidLength(t *testing.T) {
	small := newFramer(t, lengthprefix.Config{Width: 1, Strip: 3, Magic: []byte("ab")})
	large := newFramer(t, lengthprefix.Config{Width: 8, Strip: 9, Magic: []byte("a")})
	for _, test := range []struct {
		f     *lengthprefix.Framer
		value uint64
		valid bool
	}{
		{small, 1, false}, {small, 2, true}, {small, 255, true},
		{large, 0, false}, {large, 1, true}, {large, math.MaxInt - 8, true}, {large, math.MaxInt - 7, false},
	} {
		frame, _, err := test.f.Split(header(test.f.Config(), test.value), framing.Resume{})
		if (err == nil) != test.valid || frame.Size != 0 {
			t.Errorf("%v: Split of length %d = %+v, %v; want an error: %t", test.f, test.value, frame, err, !test.valid)
		}
	}
}

func TestConfig(t *testing.T) {
	for _, test := range []struct{ given, want lengthprefix.Config }{
		{lengthprefix.Config{Width: 4}, lengthprefix.Config{Width: 4, Strip: 4}},
		{lengthprefix.Config{Width: 4, Strip: 4, Magic: []byte{}}, lengthprefix.Config{Width: 4, Strip: 4}},
		{lengthprefix.Config{Width: 2, Keep: true}, lengthprefix.Config{Width: 2, Keep: true}},
		{
			lengthprefix.Config{Width: 3, LittleEndian: true, Offset: 1, Adjust: -2, IncludesHeader: true, Strip: 5, Magic: []byte("ab")},
			lengthprefix.Config{Width: 3, LittleEndian: true, Offset: 1, Adjust: -2, IncludesHeader: true, Strip: 5, Magic: []byte("ab")},
		},
	} {
		f := newFramer(t, test.given)
		got := f.Config()
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("New(%+v).Config() =\n%+v; want\n%+v", test.given, got, test.want)
		}
		if again := newFramer(t, got); !reflect.DeepEqual(again, f) {
			t.Errorf("New(Config()) = %v; want %v", again, f)
		}
	}
}

func TestString(t *testing.T) {
	for _, test := range []struct {
		config lengthprefix.Config
		want   string
	}{
		{lengthprefix.Config{Width: 4}, "length"},
		{lengthprefix.Config{Width: 4, Strip: 4}, "length"},
		{lengthprefix.Config{Width: 2, LittleEndian: true}, "length,width=2,order=little"},
		{lengthprefix.Config{Width: 2, Keep: true}, "length,width=2,keep"},
		{lengthprefix.Config{Width: 2, Offset: 2, Magic: []byte{3, 0}, Keep: true}, "length,width=2,offset=2,magic=0300,keep"},
		{lengthprefix.Config{Width: 4, Offset: 1, Adjust: -3, IncludesHeader: true, Strip: 6, Magic: []byte{0xca, 0xfe}}, "length,offset=1,adjust=-3,includes-header,strip=6,magic=cafe"},
		{lengthprefix.Config{Width: 4, Digits: lengthprefix.Decimal, Offset: 2, Magic: []byte("MM"), Trailer: []byte{0xce}, Resync: true, Keep: true}, "length,digits=decimal,offset=2,magic=4d4d,trailer=ce,resync,keep"},
	} {
		if got := newFramer(t, test.config).String(); got != test.want {
			t.Errorf("%+v: String() = %q; want %q", test.config, got, test.want)
		}
	}
	if got, want := newVarint(t, lengthprefix.VarintConfig{Offset: 1, MaxBytes: 4, NonMinimal: true, Keep: true}).String(), "varint,offset=1,max-bytes=4,non-minimal,keep"; got != want {
		t.Errorf("String() = %q; want %q", got, want)
	}
	if got, want := lengthprefix.Varint().String(), "varint"; got != want {
		t.Errorf("String() = %q; want %q", got, want)
	}
	if got, want := lengthprefix.Varint().NonMinimal().String(), "varint,non-minimal"; got != want {
		t.Errorf("String() = %q; want %q", got, want)
	}
}

func TestMaxEncodedLen(t *testing.T) {
	for _, test := range []struct {
		framer  framing.Framer
		n, want int
	}{
		{lengthprefix.Uint32(), 0, 4}, {lengthprefix.Uint32(), 10, 14},
		{lengthprefix.Uint32(), math.MaxInt - 4, math.MaxInt}, {lengthprefix.Uint32(), math.MaxInt - 3, math.MaxInt}, {lengthprefix.Uint32(), math.MaxInt, math.MaxInt},
		// Room for a complete header, even if the payload is smaller.
		{newFramer(t, lengthprefix.Config{Width: 4, Keep: true}), 1, 4},
		{newFramer(t, lengthprefix.Config{Width: 4, Keep: true}), 10, 10},
		{newFramer(t, lengthprefix.Config{Width: 4, Strip: 6}), 10, 16},
		{newFramer(t, lengthprefix.Config{Width: 4, Trailer: []byte("ab")}), 10, 16},
		{newFramer(t, lengthprefix.Config{Width: 4, Trailer: []byte("ab"), Keep: true}), 10, 10},
		{lengthprefix.Varint(), 0, 10}, {lengthprefix.Varint(), 10, 20}, {lengthprefix.Varint(), math.MaxInt - 9, math.MaxInt}, {lengthprefix.Varint(), math.MaxInt, math.MaxInt},
	} {
		if got := test.framer.MaxEncodedLen(test.n); got != test.want {
			t.Errorf("%v: MaxEncodedLen(%d) = %d; want %d", test.framer, test.n, got, test.want)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	for _, f := range []framing.Framer{
		lengthprefix.Uint8(), lengthprefix.Uint16(), lengthprefix.Uint32(), lengthprefix.Varint(),
		newFramer(t, lengthprefix.Config{Width: 3, LittleEndian: true, Offset: 2, Magic: []byte("mn")}),
		newFramer(t, lengthprefix.Config{Width: 1, Offset: 2, Magic: []byte("mn"), Keep: true}),
	} {
		frametest.CheckAllocs(t, f, []byte("mn\x02hi"))
	}
	frametest.CheckAllocs(t, newVarint(t, mqtt), []byte("\x30\x02hi"))
	for _, digits := range []lengthprefix.Digits{lengthprefix.Decimal, lengthprefix.Hex, lengthprefix.BCD} {
		f := newFramer(t, lengthprefix.Config{Width: 2, Digits: digits, Offset: 2, Magic: []byte("mn"), Trailer: []byte("\r\n"), Resync: true})
		frametest.CheckAllocs(t, f, []byte("hello"))
	}
}

// Benchmark measures a preset, a layout that is not one, and a varint.
func Benchmark(b *testing.B) {
	little, err := lengthprefix.New(lengthprefix.Config{Width: 4, LittleEndian: true})
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range []framing.Framer{lengthprefix.Uint32(), little, lengthprefix.Varint()} {
		b.Run(fmt.Sprint(f), func(b *testing.B) { frametest.Benchmark(b, f, make([]byte, 16)) })
	}
}

// Empty frames are fill, which WriteFill writes and Append refuses.
func TestSkipEmpty(t *testing.T) {
	f := newFramer(t, lengthprefix.Config{Width: 2, Adjust: 2, Strip: 4, SkipEmpty: true})
	frametest.Compare(t, f, []byte("\x00\x00\x00\x00\x00\x01\x00\x00a\x00\x00\x00\x00"), frametest.Frames("a"))
	frametest.Compare(t, f, []byte("\x00\x00\x00"), frametest.Stream{Torn: true})
	trailed := newFramer(t, lengthprefix.Config{Width: 1, Digits: lengthprefix.BCD, Trailer: []byte("\r\n"), SkipEmpty: true})
	frametest.Compare(t, trailed, []byte("\x00\r\n\x01a\r\n\x00\r\n"), frametest.Frames("a"))
	frametest.Compare(t, trailed, []byte("\x01a\r\n\x00\r"), frametest.Stream{Frames: frametest.Frames("a").Frames, Torn: true})
	w := framing.NewWriter(io.Discard, f)
	if err := w.WriteFill([]byte("\x00\x00\x00\x00")); err != nil {
		t.Errorf("WriteFill() = %v; want nil", err)
	}
	got, err := f.Append([]byte("x"), nil)
	if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || e.Reason != "it is empty, and empty frames are fill" || string(got) != "x" {
		t.Errorf(`Append of an empty payload = %q, %v; want "x" and a PayloadError`, got, err)
	}
}
