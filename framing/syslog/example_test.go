package syslog_test

import (
	"fmt"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/syslog"
)

func ExampleNew() {
	f := syslog.New()
	wire, err := f.Append(nil, []byte("<13>1 - - - - -"))
	fmt.Printf("%s %v\n", wire, err)

	stream := strings.NewReader("7 <13>one<13>two\n54 <1 minute elapsed\n")
	for payload, err := range framing.NewReader(stream, f).Frames() {
		fmt.Printf("%s %v\n", payload, err)
	}
	// Output:
	// 15 <13>1 - - - - - <nil>
	// <13>one <nil>
	// <13>two <nil>
	// 54 <1 minute elapsed <nil>
}

func ExampleFramer_WriteLines() {
	f := syslog.New().WriteLines()
	wire, err := f.Append(nil, []byte("<13>1 - - - - -"))
	fmt.Printf("%q %v\n", wire, err)
	// Output:
	// "<13>1 - - - - -\n" <nil>
}
