package fakenet_test

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// socket is what *net.TCPConn and *fakenet.Conn share.
type socket interface {
	net.Conn
	CloseWrite() error
	SetLinger(int) error
}

// A network is where a script runs: the kernel's loopback or the fake.
type network struct {
	listener net.Listener
	dial     func() (socket, error)
	queues   func(socket) (unread, unsent int)
}

func (n network) pair(t *testing.T) (client, server socket) {
	t.Helper()
	client, err := n.dial()
	if err != nil {
		t.Fatal(err)
	}
	s, err := n.listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{client, s} {
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(30 * time.Second)) // a script that hangs fails
	}
	return client, s.(socket)
}

func fake() network {
	l := fakenet.Listen()
	return network{
		listener: l,
		dial: func() (socket, error) {
			c, err := l.Dial()
			if err != nil {
				return nil, err // not a nil *Conn in an interface
			}
			return c, nil
		},
		queues: func(s socket) (unread, unsent int) {
			unread, _ = s.(*fakenet.Conn).Unread()
			unsent, _ = s.(*fakenet.Conn).Unsent()
			return unread, unsent
		},
	}
}

func loopback(t *testing.T) network {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return network{
		listener: l,
		dial: func() (socket, error) {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				return nil, err
			}
			t.Cleanup(func() { c.Close() })
			return c.(socket), nil
		},
		queues: func(s socket) (unread, unsent int) {
			return ioctl(t, s, 0x541B /* FIONREAD */), ioctl(t, s, 0x5411 /* SIOCOUTQ */)
		},
	}
}

func ioctl(t *testing.T, s socket, request uintptr) int {
	t.Helper()
	raw, err := s.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var n int32
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(unsafe.Pointer(&n)))
	})
	if err != nil || errno != 0 {
		t.Fatal(err, errno)
	}
	return int(n)
}

// A log is what a script saw.
type log []string

func (l *log) add(saw ...any) { *l = append(*l, strings.TrimSpace(fmt.Sprintln(saw...))) }

// read logs one Read that waits for exactly n bytes or an error.
func (l *log) read(who string, s socket, n int) {
	p := make([]byte, n)
	n, err := io.ReadFull(s, p)
	l.add(who+" read", fmt.Sprintf("%q", p[:n]), outcome(err))
}

func (l *log) readAll(who string, s socket) {
	p, err := io.ReadAll(s)
	l.add(who+" read all", fmt.Sprintf("%d bytes %.10q", len(p), p), outcome(err))
}

func (l *log) write(who string, s socket, text string) {
	n, err := s.Write([]byte(text))
	l.add(who+" wrote", n, outcome(err))
}

// writeUntilError writes single bytes: how many a real kernel takes before an RST comes is a matter of luck.
func (l *log) writeUntilError(who string, s socket) {
	for {
		if _, err := s.Write([]byte("x")); err != nil {
			l.add(who+" write", outcome(err))
			return
		}
	}
}

// fill writes until nothing moves, and returns how much that was.
func fill(s socket) int {
	s.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	n, _ := s.Write(make([]byte, 32<<20))
	s.SetWriteDeadline(time.Time{})
	return n
}

// scripts do the same on any network. Where a script needs to know that something has arrived, it reads a byte of it
// or waits in a Read: a real RST, too, takes its time.
var scripts = []struct {
	name string
	run  func(t *testing.T, n network, l *log)
}{
	{"close with unread bytes", func(t *testing.T, n network, l *log) {
		c, s := n.pair(t)
		l.write("c", c, "half a frame")
		l.read("s", s, 4) // the rest is there as well
		l.write("s", s, "answer")
		l.read("c", c, 3)
		s.Close()
		l.read("c", c, 3)
		l.read("c", c, 1)
		l.read("c", c, 1)
		l.write("c", c, "x")
		l.add("CloseWrite", outcome(c.CloseWrite()))
	}},
	{"close with unread bytes loses what was not acknowledged", func(t *testing.T, n network, l *log) {
		c, s := n.pair(t)
		l.write("c", c, "half")
		l.read("s", s, 1)
		written := fill(s)
		s.Close()
		got, err := io.Copy(io.Discard, struct{ io.Reader }{c})
		l.add("some came, not all", got > 0 && int(got) < written, outcome(err))
	}},
	{"CloseWrite, drain, close", func(t *testing.T, n network, l *log) {
		c, s := n.pair(t)
		l.write("c", c, "half")
		l.read("s", s, 1)
		done := make(chan log)
		go func() {
			var l log
			l.readAll("c", c)
			l.add("Close", outcome(c.Close()))
			done <- l
		}()
		l.write("s", s, pattern(1<<20))
		s.CloseWrite()
		l.readAll("s", s)
		l.add("Close", outcome(s.Close()))
		*l = append(*l, <-done...)
	}},
	{"half-close", func(t *testing.T, n network, l *log) {
		c, s := n.pair(t)
		l.write("c", c, "question")
		l.add("CloseWrite", outcome(c.CloseWrite()))
		l.add("CloseWrite", outcome(c.CloseWrite()))
		l.write("c", c, "more")
		l.readAll("s", s)
		l.write("s", s, "answer")
		s.Close()
		l.readAll("c", c)
		l.add("CloseWrite after both", outcome(c.CloseWrite()))
		l.write("c", c, "more")
	}},
	{"listener closed with queued connections", func(t *testing.T, n network, l *log) {
		quiet, err := n.dial()
		l.add("dial", outcome(err))
		wrote, err := n.dial()
		l.add("dial", outcome(err))
		l.write("c", wrote, "hello")
		n.listener.Close()
		l.read("quiet", quiet, 1)
		l.read("quiet", quiet, 1)
		l.read("wrote", wrote, 1)
		_, err = n.dial()
		l.add("dial", outcome(err))
		_, err = n.listener.Accept()
		l.add("accept", outcome(err))
		l.add("Close", outcome(n.listener.Close()))
	}},
	{"client gone before accept", func(t *testing.T, n network, l *log) {
		c, _ := n.dial()
		l.write("c", c, "hi")
		c.SetLinger(0)
		c.Close()
		c, _ = n.dial()
		l.write("c", c, "hi")
		c.Close()
		for range 2 {
			s, err := n.listener.Accept()
			l.add("accept", outcome(err))
			l.read("s", s.(socket), 2)
			l.read("s", s.(socket), 1)
			l.read("s", s.(socket), 1)
		}
	}},
	{"write to a closed peer", func(t *testing.T, n network, l *log) {
		c, s := n.pair(t)
		l.write("s", s, "answer")
		s.Close()
		l.read("c", c, 6)
		l.read("c", c, 1)
		l.writeUntilError("c", c)
		l.read("c", c, 1)
		l.write("c", c, "x")
	}},
	{"write to a closed peer that has more to send", func(t *testing.T, n network, l *log) {
		c, s := n.pair(t)
		written := fill(s)
		s.Close()
		l.writeUntilError("c", c)
		got, err := io.Copy(io.Discard, struct{ io.Reader }{c})
		l.add("some came, not all", got > 0 && int(got) < written, outcome(err))
	}},
	{"RST ends a Write, then a Read has EOF", func(t *testing.T, n network, l *log) {
		c, s := n.pair(t)
		fill(s)
		time.AfterFunc(20*time.Millisecond, func() { c.SetLinger(0); c.Close() })
		_, err := s.Write(make([]byte, 32<<20))
		l.add("s write", outcome(err))
		l.write("s", s, "x")
		l.read("s", s, 1)
	}},
	{"FIN before RST", func(t *testing.T, n network, l *log) {
		c, s := n.pair(t)
		l.write("s", s, "answer")
		s.CloseWrite()
		l.read("c", c, 6)
		l.read("c", c, 1)
		s.SetLinger(0)
		s.Close()
		l.writeUntilError("c", c)
		l.read("c", c, 1)
	}},
	{"FIN both ways before RST", func(t *testing.T, n network, l *log) {
		c, s := n.pair(t)
		l.write("s", s, "answer")
		l.write("c", c, "half")
		c.CloseWrite()
		l.read("s", s, 1)
		s.CloseWrite()
		l.readAll("c", c)
		s.Close()
		l.read("c", c, 1)
		l.write("c", c, "x")
	}},
	{"past deadlines", func(t *testing.T, n network, l *log) {
		c, s := n.pair(t)
		l.write("s", s, "answer")
		s.Close()
		l.read("c", c, 1)
		c.SetDeadline(time.Now().Add(-time.Second))
		l.read("c", c, 1)
		l.write("c", c, "")
		_, err := c.Read(nil)
		l.add("Read(nil)", outcome(err))
		c.SetDeadline(time.Now().Add(30 * time.Second))
		l.readAll("c", c)
		d := n.listener.(interface{ SetDeadline(time.Time) error })
		d.SetDeadline(time.Now().Add(-time.Second))
		n.dial()
		_, err = n.listener.Accept()
		l.add("accept", outcome(err))
		d.SetDeadline(time.Time{})
		_, err = n.listener.Accept()
		l.add("accept", outcome(err))
	}},
	{"own end closed", func(t *testing.T, n network, l *log) {
		c, _ := n.pair(t)
		l.add("Close", outcome(c.Close()))
		l.read("c", c, 1)
		l.write("c", c, "")
		_, err := c.Read(nil)
		l.add("Read(nil)", outcome(err))
		l.add("CloseWrite", outcome(c.CloseWrite()))
		l.add("SetDeadline", outcome(c.SetDeadline(time.Time{})))
		l.add("SetLinger", outcome(c.SetLinger(0)))
		l.add("Close", outcome(c.Close()))
	}},
	{"what the kernel tells of its queues", func(t *testing.T, n network, l *log) {
		c, s := n.pair(t)
		l.write("s", s, "answer")
		s.CloseWrite()
		l.read("c", c, 2)
		unread, _ := n.queues(c)
		l.add("FIN counts as unread", unread != 4)
		l.readAll("c", c)
		unread, _ = n.queues(c)
		l.add("unread", unread)

		c, s = n.pair(t)
		fill(s)
		_, before := n.queues(s)
		s.CloseWrite()
		_, after := n.queues(s)
		l.add("FIN counts as unsent", after-before)
		c.SetLinger(0)
		c.Close()
		l.read("s", s, 1)
		_, after = n.queues(s)
		l.add("an RST takes off", after == 0)
	}},
}

// TestAgainstLoopback shows that what the package comment says of Linux is so: each script sees the same on
// real sockets, outside of any bubble, and on the fake, inside.
func TestAgainstLoopback(t *testing.T) {
	for _, script := range scripts {
		t.Run(script.name, func(t *testing.T) {
			var real, faked log
			script.run(t, loopback(t), &real)
			synctest.Test(t, func(t *testing.T) { script.run(t, fake(), &faked) })
			if !slices.Equal(real, faked) {
				t.Errorf("loopback and fake differ:\n%q\n%q", real, faked)
			}
			for _, line := range faked {
				t.Log(line)
			}
		})
	}
}
