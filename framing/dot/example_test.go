package dot_test

import (
	"fmt"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/dot"
)

func ExampleNew() {
	f := dot.New()
	wire, err := f.Append(nil, []byte("Subject: dots\r\n\r\n.hello\r\n"))
	fmt.Printf("%q %v\n", wire, err)

	stream := strings.NewReader(string(wire) + ".\r\nlast\r\n.\r\n")
	for payload, err := range framing.NewReader(stream, f).Frames() {
		fmt.Printf("%q %v\n", payload, err)
	}
	// Output:
	// "Subject: dots\r\n\r\n..hello\r\n.\r\n" <nil>
	// "Subject: dots\r\n\r\n.hello\r\n" <nil>
	// "" <nil>
	// "last\r\n" <nil>
}
