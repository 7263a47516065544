// Naive reads a line as a string and writes it at once: the first thing that comes to mind.
package main

import (
	"bufio"
	"io"
	"net"

	"github.com/wholeframe/wholeframe/bench/peers/peer"
)

func main() {
	peer.Exit(peer.Serve(peer.ParseFlags(peer.Line), echo))
}

func echo(conn net.Conn) error {
	r := bufio.NewReader(conn)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		if _, err := io.WriteString(conn, line); err != nil {
			return err
		}
	}
}
