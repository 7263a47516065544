package lengthprefix_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
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
	}
}
