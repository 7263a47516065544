package slip_test

import (
	"testing"

	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/slip"
	"github.com/wholeframe/wholeframe/framing/stuffed"
)

func TestLaws(t *testing.T) {
	for _, f := range []*stuffed.Framer{slip.New(), slip.LeadingEnd()} {
		t.Run(f.String(), func(t *testing.T) { framingtest.Run(t, f) })
	}
}
