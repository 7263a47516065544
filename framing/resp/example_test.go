package resp_test

import (
	"fmt"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/resp"
)

func ExampleNew() {
	stream := strings.NewReader("*2\r\n$3\r\nGET\r\n$1\r\na\r\nPING\r\n")
	for payload, err := range framing.NewReader(stream, resp.New()).Frames() {
		fmt.Printf("%q %v\n", payload, err)
	}
	// Output:
	// "*2\r\n$3\r\nGET\r\n$1\r\na\r\n" <nil>
	// "PING\r\n" <nil>
}
