package slip_test

import (
	"testing"

	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/slip"
)

func TestLaws(t *testing.T) {
	for _, f := range []*slip.Framer{slip.New(), slip.LeadingEnd()} {
		t.Run(f.String(), func(t *testing.T) { framingtest.Run(t, f) })
	}
}
