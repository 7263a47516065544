package shutdown

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wholeframe/wholeframe/server"
)

var linkFlag = flag.Int("shutdown.link", 12, "run this many `rounds` over a bad link")

// onLink are the bounds of rounds over a link: it is slow.
var onLink = bounds{networks: []string{"tcp", "tcp", "tls"}, clients: 16, flight: 128 << 10, wait: 300 * time.Millisecond}

// A link joins two network namespaces. It is two TUN devices and this program,
// which delays and drops packets between them, and sends no more than the rate.
// It needs CAP_SYS_ADMIN and CAP_NET_ADMIN, and no netem. The namespaces have no
// names: they end with their last descriptor.
type link struct {
	delay time.Duration // one way
	loss  float64       // of the packets
	rate  float64       // bytes a second

	server, client  *namespace
	running         sync.WaitGroup
	passed, dropped atomic.Int64 // packets
	handshakes      sync.Map     // port of a client: when the last segment of its handshake arrived
}

// A namespace is a network namespace with one device.
type namespace struct {
	fd  int // of the namespace
	tun *os.File
	ip  [4]byte
}

// newLink makes a link that the seed draws.
func newLink(seed uint64) (*link, error) {
	r := rand.New(rand.NewPCG(seed, 1))
	l := &link{
		delay: 5*time.Millisecond + time.Duration(r.IntN(26))*time.Millisecond,
		loss:  0.03 * r.Float64(),
		rate:  float64(125_000 * (2 + r.IntN(19))),
	}
	var err error
	if l.server, err = newNamespace([4]byte{10, 0, 0, 1}); err != nil {
		return nil, err
	}
	if l.client, err = newNamespace([4]byte{10, 0, 0, 2}); err != nil {
		l.server.close()
		return nil, err
	}
	l.running.Go(func() { l.pass(l.client.tun, l.server.tun) })
	l.running.Go(func() { l.pass(l.server.tun, l.client.tun) })
	return l, nil
}

func (l *link) String() string {
	return fmt.Sprintf("delay %v, loss %.1f %%, %.0f Mbit/s", l.delay, 100*l.loss, l.rate*8/1e6)
}

// cut takes the server's device away, with what it has not sent yet.
func (l *link) cut() { l.server.tun.Close() }

func (l *link) close() {
	l.server.close()
	l.client.close()
	l.running.Wait()
}

const (
	maxPacket = 2048
	maxQueue  = 100 * time.Millisecond // that packets wait for their turn
)

// pass passes packets from one device to the other until one is closed.
func (l *link) pass(from, to *os.File) {
	type packet struct {
		due  time.Time
		data []byte
	}
	queue := make(chan packet, 1024)
	defer close(queue)
	l.running.Go(func() {
		for p := range queue {
			time.Sleep(time.Until(p.due))
			if _, err := to.Write(p.data); err == nil && to == l.server.tun {
				l.arrived(p.data)
			}
		}
	})
	var free time.Time // when the line is
	for {
		data := make([]byte, maxPacket)
		n, err := from.Read(data)
		if err != nil {
			return
		}
		now := time.Now()
		free = later(free, now)
		if rand.Float64() < l.loss || free.Sub(now) > maxQueue {
			l.dropped.Add(1)
			continue
		}
		free = free.Add(time.Duration(float64(n) / l.rate * float64(time.Second)))
		l.passed.Add(1)
		queue <- packet{free.Add(l.delay), data[:n]}
	}
}

// arrived notes what a packet that has arrived at the server tells of its
// connection.
func (l *link) arrived(packet []byte) {
	const tcp, flags, syn = 6, 13, 2
	if packet[0]>>4 != 4 || packet[9] != tcp {
		return
	}
	if segment := packet[4*int(packet[0]&15):]; segment[flags]&syn == 0 {
		l.handshakes.LoadOrStore(int(binary.BigEndian.Uint16(segment)), time.Now())
	}
}

// joined reports whether the handshake of a client was complete for the server
// at t.
func (l *link) joined(client net.Addr, t time.Time) bool {
	at, ok := l.handshakes.Load(client.(*net.TCPAddr).Port)
	return ok && at.(time.Time).Before(t)
}

// dial dials as the client, listen listens as the server.
func (l *link) dial(network, addr string) (nc net.Conn, err error) {
	err = l.client.do(func() error {
		nc, err = net.Dial(network, addr)
		return err
	})
	return nc, err
}

func (l *link) listen() (ln net.Listener, err error) {
	err = l.server.do(func() error {
		ln, err = server.Listen("tcp", net.IP(l.server.ip[:]).String()+":0")
		return err
	})
	return ln, err
}

// newNamespace makes a namespace whose device has the address ip.
func newNamespace(ip [4]byte) (n *namespace, err error) {
	n = &namespace{fd: -1, ip: ip}
	err = onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("a network namespace cannot be made (it needs root): %w", err)
		}
		var err error
		if n.fd, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
			return err
		}
		return n.addDevice()
	})
	if err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

// onThread calls f on a thread that ends after it. It is not the main thread,
// which does not end, and whose namespace is that of /proc/net.
func onThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			defer runtime.UnlockOSThread()
			done <- onThread(f)
			return
		}
		done <- f()
	}()
	return <-done
}

// do calls f in the namespace.
func (n *namespace) do(f func() error) error {
	return onThread(func() error {
		if err := unix.Setns(n.fd, unix.CLONE_NEWNET); err != nil {
			return err
		}
		return f()
	})
}

// addDevice adds the device to the namespace of the thread.
func (n *namespace) addDevice() error {
	const name = "wholeframe"
	tun, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("/dev/net/tun: %w", err)
	}
	request := func(name string, fd int, code uint, set func(*unix.Ifreq) error) error {
		r, err := unix.NewIfreq(name)
		if err == nil {
			err = set(r)
		}
		if err == nil {
			err = unix.IoctlIfreq(fd, code, r)
		}
		return err
	}
	flags := func(f uint16) func(*unix.Ifreq) error {
		return func(r *unix.Ifreq) error { r.SetUint16(f); return nil }
	}
	address := func(a [4]byte) func(*unix.Ifreq) error {
		return func(r *unix.Ifreq) error { return r.SetInet4Addr(a[:]) }
	}
	if err := request(name, tun, unix.TUNSETIFF, flags(unix.IFF_TUN|unix.IFF_NO_PI)); err != nil {
		unix.Close(tun)
		return fmt.Errorf("TUNSETIFF: %w", err)
	}
	n.tun = os.NewFile(uintptr(tun), "tun")
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	return errors.Join(
		request(name, s, unix.SIOCSIFADDR, address(n.ip)),
		request(name, s, unix.SIOCSIFNETMASK, address([4]byte{255, 255, 255, 0})),
		request(name, s, unix.SIOCSIFFLAGS, flags(unix.IFF_UP|unix.IFF_RUNNING)),
		request("lo", s, unix.SIOCSIFFLAGS, flags(unix.IFF_UP)),
	)
}

func (n *namespace) close() {
	if n.tun != nil {
		n.tun.Close()
	}
	if n.fd >= 0 {
		unix.Close(n.fd)
	}
}

// C1, C2, C3 and C4 over a link that delays and drops packets and is slow.
func TestC1BadLink(t *testing.T) {
	var passed, dropped atomic.Int64
	rounds(t, *linkFlag, atATime, onLink, func(p *plan) ([]*client, []Finding) {
		link, err := newLink(p.seed)
		if err != nil {
			t.Error(err)
			return nil, nil
		}
		defer link.close()
		l, err := link.listen()
		if err != nil {
			t.Error(err)
			return nil, nil
		}
		p.joined = link.joined
		clients, found := p.run(serveHere(t, p, l, link.dial), link.dial)
		passed.Add(link.passed.Load())
		dropped.Add(link.dropped.Load())
		if len(found) > 0 {
			t.Errorf("-shutdown.seed=%d: %v", p.seed, link)
		}
		return clients, found
	})
	t.Logf("%d packets passed, %d dropped", passed.Load(), dropped.Load())
	if passed.Load() == 0 || dropped.Load() == 0 {
		t.Error("the link is not bad")
	}
}
