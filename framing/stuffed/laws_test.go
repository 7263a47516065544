package stuffed_test

import (
	"testing"

	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/stuffed"
)

func TestLaws(t *testing.T) {
	for _, f := range []*stuffed.Framer{stuffed.HDLC(), stuffed.JT808()} {
		t.Run(f.String(), func(t *testing.T) { framingtest.Run(t, f) })
	}
}
