package lengthprefix_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

func TestVarint_Boundaries(t *testing.T) {
	f := lengthprefix.Varint()
	for _, n := range []int{0, 1, 127, 128, 16383, 16384, 1 << 20} {
		payload := bytes.Repeat([]byte("x"), n)
		wire, err := f.Append(nil, payload)
		if want := append(binary.AppendUvarint(nil, uint64(n)), payload...); err != nil || !bytes.Equal(wire, want) {
			t.Fatalf("%d bytes: %d on the wire, %v", n, len(wire), err)
		}
		header := len(wire) - n
		for cut := 1; cut < header; cut++ {
			if frame, err := f.Split(wire[:cut], 0); frame.Size != 0 || err != nil {
				t.Errorf("%d bytes, cut at %d: %+v, %v", n, cut, frame, err)
			}
		}
		if frame, err := f.Split(wire[:header], 0); err != nil || frame.Size != len(wire) || frame.Start != header || frame.End != len(wire) {
			t.Errorf("%d bytes: %+v, %v", n, frame, err)
		}
		if head, err := f.AppendHeader([]byte("dst"), int64(n)); err != nil || string(head) != "dst"+string(wire[:header]) {
			t.Errorf("%d bytes: AppendHeader is %q, %v", n, head, err)
		}
	}
	if head, err := f.AppendHeader([]byte("dst"), -1); err == nil || string(head) != "dst" {
		t.Errorf("a size of -1: %q, %v", head, err)
	}
}

// What is no varint, or none that is minimal, is an error as soon as that is
// sure.
func TestVarint_Malformed(t *testing.T) {
	const long, nonMinimal = "malformed length: the varint does not end", "malformed length: the varint is longer than it needs to be"
	for _, test := range []struct {
		wire       string
		minimal    string // the error of Varint
		nonMinimal string // the error of NonMinimal
	}{
		{"\x80\x00", nonMinimal, ""},
		{"\x81\x00", nonMinimal, ""},
		{"\x81\x80\x80\x00", nonMinimal, ""},
		{"\x81\x80\x80\x80\x80\x80\x80\x80\x80\x00", nonMinimal, ""},
		{"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", long, long},
		{"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", long, long},
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", long, long},
	} {
		for _, f := range []struct {
			framing.Framer
			want string
		}{{lengthprefix.Varint(), test.minimal}, {lengthprefix.Varint().NonMinimal(), test.nonMinimal}} {
			for n := 1; n < len(test.wire); n++ {
				if frame, err := f.Split([]byte(test.wire[:n]), 0); frame.Size != 0 || err != nil {
					t.Errorf("%v, %x: %+v, %v", f.Framer, test.wire[:n], frame, err)
				}
			}
			frame, err := f.Split([]byte(test.wire), 0)
			if f.want == "" && (err != nil || frame.Size < len(test.wire) || frame.Start != len(test.wire)) ||
				f.want != "" && (err == nil || frame.Size != 0 || !strings.HasPrefix(err.Error(), f.want)) {
				t.Errorf("%v, %x: %+v, %v, want %q", f.Framer, test.wire, frame, err, f.want)
			}
		}
	}
}

func TestVarint_LargerThanInt(t *testing.T) {
	for _, value := range []uint64{math.MaxInt64 - 8, math.MaxInt64, 1 << 63, math.MaxUint64} {
		frame, err := lengthprefix.Varint().Split(binary.AppendUvarint(nil, value), 0)
		var e *framing.TooLargeError
		if frame.Size != 0 || !errors.As(err, &e) || e.Size != value {
			t.Errorf("%d: %+v, %v", value, frame, err)
		}
	}
	most := uint64(math.MaxInt - len(binary.AppendUvarint(nil, math.MaxInt)))
	if frame, err := lengthprefix.Varint().Split(binary.AppendUvarint(nil, most), 0); err != nil || frame.Size != math.MaxInt {
		t.Errorf("%d: %+v, %v", most, frame, err)
	}
	if frame, err := lengthprefix.Varint().Split(binary.AppendUvarint(nil, most+1), 0); err == nil {
		t.Errorf("%d: %+v", most+1, frame)
	}
}
