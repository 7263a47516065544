package framing_test

import (
	"fmt"
	"net"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// Two peers agree in lines, then go on with binary messages. The client does not
// wait: its first message travels with the line before it and is in the server's
// buffer when the server changes over.
func ExampleConn_SetFramer() {
	serve := func(c *framing.Conn) error {
		defer c.Close()
		hello, err := c.ReadFrame()
		if err != nil {
			return err
		}
		fmt.Printf("server: %q, %d bytes wait\n", hello, len(c.Buffered()))
		if err := c.WriteFrame(append([]byte("yes to "), hello...)); err != nil {
			return err
		}
		if err := c.SetFramer(lengthprefix.Uint16()); err != nil {
			return err
		}
		for message, err := range c.Frames() {
			if err != nil {
				return err
			}
			if err := c.WriteFrame(message); err != nil {
				return err
			}
		}
		return nil
	}
	here, there := net.Pipe()
	done := make(chan error, 2)
	go func() { done <- serve(framing.NewConn(there, delimiter.Line())) }()

	// What the client sends: a line and a message, in one write.
	wire, err := delimiter.Line().Append(nil, []byte("binary"))
	if err != nil {
		fmt.Println(err)
	}
	wire, err = lengthprefix.Uint16().Append(wire, []byte("a\nb"))
	if err != nil {
		fmt.Println(err)
	}
	go func() { _, err := here.Write(wire); done <- err }()

	client := framing.NewConn(here, delimiter.Line())
	answer, err := client.ReadFrame()
	fmt.Printf("client: %q %v\n", answer, err)
	if err := client.SetFramer(lengthprefix.Uint16()); err != nil {
		fmt.Println(err)
	}
	message, err := client.ReadFrame()
	fmt.Printf("client: %q %v\n", message, err)
	fmt.Println(<-done)
	client.Close()
	fmt.Println(<-done)
	// Output:
	// server: "binary", 5 bytes wait
	// client: "yes to binary" <nil>
	// client: "a\nb" <nil>
	// <nil>
	// <nil>
}
