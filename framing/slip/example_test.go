package slip_test

import (
	"fmt"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/slip"
)

func ExampleNew() {
	f := slip.New()
	wire, err := f.Append(nil, []byte("a\xc0b"))
	fmt.Printf("% x %v\n", wire, err)

	// The ENDs before a frame are fill; an invalid escape loses one frame.
	stream := strings.NewReader("\xc0one\xc0\xc0t\xdbwo\xc0\xc0three\xc0")
	for payload, err := range framing.NewReader(stream, f).Frames() {
		fmt.Printf("%q %v\n", payload, err)
	}
	// Output:
	// 61 db dc 62 c0 <nil>
	// "one" <nil>
	// "" framing: frame at offset 6: malformed escape: got 0x77 after 0xdb, want 0xdc or 0xdd
	// "three" <nil>
}

func ExampleLeadingEnd() {
	f := slip.LeadingEnd()
	wire, err := f.Append(nil, []byte("one"))
	fmt.Printf("% x %v\n", wire, err)

	// Noise before a frame is a frame of its own.
	stream := strings.NewReader("\xff\xfe" + string(wire) + string(wire))
	for payload, err := range framing.NewReader(stream, f).Frames() {
		fmt.Printf("%q %v\n", payload, err)
	}
	// Output:
	// c0 6f 6e 65 c0 <nil>
	// "\xff\xfe" <nil>
	// "one" <nil>
	// "one" <nil>
}
