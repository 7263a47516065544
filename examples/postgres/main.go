// Postgres speaks the protocol of PostgreSQL, and answers every query with one row:
// the user, whether the connection is encrypted, and the query.
//
//	postgres -addr 127.0.0.1:5433 -cert cert.pem -key key.pem
//	psql 'host=127.0.0.1 port=5433 user=gopher sslmode=require' -c 'select 1'
//
// The protocol changes its framing twice: the first packets of a client have no
// type byte, and the server answers a request for TLS with a single byte.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"log"
	"os/signal"
	"syscall"

	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
)

// Codes in the place of the version.
const (
	version3      = 3 << 16
	cancelRequest = 80877102
	sslRequest    = 80877103
	gssRequest    = 80877104
)

var (
	oneByte, _ = fixed.New(1)
	startup, _ = lengthprefix.New(lengthprefix.Config{Width: 4, IncludesHeader: true})
	// After the startup a type byte precedes the length, which does not count it.
	message, _ = lengthprefix.New(lengthprefix.Config{Width: 4, Offset: 1, Adjust: -4, Keep: true})
)

func main() {
	addr := flag.String("addr", "127.0.0.1:5433", "listen on `HOST:PORT`")
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
		Framer: startup,
		Open: func(c *server.Conn) (server.Handler, error) {
			c.SetWriteFramer(oneByte)
			s := &session{tls: config}
			c.Session = s
			return s.first, nil
		},
		Goodbye: func(c *server.Conn, _ server.CloseReason, _ error) {
			if c.Session.(*session).user != "" { // the startup is over
				send(c, 'E', "SFATAL\x00C57P01\x00Mterminating connection\x00\x00")
			}
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
