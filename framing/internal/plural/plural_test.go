package plural_test

import (
	"math"
	"testing"

	"github.com/wholeframe/wholeframe/framing/internal/plural"
)

func TestOf(t *testing.T) {
	for n, want := range map[int64]string{-1: "-1 bytes", 0: "0 bytes", 1: "1 byte", 2: "2 bytes", math.MaxInt64: "9223372036854775807 bytes"} {
		if got := plural.Of(n, "byte"); got != want {
			t.Errorf("Of(%d) = %q; want %q", n, got, want)
		}
	}
}
