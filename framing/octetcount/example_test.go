package octetcount_test

import (
	"fmt"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/octetcount"
)

func ExampleNew() {
	f := octetcount.New()
	wire, err := f.Append(nil, []byte("<13>1 - - - - -"))
	fmt.Printf("%s %v\n", wire, err)

	stream := strings.NewReader("7 <13>one7 <13>two<13>three\n")
	for payload, err := range framing.NewReader(stream, f).Frames() {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Printf("%s\n", payload)
	}
	// Output:
	// 15 <13>1 - - - - - <nil>
	// <13>one
	// <13>two
	// framing: frame at offset 18: malformed length: got '<', want a digit; syslog lines that end with a newline are read with delimiter.Line
}
