// Bigframes sends every frame back, and after it a frame with its SHA-256, whatever
// its size: it never holds more than 64 KiB of one. The length is 8 bytes.
//
//	bigframes -addr 127.0.0.1:8000
//
// A peer must read while it writes. One that does not is made to wait, as soon as the
// buffers of the two systems are full, and is reset when that takes too long.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"flag"
	"io"
	"log"
	"os/signal"
	"syscall"

	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
)

// stream handles a frame that is larger than MaxPayload, while it arrives.
func stream(c *server.Conn, size int64, payload io.Reader) error {
	sum := sha256.New()
	if err := c.ReplyFrom(io.TeeReader(payload, sum), size); err != nil {
		return err
	}
	return c.Reply(sum.Sum(nil))
}

// handle handles all others.
func handle(c *server.Conn, payload []byte) error {
	return stream(c, int64(len(payload)), bytes.NewReader(payload))
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8000", "listen on `HOST:PORT`")
	flag.Parse()
	s := &server.Server{
		Framer:     lengthprefix.Uint64(),
		MaxPayload: 64 << 10,
		Handler:    handle,
		Stream:     stream,
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
