package dissect_test

import (
	"fmt"

	"github.com/wholeframe/wholeframe/framing/dissect"
	"github.com/wholeframe/wholeframe/framing/slip"
)

func Example() {
	wire := []byte("hi\xc0a\xdb\xdcb\xc0half")
	for _, piece := range dissect.All(slip.New(), 1024, wire) {
		for _, part := range piece.Parts {
			fmt.Printf("%-10v % x\n", part.Kind, piece.Wire[part.Start:part.End])
		}
		if piece.Err != nil {
			fmt.Println(piece.Err)
		}
	}
	// Output:
	// payload    68 69
	// trailer    c0
	// payload    61
	// stuffing   db dc
	// payload    62
	// trailer    c0
	// incomplete 68 61 6c 66
	// framing: frame at offset 8: unexpected EOF after 4 bytes
}
