package contentlength_test

import (
	"testing"

	"github.com/wholeframe/wholeframe/framing/contentlength"
	"github.com/wholeframe/wholeframe/framing/framingtest"
)

func TestLaws(t *testing.T) { framingtest.Run(t, contentlength.New()) }

func TestLawsKeep(t *testing.T) {
	framingtest.Config{
		Payloads: [][]byte{[]byte("Content-Length: 5\r\n\r\nhello"), []byte("A: b\r\ncontent-length:0\r\n\r\n"), []byte("Content-Length: 2\r\nContent-Type: x\r\n\r\n{}")},
		Wire:     [][]byte{[]byte("\r\n\r\nContent-Length: 1\r\n\r\na\r\n")},
	}.Run(t, contentlength.New().Keep())
}
