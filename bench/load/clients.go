// Package load puts load on an echo server: many connections, on each of them a number of messages on their way, and
// every byte that comes back is checked.
//
// One goroutine serves all connections through epoll and plain system calls, since the generator has one processor, as
// the server has, and must need less of it than the server does.
package load

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// What a server can do wrong.
var (
	ErrWrong   = errors.New("not what was sent")
	ErrMissing = errors.New("did not come back")
	ErrSurplus = errors.New("more came back than was sent")
)

// Config says what every connection sends.
type Config struct {
	Addr     string        // of the server, an IPv4 address and port
	Framing  string        // peer.Line or peer.Length
	Size     int           // bytes of payload in a message
	Depth    int           // messages on their way per connection, at most
	Patience time.Duration // how long nothing may come back before what is on its way counts as lost; 0: 10 s
}

const defaultPatience = 10 * time.Second

// connsPerSource is how many connections come from one address: fewer than Linux has ephemeral ports for.
const connsPerSource = 20_000

// Clients are connections to an echo server. They are used from one goroutine.
type Clients struct {
	config  Config
	server  unix.SockaddrInet4
	script  script
	epoll   int
	conns   []conn
	events  []unix.EpollEvent
	buf     []byte
	started time.Time

	frames   int64 // whole frames that came back
	onFrames func(latency time.Duration, n int64)
}

// A conn has sent the first sent bytes of its sequence, and the first received of them have come back.
type conn struct {
	fd       int
	number   int32 // its place among the connections, by which epoll names it
	quota    int64 // frames that it may send in all
	sent     int64
	received int64
	stamps   []time.Duration // when the frames on their way were handed to the kernel, by frame number modulo depth
	blocked  bool            // the kernel took no more; epoll tells when it does
}

// NewClients prepares connections, and opens none.
func NewClients(config Config) (*Clients, error) {
	addr, err := netip.ParseAddrPort(config.Addr)
	if err != nil || !addr.Addr().Is4() {
		return nil, fmt.Errorf("load: server address %q is no IPv4 address and port", config.Addr)
	}
	script, err := newScript(config.Framing, config.Size, config.Depth)
	if err != nil {
		return nil, err
	}
	if config.Patience == 0 {
		config.Patience = defaultPatience
	}
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("load: epoll: %w", err)
	}
	c := &Clients{
		config:   config,
		server:   unix.SockaddrInet4{Addr: addr.Addr().As4(), Port: int(addr.Port())},
		epoll:    epoll,
		events:   make([]unix.EpollEvent, 512),
		started:  time.Now(),
		onFrames: func(time.Duration, int64) {},
	}
	c.follow(script)
	return c, nil
}

// follow has all connections begin with the script. They must be idle.
func (c *Clients) follow(s script) {
	c.script = s
	c.buf = make([]byte, int64(c.config.Depth)*s.frame+1) // one byte more, to see surplus
	for i := range c.conns {
		conn := &c.conns[i]
		conn.quota, conn.sent, conn.received = 0, 0, 0
	}
}

// Resize changes the size of the messages. All connections must be idle.
func (c *Clients) Resize(size int) error {
	script, err := newScript(c.config.Framing, size, c.config.Depth)
	if err != nil {
		return err
	}
	c.config.Size = size
	c.follow(script)
	return nil
}

// base is where in the script the connection's sequence begins: no two neighbours send the same.
func (c *Clients) base(conn *conn) int64 { return int64(conn.number) * c.script.frame }

// Open opens n more connections, idle at first.
func (c *Clients) Open(n int) error {
	for range n {
		fd, err := c.connect(len(c.conns) / connsPerSource)
		if err != nil {
			return fmt.Errorf("load: connection %d: %w", len(c.conns), err)
		}
		i := int32(len(c.conns))
		c.conns = append(c.conns, conn{fd: fd, number: i, stamps: make([]time.Duration, c.config.Depth)})
		event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: i}
		if err := unix.EpollCtl(c.epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
			return fmt.Errorf("load: connection %d: epoll: %w", i, err)
		}
	}
	return nil
}

// connect opens a connection from the loopback address with the given number.
func (c *Clients) connect(source int) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	defer func() {
		if err != nil {
			unix.Close(fd)
		}
	}()
	if source > 0 {
		// Without this option bind would pick a port that is free for every destination, and soon find none.
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
			return -1, err
		}
		if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, byte(1 + source)}}); err != nil {
			return -1, err
		}
	}
	if err := unix.Connect(fd, &c.server); err != nil {
		return -1, err
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return -1, err
	}
	return fd, unix.SetNonblock(fd, true)
}

// Close closes all connections.
func (c *Clients) Close() error {
	var errs []error
	for i := range c.conns {
		errs = append(errs, unix.Close(c.conns[i].fd))
	}
	c.conns = nil
	return errors.Join(append(errs, unix.Close(c.epoll))...)
}

// Closed counts the connections that the server has closed. All of them must be idle.
func (c *Clients) Closed() int {
	closed := 0
	for i := range c.conns {
		n, _, err := unix.Recvfrom(c.conns[i].fd, c.buf[:1], unix.MSG_PEEK)
		if n == 0 && err == nil || err != nil && !errors.Is(err, unix.EAGAIN) {
			closed++
		}
	}
	return closed
}

// Exchange has every connection send that many frames and take them back, at most at a time of them at once.
func (c *Clients) Exchange(frames int64, atOnce int) error {
	for first := 0; first < len(c.conns); first += atOnce {
		group := c.conns[first:min(first+atOnce, len(c.conns))]
		for i := range group {
			group[i].quota += frames
			if err := c.send(&group[i]); err != nil {
				return err
			}
		}
		if err := c.drain(group); err != nil {
			return err
		}
	}
	return nil
}

// drain waits until all that the connections sent has come back, and looks that nothing came on top.
func (c *Clients) drain(conns []conn) error {
	for i := range conns {
		for conns[i].received < conns[i].quota*c.script.frame {
			if err := c.turn(); err != nil {
				return err
			}
		}
	}
	for i := range conns {
		if err := c.receive(&conns[i]); err != nil {
			return err
		}
	}
	return nil
}

// stop lets every connection finish the frame that it is sending, and no more.
func (c *Clients) stop() {
	for i := range c.conns {
		c.conns[i].quota = (c.conns[i].sent + c.script.frame - 1) / c.script.frame
	}
}

// now is the time since the clients were made.
func (c *Clients) now() time.Duration { return time.Since(c.started) }

// turn waits until something can be read or written, and reads and writes it.
func (c *Clients) turn() error {
	n, err := unix.EpollWait(c.epoll, c.events, int(c.config.Patience.Milliseconds()))
	if errors.Is(err, unix.EINTR) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("load: epoll: %w", err)
	}
	if n == 0 {
		return fmt.Errorf("load: for %v nothing came: %d bytes %w", c.config.Patience, c.onTheirWay(), ErrMissing)
	}
	for _, event := range c.events[:n] {
		conn := &c.conns[event.Fd]
		if event.Events&^unix.EPOLLOUT != 0 {
			if err := c.receive(conn); err != nil {
				return err
			}
		}
		if err := c.send(conn); err != nil {
			return err
		}
	}
	return nil
}

func (c *Clients) onTheirWay() int64 {
	var sum int64
	for i := range c.conns {
		sum += c.conns[i].sent - c.conns[i].received
	}
	return sum
}

// receive reads once, and checks what came.
func (c *Clients) receive(conn *conn) error {
	n, err := unix.Read(conn.fd, c.buf)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
		return nil
	}
	expected := conn.sent - conn.received
	if err == nil && n == 0 {
		err = io.EOF
	}
	if err != nil {
		return fmt.Errorf("load: read: %w: %d bytes %w", err, expected, ErrMissing)
	}
	if err := c.script.check(c.base(conn)+conn.received, c.buf[:min(int64(n), expected)]); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	if int64(n) > expected {
		return fmt.Errorf("load: %w", ErrSurplus)
	}
	frame := conn.received / c.script.frame
	conn.received += int64(n)
	c.deliver(conn, frame, conn.received/c.script.frame)
	return nil
}

// deliver accounts for the frames first to end-1 of a connection, which have come back. Frames that were sent together
// have one latency.
func (c *Clients) deliver(conn *conn, first, end int64) {
	if first == end {
		return
	}
	c.frames += end - first
	now := c.now()
	depth := int64(c.config.Depth)
	for first < end {
		stamp := conn.stamps[first%depth]
		n := int64(1)
		for first+n < end && conn.stamps[(first+n)%depth] == stamp {
			n++
		}
		c.onFrames(now-stamp, n)
		first += n
	}
}

// send sends what depth and quota let the connection send.
func (c *Clients) send(conn *conn) error {
	end := c.script.frame * min(conn.quota, conn.received/c.script.frame+int64(c.config.Depth))
	for conn.sent < end {
		now := c.now()
		n, err := unix.Write(conn.fd, c.script.at(c.base(conn)+conn.sent, end-conn.sent))
		switch {
		case errors.Is(err, unix.EAGAIN):
			return c.await(conn, unix.EPOLLIN|unix.EPOLLOUT)
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("load: write: %w: %d bytes %w", err, conn.sent-conn.received, ErrMissing)
		}
		c.stamp(conn, conn.sent+int64(n), now)
		conn.sent += int64(n)
	}
	if conn.blocked {
		return c.await(conn, unix.EPOLLIN)
	}
	return nil
}

// stamp notes the time for every frame whose first byte lies between what was sent before and sent.
func (c *Clients) stamp(conn *conn, sent int64, now time.Duration) {
	depth := int64(c.config.Depth)
	for frame := (conn.sent + c.script.frame - 1) / c.script.frame; frame*c.script.frame < sent; frame++ {
		conn.stamps[frame%depth] = now
	}
}

// await has epoll tell of the given events.
func (c *Clients) await(conn *conn, events uint32) error {
	blocked := events&unix.EPOLLOUT != 0
	if conn.blocked == blocked {
		return nil
	}
	conn.blocked = blocked
	event := unix.EpollEvent{Events: events, Fd: conn.number}
	if err := unix.EpollCtl(c.epoll, unix.EPOLL_CTL_MOD, conn.fd, &event); err != nil {
		return fmt.Errorf("load: epoll: %w", err)
	}
	return nil
}
