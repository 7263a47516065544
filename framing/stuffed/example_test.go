package stuffed_test

import (
	"fmt"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/stuffed"
)

func ExampleHDLC() {
	f := stuffed.HDLC()
	wire, err := f.Append(nil, []byte("a~b"))
	fmt.Printf("% x %v\n", wire, err)

	// Two frames share a flag, and one is aborted.
	stream := strings.NewReader("~one~t}^wo~thr}~")
	for payload, err := range framing.NewReader(stream, f).Frames() {
		fmt.Printf("%q %v\n", payload, err)
	}
	// Output:
	// 7e 61 7d 5e 62 7e <nil>
	// "one" <nil>
	// "t~wo" <nil>
	// "" framing: frame at offset 11: malformed escape: the frame ends after 0x7d
}

func ExampleJT808() {
	wire, err := stuffed.JT808().Append(nil, []byte("\x30\x7e\x08\x7d\x55"))
	fmt.Printf("% x %v\n", wire, err)
	// Output: 7e 30 7d 02 08 7d 01 55 7e <nil>
}
