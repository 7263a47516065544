package shutdown

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/wholeframe/wholeframe/framing"
)

const (
	// silence is how long a client may have written nothing, once Shutdown has
	// begun, and write again. After tooSilent the server may take it for done.
	silence   = 60 * time.Millisecond
	tooSilent = 100 * time.Millisecond

	endless = time.Minute // without an answer
)

// A client sends messages, of which at most plan.window wait for their answers,
// until it reads the end of its stream.
type client struct {
	plan   *plan
	number int
	dial   dialer

	finish chan struct{} // closed when it is to send no more, and to half-close

	mu       sync.Mutex
	raw      *countedConn // nil until it is connected
	opening  uint64       // bytes that its kernel counts as acknowledged before the first
	sent     []Frame
	ends     []int64   // bytes of raw that hold the first i+1 messages of sent, as far as known
	shutting time.Time // when Shutdown was called
	wrote    bool
	finished bool      // it has half-closed
	over     time.Time // when reading gives up; zero: after endless without an answer

	history History
	whole   bool // every message that it had sent had arrived at T0
	half    bool // one had arrived in part
}

// A countedConn knows how many bytes it has written, and whether a write was
// told of a reset.
type countedConn struct {
	net.Conn
	written atomic.Int64
	reset   atomic.Bool
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	// EPIPE comes after the end of the stream, or after another call was told.
	if errno := syscall.Errno(0); errors.As(err, &errno) && errno != syscall.EPIPE {
		c.reset.Store(true)
	}
	return n, err
}

// acknowledged returns how many bytes c has written that the peer's kernel has,
// by the word of its own, also of a Write that runs.
func acknowledged(c *net.TCPConn) (n uint64) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	raw.Control(func(fd uintptr) {
		if acked, ok := multipathAcknowledged(int(fd)); ok {
			n = acked
		} else if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			n = info.Bytes_acked
		}
	})
	return n
}

// multipathAcknowledged does so for Multipath TCP, where TCP_INFO is that of one
// path. It returns false where the peer has no Multipath TCP.
func multipathAcknowledged(fd int) (n uint64, ok bool) {
	// From linux/mptcp.h.
	const (
		solMPTCP   = 284
		mptcpInfo  = 1
		flags      = 8  // offset
		fallback   = 1  // flag
		bytesAcked = 72 // offset
	)
	// GetsockoptTCPInfo has room for it, and does not look at it.
	info, err := unix.GetsockoptTCPInfo(fd, solMPTCP, mptcpInfo)
	if err != nil {
		return 0, false
	}
	b := (*[bytesAcked + 8]byte)(unsafe.Pointer(info))
	if binary.NativeEndian.Uint32(b[flags:])&fallback != 0 {
		return 0, false
	}
	return binary.NativeEndian.Uint64(b[bytesAcked:]), true
}

// run lets the client live its life. It calls answered once, with the first
// answer or at the end.
func (c *client) run(addr net.Addr, answered func()) {
	answered = sync.OnceFunc(answered)
	defer answered()
	c.history.ReadEnd = RST // until it is connected
	raw, err := c.dial(addr.Network(), addr.String())
	if err != nil {
		return
	}
	counted := &countedConn{Conn: raw}
	defer func() {
		raw.Close()
		c.history.WriteReset = counted.reset.Load()
	}()
	c.mu.Lock()
	if tcp, ok := raw.(*net.TCPConn); ok {
		c.opening = acknowledged(tcp)
	}
	c.raw = counted
	c.mu.Unlock()
	if tcp, ok := raw.(*net.TCPConn); ok && c.plan.readPause > 0 {
		tcp.SetReadBuffer(64 << 10)
	}
	raw.SetDeadline(time.Now().Add(endless))
	var conn net.Conn = counted
	if c.plan.secure() {
		t := tls.Client(counted, clientTLS)
		if err := t.Handshake(); err != nil {
			c.ended(err, 0)
			return
		}
		conn = t
	}
	room, done := make(chan struct{}, c.plan.window), make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() { c.write(conn, room, done) })
	c.read(conn, room, answered)
	close(done)
	raw.Close()
	writer.Wait()
	c.history.Sent, c.history.Wrote = c.sent, c.wrote
}

// write sends messages until done, or until it is to finish.
func (c *client) write(conn net.Conn, room chan<- struct{}, done <-chan struct{}) {
	r := rand.New(rand.NewPCG(c.plan.seed, uint64(1+c.number)))
	var (
		payload, batch []byte
		total          int64 // bytes of all batches
		last           time.Time
	)
	for number, finish := 0, false; ; {
		batch = batch[:0]
		var frames []Frame
		var ends []int64
		most := 1 + r.IntN(min(8, c.plan.window))
		if c.plan.trickle > 0 && number >= c.plan.window/2 {
			most = 1
			select {
			case <-time.After(c.plan.trickle):
			case <-done:
				return
			}
		}
		for range most {
			select {
			case room <- struct{}{}:
			case <-c.finish:
				finish = true
			case <-done:
				return
			}
			if finish {
				break
			}
			payload = c.plan.payload(payload[:0], r, c.number, number)
			var err error
			if batch, err = c.plan.framer.Append(batch, payload); err != nil {
				panic(err) // the plan holds no such payload
			}
			number++
			frames = append(frames, frame(payload))
			ends = append(ends, total+int64(len(batch)))
		}
		total += int64(len(batch))
		now := time.Now()
		if finish && len(frames) == 0 {
			c.mu.Lock()
			defer c.mu.Unlock()
			if t, ok := conn.(*tls.Conn); ok {
				t.CloseWrite()
			}
			c.raw.Conn.(interface{ CloseWrite() error }).CloseWrite()
			c.finished = true
			return
		}
		c.mu.Lock()
		shutting := c.shutting
		if !shutting.IsZero() && now.Sub(later(last, shutting)) > c.plan.trickle+silence {
			c.mu.Unlock()
			return
		}
		c.sent = append(c.sent, frames...)
		if !c.plan.secure() {
			c.ends = append(c.ends, ends...)
		}
		c.mu.Unlock()
		c.raw.SetWriteDeadline(now.Add(endless))
		began := time.Now()
		_, err := conn.Write(batch)
		c.mu.Lock()
		if c.plan.secure() && err == nil {
			for range frames {
				c.ends = append(c.ends, c.raw.written.Load())
			}
		}
		if !c.shutting.IsZero() && began.Sub(later(last, c.shutting)) > c.plan.trickle+tooSilent {
			c.wrote = true
		}
		c.mu.Unlock()
		last = time.Now()
		if err != nil {
			return
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// read reads answers until the stream ends.
func (c *client) read(conn net.Conn, room <-chan struct{}, answered func()) {
	reader := framing.NewReader(conn, c.plan.framer)
	for n := 1; ; n++ {
		c.wait(time.Now().Add(endless))
		payload, err := reader.ReadFrame()
		if err == io.EOF && c.plan.secure() {
			_, err = c.raw.Read(make([]byte, 1)) // after the close_notify
		}
		if err != nil {
			c.ended(err, len(reader.Unread()))
			return
		}
		if aside := c.plan.aside; aside != nil && aside(c.number, payload) {
			continue
		}
		answered()
		c.history.Returned = append(c.history.Returned, frame(payload))
		select {
		case <-room:
		default:
			// An answer to nothing, as the history shows.
		}
		if p := c.plan.readPause; p > 0 && n%p == 0 {
			time.Sleep(time.Millisecond)
		}
	}
}

// wait lets the next read wait until t, or until what hurry has set.
func (c *client) wait(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over.IsZero() {
		c.raw.SetReadDeadline(t)
	}
}

// hurry lets reading wait until t and no longer.
func (c *client) hurry(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = t
	c.raw.SetReadDeadline(t)
}

// state returns that of the connection, as the kernel numbers them.
func (c *client) state() (state uint8) {
	raw, err := c.raw.Conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return 0
	}
	raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			state = info.State
		}
	})
	return state
}

// ended notes how reading ended.
func (c *client) ended(err error, torn int) {
	c.history.Torn = torn
	var reset syscall.Errno
	switch {
	case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF):
		c.history.ReadEnd = FIN
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.history.ReadEnd = Timeout
	case errors.As(err, &reset):
		c.history.ReadEnd = RST
	default:
		// What came breaks the framing.
		c.history.Returned = append(c.history.Returned, Frame{Number: -1, Size: -1})
		c.history.ReadEnd = FIN
	}
}

// sample notes what has arrived at the server, which is about to be closed.
func sample(clients []*client) {
	for _, c := range clients {
		c.sample()
	}
}

func (c *client) sample() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shutting = time.Now()
	if c.plan.proxied {
		// The proxy has acknowledged it. It passes on an end when the server has
		// all that was sent before.
		if c.finished {
			c.history.Connected, c.history.Acknowledged = true, len(c.sent)
		}
		return
	}
	arrived := c.arrived()
	c.history.Connected = c.raw != nil
	n := 0
	for n < len(c.ends) && c.ends[n] <= arrived {
		n++
	}
	c.history.Acknowledged = n
	c.whole = n > 0 && n == len(c.sent)
	c.half = n < len(c.ends) && !c.plan.secure() && (n == 0 && arrived > 0 || n > 0 && arrived > c.ends[n-1])
}

// arrived returns how many bytes the server's kernel has. mu is held.
func (c *client) arrived() int64 {
	if c.raw == nil {
		return 0
	}
	if tcp, ok := c.raw.Conn.(*net.TCPConn); ok {
		return int64(acknowledged(tcp) - c.opening)
	}
	return c.raw.written.Load()
}

// frame returns what a history keeps of a payload.
func frame(payload []byte) Frame {
	f := Frame{Number: -1, Size: len(payload), Sum: crc32.ChecksumIEEE(payload)}
	if _, number, ok := parseHeader(payload); ok {
		f.Number = number
	}
	return f
}

// headerSize is the size of what a message begins with if it has room: the
// client's number and its own.
const headerSize = 4 + 8

func parseHeader(payload []byte) (client, number int, ok bool) {
	if len(payload) < headerSize {
		return 0, 0, false
	}
	a, err := strconv.ParseUint(string(payload[:4]), 16, 16)
	b, err2 := strconv.ParseUint(string(payload[4:headerSize]), 16, 32)
	return int(a), int(b), err == nil && err2 == nil
}
