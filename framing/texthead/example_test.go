package texthead_test

import (
	"fmt"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/texthead"
)

// show reads stream with f.
func show(f framing.Framer, stream string) {
	for payload, err := range framing.NewReader(strings.NewReader(stream), f).Frames() {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%q\n", payload)
	}
}

func ExampleSIP() {
	f := texthead.SIP()
	_, err := f.Append(nil, []byte("MESSAGE sip:bob SIP/2.0\r\nContent-Length: 4\r\n\r\nhello"))
	fmt.Println(err)

	// Empty lines keep the connection alive. A message must announce its size.
	show(f, "MESSAGE sip:bob SIP/2.0\r\nl: 5\r\n\r\nhello\r\n\r\nBYE sip:bob SIP/2.0\r\n\r\n")
	// Output:
	// framing: payload of 51 bytes refused: its head makes a frame of 50 bytes
	// "MESSAGE sip:bob SIP/2.0\r\nl: 5\r\n\r\nhello"
	// framing: frame at offset 42: malformed head: no field announces the size of the body, want Content-Length or l
}

func ExampleRTSP() {
	show(texthead.RTSP(), "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\nRTSP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi")
	// Output:
	// "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"
	// "RTSP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"
}

func ExampleSTOMP() {
	show(texthead.STOMP(), "SEND\ndestination:/a\n\nhello\x00\n\nSEND\ncontent-length:3\n\na\x00b\x00")
	// Output:
	// "SEND\ndestination:/a\n\nhello\x00"
	// "SEND\ncontent-length:3\n\na\x00b\x00"
}

func ExampleNATS() {
	show(texthead.NATS(), "PUB greetings 5\r\nhello\r\nPING\r\n")
	// Output:
	// "PUB greetings 5\r\nhello\r\n"
	// "PING\r\n"
}

func ExampleMemcached() {
	show(texthead.Memcached(), "set greeting 0 0 5\r\nhello\r\nget greeting\r\n")
	// Output:
	// "set greeting 0 0 5\r\nhello\r\n"
	// "get greeting\r\n"
}
