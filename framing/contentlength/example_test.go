package contentlength_test

import (
	"fmt"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/contentlength"
)

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
