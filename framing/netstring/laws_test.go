package netstring_test

import (
	"testing"

	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/netstring"
)

func TestLaws(t *testing.T) { framingtest.Run(t, netstring.New()) }
