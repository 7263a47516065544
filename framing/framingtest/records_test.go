package framingtest_test

import (
	"testing"

	"github.com/wholeframe/wholeframe/framing/framingtest"
)

func TestTheFramerOfTheExample(t *testing.T) {
	t.Parallel()
	framingtest.Run(t, Records{})
}
