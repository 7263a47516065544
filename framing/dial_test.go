package framing_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// listenOnce serves one connection.
func listenOnce(serve func(net.Conn)) (addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		defer l.Close()
		if nc, err := l.Accept(); err == nil {
			serve(nc)
			nc.Close()
		}
	}()
	return l.Addr().String()
}

// After CloseWrite the server has read everything, and can still answer.
func TestDial_CloseWrite(t *testing.T) {
	addr := listenOnce(func(nc net.Conn) {
		all, _ := io.ReadAll(nc)
		fmt.Fprintf(nc, "\x07%d bytes", len(all))
	})
	conn, err := framing.Dial(t.Context(), "tcp", addr, lengthprefix.Uint8())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.WriteFrame([]byte("request")); err != nil {
		t.Fatal(err)
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := conn.ReadFrame(); string(got) != "8 bytes" || err != nil {
		t.Errorf("ReadFrame() = %q, %v; want %q, nil", got, err, "8 bytes")
	}
}

// Dial returns when its context ends.
func TestDial_Context(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if conn, err := framing.Dial(ctx, "tcp", "127.0.0.1:1", lengthprefix.Uint8()); conn != nil || err == nil {
		t.Errorf("Dial() = %v, %v; want nil, an error", conn, err)
	}
}

// A layered conn is a connection in a layer that has an end of its own, as TLS has.
type layeredConn struct {
	net.Conn
	closed bool
	err    error
}

func (c *layeredConn) CloseWrite() error {
	c.closed = true
	return c.err
}

func (c *layeredConn) NetConn() net.Conn { return c.Conn }

// CloseWrite ends the layer, and then the connection below.
func TestConn_CloseWrite_Layers(t *testing.T) {
	failure := errors.New("failure")
	for _, err := range []error{nil, failure} {
		below := &layeredConn{}
		layer := &layeredConn{Conn: below, err: err}
		if got := framing.NewConn(layer, lengthprefix.Uint8()).CloseWrite(); got != err {
			t.Errorf("CloseWrite() = %v; want %v", got, err)
		}
		if !layer.closed || below.closed != (err == nil) {
			t.Errorf("with error %v: closed %t, below %t; want true, %t", err, layer.closed, below.closed, err == nil)
		}
	}
}

// A connection that has no CloseWrite says so.
func TestConn_CloseWrite_Unsupported(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if err := framing.NewConn(a, lengthprefix.Uint8()).CloseWrite(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("CloseWrite() = %v; want %v", err, errors.ErrUnsupported)
	}
}

// A frame is read until a context ends. What has arrived by then is not lost: the next
// ReadFrame resumes there.
func ExampleConn_ReadFrame_context() {
	addr := listenOnce(func(nc net.Conn) {
		io.WriteString(nc, "\x05he")
		time.Sleep(100 * time.Millisecond)
		io.WriteString(nc, "llo")
		io.Copy(io.Discard, nc)
	})
	conn, err := framing.Dial(context.Background(), "tcp", addr, lengthprefix.Uint8())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()

	readFrame := func(ctx context.Context) ([]byte, error) {
		ended := make(chan struct{})
		stop := context.AfterFunc(ctx, func() {
			conn.NetConn().SetReadDeadline(time.Unix(1, 0)) // long ago: ReadFrame returns
			close(ended)
		})
		payload, err := conn.ReadFrame()
		if !stop() {
			<-ended
			conn.NetConn().SetReadDeadline(time.Time{})
			if err != nil {
				err = context.Cause(ctx)
			}
		}
		return payload, err
	}

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	payload, err := readFrame(ctx)
	fmt.Printf("%q %v\n", payload, err)
	payload, err = readFrame(context.Background())
	fmt.Printf("%q %v\n", payload, err)
	// Output:
	// "" context deadline exceeded
	// "hello" <nil>
}
