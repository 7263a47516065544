package fakenet_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// dial returns both ends of a connection through a listener of its own.
func dial(t *testing.T, opts ...fakenet.Option) (client, server *fakenet.Conn) {
	t.Helper()
	l := fakenet.Listen()
	client, err := l.Dial(opts...)
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if c != client.Peer() {
		t.Fatal("Accept did not return the client's peer")
	}
	return client, client.Peer()
}

var named = []struct {
	name string
	err  error
}{
	{"EOF", io.EOF},
	{"closed", net.ErrClosed},
	{"timeout", os.ErrDeadlineExceeded},
	{"ECONNRESET", syscall.ECONNRESET},
	{"ECONNREFUSED", syscall.ECONNREFUSED},
	{"EPIPE", syscall.EPIPE},
	{"ENOTCONN", syscall.ENOTCONN},
	{"EMFILE", syscall.EMFILE},
	{"EIO", syscall.EIO},
}

// outcome names the error that err is; "ok" is none.
func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	for _, n := range named {
		if errors.Is(err, n.err) {
			return n.name
		}
	}
	return err.Error()
}

func wantOutcome(t *testing.T, what string, err error, want string) {
	t.Helper()
	if got := outcome(err); got != want {
		t.Errorf("%s: %s (%v), want %s", what, got, err, want)
	}
	var op *net.OpError
	if err != nil && err != io.EOF && !errors.As(err, &op) {
		t.Errorf("%s: %T is not a *net.OpError", what, err)
	}
	var ne net.Error
	if timeout := errors.As(err, &ne) && ne.Timeout(); timeout != (want == "timeout") {
		t.Errorf("%s: Timeout() = %v for %v", what, timeout, err)
	}
}

// wantRead makes one Read of at most size bytes.
func wantRead(t *testing.T, c io.Reader, size int, want, wantErr string) {
	t.Helper()
	p := make([]byte, size)
	n, err := c.Read(p)
	if string(p[:n]) != want {
		t.Errorf("Read = %q, want %q", p[:n], want)
	}
	wantOutcome(t, "Read", err, wantErr)
}

func wantWrite(t *testing.T, c io.Writer, s string, want int, wantErr string) {
	t.Helper()
	n, err := c.Write([]byte(s))
	if n != want {
		t.Errorf("Write(%.20q) = %d, want %d", s, n, want)
	}
	wantOutcome(t, "Write", err, wantErr)
}

func wantQueues(t *testing.T, c *fakenet.Conn, unread, unsent int) {
	t.Helper()
	in, err := c.Unread()
	wantOutcome(t, "Unread", err, "ok")
	out, err := c.Unsent()
	wantOutcome(t, "Unsent", err, "ok")
	if in != unread || out != unsent {
		t.Errorf("%d bytes unread, %d unsent, want %d, %d", in, out, unread, unsent)
	}
}

// clock checks the fake time, in milliseconds since it was made.
type clock struct{ start time.Time }

func newClock() clock { return clock{time.Now()} }

func (c clock) want(t *testing.T, ms int64) {
	t.Helper()
	c.wantAt(t, "now", time.Now(), ms)
}

// wantAt checks a time that a method reported; ms -1 means that it is to be zero.
func (c clock) wantAt(t *testing.T, what string, at time.Time, ms int64) {
	t.Helper()
	got, want := "never", "never"
	if !at.IsZero() {
		got = at.Sub(c.start).String()
	}
	if ms >= 0 {
		want = (time.Duration(ms) * time.Millisecond).String()
	}
	if got != want {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

// in calls f after ms milliseconds.
func in(ms int64, f func()) { time.AfterFunc(time.Duration(ms)*time.Millisecond, f) }

func (c clock) at(ms int64) time.Time { return c.start.Add(time.Duration(ms) * time.Millisecond) }

// pattern is a text in which every offset can be told from its neighbours.
func pattern(n int) string {
	var b bytes.Buffer
	for b.Len() < n {
		fmt.Fprintf(&b, "%d,", b.Len())
	}
	return b.String()[:n]
}
