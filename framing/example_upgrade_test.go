package framing_test

import (
	"fmt"
	"net"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// Two peers begin with a line, then use length prefixes. The client does not wait
// for the answer: its first binary frame is already in the server's buffer when the
// server changes the Framer.
func ExampleConn_SetFramer() {
	serve := func(c *framing.Conn) error {
		defer c.Close()
		hello, err := c.ReadFrame()
		if err != nil {
			return err
		}
		fmt.Printf("server: %q, %d bytes unread\n", hello, len(c.Unread()))
		if err := c.WriteFrame(append([]byte("yes to "), hello...)); err != nil {
			return err
		}
		if err := c.SetFramer(lengthprefix.Uint16()); err != nil {
			return err
		}
		for payload, err := range c.Frames() {
			if err != nil {
				return err
			}
			if err := c.WriteFrame(payload); err != nil {
				return err
			}
		}
		return nil
	}
	here, there := net.Pipe()
	done := make(chan error, 2)
	go func() { done <- serve(framing.NewConn(there, delimiter.Line())) }()

	// The client sends a line and a binary frame in one write.
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
	payload, err := client.ReadFrame()
	fmt.Printf("client: %q %v\n", payload, err)
	fmt.Println(<-done)
	client.Close()
	fmt.Println(<-done)
	// Output:
	// server: "binary", 5 bytes unread
	// client: "yes to binary" <nil>
	// client: "a\nb" <nil>
	// <nil>
	// <nil>
}

// A client asks in a frame with a length, and the server answers with a single byte, as
// PostgreSQL does to a request for TLS. Then both directions have lengths.
func ExampleConn_SetReadFramer() {
	oneByte, err := fixed.New(1)
	if err != nil {
		fmt.Println(err)
		return
	}
	here, there := net.Pipe()
	done := make(chan error, 1)
	go func() {
		c := framing.NewConn(there, lengthprefix.Uint32())
		defer c.Close()
		if _, err := c.ReadFrame(); err != nil {
			done <- err
			return
		}
		c.SetWriteFramer(oneByte)
		if err := c.WriteFrame([]byte("N")); err != nil {
			done <- err
			return
		}
		c.SetWriteFramer(lengthprefix.Uint32())
		done <- c.WriteFrame([]byte("welcome"))
	}()

	client := framing.NewConn(here, lengthprefix.Uint32())
	defer client.Close()
	if err := client.SetReadFramer(oneByte); err != nil {
		fmt.Println(err)
	}
	if err := client.WriteFrame([]byte("TLS?")); err != nil {
		fmt.Println(err)
	}
	answer, err := client.ReadFrame()
	fmt.Printf("%q %v\n", answer, err)
	if err := client.SetReadFramer(lengthprefix.Uint32()); err != nil {
		fmt.Println(err)
	}
	answer, err = client.ReadFrame()
	fmt.Printf("%q %v\n", answer, err)
	fmt.Println(<-done)
	// Output:
	// "N" <nil>
	// "welcome" <nil>
	// <nil>
}
