package shutdown

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
)

// A subject is a server that the suite can be run against.
type subject interface {
	Serve(l net.Listener) error
	Shutdown(ctx context.Context) error
}

// closer is how many servers close: the listener first, which resets whom it had
// not accepted, then one connection after the other.
type closer struct {
	serve func(c *naiveConn)

	mu    sync.Mutex
	l     net.Listener
	conns []*naiveConn
}

// A naiveConn counts the messages that are being answered.
type naiveConn struct {
	net.Conn
	mu      sync.Mutex
	running int
	none    chan struct{} // made by who waits for running to be 0, closed when it is
}

func (c *naiveConn) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running++
}

func (c *naiveConn) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running--; c.running == 0 && c.none != nil {
		close(c.none)
		c.none = nil
	}
}

// wait waits until no message is being answered, which may be between two.
func (c *naiveConn) wait() {
	c.mu.Lock()
	if c.running == 0 {
		c.mu.Unlock()
		return
	}
	none := make(chan struct{})
	c.none = none
	c.mu.Unlock()
	<-none
}

func (s *closer) Serve(l net.Listener) error {
	s.mu.Lock()
	s.l = l
	s.mu.Unlock()
	var running sync.WaitGroup
	defer running.Wait()
	for {
		nc, err := l.Accept()
		if err != nil {
			return err
		}
		c := &naiveConn{Conn: nc}
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.mu.Unlock()
		running.Go(func() {
			defer c.Close()
			s.serve(c)
		})
	}
}

func (s *closer) Shutdown(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.l.Close()
	for _, c := range s.conns {
		c.wait()
		c.Close()
	}
	return nil
}

const (
	answerTime = time.Millisecond
	floodSize  = 4 << 10 // bytes of a message
)

// A suite that cannot fail proves nothing. The same closing, a client that has
// sent all that fits into the kernels' queues and then reads, shows what becomes
// of it with servers that close in the usual ways.
func TestNaiveServersFail(t *testing.T) {
	framer := lengthprefix.Uint32()
	counting := func(c *naiveConn) {
		r, w := framing.NewReader(c, framer), framing.NewWriter(c, framer)
		for {
			message, err := r.ReadFrame()
			if err != nil {
				return
			}
			c.begin()
			time.Sleep(answerTime)
			if w.WriteFrame(message) == nil {
				err = w.Flush()
			}
			c.end()
			if err != nil {
				return
			}
		}
	}
	copying := func(c *naiveConn) { io.Copy(c.Conn, c.Conn) }
	ours := &server.Server{Framer: framer, Grace: endless, WriteTimeout: endless, Logger: slog.New(slog.DiscardHandler), Handler: func(c *server.Conn, m []byte) error {
		time.Sleep(answerTime)
		return c.Reply(m)
	}}
	t.Logf("%-12s %22s %10s  %s", "server", "acknowledged at T0", "came back", "violations")
	for _, test := range []struct {
		name    string
		subject subject
		fails   bool
	}{
		{"wholeframe", ours, false},
		{"counter", &closer{serve: counting}, true},
		{"io.Copy", &closer{serve: copying}, true},
	} {
		round := flood(t, test.subject)
		found := round.Judge()
		h := round.Clients[0]
		t.Logf("%-12s %22d %10d  %v", test.name, h.Acknowledged, len(h.Returned), found)
		lost := slices.ContainsFunc(found, func(f Finding) bool { return f.Kind == Lost })
		if lost != test.fails || !test.fails && len(found) > 0 {
			t.Errorf("%s: %v", test.name, found)
		}
	}
}

// flood closes s while a client has sent as much as the queues take, and begins
// to read.
func flood(t *testing.T, s subject) *Round {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving := make(chan error, 1)
	go func() { serving <- s.Serve(l) }()
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	tcp := nc.(*net.TCPConn)
	tcp.SetReadBuffer(64 << 10)
	opening := acknowledged(tcp)

	h := History{Connected: true}
	var stream []byte
	written := 0
	for {
		// The server stands, and the queues are full, when what was written is
		// not taken and what the kernel has of it is not acknowledged.
		payload := textFill[len(h.Sent) : len(h.Sent)+floodSize]
		h.Sent = append(h.Sent, frame(payload))
		stream = append(binary.BigEndian.AppendUint32(stream, uint32(len(payload))), payload...)
		nc.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
		n, err := nc.Write(stream[written:])
		written += n
		if errors.Is(err, os.ErrDeadlineExceeded) && n == 0 {
			break
		} else if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
	}
	h.Acknowledged = int(acknowledged(tcp)-opening) / (4 + floodSize)

	closing := make(chan error, 1)
	go func() { closing <- s.Shutdown(context.Background()) }()
	select {
	case err := <-closing:
		closing <- err
	case <-time.After(300 * time.Millisecond): // it waits for the client to read
	}
	nc.SetReadDeadline(time.Now().Add(endless))
	r := framing.NewReader(nc, lengthprefix.Uint32())
	for err == nil {
		var payload []byte
		if payload, err = r.ReadFrame(); err == nil {
			h.Returned = append(h.Returned, frame(payload))
		}
	}
	h.Torn = len(r.Unread())
	if reset := syscall.Errno(0); errors.As(err, &reset) {
		h.ReadEnd = RST
	}
	h.Handled = h.Returned // who closes naively keeps no account
	nc.Close()
	round := &Round{Clients: []History{h}, Err: <-closing}
	<-serving
	return round
}
