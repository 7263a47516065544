// Command goframe echoes with github.com/smallnest/goframe, as its README does:
//
//	goframe HOST:PORT line|length
//
// The module has no server, so there is nothing to shut down: SIGTERM ends the
// process.
package main

import (
	"encoding/binary"
	"log"
	"net"
	"os"

	"github.com/smallnest/goframe"
)

func main() {
	l, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for {
		c, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go echo(frames(c, os.Args[2]))
	}
}

func frames(c net.Conn, framing string) goframe.FrameConn {
	if framing == "line" {
		return goframe.NewLineBasedFrameConn(c)
	}
	return goframe.NewLengthFieldBasedFrameConn(
		goframe.EncoderConfig{ByteOrder: binary.BigEndian, LengthFieldLength: 4},
		goframe.DecoderConfig{ByteOrder: binary.BigEndian, LengthFieldLength: 4, InitialBytesToStrip: 4}, c)
}

func echo(c goframe.FrameConn) {
	defer c.Close()
	for {
		payload, err := c.ReadFrame()
		if err != nil {
			return
		}
		if err := c.WriteFrame(payload); err != nil {
			return
		}
	}
}
