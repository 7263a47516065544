package framingtest_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/framingtest"
)

// Records is a Framer of one's own: a record ends with an ASCII record separator,
// 0x1E.
type Records struct{}

const separator = 0x1E

func (Records) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	i := bytes.IndexByte(data[r.Pos:], separator)
	if i < 0 {
		return framing.Frame{}, framing.Resume{Pos: len(data)}, nil
	}
	end := r.Pos + i
	return framing.Frame{Size: end + 1, End: end}, framing.Resume{}, nil
}

func (Records) Append(dst, payload []byte) ([]byte, error) {
	if bytes.IndexByte(payload, separator) >= 0 {
		return dst, &framing.PayloadError{Size: int64(len(payload)), Reason: "a record must not contain a record separator"}
	}
	return append(append(dst, payload...), separator), nil
}

func (Records) MaxEncodedLen(n int) int {
	return min(n, math.MaxInt-1) + 1
}

// In a test file, t is that of func TestRecords(t *testing.T).
func Example() {
	var t *testing.T
	framingtest.Run(t, Records{})
}
