// Library echoes with package framing alone: a Buffer and a Writer on the net.Conn, in the twenty lines that a server
// needs at least. What cmd/echo costs beyond it is the price of its server.
package main

import (
	"net"

	"github.com/wholeframe/wholeframe/bench/peers/peer"
	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

func main() {
	o := peer.ParseFlags(peer.Line, peer.Length)
	var framer framing.Framer = delimiter.Line()
	if o.Framing == peer.Length {
		framer = lengthprefix.Uint32()
	}
	peer.Exit(peer.Serve(o, func(conn net.Conn) error { return echo(conn, framer) }))
}

func echo(conn net.Conn, framer framing.Framer) error {
	in, out := framing.NewBuffer(framer), framing.NewWriter(conn, framer)
	for {
		payload, ok, err := in.Next()
		switch {
		case err != nil:
			return err
		case ok:
			err = out.WriteFrame(payload)
		default:
			if err = out.Flush(); err == nil {
				_, err = in.Fill(conn)
			}
		}
		if err != nil {
			return err
		}
	}
}
