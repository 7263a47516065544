package enclosed_test

import (
	"fmt"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/enclosed"
)

func ExampleNew() {
	f, err := enclosed.New("<", ">")
	if err != nil {
		fmt.Println(err)
		return
	}
	wire, err := f.Append(nil, []byte("hello"))
	fmt.Printf("%s %v\n", wire, err)

	stream := strings.NewReader("noise<hello><torn<world>")
	for payload, err := range framing.NewReader(stream, f).Frames() {
		fmt.Printf("%q %v\n", payload, err)
	}
	// Output:
	// <hello> <nil>
	// "" framing: frame at offset 0: missing begin mark: these bytes belong to no frame
	// "hello" <nil>
	// "" framing: frame at offset 12: missing end mark: another frame begins before it
	// "world" <nil>
}

func ExampleMLLP() {
	f := enclosed.MLLP()
	wire, err := f.Append(nil, []byte("MSH|^~\\&|...\r"))
	fmt.Printf("%q %v\n", wire, err)

	payload, err := framing.NewReader(strings.NewReader("\r\n"+string(wire)), f).ReadFrame()
	fmt.Printf("%q %v\n", payload, err)
	// Output:
	// "\vMSH|^~\\&|...\r\x1c\r" <nil>
	// "MSH|^~\\&|...\r" <nil>
}

func ExampleJSONSeq() {
	f := enclosed.JSONSeq()
	wire, err := f.Append(nil, []byte(`{"a":1}`))
	fmt.Printf("%q %v\n", wire, err)

	payload, err := framing.NewReader(strings.NewReader("\x1e[1,2]\n"), f).ReadFrame()
	fmt.Printf("%s %v\n", payload, err)
	// Output:
	// "\x1e{\"a\":1}\n" <nil>
	// [1,2] <nil>
}

func ExampleFramer_RefuseNoise() {
	r := framing.NewReader(strings.NewReader("\x02one\x03\n\x02two\x03"), enclosed.STX().RefuseNoise())
	for payload, err := range r.Frames() {
		fmt.Printf("%s %v\n", payload, err)
	}
	// Output:
	// one <nil>
	//  framing: frame at offset 5: missing begin mark "\x02": byte 0 is 0x0a, want 0x02
}
