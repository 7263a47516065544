package recordmark_test

import (
	"bytes"
	"testing"

	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/recordmark"
)

func TestLaws(t *testing.T) {
	var c framingtest.Config
	for _, wire := range []string{
		"\x00\x00\x00\x01a\x80\x00\x00\x02bc", "\x00\x00\x00\x02ab\x00\x00\x00\x01c\x80\x00\x00\x00", "\x80\x00\x00\x00", "\x00\x00\x00\x00\x80\x00\x00\x01a",
		string(bytes.Repeat([]byte("\x00\x00\x00\x01a"), 300)) + "\x80\x00\x00\x01z",
		string(bytes.Repeat([]byte{0, 0, 0, 0}, recordmark.MaxFragments)) + "\x80\x00\x00\x01z",
	} {
		c.Wire = append(c.Wire, []byte(wire))
	}
	c.Run(t, recordmark.New())
}
