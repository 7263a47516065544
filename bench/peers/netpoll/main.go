// Netpoll echoes with github.com/cloudwego/netpoll: a handler runs while there is input, reads and writes go through
// the connection's linked buffers, which pass large messages on without copying them.
package main

import (
	"context"
	"encoding/binary"
	"net"

	"github.com/cloudwego/netpoll"

	"github.com/wholeframe/wholeframe/bench/peers/peer"
)

func main() {
	o := peer.ParseFlags(peer.Line, peer.Length)
	next := nextLine
	if o.Framing == peer.Length {
		next = nextLength
	}
	loop, err := netpoll.NewEventLoop(func(_ context.Context, conn netpoll.Connection) error {
		if err := echo(conn, next); err != nil {
			return conn.Close()
		}
		return nil
	})
	if err != nil {
		peer.Exit(err)
	}
	listener, err := net.Listen("tcp", o.Addr)
	if err != nil {
		peer.Exit(err)
	}
	peer.Listening(listener.Addr().String(), o.Framing)
	peer.Exit(loop.Serve(listener))
}

// echo echoes messages until no input is left; a message that isn't whole is waited for.
func echo(conn netpoll.Connection, next func(netpoll.Reader) ([]byte, error)) error {
	r, w := conn.Reader(), conn.Writer()
	for r.Len() > 0 {
		frame, err := next(r)
		if err != nil {
			return err
		}
		if _, err := w.WriteBinary(frame); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return r.Release() // not earlier: what was written may still lie in the input's memory
}

func nextLine(r netpoll.Reader) ([]byte, error) {
	return r.Until('\n')
}

func nextLength(r netpoll.Reader) ([]byte, error) {
	header, err := r.Peek(peer.HeaderSize)
	if err != nil {
		return nil, err
	}
	return r.Next(peer.HeaderSize + int(binary.BigEndian.Uint32(header)))
}
