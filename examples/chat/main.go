// Chat passes on what one member says to all, in lines.
//
//	chat -addr 127.0.0.1:8000
//	nc 127.0.0.1 8000
//
// The first line of a member is the name. "/kick NAME REASON" removes a member, and
// "/quit" oneself. A member who does not read is removed when 64 KiB wait to be read.
package main

import (
	"context"
	"flag"
	"log"
	"os/signal"
	"syscall"

	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/server"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8000", "listen on `HOST:PORT`")
	flag.Parse()
	r := &room{names: make(map[*server.Conn]string)}
	s := &server.Server{
		Framer:     delimiter.Line(),
		MaxPayload: 1 << 10,
		MaxQueue:   64 << 10,
		Open: func(c *server.Conn) (server.Handler, error) {
			return r.join, c.Reply([]byte("What is your name?"))
		},
		Goodbye: func(c *server.Conn, reason server.CloseReason, _ error) {
			c.Reply([]byte("Goodbye, " + r.name(c) + ": " + reason.String()))
		},
		Closed: func(c *server.Conn, reason server.CloseReason, err error) { r.left(c, reason, err) },
	}
	l, err := server.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	log.Print("listening on ", l.Addr())
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() { s.Shutdown(context.Background()) })
	if err := s.Serve(l); err != server.ErrServerClosed {
		log.Fatal(err)
	}
}
