// Smtp accepts mail for anybody and prints a line about each message.
//
//	smtp -addr 127.0.0.1:2525 -cert cert.pem -key key.pem
//	swaks --server 127.0.0.1:2525 --to somebody@example.org --tls
//
// Commands and replies are lines; the text that follows DATA is one frame of
// another framing. With a certificate it offers STARTTLS.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"log"
	"os/signal"
	"syscall"

	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/server"
)

const (
	maxLine = 510 // bytes, without the line end: RFC 5321 section 4.5.3.1
	maxText = 10 << 20
)

func main() {
	addr := flag.String("addr", "127.0.0.1:2525", "listen on `HOST:PORT`")
	cert := flag.String("cert", "", "offer TLS with the certificate in this `file`, in PEM")
	key := flag.String("key", "", "the `file` of its key")
	flag.Parse()
	var config *tls.Config
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		if err != nil {
			log.Fatal(err)
		}
		config = &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	s := &server.Server{
		Framer:     delimiter.CRLF(),
		MaxPayload: maxLine,
		Open: func(c *server.Conn) (server.Handler, error) {
			return (&session{tls: config}).command, c.Reply([]byte("220 mail.example"))
		},
		Goodbye: func(c *server.Conn, reason server.CloseReason, _ error) {
			c.Reply([]byte("421 closing: " + reason.String()))
		},
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
