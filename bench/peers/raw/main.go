// Raw writes whatever it has read, without looking for messages: the practical limit of an echo server in Go.
package main

import (
	"net"

	"github.com/wholeframe/wholeframe/bench/peers/peer"
)

// bufferSize is as much as the largest message of the bench takes, so that one read can bring it.
const bufferSize = 64<<10 + peer.HeaderSize

func main() {
	peer.Exit(peer.Serve(peer.ParseFlags(peer.Line, peer.Length), echo))
}

func echo(conn net.Conn) error {
	buf := make([]byte, bufferSize)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return err
		}
		if _, err := conn.Write(buf[:n]); err != nil {
			return err
		}
	}
}
