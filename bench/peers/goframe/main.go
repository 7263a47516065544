// Goframe echoes with github.com/smallnest/goframe: a goroutine per connection, ReadFrame and WriteFrame.
package main

import (
	"encoding/binary"
	"net"

	"github.com/smallnest/goframe"

	"github.com/wholeframe/wholeframe/bench/peers/peer"
)

func main() {
	o := peer.ParseFlags(peer.Line, peer.Length)
	framed := goframe.NewLineBasedFrameConn
	if o.Framing == peer.Length {
		framed = lengthConn
	}
	peer.Exit(peer.Serve(o, func(conn net.Conn) error { return echo(framed(conn)) }))
}

func lengthConn(conn net.Conn) goframe.FrameConn {
	return goframe.NewLengthFieldBasedFrameConn(
		goframe.EncoderConfig{ByteOrder: binary.BigEndian, LengthFieldLength: peer.HeaderSize},
		goframe.DecoderConfig{
			ByteOrder:           binary.BigEndian,
			LengthFieldLength:   peer.HeaderSize,
			InitialBytesToStrip: peer.HeaderSize,
		},
		conn,
	)
}

func echo(conn goframe.FrameConn) error {
	for {
		frame, err := conn.ReadFrame()
		if err != nil {
			return err
		}
		if err := conn.WriteFrame(frame); err != nil {
			return err
		}
	}
}
