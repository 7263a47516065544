package lengthprefix_test

import (
	"bytes"
	"fmt"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// show prints the frame that carries payload, and the payload that reading returns.
func show(f framing.Framer, payload string) {
	wire, err := f.Append(nil, []byte(payload))
	if err != nil {
		fmt.Println(err)
		return
	}
	read, err := framing.NewReader(bytes.NewReader(wire), f).ReadFrame()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%q → %q\n", wire, read)
}

// showLayout reads a frame that another program wrote, writes its payload again,
// and prints both.
func showLayout(c lengthprefix.Config, wire string) {
	f, err := lengthprefix.New(c)
	if err != nil {
		fmt.Println(err)
		return
	}
	payload, err := framing.NewReader(bytes.NewReader([]byte(wire)), f).ReadFrame()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("read:    %q → %q\n", wire, payload)
	written, err := f.Append(nil, payload)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("written: %q → %q\n", payload, written)
}

func ExampleUint8() {
	show(lengthprefix.Uint8(), "hello")
	// Output: "\x05hello" → "hello"
}

func ExampleUint16() {
	show(lengthprefix.Uint16(), "hello")
	// Output: "\x00\x05hello" → "hello"
}

func ExampleUint32() {
	show(lengthprefix.Uint32(), "hello")
	// Output: "\x00\x00\x00\x05hello" → "hello"
}

func ExampleUint64() {
	show(lengthprefix.Uint64(), "hello")
	// Output: "\x00\x00\x00\x00\x00\x00\x00\x05hello" → "hello"
}

func ExampleVarint() {
	show(lengthprefix.Varint(), "hello")
	// Output: "\x05hello" → "hello"
}

func ExampleVarintFramer_NonMinimal() {
	f := lengthprefix.Varint().NonMinimal()
	payload, err := framing.NewReader(bytes.NewReader([]byte("\x85\x80\x00hello")), f).ReadFrame()
	fmt.Printf("%q %v\n", payload, err)
	// Output: "hello" <nil>
}

// Each frame begins with two constant bytes; reading rejects any others.
func ExampleNew() {
	f, err := lengthprefix.New(lengthprefix.Config{Width: 2, Offset: 2, Magic: []byte("\xca\xfe")})
	if err != nil {
		fmt.Println(err)
		return
	}
	show(f, "hello")
	_, err = framing.NewReader(bytes.NewReader([]byte("\xca\xff\x00\x05hello")), f).ReadFrame()
	fmt.Println(err)
	// Output:
	// "\xca\xfe\x00\x05hello" → "hello"
	// framing: frame at offset 0: malformed header: byte 1 is 0xff, want 0xfe
}

// A program builds a PostgreSQL query: a type byte, a length that counts itself,
// and the text. The reader delivers the header with the payload, so the payload to
// be written begins with one. PutHeader fills in the length.
func ExampleFramer_PutHeader() {
	f, err := lengthprefix.New(lengthprefix.Config{Width: 4, Offset: 1, Adjust: -4, Keep: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	payload := append([]byte("Q    "), "SELECT 1\x00"...)
	if err := f.PutHeader(payload); err != nil {
		fmt.Println(err)
		return
	}
	show(f, string(payload))
	// Output: "Q\x00\x00\x00\rSELECT 1\x00" → "Q\x00\x00\x00\rSELECT 1\x00"
}

func ExampleNew_lengthKept() {
	showLayout(lengthprefix.Config{Width: 2, Keep: true}, "\x00\x0cHELLO, WORLD")
	// Output:
	// read:    "\x00\fHELLO, WORLD" → "\x00\fHELLO, WORLD"
	// written: "\x00\fHELLO, WORLD" → "\x00\fHELLO, WORLD"
}

func ExampleNew_lengthStripped() {
	showLayout(lengthprefix.Config{Width: 2}, "\x00\x0cHELLO, WORLD")
	// Output:
	// read:    "\x00\fHELLO, WORLD" → "HELLO, WORLD"
	// written: "HELLO, WORLD" → "\x00\fHELLO, WORLD"
}

func ExampleNew_lengthCountsTheWholeFrame() {
	showLayout(lengthprefix.Config{Width: 2, IncludesHeader: true, Keep: true}, "\x00\x0eHELLO, WORLD")
	// Output:
	// read:    "\x00\x0eHELLO, WORLD" → "\x00\x0eHELLO, WORLD"
	// written: "\x00\x0eHELLO, WORLD" → "\x00\x0eHELLO, WORLD"
}

func ExampleNew_lengthAtTheEndOfTheHeader() {
	showLayout(lengthprefix.Config{Width: 3, Offset: 2, Keep: true}, "\xca\xfe\x00\x00\x0cHELLO, WORLD")
	// Output:
	// read:    "\xca\xfe\x00\x00\fHELLO, WORLD" → "\xca\xfe\x00\x00\fHELLO, WORLD"
	// written: "\xca\xfe\x00\x00\fHELLO, WORLD" → "\xca\xfe\x00\x00\fHELLO, WORLD"
}

func ExampleNew_lengthAtTheStartOfTheHeader() {
	showLayout(lengthprefix.Config{Width: 3, Adjust: 2, Keep: true}, "\x00\x00\x0c\xca\xfeHELLO, WORLD")
	// Output:
	// read:    "\x00\x00\f\xca\xfeHELLO, WORLD" → "\x00\x00\f\xca\xfeHELLO, WORLD"
	// written: "\x00\x00\f\xca\xfeHELLO, WORLD" → "\x00\x00\f\xca\xfeHELLO, WORLD"
}

// The first header byte is stripped, and written as zero.
func ExampleNew_lengthBetweenHeaderBytes() {
	showLayout(lengthprefix.Config{Width: 2, Offset: 1, Adjust: 1, Strip: 3}, "\xca\x00\x0c\xfeHELLO, WORLD")
	// Output:
	// read:    "\xca\x00\f\xfeHELLO, WORLD" → "\xfeHELLO, WORLD"
	// written: "\xfeHELLO, WORLD" → "\x00\x00\f\xfeHELLO, WORLD"
}

// The first header byte is stripped, and is the constant ca.
func ExampleNew_lengthBetweenHeaderBytesCountsTheWholeFrame() {
	showLayout(lengthprefix.Config{Width: 2, Offset: 1, Adjust: -3, Strip: 3, Magic: []byte{0xca}}, "\xca\x00\x10\xfeHELLO, WORLD")
	// Output:
	// read:    "\xca\x00\x10\xfeHELLO, WORLD" → "\xfeHELLO, WORLD"
	// written: "\xfeHELLO, WORLD" → "\xca\x00\x10\xfeHELLO, WORLD"
}
