// Gnet sends every whole message back, from the event loops of gnet.
//
// An event loop reads for its connections and calls OnTraffic with what has
// come: half a message, or three. So each connection has a [framing.Buffer],
// which takes the bytes and gives out the messages that are whole.
//
//	gnet -framing=length -addr 127.0.0.1:8000
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/panjf2000/gnet/v2"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// maxUnread is how many bytes of answers may wait for a peer that does not read
// them before its connection is closed.
const maxUnread = 4 << 20

// An echo is what gnet calls when something happens.
type echo struct {
	gnet.BuiltinEventEngine
	framer    framing.Framer
	listening func(gnet.Engine, net.Addr)
}

// A conn is what there is for each connection. One event loop at a time has it.
type conn struct {
	buf *framing.Buffer
	w   *framing.Writer
}

// OnBoot implements [gnet.EventHandler]. It asks the socket for its address,
// since port 0 stands for any that is free.
func (e *echo) OnBoot(engine gnet.Engine) gnet.Action {
	fd, err := engine.Dup()
	if err != nil {
		log.Print(err)
		return gnet.Shutdown
	}
	f := os.NewFile(uintptr(fd), "listener")
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		log.Print(err)
		return gnet.Shutdown
	}
	defer l.Close()
	e.listening(engine, l.Addr())
	return gnet.None
}

// OnOpen implements [gnet.EventHandler].
func (e *echo) OnOpen(c gnet.Conn) ([]byte, gnet.Action) {
	c.SetContext(conn{framing.NewBuffer(e.framer), framing.NewWriter(c, e.framer)})
	return nil, gnet.None
}

// OnTraffic implements [gnet.EventHandler]: it echoes the messages that are
// whole by now. What follows them stays in the Buffer.
func (e *echo) OnTraffic(c gnet.Conn) gnet.Action {
	conn := c.Context().(conn)
	if _, err := c.WriteTo(conn.buf); err != nil {
		log.Print(c.RemoteAddr(), ": ", err)
		return gnet.Close
	}
	for message, err := range conn.buf.Frames() {
		if err == nil {
			err = conn.w.WriteFrame(message)
		}
		if err != nil {
			log.Print(c.RemoteAddr(), ": ", err)
			conn.w.Flush() // what was echoed before the message at fault
			return gnet.Close
		}
	}
	conn.buf.Release() // an idle connection holds no buffer
	if err := conn.w.Flush(); err != nil || c.OutboundBuffered() > maxUnread {
		return gnet.Close
	}
	return gnet.None
}

// OnClose implements [gnet.EventHandler].
func (e *echo) OnClose(c gnet.Conn, _ error) gnet.Action {
	if rest := len(c.Context().(conn).buf.Bytes()); rest > 0 {
		log.Print(c.RemoteAddr(), ": closed, ", rest, " bytes of a message that is not whole")
	}
	return gnet.None
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8000", "listen on `HOST:PORT`, port 0 for a free one")
	f := spec.Value{Framer: delimiter.Line()}
	flag.Var(&f, "framing", "frame messages as `SPEC` says")
	flag.Parse()

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	e := &echo{framer: f.Framer, listening: func(engine gnet.Engine, addr net.Addr) {
		log.Print("listening on ", addr, ", framing ", f)
		go func() {
			<-signals
			if err := engine.Stop(context.Background()); err != nil {
				log.Print(err)
			}
		}()
	}}
	if err := gnet.Run(e, "tcp://"+*addr, gnet.WithMulticore(true)); err != nil {
		log.Fatal(err)
	}
}
