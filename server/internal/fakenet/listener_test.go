package fakenet_test

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

var (
	_ net.Listener = (*fakenet.Listener)(nil)
	_ net.Conn     = (*fakenet.Conn)(nil)
)

func wantAccept(t *testing.T, l *fakenet.Listener, want string) net.Conn {
	t.Helper()
	c, err := l.Accept()
	wantOutcome(t, "Accept", err, want)
	return c
}

func wantCounts(t *testing.T, l *fakenet.Listener, queued, accepted, open int) {
	t.Helper()
	if l.Queued() != queued || l.Accepted() != accepted || l.Open() != open {
		t.Errorf("%d queued, %d accepted, %d open, want %d, %d, %d",
			l.Queued(), l.Accepted(), l.Open(), queued, accepted, open)
	}
}

func TestAcceptOldestFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := fakenet.Listen()
		var clients []*fakenet.Conn
		seen := make(map[string]bool)
		for range 3 {
			c, err := l.Dial()
			if err != nil {
				t.Fatal(err)
			}
			wantWrite(t, c, c.LocalAddr().String(), len(c.LocalAddr().String()), "ok")
			clients = append(clients, c)
			seen[c.LocalAddr().String()] = true
		}
		if len(seen) != 3 {
			t.Errorf("clients share an address: %v", seen)
		}
		wantCounts(t, l, 3, 0, 0)
		for i, c := range clients {
			s := wantAccept(t, l, "ok")
			if s.RemoteAddr() != c.LocalAddr() || s.LocalAddr() != l.Addr() || c.RemoteAddr() != l.Addr() {
				t.Errorf("accepted %v at %v, want %v", s.RemoteAddr(), s.LocalAddr(), c.LocalAddr())
			}
			wantRead(t, s, 99, c.LocalAddr().String(), "ok")
			wantCounts(t, l, 2-i, i+1, 1)
			s.Close()
			wantCounts(t, l, 2-i, i+1, 0)
		}
	})
}

func TestAcceptWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		l := fakenet.Listen()
		in(4, func() { l.Dial() })
		wantAccept(t, l, "ok")
		clock.want(t, 4)
		in(4, func() { l.Close() })
		wantAccept(t, l, "closed")
		clock.want(t, 8)
		calls := l.AcceptCalls()
		if len(calls) != 2 {
			t.Fatalf("%d calls, want 2", len(calls))
		}
		clock.wantAt(t, "first call", calls[0], 0)
		clock.wantAt(t, "second call", calls[1], 4)
	})
}

func TestAcceptDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		l := fakenet.Listen()
		l.SetDeadline(clock.at(3))
		wantAccept(t, l, "timeout")
		clock.want(t, 3)
		l.Dial()
		wantAccept(t, l, "timeout") // without a look into the queue
		l.SetDeadline(clock.at(4))
		wantAccept(t, l, "ok")
		clock.want(t, 3)
		l.SetDeadline(time.Time{})
		in(5, func() { l.SetDeadline(time.Now()) })
		wantAccept(t, l, "timeout")
		clock.want(t, 8)
	})
}

func TestListenerClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		l := fakenet.Listen()
		accepted, _ := l.Dial()
		wantAccept(t, l, "ok")
		quiet, _ := l.Dial()
		wrote, _ := l.Dial()
		wantWrite(t, wrote, "hello", 5, "ok")
		l.SetDeadline(clock.at(1000))
		in(6, func() { wantOutcome(t, "Close", l.Close(), "ok") })
		wantRead(t, quiet, 9, "", "ECONNRESET")
		clock.want(t, 6)
		wantRead(t, wrote, 9, "", "ECONNRESET")
		clock.wantAt(t, "quiet.RST", quiet.RST(), 6)
		clock.wantAt(t, "accepted.RST", accepted.RST(), -1)
		wantCounts(t, l, 0, 1, 1)

		_, err := l.Dial()
		wantOutcome(t, "Dial", err, "ECONNREFUSED")
		wantAccept(t, l, "closed")
		wantOutcome(t, "Close", l.Close(), "closed")
		wantOutcome(t, "SetDeadline", l.SetDeadline(time.Time{}), "closed")
	})
}

func TestFailAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		l := fakenet.Listen()
		own := errors.New("own")
		in(2, func() { l.FailAccept(syscall.EMFILE, own) })
		_, err := l.Accept() // wakes one that waits
		clock.want(t, 2)
		wantOutcome(t, "Accept", err, "EMFILE")
		var ne interface{ Temporary() bool }
		if !errors.As(err, &ne) || !ne.Temporary() {
			t.Errorf("%v is not temporary", err)
		}
		l.Dial()
		if _, err := l.Accept(); !errors.Is(err, own) {
			t.Errorf("second error %v", err)
		}
		wantCounts(t, l, 1, 0, 0)
		wantAccept(t, l, "ok")
	})
}

// A client that is gone before it was accepted is accepted still, with what it sent.
func TestClientGoneBeforeAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := fakenet.Listen()
		for _, leave := range []func(*fakenet.Conn) error{(*fakenet.Conn).Reset, (*fakenet.Conn).Close} {
			c, _ := l.Dial()
			wantWrite(t, c, "hi", 2, "ok")
			leave(c)
		}
		s := wantAccept(t, l, "ok")
		wantRead(t, s, 9, "hi", "ok")
		wantRead(t, s, 9, "", "ECONNRESET")
		s = wantAccept(t, l, "ok")
		wantRead(t, s, 9, "hi", "ok")
		wantRead(t, s, 9, "", "EOF")
	})
}

// What was Sent is there when the connection is accepted, as much as fits into two
// buffers.
func TestSent(t *testing.T) {
	client, server := dial(t, fakenet.Buffers(4), fakenet.Sent("12345678"))
	if n, err := server.Unread(); n != 4 || err != nil {
		t.Errorf("Unread returned %d, %v; want the 4 bytes that fit", n, err)
	}
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(server); string(got) != "12345678" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	defer func() {
		if recover() == nil {
			t.Error("9 bytes were taken for 2 buffers of 4")
		}
	}()
	fakenet.Listen().Dial(fakenet.Buffers(4), fakenet.Sent("123456789"))
}
