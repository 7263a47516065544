package recordmark_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/recordmark"
)

// FuzzRecordMark compares Split with a decoder that copies fragments.
func FuzzRecordMark(f *testing.F) {
	for _, wire := range []string{"\x80\x00\x00\x05hello", "\x00\x00\x00\x01a\x80\x00\x00\x02bc\x80\x00\x00\x00", "\x00\x00\x00\x00\x80\x00\x00\x01a", "\xff\xff\xff\xff"} {
		f.Add([]byte(wire))
	}
	frametest.Vectors(f, "record-mark", func(_ string, wire []byte) { f.Add(wire) })
	f.Fuzz(func(t *testing.T, wire []byte) {
		if len(wire) > frametest.MaxFuzz {
			return
		}
		frametest.Compare(t, recordmark.New(), wire, decode(wire))
		header := binary.BigEndian.AppendUint32(nil, 1<<31+uint32(len(wire)))
		frametest.CheckAppend(t, recordmark.New(), wire, append(header, wire...))
	})
}

func decode(wire []byte) (s frametest.Stream) {
	r := bytes.NewReader(wire)
	for r.Len() > 0 {
		var record []byte
		begin := r.Len()
		for more, count := true, 0; more; count++ {
			var v uint32
			if err := binary.Read(r, binary.BigEndian, &v); err != nil {
				s.Torn = true
				return s
			}
			more = v < 1<<31
			n := int(v % (1 << 31))
			if !more && n > math.MaxInt-(begin-r.Len()) {
				s.Lost = true
				return s
			}
			if n > r.Len() {
				s.Torn = true
				return s
			}
			fragment := make([]byte, n)
			_, _ = r.Read(fragment)
			record = append(record, fragment...)
		}
		s.Valid(record)
	}
	return s
}
