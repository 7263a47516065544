package delimiter_test

import (
	"testing"

	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/framingtest"
)

func TestLaws(t *testing.T) {
	for _, f := range []*delimiter.Framer{
		delimiter.Line(), delimiter.CRLF(), newFramer(t, ";"), newFramer(t, "aa"), newFramer(t, "<end>"),
		newFramer(t, ";", "a;"), newFramer(t, "a;", ";"), newFramer(t, "ab", "bc"), newFramer(t, "|", "END", "BEND"),
	} {
		t.Run(f.String(), func(t *testing.T) { framingtest.Run(t, f) })
		t.Run(f.Keep().String(), func(t *testing.T) { framingtest.Run(t, f.Keep()) })
	}
}
