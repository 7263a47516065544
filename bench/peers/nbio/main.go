// Nbio echoes with github.com/lesismal/nbio: pollers hand over what they have read, a rest stays with the connection.
package main

import (
	"bufio"
	"io"
	"runtime"
	"sync"

	"github.com/lesismal/nbio"

	"github.com/wholeframe/wholeframe/bench/peers/peer"
)

func main() {
	o := peer.ParseFlags(peer.Line, peer.Length)
	engine := nbio.NewEngine(nbio.Config{Network: "tcp", Addrs: []string{o.Addr}, NPoller: runtime.GOMAXPROCS(0)})
	size := peer.SizeFunc(o.Framing)
	engine.OnOpen(func(c *nbio.Conn) { c.SetSession(new([]byte)) })
	engine.OnData(func(c *nbio.Conn, data []byte) {
		if err := echo(c, c.Session().(*[]byte), data, size); err != nil {
			c.CloseWithError(err)
		}
	})
	if err := engine.Start(); err != nil {
		peer.Exit(err)
	}
	peer.Listening(engine.Addrs[0], o.Framing)
	select {}
}

// echo echoes every whole message of rest and data, and keeps what follows them in rest. They leave together, but
// each is written on its own, as an application's replies would be.
func echo(c *nbio.Conn, rest *[]byte, data []byte, size func([]byte, int) int) error {
	w := writers.Get().(*bufio.Writer)
	defer writers.Put(w)
	w.Reset(c)
	seen := len(*rest)
	if seen > 0 {
		*rest = append(*rest, data...)
		data = *rest
	}
	for {
		n := size(data, seen)
		if n == 0 {
			break
		}
		seen = 0
		if _, err := w.Write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	if len(data) == 0 {
		*rest = nil
	} else {
		*rest = append((*rest)[:0], data...)
	}
	return w.Flush()
}

// writers lends its buffers to connections that have something to say, so that idle ones hold none.
var writers = sync.Pool{New: func() any { return bufio.NewWriterSize(io.Discard, 64<<10) }}
