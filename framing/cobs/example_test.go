package cobs_test

import (
	"fmt"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/cobs"
)

func ExampleNew() {
	f := cobs.New()
	wire, err := f.Append(nil, []byte("a\x00b"))
	fmt.Printf("% x %v\n", wire, err)

	// The zeros before a frame are fill; an invalid code loses one frame.
	stream := strings.NewReader("\x00\x04one\x00\x00\x09two\x00\x06three\x00")
	for payload, err := range framing.NewReader(stream, f).Frames() {
		fmt.Printf("%q %v\n", payload, err)
	}
	// Output:
	// 02 61 02 62 00 <nil>
	// "one" <nil>
	// "" framing: frame at offset 7: malformed code: 0x09 at byte 0 exceeds the frame, which has 4 bytes before its zero
	// "three" <nil>
}
