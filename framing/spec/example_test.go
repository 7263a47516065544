package spec_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/spec"
)

func Example() {
	framer, err := spec.Parse(`delimiter,text=;,text=\n`)
	if err != nil {
		fmt.Println(err)
		return
	}
	r := framing.NewReader(strings.NewReader("one;two\nthree;"), framer)
	for payload, err := range r.Frames() {
		fmt.Println(string(payload), err)
	}
	// Output:
	// one <nil>
	// two <nil>
	// three <nil>
}

func ExampleParse() {
	for _, text := range []string{
		"length,order=little,width=2",
		"length,width=4,order=big",
		"delimiter,hex=0a,hex=0d0a",
		"length,width=9",
		"line,trim",
	} {
		framer, err := spec.Parse(text)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(framer)
	}
	// Output:
	// length,width=2,order=little
	// length
	// line
	// spec: at byte 7: lengthprefix: width: 9 is not allowed; it must be 1 to 8 bytes
	// spec: at byte 5: unknown key "trim"; line takes keep, skip-empty
}

// A Value is a flag.
func ExampleValue() {
	flags := flag.NewFlagSet("echo", flag.ContinueOnError)
	flags.SetOutput(os.Stdout)
	v := spec.Value{Framer: delimiter.Line()}
	flags.Var(&v, "framing", "how frames are delimited")

	flags.PrintDefaults()
	if err := flags.Parse([]string{"-framing=fixed,size=1KiB"}); err != nil {
		return
	}
	w := framing.NewWriter(os.Stdout, v.Framer)
	fmt.Println(v, w.WriteFrame([]byte("too short")))
	// Output:
	//   -framing value
	//     	how frames are delimited (default line)
	// fixed,size=1024 framing: payload of 9 bytes refused: it must have exactly 1024 bytes
}

// A Value is a field of a configuration file.
func ExampleValue_UnmarshalText() {
	var config struct{ Framing spec.Value }
	err := json.Unmarshal([]byte(`{"Framing": "length,width=2"}`), &config)
	fmt.Println(config.Framing, err)
	// Output: length,width=2 <nil>
}

func ExampleSize() {
	flags := flag.NewFlagSet("echo", flag.ContinueOnError)
	flags.SetOutput(os.Stdout)
	limit := spec.Size(1 << 20)
	flags.Var(&limit, "max-payload", "maximum size of a payload (negative means no limit)")

	flags.PrintDefaults()
	if err := flags.Parse([]string{"-max-payload=64KiB"}); err != nil {
		return
	}
	fmt.Println(limit, int(limit))
	// Output:
	//   -max-payload value
	//     	maximum size of a payload (negative means no limit) (default 1MiB)
	// 64KiB 65536
}

func ExampleFramings() {
	for _, f := range spec.Framings() {
		if f.Name != "fixed" {
			continue
		}
		fmt.Println(f.About)
		for _, k := range f.Keys {
			fmt.Printf("%v: %s\n", k, k.About)
		}
	}
	// Output:
	// all frames have the same size
	// size=SIZE: bytes of a frame
	// pad=HEX: fill shorter payloads up with this byte, and remove it on reading
}

// Help returns a page with a paragraph for each framing.
func ExampleHelp() {
	paragraphs := strings.Split(spec.Help(), "\n\n")
	fmt.Println(paragraphs[0])
	fmt.Println()
	for _, p := range paragraphs[1:] {
		if strings.HasPrefix(p, "length: ") {
			fmt.Println(p)
		}
	}
	// Output:
	// A framing is its name and any of its keys, separated by commas.
	// N: a number. SIZE: bytes, or 64KiB, 1MiB, 2GiB. HEX: 0d0a.
	// TEXT: as it is, with \n \r \t \\ \x00 and \, for a comma (quote it in a shell).
	//
	// length: a length precedes each payload, in a field of fixed width; by default 4 bytes, big endian
	//     width=N                bytes of the length field, 1 to 8; default 4
	//     order=big|little       byte order of the length field; default big
	//     digits=decimal|hex|bcd
	//                            the length is written in digits; default none, a binary number
	//     offset=SIZE            bytes before the length field; default 0
	//     adjust=N               added to the length to get the number of bytes after the field; default 0
	//     includes-header        the length also counts the field and the bytes before it
	//     strip=SIZE             leading bytes that are not delivered, 1 or more; default offset + width
	//     magic=HEX              values of the first header bytes, the field left out; default any
	//     trailer=HEX            what follows each payload; the length does not count it
	//     resync                 after an invalid header, continue at the next magic, of 2 bytes or more
	//     keep                   deliver the whole frame, with its header and trailer
	//     skip-empty             discard empty frames, and refuse to write them
	//     example: length,width=2,order=little
}
