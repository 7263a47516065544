// Gnet echoes with github.com/panjf2000/gnet: an event loop per processor, messages cut from what the loop has read.
package main

import (
	"bufio"
	"io"
	"net"
	"runtime"
	"sync"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"

	"github.com/wholeframe/wholeframe/bench/peers/peer"
)

func main() {
	o := peer.ParseFlags(peer.Line, peer.Length)
	s := &server{framing: o.Framing, size: peer.SizeFunc(o.Framing)}
	peer.Exit(gnet.Run(s, "tcp://"+o.Addr, gnet.WithNumEventLoop(runtime.GOMAXPROCS(0))))
}

type server struct {
	gnet.BuiltinEventEngine
	framing string
	size    func(data []byte, seen int) int
}

func (s *server) OnBoot(engine gnet.Engine) gnet.Action {
	addr, err := listenAddr(engine)
	if err != nil {
		peer.Exit(err)
	}
	peer.Listening(addr, s.framing)
	return gnet.None
}

// listenAddr asks the kernel for the port, since gnet tells the address that it was given.
func listenAddr(engine gnet.Engine) (string, error) {
	fd, err := engine.Dup()
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	name, err := unix.Getsockname(fd)
	if err != nil {
		return "", err
	}
	in := name.(*unix.SockaddrInet4)
	return (&net.TCPAddr{IP: in.Addr[:], Port: in.Port}).String(), nil
}

func (s *server) OnOpen(c gnet.Conn) ([]byte, gnet.Action) {
	c.SetContext(new(int))
	return nil, gnet.None
}

// OnTraffic echoes every whole message that is there. They leave together, but each is written on its own, as an
// application's replies would be.
func (s *server) OnTraffic(c gnet.Conn) gnet.Action {
	data, err := c.Peek(-1)
	if err != nil {
		return gnet.Close
	}
	seen := c.Context().(*int)
	w := writers.Get().(*bufio.Writer)
	defer writers.Put(w)
	w.Reset(c)
	done := 0
	for {
		size := s.size(data[done:], *seen)
		if size == 0 {
			break
		}
		*seen = 0
		if _, err := w.Write(data[done : done+size]); err != nil {
			return gnet.Close
		}
		done += size
	}
	*seen = len(data) - done
	if err := w.Flush(); err != nil {
		return gnet.Close
	}
	if done > 0 { // to gnet, 0 means all
		if _, err := c.Discard(done); err != nil {
			return gnet.Close
		}
	}
	return gnet.None
}

// writers lends its buffers to connections that have something to say, so that idle ones hold none.
var writers = sync.Pool{New: func() any { return bufio.NewWriterSize(io.Discard, 64<<10) }}
