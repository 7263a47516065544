package shutdown

import (
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// A maskedConn reads and writes once. Then it lets a write be the first call
// after the reset, which the kernel reports to that write and to no read.
type maskedConn struct {
	*net.TCPConn
	reads, writes int
	failed        chan struct{} // closed when a write has failed
	fail          func()
}

func newMaskedConn(c net.Conn) *maskedConn {
	failed := make(chan struct{})
	return &maskedConn{TCPConn: c.(*net.TCPConn), failed: failed, fail: sync.OnceFunc(func() { close(failed) })}
}

func (c *maskedConn) Read(p []byte) (int, error) {
	if c.reads++; c.reads > 1 {
		<-c.failed
	}
	return c.TCPConn.Read(p)
}

func (c *maskedConn) Write(p []byte) (int, error) {
	if c.writes++; c.writes > 1 {
		for established(c.TCPConn) {
			time.Sleep(time.Millisecond)
		}
	}
	n, err := c.TCPConn.Write(p)
	if err != nil {
		c.fail()
	}
	return n, err
}

// established reports whether the connection has neither ended nor failed.
func established(c *net.TCPConn) (ok bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		ok = err == nil && info.State == unix.BPF_TCP_ESTABLISHED
	})
	return ok
}

// resetter answers the first message of a connection and resets it.
func resetter(l net.Listener, framer framing.Framer) error {
	var running sync.WaitGroup
	defer running.Wait()
	for {
		nc, err := l.Accept()
		if err != nil {
			return err
		}
		running.Go(func() {
			r, w := framing.NewReader(nc, framer), framing.NewWriter(nc, framer)
			if message, err := r.ReadFrame(); err == nil && w.WriteFrame(message) == nil {
				w.Flush()
			}
			nc.(*net.TCPConn).SetLinger(0)
			nc.Close()
		})
	}
}

// The kernel reports a reset once, to whichever call comes first. Whichever that
// is, a client of the rounds that is reset counts as reset.
func TestMaskedReset(t *testing.T) {
	p := &plan{framer: lengthprefix.Uint32(), fill: textFill, network: "tcp", window: maxWindow, max: 100}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving := make(chan error, 1)
	go func() { serving <- resetter(l, p.framer) }()
	defer func() {
		l.Close()
		if err := <-serving; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	}()
	run := func(dial func(network, addr string) (net.Conn, error)) *History {
		c := &client{plan: p, dial: dial}
		c.run(l.Addr(), func() {})
		c.history.Connected = true
		c.history.Handled = c.history.Returned
		return &c.history
	}
	found := func(h *History) bool {
		round := Round{Clients: []History{*h}}
		fs := round.Judge()
		return len(fs) == 1 && fs[0].Kind == Reset
	}

	h := run(func(network, addr string) (net.Conn, error) {
		nc, err := net.Dial(network, addr)
		if err != nil {
			return nil, err
		}
		return newMaskedConn(nc), nil
	})
	if h.ReadEnd != FIN || !h.WriteReset {
		t.Errorf("a write that comes first: reading ended with %v, a write was told of a reset: %t; want FIN, true", h.ReadEnd, h.WriteReset)
	}
	if !found(h) {
		t.Error("a write that comes first: the reset is not found")
	}

	const clients = 300
	masked, missed := 0, 0
	for range clients {
		h := run(net.Dial)
		if h.ReadEnd == FIN {
			masked++
		}
		if !found(h) {
			missed++
		}
	}
	t.Logf("of %d resets reading took %d for the end of the stream, %d were not found", clients, masked, missed)
	if missed > 0 {
		t.Errorf("%d of %d resets are not found", missed, clients)
	}
}
