package lengthprefix_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

var (
	_ framing.Prefixer = (*lengthprefix.Framer)(nil)
	_ framing.Prefixer = (*lengthprefix.VarintFramer)(nil)
)

func newFramer(t *testing.T, c lengthprefix.Config) *lengthprefix.Framer {
	t.Helper()
	f, err := lengthprefix.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestNew_Refuses(t *testing.T) {
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
		{lengthprefix.Config{Width: 1, Strip: -2}, "strip", "-2 is not allowed; it must be 0 to 65535 bytes"},
		{lengthprefix.Config{Width: 1, Strip: 65536}, "strip", "65536 is not allowed; it must be 0 to 65535 bytes"},
		{lengthprefix.Config{Width: 2, Zero: []byte("a")}, "zero", "1 bytes are given; there are 0 that are stripped and not the length field"},
		{lengthprefix.Config{Width: 2, Offset: 2, Zero: []byte("a")}, "zero", "1 bytes are given; there are 2 that are stripped and not the length field"},
		{lengthprefix.Config{Width: 2, Offset: 2, Strip: 1, Zero: []byte("ab")}, "zero", "2 bytes are given; there are 1 that are stripped and not the length field"},
		{lengthprefix.Config{Width: 1, Adjust: -256}, "adjust", "with it no value of the 1-byte length field makes a frame of 1 bytes or more, its header and what is stripped"},
		{lengthprefix.Config{Width: 1, Strip: 300}, "adjust", "with it no value of the 1-byte length field makes a frame of 300 bytes or more, its header and what is stripped"},
		{lengthprefix.Config{Width: 1, Offset: 255, IncludesHeader: true}, "adjust", "with it no value of the 1-byte length field makes a frame of 256 bytes or more, its header and what is stripped"},
	} {
		f, err := lengthprefix.New(test.config)
		var e *framing.ConfigError
		if f != nil || !errors.As(err, &e) || e.Framer != "lengthprefix" || e.Option != test.option || e.Reason != test.reason {
			t.Errorf("%+v:\n got %v\nwant lengthprefix: %s: %s", test.config, err, test.option, test.reason)
		}
	}
}

func TestNew_AcceptsTheLimits(t *testing.T) {
	for _, c := range []lengthprefix.Config{
		{Width: 1}, {Width: 8}, {Width: 8, Offset: 65535}, {Width: 8, Strip: 65535}, {Width: 4, Adjust: 1 << 30}, {Width: 4, Adjust: -1 << 30},
		{Width: 1, Adjust: -255}, {Width: 1, Strip: 256}, {Width: 1, Offset: 254, IncludesHeader: true}, {Width: 2, Zero: []byte{}},
		{Width: 8, Offset: 65535, Strip: 65535, Adjust: -1 << 30, IncludesHeader: true, LittleEndian: true, Zero: make([]byte, 65535)},
	} {
		if _, err := lengthprefix.New(c); err != nil {
			t.Errorf("%v", err)
		}
	}
}

// sizeOf returns the size of a frame with this value: the bytes behind the
// field are value + adjust, less the header if the value counts it.
func sizeOf(c lengthprefix.Config, value uint64) *big.Int {
	more := c.Offset + c.Width + c.Adjust
	if c.IncludesHeader {
		more = c.Adjust
	}
	size := new(big.Int).SetUint64(value)
	return size.Add(size, big.NewInt(int64(more)))
}

// All widths, orders, offsets, strips and adjustments read and write one
// another's frames, at the boundaries of the field, of the header and of int.
func TestBoundaries(t *testing.T) {
	for width := 1; width <= 8; width++ {
		for adjust := -9; adjust <= 9; adjust++ {
			for _, includes := range []bool{false, true} {
				for _, little := range []bool{false, true} {
					for _, offset := range []int{0, 3} {
						for _, strip := range []int{0, lengthprefix.KeepHeader, 1, width, offset + width - 1, offset + width + 2} {
							c := lengthprefix.Config{Width: width, LittleEndian: little, Offset: offset, Adjust: adjust, IncludesHeader: includes, Strip: strip}
							f := newFramer(t, c)
							readBoundaries(t, f, c)
							writeBoundaries(t, f, c)
						}
					}
				}
			}
		}
	}
}

// header returns the header with this value, and zeros around it.
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

func readBoundaries(t *testing.T, f *lengthprefix.Framer, c lengthprefix.Config) {
	t.Helper()
	mask := uint64(math.MaxUint64) >> (64 - 8*c.Width)
	strip := max(f.Config().Strip, 0)
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
		frame, err := f.Split(header(c, value), 0)
		size := sizeOf(c, value)
		var tooLarge *framing.TooLargeError
		switch {
		case size.Cmp(big.NewInt(int64(max(c.Offset+c.Width, strip)))) < 0:
			if frame.Size != 0 || err == nil || !strings.HasPrefix(err.Error(), "malformed length: ") {
				t.Fatalf("%v, value %d: %+v, %v, want malformed", f, value, frame, err)
			}
		case size.Cmp(big.NewInt(math.MaxInt)) > 0:
			if frame.Size != 0 || !errors.As(err, &tooLarge) {
				t.Fatalf("%v, value %d: %+v, %v, want too large", f, value, frame, err)
			}
			payload := size.Sub(size, big.NewInt(int64(strip)))
			if payload.IsUint64() && tooLarge.Size != payload.Uint64() || !payload.IsUint64() && tooLarge.Size != math.MaxUint64 {
				t.Fatalf("%v, value %d: size %d in the error, want %d", f, value, tooLarge.Size, payload)
			}
		default:
			if err != nil || int64(frame.Size) != size.Int64() || frame.Start != strip || frame.End != frame.Size {
				t.Fatalf("%v, value %d: %+v, %v, want size %d", f, value, frame, err, size)
			}
		}
	}
}

func writeBoundaries(t *testing.T, f *lengthprefix.Framer, c lengthprefix.Config) {
	t.Helper()
	head := c.Offset + c.Width
	strip := max(f.Config().Strip, 0)
	mask := uint64(math.MaxUint64) >> (64 - 8*c.Width)
	sizes := []int{0, 1, 2, 9, 10, 11, 12, 13, 20, 100}
	if c.Width == 1 {
		for n := 230; n < 280; n++ {
			sizes = append(sizes, n)
		}
	}
	for _, n := range sizes {
		total := n + strip
		value := total - head - c.Adjust
		if c.IncludesHeader {
			value += head
		}
		payload := bytes.Repeat([]byte{'x'}, n)
		if strip < head && n >= head-strip && value >= 0 {
			copy(payload, header(c, uint64(value))[strip:])
			copy(payload[:max(0, min(n, c.Offset-strip))], "abc") // before the field is the user's
		}
		wire, err := f.Append([]byte("before"), payload)
		fits := total >= head && value >= 0 && uint64(value) <= mask
		if !fits {
			if err == nil || string(wire) != "before" {
				t.Fatalf("%v, %d bytes: %x, %v, want a refusal", f, n, wire, err)
			}
			continue
		}
		if err != nil || len(wire) != 6+total {
			t.Fatalf("%v, %d bytes: %x, %v", f, n, wire, err)
		}
		frame, err := f.Split(wire[6:], 0)
		if err != nil || frame.Size != total || !bytes.Equal(wire[6:][frame.Start:frame.End], payload) {
			t.Fatalf("%v, %d bytes: %x comes back as %+v, %v", f, n, wire, frame, err)
		}
		if len(wire)-6 > f.MaxEncodedLen(n) {
			t.Fatalf("%v, %d bytes: a frame of %d is over MaxEncodedLen %d", f, n, len(wire)-6, f.MaxEncodedLen(n))
		}
		if strip < head {
			continue
		}
		h, err := f.AppendHeader([]byte("before"), int64(n))
		if err != nil || string(h)+string(payload) != string(wire) {
			t.Fatalf("%v, %d bytes: AppendHeader is %x, %v; Append is %x", f, n, h, err, wire)
		}
	}
}

// The most that each preset carries, and what it says of one byte more.
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
		if err != nil || string(wire) != test.header+"hello" {
			t.Errorf("%v: %q, %v", test.framer, wire, err)
		}
		if test.framer.String() != test.text {
			t.Errorf("String is %s, want %s", test.framer, test.text)
		}
		if test.max > math.MaxInt64 {
			continue
		}
		if _, err := test.framer.AppendHeader(nil, int64(test.max)); err != nil {
			t.Errorf("%v: %d bytes: %v", test.framer, test.max, err)
		}
		got, err := test.framer.AppendHeader([]byte("dst"), int64(test.max)+1)
		var e *framing.TooLargeError
		if !errors.As(err, &e) || e.Size != test.max+1 || e.Max != test.max || string(got) != "dst" {
			t.Errorf("%v: %d bytes: %q, %v", test.framer, test.max+1, got, err)
		}
		if _, err := test.framer.AppendHeader(nil, -1); err == nil {
			t.Errorf("%v: a size of -1 was not refused", test.framer)
		}
	}
	long := make([]byte, 1<<16)
	if _, err := lengthprefix.Uint8().Append(nil, long[:256]); err == nil {
		t.Error("Uint8: 256 bytes were not refused")
	}
	if _, err := lengthprefix.Uint16().Append(nil, long); err == nil {
		t.Error("Uint16: 65,536 bytes were not refused")
	}
}

// A length that passes what int can hold is an error of its own: 3 GiB where
// int has 32 bits, 8 EiB everywhere.
func TestSplit_LargerThanInt(t *testing.T) {
	const gib3 = 3 << 30
	frame, err := lengthprefix.Uint32().Split([]byte{0xc0, 0, 0, 0}, 0)
	if math.MaxInt == math.MaxInt32 {
		var e *framing.TooLargeError
		if frame.Size != 0 || !errors.As(err, &e) || e.Size != gib3 {
			t.Errorf("3 GiB: %+v, %v", frame, err)
		}
	} else if err != nil || int64(frame.Size) != gib3+4 {
		t.Errorf("3 GiB: %+v, %v", frame, err)
	}
	for value, want := range map[uint64]uint64{
		math.MaxInt64 - 7: math.MaxInt64 - 7, // with its header one byte more than an int64
		1 << 63:           1 << 63,
		math.MaxUint64:    math.MaxUint64,
	} {
		frame, err := lengthprefix.Uint64().Split(binary.BigEndian.AppendUint64(nil, value), 0)
		var e *framing.TooLargeError
		if frame.Size != 0 || !errors.As(err, &e) || e.Size != want {
			t.Errorf("%d: %+v, %v", value, frame, err)
		}
	}
}

// A header that is delivered is verified on writing: what lies is refused.
func TestAppend_DeliveredHeader(t *testing.T) {
	for _, test := range []struct {
		config  lengthprefix.Config
		payload string
		refused string
	}{
		{lengthprefix.Config{Width: 2, Strip: lengthprefix.KeepHeader}, "\x00\x05hello", ""},
		{lengthprefix.Config{Width: 2, Strip: lengthprefix.KeepHeader}, "\x00\x04hello", "its length field holds 0004 at byte 0; for this size it must hold 0005"},
		{lengthprefix.Config{Width: 2, Strip: lengthprefix.KeepHeader}, "\x00", "it must hold at least the 2 bytes of the header that are delivered"},
		{lengthprefix.Config{Width: 2, Strip: lengthprefix.KeepHeader}, "", "it must hold at least the 2 bytes of the header that are delivered"},
		{lengthprefix.Config{Width: 2, LittleEndian: true, Strip: lengthprefix.KeepHeader}, "\x00\x05hello", "its length field holds 0005 at byte 0; for this size it must hold 0500"},
		{lengthprefix.Config{Width: 3, Offset: 2, Strip: lengthprefix.KeepHeader}, "xy\x00\x00\x05hello", ""},
		{lengthprefix.Config{Width: 3, Offset: 2, Strip: lengthprefix.KeepHeader}, "xy\x00\x05\x00hello", "its length field holds 000500 at byte 2; for this size it must hold 000005"},
		{lengthprefix.Config{Width: 3, Offset: 2, Strip: 1}, "y\x00\x00\x05hello", ""},
		{lengthprefix.Config{Width: 3, Offset: 2, Strip: 1}, "y\x00\x00", "it must hold at least the 4 bytes of the header that are delivered"},
		{lengthprefix.Config{Width: 3, Offset: 2, Strip: 1}, "y\x00\x00\x06hello", "its length field holds 000006 at byte 1; for this size it must hold 000005"},
		// A part of the field is stripped: the rest of it is verified.
		{lengthprefix.Config{Width: 4, Strip: 2}, "\x00\x05hello", ""},
		{lengthprefix.Config{Width: 4, Strip: 2}, "\x01\x05hello", "its length field holds 0105 at byte 0; for this size it must hold 0005"},
		{lengthprefix.Config{Width: 1, Adjust: 5, Strip: lengthprefix.KeepHeader}, "\x00hello", ""},
		{lengthprefix.Config{Width: 1, Adjust: 5, Strip: lengthprefix.KeepHeader}, "\x00hell", "its length would be negative; with this adjustment the least is 6 bytes"},
		{lengthprefix.Config{Width: 1, Offset: 1, Adjust: 5, Strip: 1}, "\x00hell", "its length would be negative; with this adjustment the least is 6 bytes"},
	} {
		f := newFramer(t, test.config)
		wire, err := f.Append([]byte("before"), []byte(test.payload))
		var e *framing.PayloadError
		switch {
		case test.refused == "" && (err != nil || !strings.HasSuffix(string(wire), test.payload)):
			t.Errorf("%v, %q: %q, %v", f, test.payload, wire, err)
		case test.refused != "" && (!errors.As(err, &e) || e.Reason != test.refused || e.Size != len(test.payload) || string(wire) != "before"):
			t.Errorf("%v, %q: %q,\n got %v\nwant %s", f, test.payload, wire, err, test.refused)
		}
		if _, err := f.AppendHeader(nil, 10); err == nil {
			t.Errorf("%v: AppendHeader did not refuse a header that is a part of the payload", f)
		}
	}
}

// The bytes around the field are zeros, or a constant that is verified as soon
// as it arrives.
func TestZero(t *testing.T) {
	config := lengthprefix.Config{Width: 1, Offset: 2, Adjust: 2, Strip: 5}
	f := newFramer(t, config)
	if wire, err := f.Append(nil, []byte("hi")); err != nil || string(wire) != "\x00\x00\x02\x00\x00hi" {
		t.Errorf("%q, %v", wire, err)
	}
	if frame, err := f.Split([]byte("ab\x02cdhi"), 0); err != nil || frame.Size != 7 {
		t.Errorf("%+v, %v", frame, err)
	}

	zero := []byte("abcd")
	config.Zero = zero
	f = newFramer(t, config)
	zero[0] = 'x' // the framer keeps its own
	wire, err := f.Append(nil, []byte("hi"))
	if err != nil || string(wire) != "ab\x02cdhi" {
		t.Errorf("%q, %v", wire, err)
	}
	f.Config().Zero[0] = 'x'
	if head, err := f.AppendHeader(nil, 2); err != nil || string(head) != "ab\x02cd" {
		t.Errorf("%q, %v", head, err)
	}
	for i := range wire[:5] {
		if i == 2 {
			continue
		}
		bad := bytes.Clone(wire)
		bad[i] = '!'
		for n := 1; n <= len(wire); n++ {
			frame, err := f.Split(bad[:n], 0)
			want := fmt.Sprintf("malformed header: byte %d is 0x21, not %#02x", i, wire[i])
			if n <= i && (err != nil || frame.Size != 0) || n > i && (err == nil || frame.Size != 0 || err.Error() != want) {
				t.Errorf("%q: %+v, %v, want %s", bad[:n], frame, err, want)
			}
		}
	}
}

// Where bytes behind the field are verified, a value that makes no frame is
// refused at the field's end, before they arrive.
func TestZero_ValueFirst(t *testing.T) {
	small := newFramer(t, lengthprefix.Config{Width: 1, Strip: 3, Zero: []byte("ab")})
	large := newFramer(t, lengthprefix.Config{Width: 8, Strip: 9, Zero: []byte("a")})
	for _, test := range []struct {
		f     *lengthprefix.Framer
		value uint64
		ok    bool
	}{
		{small, 1, false}, {small, 2, true}, {small, 255, true},
		{large, 0, false}, {large, 1, true}, {large, math.MaxInt - 8, true}, {large, math.MaxInt - 7, false},
	} {
		frame, err := test.f.Split(header(test.f.Config(), test.value), 0)
		if (err == nil) != test.ok || frame.Size != 0 {
			t.Errorf("%v, value %d: %+v, %v", test.f, test.value, frame, err)
		}
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []lengthprefix.Config{
		{Width: 4, Strip: 4},
		{Width: 2, Strip: lengthprefix.KeepHeader},
		{Width: 3, LittleEndian: true, Offset: 1, Adjust: -2, IncludesHeader: true, Strip: 5, Zero: []byte("ab")},
	} {
		f := newFramer(t, c)
		if got := f.Config(); fmt.Sprint(got) != fmt.Sprint(c) {
			t.Errorf("%+v, want %+v", got, c)
		}
		if again := newFramer(t, f.Config()); again.String() != f.String() {
			t.Errorf("%v made of its own Config is %v", f, again)
		}
	}
	if c := lengthprefix.Uint32().Config(); c.Strip != 4 {
		t.Errorf("Strip is %d, want it resolved to 4", c.Strip)
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
		{lengthprefix.Config{Width: 2, Strip: lengthprefix.KeepHeader}, "length,width=2,strip=0"},
		{lengthprefix.Config{Width: 4, Offset: 1, Adjust: -3, IncludesHeader: true, Strip: 6, Zero: []byte{0xca, 0xfe}}, "length,offset=1,adjust=-3,includes-header,strip=6,zero=cafe"},
	} {
		if got := newFramer(t, test.config).String(); got != test.want {
			t.Errorf("%+v: %s, want %s", test.config, got, test.want)
		}
	}
	if got := lengthprefix.Varint().String(); got != "varint" {
		t.Error(got)
	}
	if got := lengthprefix.Varint().NonMinimal().String(); got != "varint,non-minimal" {
		t.Error(got)
	}
}

func TestMaxEncodedLen(t *testing.T) {
	for _, test := range []struct {
		framer  framing.Framer
		n, want int
	}{
		{lengthprefix.Uint32(), 0, 4}, {lengthprefix.Uint32(), 10, 14},
		{lengthprefix.Uint32(), math.MaxInt - 4, math.MaxInt}, {lengthprefix.Uint32(), math.MaxInt - 3, math.MaxInt}, {lengthprefix.Uint32(), math.MaxInt, math.MaxInt},
		// Room for a whole header where the payload has none for what it holds of it.
		{newFramer(t, lengthprefix.Config{Width: 4, Strip: lengthprefix.KeepHeader}), 1, 4},
		{newFramer(t, lengthprefix.Config{Width: 4, Strip: lengthprefix.KeepHeader}), 10, 10},
		{newFramer(t, lengthprefix.Config{Width: 4, Strip: 6}), 10, 16},
		{lengthprefix.Varint(), 0, 10}, {lengthprefix.Varint(), 10, 20}, {lengthprefix.Varint(), math.MaxInt - 9, math.MaxInt}, {lengthprefix.Varint(), math.MaxInt, math.MaxInt},
	} {
		if got := test.framer.MaxEncodedLen(test.n); got != test.want {
			t.Errorf("%v: MaxEncodedLen(%d) = %d, want %d", test.framer, test.n, got, test.want)
		}
	}
}
