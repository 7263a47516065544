package cobs_test

import (
	"testing"

	"github.com/wholeframe/wholeframe/framing/cobs"
	"github.com/wholeframe/wholeframe/framing/framingtest"
)

func TestLaws(t *testing.T) { framingtest.Run(t, cobs.New()) }
