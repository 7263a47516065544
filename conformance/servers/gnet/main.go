// Command gnet echoes with github.com/panjf2000/gnet/v2:
//
//	gnet HOST:PORT line|length
//
// After the custom codec of gnet's examples: Peek, Discard, Writev. SIGTERM and
// SIGINT call Engine.Stop.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/panjf2000/gnet/v2"
)

const (
	maxPayload = 1 << 20
	header     = 4
)

func main() {
	s := &server{frame: frameLine}
	if os.Args[2] == "length" {
		s.frame = frameLength
	}
	if err := gnet.Run(s, "tcp://"+os.Args[1], gnet.WithMulticore(true), gnet.WithReuseAddr(true)); err != nil {
		log.Fatal(err)
	}
}

type server struct {
	gnet.BuiltinEventEngine
	frame func(data []byte) (size int, ok bool)
}

func (s *server) OnBoot(engine gnet.Engine) gnet.Action {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-stop
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		if err := engine.Stop(ctx); err != nil {
			log.Print(err)
		}
	}()
	return gnet.None
}

func (s *server) OnTraffic(c gnet.Conn) gnet.Action {
	var answers [][]byte
	action := gnet.None
	for {
		data, _ := c.Peek(-1)
		size, ok := s.frame(data)
		if !ok {
			action = gnet.Close
		}
		if size == 0 {
			break
		}
		answers = append(answers, bytes.Clone(data[:size]))
		c.Discard(size)
	}
	if len(answers) > 0 {
		if _, err := c.Writev(answers); err != nil {
			return gnet.Close
		}
	}
	return action
}

// frameLine returns the size of the frame that data begins with, 0 if it is not
// complete or too large, and whether it is within the limit.
func frameLine(data []byte) (size int, ok bool) {
	i := bytes.IndexByte(data, '\n')
	if i < 0 {
		return 0, len(data) <= maxPayload
	}
	if i > maxPayload {
		return 0, false
	}
	return i + 1, true
}

// frameLength is frameLine for payloads with their length before them.
func frameLength(data []byte) (size int, ok bool) {
	if len(data) < header {
		return 0, true
	}
	n := binary.BigEndian.Uint32(data)
	if n > maxPayload {
		return 0, false
	}
	if size = header + int(n); len(data) < size {
		return 0, true
	}
	return size, true
}
