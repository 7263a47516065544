package delimiter_test

import (
	"fmt"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
)

// printFrames prints the payloads of a stream.
func printFrames(f framing.Framer, stream string) {
	for payload, err := range framing.NewReader(strings.NewReader(stream), f).Frames() {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("%q\n", payload)
	}
}

// printWire prints the frame of a payload.
func printWire(f framing.Framer, payload string) {
	wire, err := f.Append(nil, []byte(payload))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%q\n", wire)
}

func ExampleLine() {
	printFrames(delimiter.Line(), "hello\nworld\r\n")
	printWire(delimiter.Line(), "hello")
	printWire(delimiter.Line(), "hello\r") // with "\n", "hello" would be read
	// Output:
	// "hello"
	// "world"
	// "hello\n"
	// "hello\r\r\n"
}

func ExampleCRLF() {
	printFrames(delimiter.CRLF(), "hello\nworld\r\n")
	printWire(delimiter.CRLF(), "hello")
	printWire(delimiter.CRLF(), "two\r\nlines")
	// Output:
	// "hello\nworld"
	// "hello\r\n"
	// framing: payload of 10 bytes refused: it contains the delimiter "\r\n" at byte 3
}

// The first delimiter is written, unless another is needed to bring a payload back.
func ExampleNew() {
	f, err := delimiter.New(";", "<end>")
	if err != nil {
		fmt.Println(err)
		return
	}
	printFrames(f, "hello;world<end>")
	printWire(f, "hello")
	// Output:
	// "hello"
	// "world"
	// "hello;"
}

func ExampleFramer_Keep() {
	f := delimiter.Line().Keep()
	printFrames(f, "hello\nworld\r\n")
	printWire(f, "hello\r\n")
	// Output:
	// "hello\n"
	// "world\r\n"
	// "hello\r\n"
}

// Blank lines between records are discarded, and can be written as heartbeats.
func ExampleFramer_SkipEmpty() {
	f := delimiter.Line().SkipEmpty()
	var wire strings.Builder
	w := framing.NewWriter(&wire, f)
	for _, err := range []error{w.WriteFrame([]byte("{}")), w.WriteFill([]byte("\n")), w.WriteFrame([]byte("[]")), w.Flush(), w.WriteFrame(nil)} {
		if err != nil {
			fmt.Println(err)
		}
	}
	fmt.Printf("%q\n", wire.String())
	for payload, err := range framing.NewReader(strings.NewReader(wire.String()), f).Frames() {
		fmt.Printf("%s %v\n", payload, err)
	}
	// Output:
	// framing: payload of 0 bytes refused: it is empty, and empty frames are fill
	// "{}\n\n[]\n"
	// {} <nil>
	// [] <nil>
}
