package recordmark_test

import (
	"fmt"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/recordmark"
)

func ExampleNew() {
	f := recordmark.New()
	wire, err := f.Append(nil, []byte("hello"))
	fmt.Printf("%q %v\n", wire, err)

	stream := strings.NewReader("\x00\x00\x00\x02he\x80\x00\x00\x03llo")
	for payload, err := range framing.NewReader(stream, f).Frames() {
		fmt.Printf("%q %v\n", payload, err)
	}
	// Output:
	// "\x80\x00\x00\x05hello" <nil>
	// "hello" <nil>
}
