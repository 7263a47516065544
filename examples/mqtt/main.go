// Mqtt is a broker of MQTT 3.1.1 with QoS 0 and 1, without sessions that outlive
// their connection, retained messages and wills.
//
//	mqtt -addr 127.0.0.1:1883
//	mosquitto_sub -p 1883 -t 'rooms/+/temperature' -q 1
//	mosquitto_pub -p 1883 -t rooms/kitchen/temperature -m 21 -q 1
//
// What is published is pushed to the subscribers, and waits for none of them. One
// that reads too slowly loses its connection, when more than -queue bytes wait for it.
package main

import (
	"context"
	"flag"
	"log"
	"os/signal"
	"syscall"

	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:1883", "listen on `HOST:PORT`")
	queue := flag.Int("queue", 1<<20, "push at most this many `bytes` ahead of a subscriber")
	flag.Parse()
	framer, err := lengthprefix.NewVarint(lengthprefix.VarintConfig{Offset: 1, MaxBytes: 4, Keep: true})
	if err != nil {
		log.Fatal(err)
	}
	b := &broker{sessions: make(map[*server.Conn]*session)}
	s := &server.Server{
		Framer:   framer,
		MaxQueue: *queue,
		Open: func(c *server.Conn) (server.Handler, error) {
			return (&session{broker: b}).connect, nil
		},
		Closed: func(c *server.Conn, reason server.CloseReason, err error) {
			b.remove(c)
			log.Print(c.RemoteAddr(), ": ", reason)
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
