package dot_test

import (
	"testing"

	"github.com/wholeframe/wholeframe/framing/dot"
	"github.com/wholeframe/wholeframe/framing/framingtest"
)

func TestLaws(t *testing.T) {
	framingtest.Config{
		Payloads: [][]byte{nil, []byte("\r\n"), []byte(".\r\n"), []byte("hello\r\n..a\r\n")},
		Wire:     [][]byte{[]byte(".a\r\n.\r\n"), []byte("a\n.\r\n.\r\n")},
	}.Run(t, dot.New())
}
