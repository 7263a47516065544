package texthead_test

import (
	"testing"

	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/texthead"
)

func TestLaws(t *testing.T) {
	for _, test := range []struct {
		framer         *texthead.Framer
		payloads, wire []string
	}{
		{texthead.SIP(), []string{"OPTIONS sip:a SIP/2.0\r\nl: 5\r\n\r\nhello", "A\r\nContent-Length :0\r\n\r\n"}, []string{"\r\n\r\nA\r\nl:0\r\n\r\n\r\n", "A\r\n\r\n"}},
		{texthead.RTSP(), []string{"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n", "A\r\ncontent-length: 5 \r\nB: c\r\n\r\nhello"}, []string{"\r\nA\r\n\r\n"}},
		{texthead.STOMP(), []string{"SEND\nx:y\n\nhello\x00", "SEND\r\ncontent-length:5\r\n\r\na\x00b\x00c\x00"}, []string{"\nA\n\n\x00\n\r\n", "SEND\ncontent-length:1\n\nab\n"}},
		{texthead.NATS(), []string{"PING\r\n", "pub a 5\r\nhello\r\n", "MSG a 1 b 0\n\r\n"}, []string{"\nPUB a 1\r\nab\r\n", "PUB 1\r\n"}},
		{texthead.Memcached(), []string{"get a\r\n", "set a 0 0 5\r\nhello\r\n", "VA 1 t\r\na\r\n"}, []string{"\nset a 0 0 1\r\nab\r\n", "set 1\r\n"}},
	} {
		bytes := func(all []string) (b [][]byte) {
			for _, s := range all {
				b = append(b, []byte(s))
			}
			return b
		}
		t.Run(test.framer.String(), func(t *testing.T) {
			framingtest.Config{Payloads: bytes(test.payloads), Wire: bytes(test.wire)}.Run(t, test.framer)
		})
	}
}
