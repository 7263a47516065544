package fixed_test

import (
	"fmt"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/fixed"
)

func ExampleNew() {
	f, err := fixed.New(5)
	if err != nil {
		fmt.Println(err)
		return
	}
	for payload, err := range framing.NewReader(strings.NewReader("helloworld"), f).Frames() {
		fmt.Printf("%q %v\n", payload, err)
	}
	_, err = f.Append(nil, []byte("hi"))
	fmt.Println(err)
	// Output:
	// "hello" <nil>
	// "world" <nil>
	// framing: payload of 2 bytes refused: it must have exactly 5 bytes
}

func ExamplePadded() {
	f, err := fixed.Padded(8, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	wire, err := f.Append(nil, []byte("hello"))
	fmt.Printf("%q %v\n", wire, err)
	payload, err := framing.NewReader(strings.NewReader(string(wire)), f).ReadFrame()
	fmt.Printf("%q %v\n", payload, err)
	// Output:
	// "hello\x00\x00\x00" <nil>
	// "hello" <nil>
}
