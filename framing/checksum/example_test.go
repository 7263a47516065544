package checksum_test

import (
	"bytes"
	"fmt"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/checksum"
	"github.com/wholeframe/wholeframe/framing/cobs"
)

func ExampleWrap() {
	f, err := checksum.Wrap(cobs.New(), checksum.CRC16X25)
	if err != nil {
		fmt.Println(err)
		return
	}
	wire, err := f.Append(nil, []byte("hello"))
	fmt.Printf("% x %v\n", wire, err)

	damaged := bytes.Replace(wire, []byte("e"), []byte("a"), 1)
	stream := bytes.NewReader(append(damaged, wire...))
	for payload, err := range framing.NewReader(stream, f).Frames() {
		fmt.Printf("%q %v\n", payload, err)
	}
	// Output:
	// 08 68 65 6c 6c 6f bd 34 00 <nil>
	// "" framing: frame at offset 0: wrong checksum: got bd34, want 5146 (crc16-x25)
	// "hello" <nil>
}
