package server_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/dot"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
)

// A session is what a mail server knows of one client.
type session struct{ rcpt int }

func (s *session) command(c *server.Conn, line []byte) error {
	verb, _, _ := strings.Cut(string(line), " ")
	switch verb {
	case "RCPT":
		s.rcpt++
		return c.Reply([]byte("250 OK"))
	case "DATA": // the next frame is a message
		c.SetHandler(s.message)
		if err := c.SetReadFramer(dot.New()); err != nil {
			return err
		}
		return c.Reply([]byte("354 end with a dot"))
	case "QUIT":
		c.Reply([]byte("221 bye"))
		return io.EOF
	}
	return c.Reply([]byte("502 not implemented"))
}

func (s *session) message(c *server.Conn, text []byte) error {
	c.SetHandler(s.command)
	if err := c.SetReadFramer(delimiter.CRLF()); err != nil {
		return err
	}
	return c.Reply(fmt.Appendf(nil, "250 %d bytes to %d recipients", len(text), s.rcpt))
}

// A server that speaks first, keeps a session for each connection and changes the
// framing: a part of SMTP.
func ExampleServer_session() {
	s := &server.Server{
		Framer: delimiter.CRLF(),
		Open: func(c *server.Conn) (server.Handler, error) {
			return new(session).command, c.Reply([]byte("220 mail.example"))
		},
	}
	addr, closeServer := listenAndServe(s)
	client := connect(addr, delimiter.CRLF())
	defer client.Close()
	printFrames(client, 1)
	client.WriteFrames([]byte("RCPT TO:<a@example>"), []byte("DATA"))
	printFrames(client, 2)
	client.SetWriteFramer(dot.New())
	client.WriteFrame([]byte("Hello,\r\n.\r\n"))
	client.SetWriteFramer(delimiter.CRLF())
	client.WriteFrame([]byte("QUIT"))
	printFrames(client, 2)
	closeServer()
	// Output:
	// 220 mail.example
	// 250 OK
	// 354 end with a dot
	// 250 11 bytes to 1 recipients
	// 221 bye
}

// The client of PostgreSQL asks for TLS in a packet of its own, and the server
// answers with one byte. Afterwards all is encrypted, and the first packet of the
// session has the same framing.
func ExampleConn_StartTLS() {
	startup := must(lengthprefix.New(lengthprefix.Config{Width: 4, IncludesHeader: true}))
	s := &server.Server{
		Framer: startup,
		Open: func(c *server.Conn) (server.Handler, error) {
			c.SetWriteFramer(must(fixed.New(1)))
			return nil, nil
		},
		Handler: func(c *server.Conn, packet []byte) error {
			if binary.BigEndian.Uint32(packet) == 80877103 { // SSLRequest
				return c.StartTLS([]byte("S"), serverTLS)
			}
			c.SetWriteFramer(startup)
			return c.Reply(fmt.Appendf(nil, "%q, encrypted: %t", packet[4:], c.TLS() != nil))
		},
	}
	addr, closeServer := listenAndServe(s)
	nc := must(net.Dial("tcp", addr))
	defer nc.Close()
	plain := framing.NewConn(nc, startup)
	plain.SetReadFramer(must(fixed.New(1)))
	plain.WriteFrame(binary.BigEndian.AppendUint32(nil, 80877103))
	printFrames(plain, 1)
	client := framing.NewConn(tls.Client(nc, clientTLS), startup)
	client.WriteFrame([]byte("\x00\x03\x00\x00user=gopher"))
	printFrames(client, 1)
	closeServer()
	// Output:
	// S
	// "user=gopher", encrypted: true
}

// A server that changes the framing, and the limit, after a handshake in lines.
func ExampleConn_SetFramer() {
	s := &server.Server{
		Framer:     delimiter.Line(),
		MaxPayload: 100,
		Handler: func(c *server.Conn, hello []byte) error {
			if string(hello) != "binary" {
				c.Reply([]byte("unknown mode"))
				return io.EOF
			}
			if err := c.Reply([]byte("ok")); err != nil {
				return err
			}
			c.SetHandler(server.Echo)
			c.SetMaxPayload(16 << 20)
			return c.SetFramer(lengthprefix.Uint32())
		},
	}
	addr, closeServer := listenAndServe(s)
	client := connect(addr, delimiter.Line())
	defer client.Close()
	client.WriteFrame([]byte("binary"))
	printFrames(client, 1)
	client.SetFramer(lengthprefix.Uint32())
	client.WriteFrame([]byte("any\nbytes"))
	fmt.Printf("%q\n", must(client.ReadFrame()))
	closeServer()
	// Output:
	// ok
	// "any\nbytes"
}

// A server whose answers come when they are ready, in any order, as DNS over TCP
// allows (RFC 7766).
func ExampleConn_Go() {
	slow := make(chan struct{})
	s := &server.Server{
		Framer: lengthprefix.Uint16(),
		Handler: func(c *server.Conn, query []byte) error {
			return c.Go(query, func(query []byte) error {
				if string(query) == "1 slow" {
					<-slow
				} else {
					defer close(slow)
				}
				return c.WriteFrame(append(query, " answered"...))
			})
		},
	}
	addr, closeServer := listenAndServe(s)
	client := connect(addr, lengthprefix.Uint16())
	defer client.Close()
	client.WriteFrames([]byte("1 slow"), []byte("2 fast"))
	client.CloseWrite() // both are answered nevertheless
	printFrames(client, 2)
	_, err := client.ReadFrame()
	fmt.Println(err)
	closeServer()
	// Output:
	// 2 fast answered
	// 1 slow answered
	// EOF
}

// Frames of any size pass through a server that holds 64 KiB of each: here it
// counts their bytes and sends them back.
func ExampleServer_stream() {
	s := &server.Server{
		Framer:     lengthprefix.Uint64(),
		MaxPayload: 64 << 10,
		Handler:    server.Echo,
		Stream: func(c *server.Conn, size int64, payload io.Reader) error {
			fmt.Println("server:", size, "bytes")
			return c.ReplyFrom(payload, size)
		},
	}
	addr, closeServer := listenAndServe(s)
	client := connect(addr, lengthprefix.Uint64())
	defer client.Close()
	go client.WriteFrom(strings.NewReader(strings.Repeat("x", 10<<20)), 10<<20)
	_, payload, err := client.NextReader()
	if err != nil {
		fmt.Println(err)
	}
	n, err := io.Copy(io.Discard, payload)
	fmt.Println("client:", n, "bytes", err)
	closeServer()
	// Output:
	// server: 10485760 bytes
	// client: 10485760 bytes <nil>
}

// A chat: what one member says is pushed to all, who may be silent themselves. One
// who reads too slowly loses the connection, and nobody waits for it.
func ExampleBroadcast() {
	var s *server.Server
	s = &server.Server{
		Framer:      delimiter.Line(),
		IdleTimeout: -1,
		MaxQueue:    64 << 10,
		Open: func(c *server.Conn) (server.Handler, error) {
			return nil, c.Reply([]byte("welcome"))
		},
		Handler: func(c *server.Conn, text []byte) error {
			if string(text) == "/quit" {
				c.Close(errors.New("has left"))
				return nil
			}
			return server.Broadcast(s.Conns(), text)
		},
		Goodbye: func(c *server.Conn, reason server.CloseReason, _ error) {
			c.Reply(fmt.Append(nil, "bye: ", reason))
		},
	}
	addr, closeServer := listenAndServe(s)
	a, b := connect(addr, delimiter.Line()), connect(addr, delimiter.Line())
	defer a.Close()
	defer b.Close()
	printFrames(a, 1)
	printFrames(b, 1)
	a.WriteFrame([]byte("hello"))
	printFrames(a, 1)
	printFrames(b, 1)
	a.WriteFrame([]byte("/quit"))
	printFrames(a, 1)
	closeServer()
	printFrames(b, 1)
	// Output:
	// welcome
	// welcome
	// hello
	// hello
	// bye: kicked
	// bye: drained
}

// listenAndServe runs s. close shuts it down.
func listenAndServe(s *server.Server) (addr string, close func()) {
	l := must(server.Listen("tcp", "127.0.0.1:0"))
	go s.Serve(l)
	return l.Addr().String(), func() {
		if err := s.Shutdown(context.Background()); err != nil {
			fmt.Println(err)
		}
	}
}

func connect(addr string, f framing.Framer) *framing.Conn {
	return must(framing.Dial(context.Background(), "tcp", addr, f))
}

// printFrames prints the payloads of the next n frames.
func printFrames(c *framing.Conn, n int) {
	for range n {
		fmt.Printf("%s\n", must(c.ReadFrame()))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
