package capture

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"time"
)

const (
	// maxWaiting is the number of bytes of a direction that wait for earlier ones, with
	// overhead for each packet: as much as a fast connection has under way.
	maxWaiting = 8 << 20
	overhead   = 256

	// maxAll is the number of those bytes of all directions.
	maxAll = 64 << 20

	// maxConns is the number of open connections.
	maxConns = 1 << 16
)

// A Chunk is what follows in one direction of a connection.
type Chunk struct {
	Conn     int  // the number of the connection in the capture, from 1
	ToServer bool // the direction
	From, To netip.AddrPort
	Time     time.Time // when the packet was captured that brought it

	Data []byte // valid for one step of the iteration
	Late bool   // the capture does not have the beginning of the direction: Data may begin inside a message

	// Err is set in the last chunk of a direction: io.EOF, ErrReset, ErrOpen, or a
	// *GapError.
	Err error
}

var (
	// ErrReset is the end of both directions of a connection that was reset.
	ErrReset = errors.New("the connection was reset")

	// ErrOpen is the end of a direction that is still open when the capture ends.
	ErrOpen = errors.New("the capture ends before the connection does")
)

// A GapError reports bytes that are not in the capture.
type GapError struct {
	Offset  int64 // of the first of them in what the capture has of the direction
	Missing int64 // how many
	Cut     bool  // packets of the direction were captured in part
}

func (e *GapError) Error() string {
	hint := ""
	if e.Cut {
		hint = " (packets were captured in part: tcpdump -s 0 captures them whole)"
	}
	return fmt.Sprintf("%d bytes are missing at offset %d of the stream%s", e.Missing, e.Offset, hint)
}

// Streams returns an iterator over the bytes of all TCP connections to a port, in the
// order in which the capture completes them: retransmitted and overlapping bytes are
// returned once, those that came out of order after those that they follow. Of bytes that
// differ when they are sent again, the first are returned.
//
// Every direction ends with a chunk that has an Err; where bytes are missing, it ends
// there. The iterator yields an error, as the last step, that [Packets] has, or if the
// capture has packets of another type of link, or no connection to port.
func Streams(src io.Reader, port uint16) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		a := &assembly{port: port, conns: make(map[pair]*conn), yield: yield}
		for p, err := range Packets(src) {
			if err == nil {
				err = a.packet(p)
			}
			if a.stopped {
				return
			}
			if err != nil {
				if a.endAll(); !a.stopped {
					yield(Chunk{}, err)
				}
				return
			}
		}
		a.endAll()
		if !a.stopped && a.count == 0 {
			yield(Chunk{}, fmt.Errorf("no TCP connection to port %d in %d packets", port, a.packets))
		}
	}
}

// A pair is the two ends of a connection.
type pair struct{ client, server netip.AddrPort }

// An assembly puts the segments of all connections in order.
type assembly struct {
	port    uint16
	conns   map[pair]*conn
	count   int // connections so far
	packets int
	held    int // bytes that wait
	yield   func(Chunk, error) bool
	stopped bool // yield has returned false
}

// A conn is a connection.
type conn struct {
	pair
	number             int
	toServer, toClient direction
}

// A direction is one direction of a connection.
type direction struct {
	began, ended bool
	late         bool
	cut          bool   // packets were captured in part
	first        uint32 // sequence number of the first byte
	next         uint32 // of the byte that follows
	offset       int64  // of that byte in the direction
	hasEnd       bool
	end          uint32 // sequence number after the last byte
	waiting      []piece
	held         int // bytes in waiting
}

// A piece is bytes that came before those that they follow.
type piece struct {
	seq  uint32
	data []byte
}

// packet takes the next packet.
func (a *assembly) packet(p Packet) error {
	a.packets++
	if !isLink(p.Link) {
		return fmt.Errorf("packet %d is of link type %d: want Ethernet, Linux cooked capture, BSD loopback or raw IP", a.packets, p.Link)
	}
	s, ok := p.tcp()
	if !ok || s.from.Port() != a.port && s.to.Port() != a.port {
		return nil
	}
	key, toServer := a.ends(s)
	c := a.conns[key]
	opens := toServer && s.flags&(syn|ack) == syn
	switch {
	case c == nil && s.flags&(syn|fin) == 0 && len(s.data)+s.missing == 0:
		return nil // the last words of a connection that has ended, or has not begun
	case c != nil && opens && c.toServer.began && c.toServer.first != s.seq+1:
		a.end(c, ErrReset, p.Time) // its client has forgotten it, and uses the port again
		c = nil
	}
	if c == nil {
		if len(a.conns) >= maxConns {
			maps.DeleteFunc(a.conns, func(_ pair, c *conn) bool { return c.toServer.ended && c.toClient.ended })
		}
		if len(a.conns) >= maxConns {
			return fmt.Errorf("packet %d: more than %d open connections", a.packets, maxConns)
		}
		a.count++
		c = &conn{pair: key, number: a.count}
		a.conns[key] = c
	}
	d := &c.toClient
	if toServer {
		d = &c.toServer
	}
	a.segment(c, d, s, p.Time)
	if s.flags&rst != 0 {
		a.end(c, ErrReset, p.Time)
	}
	return nil
}

// ends returns the ends of the connection of s, and whether s goes to the server. If both
// have the port, the one that is seen first is the client.
func (a *assembly) ends(s segment) (key pair, toServer bool) {
	there, back := pair{s.from, s.to}, pair{s.to, s.from}
	if s.from.Port() != s.to.Port() {
		toServer = s.to.Port() == a.port
	} else if _, ok := a.conns[back]; !ok {
		toServer = s.flags&(syn|ack) != syn|ack
	}
	if toServer {
		return there, true
	}
	return back, false
}

// segment takes a segment of a direction.
func (a *assembly) segment(c *conn, d *direction, s segment, at time.Time) {
	seq, size := s.seq, len(s.data)+s.missing
	if s.flags&syn != 0 {
		seq++
	}
	if !d.began && (s.flags&(syn|fin) != 0 || size > 0) {
		d.began, d.late, d.first, d.next = true, s.flags&syn == 0, seq, seq
	}
	if !d.began || d.ended {
		return
	}
	d.cut = d.cut || s.missing > 0
	if s.flags&fin != 0 {
		d.hasEnd, d.end = true, seq+uint32(size)
	}
	if int32(seq-d.next) <= 0 {
		a.deliver(c, d, piece{seq, s.data}, at)
		for len(d.waiting) > 0 && int32(d.waiting[0].seq-d.next) <= 0 {
			a.deliver(c, d, d.waiting[0], at)
			a.hold(d, -len(d.waiting[0].data)-overhead)
			d.waiting = d.waiting[1:]
		}
	} else if len(s.data) > 0 {
		d.keep(piece{seq, slices.Clone(s.data)})
		a.hold(d, len(s.data)+overhead)
	}
	if d.held > maxWaiting || d.held > 0 && a.held > maxAll {
		a.finish(c, d, io.EOF, at) // with the gap
	}
	if d.hasEnd && d.next == d.end {
		a.finish(c, d, io.EOF, at)
	}
}

// keep keeps p in the order of sequence numbers.
func (d *direction) keep(p piece) {
	i, _ := slices.BinarySearchFunc(d.waiting, p.seq, func(p piece, seq uint32) int { return int(int32(p.seq - seq)) })
	d.waiting = slices.Insert(d.waiting, i, p)
}

// hold counts n more bytes that wait.
func (a *assembly) hold(d *direction, n int) {
	d.held += n
	a.held += n
}

// deliver yields the bytes of p that are new. They follow those that were delivered, or
// overlap them.
func (a *assembly) deliver(c *conn, d *direction, p piece, at time.Time) {
	old := int64(d.next - p.seq)
	if old >= int64(len(p.data)) {
		return
	}
	data := p.data[old:]
	a.chunk(c, d, Chunk{Data: data, Time: at})
	d.next += uint32(len(data))
	d.offset += int64(len(data))
}

// finish ends a direction: with err, or with what is missing.
func (a *assembly) finish(c *conn, d *direction, err error, at time.Time) {
	if !d.began || d.ended {
		return
	}
	missing := uint32(0)
	switch {
	case len(d.waiting) > 0:
		missing = d.waiting[0].seq - d.next
	case d.hasEnd:
		missing = d.end - d.next
	}
	if int32(missing) > 0 {
		err = &GapError{Offset: d.offset, Missing: int64(missing), Cut: d.cut}
	}
	a.hold(d, -d.held)
	d.ended, d.waiting = true, nil
	a.chunk(c, d, Chunk{Err: err, Time: at})
}

// end ends both directions of a connection.
func (a *assembly) end(c *conn, err error, at time.Time) {
	a.finish(c, &c.toServer, err, at)
	a.finish(c, &c.toClient, err, at)
}

// chunk yields a chunk of a direction.
func (a *assembly) chunk(c *conn, d *direction, k Chunk) {
	k.Conn, k.ToServer, k.Late = c.number, d == &c.toServer, d.late
	k.From, k.To = c.client, c.server
	if !k.ToServer {
		k.From, k.To = c.server, c.client
	}
	if !a.stopped {
		a.stopped = !a.yield(k, nil)
	}
}

// endAll ends all connections, in their order.
func (a *assembly) endAll() {
	byNumber := func(c, o *conn) int { return c.number - o.number }
	for _, c := range slices.SortedFunc(maps.Values(a.conns), byNumber) {
		a.end(c, ErrOpen, time.Time{})
	}
}
