package stx_test

import (
	"fmt"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/stx"
)

func ExampleNew() {
	f := stx.New()
	wire, err := f.Append(nil, []byte("12.5 kg"))
	fmt.Printf("%q %v\n", wire, err)

	// The end of a frame whose beginning was missed, and a frame that was broken off,
	// are reported with one error each.
	stream := strings.NewReader("7 kg\x03\x0212.\x0212.5 kg\x03")
	for payload, err := range framing.NewReader(stream, f).Frames() {
		fmt.Printf("%q %v\n", payload, err)
	}
	// Output:
	// "\x0212.5 kg\x03" <nil>
	// "" framing: frame at offset 0: missing begin mark: these bytes belong to no frame
	// "" framing: frame at offset 5: missing end mark: another frame begins before it
	// "12.5 kg" <nil>
}

func ExampleDLE() {
	f := stx.DLE()
	wire, err := f.Append(nil, []byte{0x02, 0x10, 0x03})
	fmt.Printf("% x %v\n", wire, err)

	payload, err := framing.NewReader(strings.NewReader(string(wire)), f).ReadFrame()
	fmt.Printf("% x %v\n", payload, err)
	// Output:
	// 10 02 02 10 10 03 10 03 <nil>
	// 02 10 03 <nil>
}
