package stx_test

import (
	"testing"

	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/stx"
)

func TestLaws(t *testing.T) { framingtest.Run(t, stx.New()) }

func TestLawsDLE(t *testing.T) { framingtest.Run(t, stx.DLE()) }
