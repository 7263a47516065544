package enclosed_test

import (
	"testing"

	"github.com/wholeframe/wholeframe/framing/enclosed"
	"github.com/wholeframe/wholeframe/framing/framingtest"
)

func TestLaws(t *testing.T) {
	for _, f := range []*enclosed.Framer{
		enclosed.STX(), enclosed.MLLP(), newFramer(t, "##", "**"), newFramer(t, "xy", "yz"), newFramer(t, "<!--", "-->").SkipNoise(), newFramer(t, "aab", "aba"),
		newFramer(t, "<!--", "-->").RefuseNoise(), enclosed.STX().RefuseNoise(),
	} {
		t.Run(f.String(), func(t *testing.T) { framingtest.Run(t, f) })
	}
}
