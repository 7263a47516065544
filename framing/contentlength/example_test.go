package contentlength_test

import (
	"fmt"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/contentlength"
)

func ExampleFramer_Keep() {
	f := contentlength.New().Keep()
	wire, err := f.Append(nil, []byte("Content-Length: 2\r\nX-Trace: 7\r\n\r\n{}"))
	fmt.Printf("%q %v\n", wire, err)

	payload, err := framing.NewReader(strings.NewReader("\r\n"+string(wire)), f).ReadFrame()
	fmt.Printf("%q %v\n", payload, err)

	_, err = f.Append(nil, []byte("Content-Length: 3\r\n\r\n{}"))
	fmt.Println(err)
	// Output:
	// "Content-Length: 2\r\nX-Trace: 7\r\n\r\n{}" <nil>
	// "Content-Length: 2\r\nX-Trace: 7\r\n\r\n{}" <nil>
	// framing: payload of 23 bytes refused: its Content-Length makes a frame of 24 bytes
}

func ExampleNew() {
	f := contentlength.New()
	wire, err := f.Append(nil, []byte(`{"jsonrpc":"2.0"}`))
	fmt.Printf("%q %v\n", wire, err)

	stream := strings.NewReader("Content-Length: 7\r\n" +
		"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n" +
		"\r\n" +
		`{"a":1}`)
	payload, err := framing.NewReader(stream, f).ReadFrame()
	fmt.Printf("%s %v\n", payload, err)
	// Output:
	// "Content-Length: 17\r\n\r\n{\"jsonrpc\":\"2.0\"}" <nil>
	// {"a":1} <nil>
}
