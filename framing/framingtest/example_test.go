package framingtest_test

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/framingtest"
)

// Records is a framer of one's own: a record ends at an ASCII record
// separator, 0x1E.
type Records struct{}

const separator = 0x1E

func (Records) Split(data []byte, seen int) (framing.Frame, error) {
	i := bytes.IndexByte(data[seen:], separator)
	if i < 0 {
		return framing.Frame{Seen: len(data)}, nil
	}
	end := seen + i
	return framing.Frame{Size: end + 1, End: end}, nil
}

func (Records) Append(dst, payload []byte) ([]byte, error) {
	if bytes.IndexByte(payload, separator) >= 0 {
		return dst, errors.New("a record must not hold a record separator")
	}
	return append(append(dst, payload...), separator), nil
}

func (Records) MaxEncodedLen(n int) int {
	return min(n, math.MaxInt-1) + 1
}

// In a file of tests, t is that of func TestRecords(t *testing.T).
func Example() {
	var t *testing.T
	framingtest.Run(t, Records{})
}
