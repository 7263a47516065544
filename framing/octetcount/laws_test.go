package octetcount_test

import (
	"testing"

	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/octetcount"
)

func TestLaws(t *testing.T) { framingtest.Run(t, octetcount.New()) }
