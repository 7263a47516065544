package framing_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/contentlength"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// A pipePair is an io.ReadWriteCloser of two pipes, as of a process and its standard
// input and output.
type pipePair struct {
	io.ReadCloser
	io.WriteCloser
}

func (p pipePair) Close() error { return errors.Join(p.ReadCloser.Close(), p.WriteCloser.Close()) }

// A Conn works on an io.ReadWriteCloser that is no net.Conn: pipes in memory, and of
// the operating system, with a read deadline.
func TestConn_OnPipes(t *testing.T) {
	osPipe := func() (io.ReadCloser, io.WriteCloser) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		return r, w
	}
	for name, pipe := range map[string]func() (io.ReadCloser, io.WriteCloser){
		"io.Pipe": func() (io.ReadCloser, io.WriteCloser) { return io.Pipe() },
		"os.Pipe": osPipe,
	} {
		t.Run(name, func(t *testing.T) {
			fromClient, toServer := pipe()
			fromServer, toClient := pipe()
			client := framing.NewConn(pipePair{fromServer, toServer}, contentlength.New())
			server := framing.NewConn(pipePair{fromClient, toClient}, contentlength.New())
			if conn := client.NetConn(); conn != nil {
				t.Errorf("NetConn() = %v; want nil", conn)
			}
			done := make(chan error)
			go func() {
				for p, err := range server.Frames() {
					if err != nil {
						done <- err
						return
					}
					if err := server.WriteFrames(p, p); err != nil {
						done <- err
						return
					}
				}
				done <- server.Close()
			}()
			if r, ok := fromServer.(*os.File); ok {
				r.SetReadDeadline(time.Now().Add(-time.Second))
				if p, err := client.ReadFrame(); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Fatalf("ReadFrame() = %q, %v; want the timeout", p, err)
				}
				r.SetReadDeadline(time.Time{})
			}
			for _, payload := range []string{`{"id":1}`, "", `{"id":2}`} {
				errs := make(chan error)
				go func() { errs <- client.WriteFrame([]byte(payload)) }()
				for range 2 {
					if p, err := client.ReadFrame(); string(p) != payload || err != nil {
						t.Fatalf("ReadFrame() = %q, %v; want %q, nil", p, err, payload)
					}
				}
				if err := <-errs; err != nil {
					t.Fatalf("WriteFrame() = %v; want nil", err)
				}
			}
			if err := client.Close(); err != nil {
				t.Fatalf("Close() = %v; want nil", err)
			}
			if err := <-done; err != nil {
				t.Fatalf("the server: error %v; want nil", err)
			}
		})
	}
}

// NetConn returns the net.Conn that was passed to NewConn.
func TestConn_NetConn(t *testing.T) {
	a, b := net.Pipe()
	defer b.Close()
	c := framing.NewConn(a, delimiter.Line())
	defer c.Close()
	if got := c.NetConn(); got != a {
		t.Errorf("NetConn() = %v; want %v", got, a)
	}
}

// The two directions may have different Framers: requests in lines, answers with a
// length, as of memcached or a handshake of one byte.
func TestConn_TwoFramers(t *testing.T) {
	a, b := net.Pipe()
	client, server := framing.NewConn(a, delimiter.Line()), framing.NewConn(b, delimiter.Line())
	defer client.Close()
	defer server.Close()
	if err := client.SetReadFramer(must(fixed.New(1))); err != nil {
		t.Fatal(err)
	}
	server.SetWriteFramer(must(fixed.New(1)))
	exchange := func(request, answer string) {
		t.Helper()
		errs := make(chan error, 1)
		go func() {
			p, err := server.ReadFrame()
			if string(p) != request || err != nil {
				t.Errorf("the server: ReadFrame() = %q, %v; want %q, nil", p, err, request)
			}
			errs <- server.WriteFrame([]byte(answer))
		}()
		if err := client.WriteFrame([]byte(request)); err != nil {
			t.Fatalf("the client: WriteFrame() = %v; want nil", err)
		}
		if p, err := client.ReadFrame(); string(p) != answer || err != nil {
			t.Fatalf("the client: ReadFrame() = %q, %v; want %q, nil", p, err, answer)
		}
		if err := <-errs; err != nil {
			t.Fatalf("the server: WriteFrame() = %v; want nil", err)
		}
	}
	exchange("SSL?", "S")
	if err := client.SetReadFramer(lengthprefix.Uint16()); err != nil {
		t.Fatal(err)
	}
	server.SetWriteFramer(lengthprefix.Uint16())
	exchange("get key", "a\nb")
	exchange("get other", "")

	// While a frame is skipped the reading Framer stays, and so does the writing one.
	errs := make(chan error, 1)
	go func() { errs <- server.WriteFrame([]byte("large")) }()
	client.SetMaxPayload(3)
	if _, err := client.ReadFrame(); !errors.Is(err, framing.ErrFrame) {
		t.Fatalf("ReadFrame(): error %v; want ErrFrame", err)
	}
	if err := client.SetReadFramer(delimiter.Line()); err != framing.ErrSkipping {
		t.Errorf("SetReadFramer() while skipping = %v; want ErrSkipping", err)
	}
	if err := client.SetFramer(lengthprefix.Uint8()); err != framing.ErrSkipping {
		t.Errorf("SetFramer() while skipping = %v; want ErrSkipping", err)
	}
	go client.ReadFrame() // skips the rest, which lets the server write
	if err := <-errs; err != nil {
		t.Fatalf("the server: WriteFrame() = %v; want nil", err)
	}
	go func() { errs <- client.WriteFrame([]byte("x")) }()
	if p, err := server.ReadFrame(); string(p) != "x" || err != nil {
		t.Errorf(`the server: ReadFrame() = %q, %v; want "x" as a line`, p, err)
	}
	if err := <-errs; err != nil {
		t.Fatalf("the client: WriteFrame() = %v; want nil", err)
	}
}
