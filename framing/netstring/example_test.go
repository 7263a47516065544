package netstring_test

import (
	"bytes"
	"fmt"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/netstring"
)

func ExampleNew() {
	f := netstring.New()
	var wire bytes.Buffer
	w := framing.NewWriter(&wire, f)
	for _, payload := range []string{"hello", "", "a:b,c"} {
		if err := w.WriteFrame([]byte(payload)); err != nil {
			fmt.Println(err)
		}
	}
	if err := w.Flush(); err != nil {
		fmt.Println(err)
	}
	fmt.Println(wire.String())

	for payload, err := range framing.NewReader(&wire, f).Frames() {
		fmt.Printf("%q %v\n", payload, err)
	}
	// Output:
	// 5:hello,0:,5:a:b,c,
	// "hello" <nil>
	// "" <nil>
	// "a:b,c" <nil>
}
