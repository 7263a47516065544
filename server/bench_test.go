package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
)

// A treadmill is a connection that brings the same messages again and again,
// as many reads as it was made for, and takes everything.
type treadmill struct {
	messages []byte
	reads    int
	at       int
}

func (t *treadmill) Read(p []byte) (int, error) {
	if t.reads == 0 {
		return 0, io.EOF
	}
	n := copy(p, t.messages[t.at:])
	if t.at += n; t.at == len(t.messages) {
		t.at = 0
		t.reads--
	}
	return n, nil
}

func (t *treadmill) Write(p []byte) (int, error)      { return len(p), nil }
func (t *treadmill) Close() error                     { return nil }
func (t *treadmill) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (t *treadmill) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (t *treadmill) SetDeadline(time.Time) error      { return nil }
func (t *treadmill) SetReadDeadline(time.Time) error  { return nil }
func (t *treadmill) SetWriteDeadline(time.Time) error { return nil }

// once is a listener that accepts one connection.
type once struct {
	conns chan net.Conn // its one connection
	close func()
}

func listenOnce(c net.Conn) once {
	conns := make(chan net.Conn, 1)
	conns <- c
	return once{conns, sync.OnceFunc(func() { close(conns) })}
}

func (o once) Accept() (net.Conn, error) {
	if c, ok := <-o.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (o once) Close() error   { o.close(); return nil }
func (o once) Addr() net.Addr { return &net.TCPAddr{} }

// BenchmarkTurn is what a turn costs, one read and one write of depth frames,
// where the network costs nothing: in the server, and in the bare loop that the
// library needs. Time for each turn is a + b × depth.
func BenchmarkTurn(b *testing.B) {
	framer := lengthprefix.Uint32()
	frame, err := framer.Append(nil, bytes.Repeat([]byte{'.'}, 64))
	if err != nil {
		b.Fatal(err)
	}
	for _, depth := range []int{1, 2, 4, 8, 16, 32, 64} {
		turns := func(b *testing.B) *treadmill {
			return &treadmill{messages: bytes.Repeat(frame, depth), reads: b.N}
		}
		b.Run(fmt.Sprintf("server/%d", depth), func(b *testing.B) { serveOnce(b, framer, turns(b)) })
		b.Run(fmt.Sprintf("library/%d", depth), func(b *testing.B) {
			if err := library(framer, turns(b)); err != io.EOF {
				b.Fatal(err)
			}
		})
	}
}

// serveOnce serves one connection until it has ended.
func serveOnce(b *testing.B, f framing.Framer, c net.Conn) {
	ended := make(chan struct{})
	s := &server.Server{Framer: f, Handler: server.Echo, ConnState: func(_ net.Conn, st server.State) {
		if st == server.StateClosed {
			close(ended)
		}
	}}
	go s.Serve(listenOnce(c))
	<-ended
	s.Close()
}

// library is the loop of an echo on a connection.
func library(f framing.Framer, c net.Conn) error {
	in, out := framing.NewBuffer(f), framing.NewWriter(c, f)
	for {
		payload, ok, err := in.Next()
		switch {
		case err != nil:
			return err
		case ok:
			err = out.WriteFrame(payload)
		default:
			if err = out.Flush(); err == nil {
				_, err = in.Fill(c)
			}
		}
		if err != nil {
			return err
		}
	}
}

// BenchmarkEcho is what a frame costs in the server, without the network, where
// depth of them arrive with one read.
func BenchmarkEcho(b *testing.B) {
	framer := lengthprefix.Uint32()
	for _, f := range []framing.Framer{framer, delimiter.Line()} {
		for _, c := range []struct{ size, depth int }{{64, 1}, {64, 64}, {1 << 10, 16}} {
			b.Run(fmt.Sprintf("%v/%dBx%d", f, c.size, c.depth), func(b *testing.B) {
				frame, err := f.Append(nil, bytes.Repeat([]byte{'.'}, c.size))
				if err != nil {
					b.Fatal(err)
				}
				serveOnce(b, f, &treadmill{messages: bytes.Repeat(frame, c.depth), reads: (b.N + c.depth - 1) / c.depth})
			})
		}
	}
}
