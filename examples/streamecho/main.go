// Streamecho sends frames of any size back while they arrive. Of each it holds two
// buffers, never the payload.
//
//	streamecho -framing=length,width=8 -addr 127.0.0.1:8000
//
// A framing that does not announce the size of a frame, such as lines, is echoed too,
// with payloads of up to 1 MiB, which are held in memory.
//
// A peer must read while it writes. One that does not is made to wait as soon as the
// buffers of the kernel are full.
package main

import (
	"errors"
	"flag"
	"io"
	"log"
	"net"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// serve echoes what c sends until it ends.
func serve(c net.Conn, f framing.Framer) error {
	r, w := framing.NewReader(c, f), framing.NewWriter(c, f)
	for {
		size, payload, err := r.NextReader()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := w.WriteFrom(payload, size); err != nil {
			return err
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
}

// accept serves the connections of l until l is closed.
func accept(l net.Listener, f framing.Framer) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			if err := serve(c, f); err != nil {
				log.Print(c.RemoteAddr(), ": ", err)
			}
		}()
	}
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8000", "listen on `HOST:PORT`, port 0 for a free one")
	f := spec.Value{Framer: lengthprefix.Uint64()}
	flag.Var(&f, "framing", "the framing, as a `SPEC`")
	flag.Parse()
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	log.Print("listening on ", l.Addr(), ", framing ", f)
	if err := accept(l, f.Framer); !errors.Is(err, net.ErrClosed) {
		log.Fatal(err)
	}
}
