// Dns answers queries for addresses over TCP and TLS: h7.test is 10.0.0.7.
//
//	dns -addr 127.0.0.1:5300 -tls-addr 127.0.0.1:8530 -cert cert.pem -key key.pem
//	dig +tcp -p 5300 @127.0.0.1 h7.test
//	kdig +tls -p 8530 @127.0.0.1 h8.slow.test
//
// Each answer comes from a goroutine of its own, when it is ready, so answers may
// overtake others (RFC 7766 section 6.2.1.1). Those below slow.test take 100 ms.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"log"
	"os/signal"
	"sync"
	"syscall"

	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
)

// handle promises an answer to a query.
func handle(c *server.Conn, query []byte) error {
	if len(query) < header {
		return errors.New("a query without a header")
	}
	return c.Go(query, func(query []byte) error { return c.WriteFrame(answer(query)) })
}

// run serves at addr until ctx ends, and returns an error if something was lost.
func run(ctx context.Context, addr string, config *tls.Config) error {
	s := &server.Server{Framer: lengthprefix.Uint16(), Handler: handle, TLSConfig: config}
	l, err := server.Listen("tcp", addr)
	if err != nil {
		return err
	}
	log.Print("listening on ", l.Addr(), ", TLS: ", config != nil)
	context.AfterFunc(ctx, func() { s.Shutdown(context.Background()) })
	if err := s.Serve(l); err != server.ErrServerClosed {
		return err
	}
	return nil
}

func main() {
	addr := flag.String("addr", "127.0.0.1:5300", "listen on `HOST:PORT`")
	tlsAddr := flag.String("tls-addr", "127.0.0.1:8530", "listen there for TLS, if there is a certificate")
	cert := flag.String("cert", "", "the `file` of the certificate, in PEM")
	key := flag.String("key", "", "the `file` of its key")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var servers sync.WaitGroup
	start := func(addr string, config *tls.Config) {
		servers.Go(func() {
			if err := run(ctx, addr, config); err != nil {
				log.Fatal(err)
			}
		})
	}
	start(*addr, nil)
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		if err != nil {
			log.Fatal(err)
		}
		start(*tlsAddr, &tls.Config{Certificates: []tls.Certificate{pair}})
	}
	servers.Wait()
}
