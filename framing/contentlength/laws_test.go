package contentlength_test

import (
	"testing"

	"github.com/wholeframe/wholeframe/framing/contentlength"
	"github.com/wholeframe/wholeframe/framing/framingtest"
)

func TestLaws(t *testing.T) { framingtest.Run(t, contentlength.New()) }
