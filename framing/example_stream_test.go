package framing_test

import (
	"bytes"
	"fmt"
	"io"
	"net"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// An echo of payloads of any size. It holds two buffers of each in memory.
func ExampleReader_NextReader() {
	echo := func(c net.Conn) error {
		defer c.Close()
		r, w := framing.NewReader(c, lengthprefix.Uint64()), framing.NewWriter(c, lengthprefix.Uint64())
		for {
			size, payload, err := r.NextReader()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := w.WriteFrom(payload, size); err != nil {
				return err
			}
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
	here, there := net.Pipe()
	done := make(chan error, 2)
	go func() { done <- echo(there) }()

	conn := framing.NewConn(here, lengthprefix.Uint64())
	const size = 10 << 20
	go func() { done <- conn.WriteFrom(zeros(size), size) }()
	n, payload, err := conn.NextReader()
	fmt.Println(n, err)
	n, err = io.Copy(io.Discard, payload)
	fmt.Println(n, err)
	fmt.Println(<-done)
	conn.Close()
	fmt.Println(<-done)
	// Output:
	// 10485760 <nil>
	// 10485760 <nil>
	// <nil>
	// <nil>
}

func ExampleWriter_WriteFrom() {
	var wire bytes.Buffer
	w := framing.NewWriter(&wire, lengthprefix.Uint16())
	file := bytes.NewReader([]byte("hello"))
	fmt.Println(w.WriteFrom(file, 5), w.Flush())
	fmt.Printf("%q\n", wire.Bytes())

	// The source ends too early. Nothing of a small payload is written.
	fmt.Println(w.WriteFrom(bytes.NewReader([]byte("hel")), 5))
	// Output:
	// <nil> <nil>
	// "\x00\x05hello"
	// framing: payload ends after 3 of 5 bytes: unexpected EOF
}
