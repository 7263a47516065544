package jsonvalue_test

import (
	"fmt"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/jsonvalue"
)

func ExampleNew() {
	f := jsonvalue.New()
	wire, err := f.Append(nil, []byte(`{"a":"}"}`))
	fmt.Printf("%q %v\n", wire, err)
	wire, err = f.Append(nil, []byte("12"))
	fmt.Printf("%q %v\n", wire, err)

	stream := strings.NewReader("{\"a\":\"}\"}[1,\n2] 12\n\"b\"")
	for payload, err := range framing.NewReader(stream, f).Frames() {
		fmt.Printf("%q %v\n", payload, err)
	}
	// Output:
	// "{\"a\":\"}\"}" <nil>
	// "12\n" <nil>
	// "{\"a\":\"}\"}" <nil>
	// "[1,\n2]" <nil>
	// "12" <nil>
	// "\"b\"" <nil>
}
