package lengthprefix_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

func TestVarintBoundaries(t *testing.T) {
	f := lengthprefix.Varint()
	for _, n := range []int{0, 1, 127, 128, 16383, 16384, 1 << 20} {
		payload := bytes.Repeat([]byte("x"), n)
		wire, err := f.Append(nil, payload)
		if want := append(binary.AppendUvarint(nil, uint64(n)), payload...); err != nil || !bytes.Equal(wire, want) {
			t.Fatalf("Append of %d bytes = %d bytes, %v; want the length in %d and the payload", n, len(wire), err, len(want)-n)
		}
		header := len(wire) - n
		for cut := 1; cut <= header; cut++ {
			want := framing.Frame{}
			if cut == header {
				want = framing.Frame{Size: len(wire), Start: header, End: len(wire)}
			}
			if frame, _, err := f.Split(wire[:cut], framing.Resume{}); frame != want || err != nil {
				t.Errorf("Split(% x) = %+v, %v; want %+v, nil", wire[:cut], frame, err, want)
			}
		}
		if head, err := f.AppendHeader([]byte("dst"), nil, int64(n)); err != nil || string(head) != "dst"+string(wire[:header]) {
			t.Errorf("AppendHeader of %d bytes = %q, %v; want %q, nil", n, head, err, "dst"+string(wire[:header]))
		}
	}
	if head, err := f.AppendHeader([]byte("dst"), nil, -1); err == nil || string(head) != "dst" {
		t.Errorf("AppendHeader of -1 bytes = %q, %v; want %q and an error", head, err, "dst")
	}
}

// An invalid or overlong varint is rejected by the byte that makes it so.
func TestVarintMalformed(t *testing.T) {
	const tooLong = "malformed length: the varint exceeds 10 bytes or 64 bits"
	const overlong = "malformed length: the varint is overlong; NonMinimal (varint,non-minimal) accepts it"
	for _, test := range []struct {
		wire       string
		minimal    string // the error of Varint
		nonMinimal string // the error of NonMinimal
	}{
		{"\x80\x00", overlong, "<nil>"},
		{"\x81\x00", overlong, "<nil>"},
		{"\x81\x80\x80\x00", overlong, "<nil>"},
		{"\x81\x80\x80\x80\x80\x80\x80\x80\x80\x00", overlong, "<nil>"},
		{"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", tooLong, tooLong},
		{"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", tooLong, tooLong},
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", tooLong, tooLong},
	} {
		for _, f := range []struct {
			framing.Framer
			want string
		}{{lengthprefix.Varint(), test.minimal}, {lengthprefix.Varint().NonMinimal(), test.nonMinimal}} {
			for n := 1; n <= len(test.wire); n++ {
				want := "<nil>"
				if n == len(test.wire) {
					want = f.want
				}
				frame, _, err := f.Split([]byte(test.wire[:n]), framing.Resume{})
				hasSize := n == len(test.wire) && f.want == "<nil>"
				if fmt.Sprint(err) != want || (frame.Size > 0) != hasSize || hasSize && frame.Start != n {
					t.Errorf("%v: Split(% x) = %+v, %v; want %s", f.Framer, test.wire[:n], frame, err, want)
				}
			}
		}
	}
}

func TestVarintLargerThanInt(t *testing.T) {
	header := len(binary.AppendUvarint(nil, math.MaxInt))
	most := uint64(math.MaxInt - header)
	frame, _, err := lengthprefix.Varint().Split(binary.AppendUvarint(nil, most), framing.Resume{})
	if want := (framing.Frame{Size: math.MaxInt, Start: header, End: math.MaxInt}); err != nil || frame != want {
		t.Errorf("Split of length %d = %+v, %v; want %+v, nil", most, frame, err, want)
	}
	for _, value := range []uint64{most + 1, math.MaxInt64, 1 << 63, math.MaxUint64} {
		wire := binary.AppendUvarint(nil, value)
		frame, _, err := lengthprefix.Varint().Split(wire, framing.Resume{})
		var e *framing.TooLargeError
		if most := uint64(math.MaxInt - len(wire)); frame.Size != 0 || !errors.As(err, &e) || e.Size != value || e.Max != most {
			t.Errorf("Split of length %d = %+v, %v; want size %d, max %d", value, frame, err, value, most)
		}
		kept, err := lengthprefix.NewVarint(lengthprefix.VarintConfig{Keep: true})
		if err != nil {
			t.Fatal(err)
		}
		size := value + uint64(len(wire))
		if size < value {
			size = value
		}
		if frame, _, err = kept.Split(wire, framing.Resume{}); frame.Size != 0 || !errors.As(err, &e) || e.Size != size || e.Max != math.MaxInt {
			t.Errorf("Split of length %d, kept = %+v, %v; want size %d, max %d", value, frame, err, size, math.MaxInt)
		}
	}
}

func TestNewVarintRefuses(t *testing.T) {
	for _, test := range []struct {
		config lengthprefix.VarintConfig
		want   string
	}{
		{lengthprefix.VarintConfig{Offset: -1}, "lengthprefix: offset: -1 is not allowed; it must be 0 to 65535 bytes"},
		{lengthprefix.VarintConfig{Offset: 65536}, "lengthprefix: offset: 65536 is not allowed; it must be 0 to 65535 bytes"},
		{lengthprefix.VarintConfig{MaxBytes: -1}, "lengthprefix: max-bytes: -1 is not allowed; it must be 1 to 10"},
		{lengthprefix.VarintConfig{MaxBytes: 11}, "lengthprefix: max-bytes: 11 is not allowed; it must be 1 to 10"},
	} {
		f, err := lengthprefix.NewVarint(test.config)
		if f != nil || err == nil || err.Error() != test.want {
			t.Errorf("NewVarint(%+v) = %v, %v; want nil, %s", test.config, f, err, test.want)
		}
	}
}

func newVarint(t *testing.T, c lengthprefix.VarintConfig) *lengthprefix.VarintFramer {
	t.Helper()
	f, err := lengthprefix.NewVarint(c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// mqtt is the header of MQTT: a byte, and a varint of at most 4 bytes.
var mqtt = lengthprefix.VarintConfig{Offset: 1, MaxBytes: 4, Keep: true}

func TestVarintKept(t *testing.T) {
	f := newVarint(t, mqtt)
	frametest.Compare(t, f, []byte("\xc0\x00\x30\x03\x00\x01a"), frametest.Frames("\xc0\x00", "\x30\x03\x00\x01a"))
	frametest.Compare(t, f, []byte("\x30\xff\xff\xff\xff\x01"), frametest.Stream{Lost: true})
	for payload, want := range map[string]string{
		"\xc0\x00":                 "<nil>",
		"":                         "framing: payload of 0 bytes refused: it must begin with its header, and ends inside it",
		"\xc0\x80":                 "framing: payload of 2 bytes refused: it must begin with its header, and ends inside it",
		"\xc0\x02a":                "framing: payload of 3 bytes refused: its header announces 2 bytes after the 2 of the header",
		"\xc0\x00a":                "framing: payload of 3 bytes refused: its header announces 0 bytes after the 2 of the header",
		"\xc0\x80\x80\x80\x80\x01": "framing: payload of 6 bytes refused: it must begin with its header: malformed length: the varint exceeds 4 bytes",
	} {
		if _, err := f.Append(nil, []byte(payload)); fmt.Sprint(err) != want {
			t.Errorf("Append(%q) = %v; want %s", payload, err, want)
		}
	}
	if _, err := f.AppendHeader(nil, []byte("\xc0\x80"), 130); err != framing.ErrNoHeader {
		t.Errorf("AppendHeader of a part = %v; want ErrNoHeader", err)
	}
	if _, err := f.AppendHeader(nil, []byte("\xc0"), 1); err == nil || err == framing.ErrNoHeader {
		t.Errorf("AppendHeader of all = %v; want a PayloadError", err)
	}
}

// A varint of few bytes limits the payload.
func TestVarintMaxBytes(t *testing.T) {
	f := newVarint(t, lengthprefix.VarintConfig{MaxBytes: 1})
	if _, err := f.Append(nil, make([]byte, 127)); err != nil {
		t.Errorf("Append of 127 bytes = %v; want nil", err)
	}
	want := "framing: payload of 128 bytes refused: a varint of this length allows at most 127 bytes"
	if _, err := f.Append(nil, make([]byte, 128)); fmt.Sprint(err) != want {
		t.Errorf("Append of 128 bytes = %v; want %s", err, want)
	}
	if n := newVarint(t, mqtt).MaxEncodedLen(0); n != 5 {
		t.Errorf("MaxEncodedLen(0) = %d; want 5", n)
	}
}
