package capture

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"sort"
	"time"
)

const (
	// maxPending is the limit of the pending bytes of a direction, with overhead for each
	// piece: as much as a fast connection has under way.
	maxPending = 8 << 20
	overhead   = 256

	// maxAll is the limit of the pending bytes of all directions.
	maxAll = 64 << 20

	// patience is how long bytes may still follow after their receiver has acknowledged
	// them, by the times of the packets: several processors or interfaces do not hand
	// their packets over in order.
	patience = time.Second

	// maxConns is the number of open connections.
	maxConns = 1 << 16
)

// A Chunk is the next bytes of one direction of a connection, or its end.
type Chunk struct {
	Conn     int  // the number of the connection in the capture, from 1
	ToServer bool // the direction
	From, To netip.AddrPort
	Time     time.Time // when its packet was captured; zero if the capture does not tell

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
	Offset  int64 // of the first missing byte, in what the capture has of the direction
	Missing int64 // the number of missing bytes
	Cut     bool  // some packets of the direction were captured only in part
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
// differ when they are sent again, those that were captured first are returned.
//
// Every direction ends with a chunk that has an Err. Where bytes are missing, it ends with
// a GapError: a second, by the times of the packets, after their receiver has acknowledged
// them and later bytes or the end were captured; or when 8 MiB of later bytes are pending,
// or 64 MiB in all directions; or when the connection or the capture ends.
//
// The iterator yields an error, as the last step, that [Packets] has, or if the capture
// has more than 65,536 open connections, or none to port. Packets of other types of links
// are skipped.
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
			yield(Chunk{}, a.noConnection())
		}
	}
}

// A pair is the two ends of a connection.
type pair struct{ client, server netip.AddrPort }

// An assembly puts the segments of all connections in order.
type assembly struct {
	port     uint16
	conns    map[pair]*conn
	count    int // connections so far
	packets  int
	foreign  int       // packets of other types of links
	link     int       // the type of the first of them
	cut      int       // packets that were captured only in part, without a TCP header
	held     int       // pending bytes, with overhead
	suspects []suspect // at most maxConns
	yield    func(Chunk, error) bool
	stopped  bool // yield has returned false
}

// A conn is a connection.
type conn struct {
	pair
	number             int
	toServer, toClient direction
}

// A direction is one direction of a connection. Positions in it are offsets from the first
// byte that the capture has.
type direction struct {
	began, ended bool
	late         bool
	cut          bool   // some packets were captured only in part
	first        uint32 // sequence number of the first byte
	next         int64  // position after the bytes that were delivered
	acked        int64  // position after the bytes that the receiver has acknowledged
	hasEnd       bool
	end          int64   // position after the last byte
	pending      []piece // in order, without overlaps, after a gap
	held         int     // bytes in pending, with overhead
	suspected    bool    // there is a suspect for it
}

// A piece is bytes that follow a gap.
type piece struct {
	at   int64 // position of the first
	data []byte
}

func (p piece) end() int64 { return p.at + int64(len(p.data)) }

// A suspect is a direction that lacks bytes that its receiver has acknowledged.
type suspect struct {
	c    *conn
	d    *direction
	next int64 // its position at that time
	time time.Time
}

// packet takes the next packet.
func (a *assembly) packet(p Packet) error {
	a.packets++
	a.giveUp(p.Time)
	if !isLink(p.Link) {
		if a.foreign++; a.foreign == 1 {
			a.link = p.Link
		}
		return nil
	}
	s, ok := p.tcp()
	if !ok && p.Cut {
		a.cut++
	}
	if !ok || s.from.Port() != a.port && s.to.Port() != a.port {
		return nil
	}
	if s.flags&rst != 0 {
		s.data, s.missing = nil, 0 // a text that explains the reset (RFC 9293, 3.5.3)
	}
	key, toServer := a.ends(s)
	c := a.conns[key]
	opens := toServer && s.flags&(syn|ack) == syn
	switch {
	case c == nil && s.flags&(syn|fin) == 0 && len(s.data)+s.missing == 0:
		return nil // a connection that has ended, or has not begun
	case c != nil && opens && c.toServer.isOther(s.seq+1):
		a.end(c, ErrReset, p.Time) // its client has forgotten it, and uses the port again
		c = nil
	}
	if c == nil {
		if len(a.conns) >= maxConns {
			maps.DeleteFunc(a.conns, func(_ pair, c *conn) bool { return c.toServer.isDone() && c.toClient.isDone() })
		}
		if len(a.conns) >= maxConns {
			return fmt.Errorf("packet %d: more than %d open connections", a.packets, maxConns)
		}
		a.count++
		c = &conn{pair: key, number: a.count}
		a.conns[key] = c
	}
	d, back := &c.toClient, &c.toServer
	if toServer {
		d, back = back, d
	}
	a.segment(c, d, s, p.Time)
	if s.flags&ack != 0 && back.began {
		back.acked = max(back.acked, back.position(s.ack))
	}
	a.suspect(c, d, p.Time)
	a.suspect(c, back, p.Time)
	if s.flags&rst != 0 {
		a.end(c, ErrReset, p.Time)
	}
	return nil
}

// noConnection is the error of a capture without a connection to the port.
func (a *assembly) noConnection() error {
	why := ""
	if a.foreign > 0 {
		why += fmt.Sprintf("; of other types of links: %d, the first of type %d (want Ethernet, Linux cooked capture, BSD loopback or raw IP)", a.foreign, a.link)
	}
	if a.cut > 0 {
		why += fmt.Sprintf("; captured only in part, without a TCP header: %d (tcpdump -s 0 captures packets whole)", a.cut)
	}
	return fmt.Errorf("no TCP connection to port %d in %d packets%s", a.port, a.packets, why)
}

// isOther reports whether a SYN before the byte with sequence number first opens another
// connection than the one of the direction.
func (d *direction) isOther(first uint32) bool {
	if !d.began {
		return d.ended
	}
	return first != d.first
}

// isDone reports whether nothing more is expected. A capture of one direction has none of
// the other.
func (d *direction) isDone() bool { return d.ended || !d.began }

// position returns the position of a sequence number.
func (d *direction) position(seq uint32) int64 {
	return d.next + int64(int32(seq-d.first-uint32(d.next)))
}

// gap returns the number of bytes that are missing before the pending ones, or before the
// end.
func (d *direction) gap() int64 {
	gap := int64(0)
	if len(d.pending) > 0 {
		gap = d.pending[0].at - d.next
	}
	if d.hasEnd && d.end >= d.next && (gap == 0 || d.end-d.next < gap) {
		gap = d.end - d.next
	}
	return gap
}

// isWhole reports whether all bytes were delivered.
func (d *direction) isWhole() bool { return d.hasEnd && d.next == d.end }

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
	if d.ended {
		return
	}
	if !d.began {
		if s.flags&(syn|fin) == 0 && size == 0 {
			return
		}
		d.began, d.late, d.first = true, s.flags&syn == 0, seq
	}
	d.cut = d.cut || s.missing > 0
	p := piece{d.position(seq), s.data}
	if s.flags&fin != 0 && !d.hasEnd {
		d.hasEnd, d.end = true, p.at+int64(size)
	}
	if old := min(d.next-p.at, int64(len(p.data))); old > 0 { // bytes that were delivered
		p = piece{p.at + old, p.data[old:]}
	}
	switch {
	case len(p.data) == 0:
	case p.at == d.next && len(d.pending) == 0:
		a.deliver(c, d, p.data, at)
	default:
		a.keep(d, p)
		a.deliverPending(c, d, at)
	}
	if d.isWhole() || d.held > maxPending || d.held > 0 && a.held > maxAll {
		a.finish(c, d, io.EOF, at)
	}
}

// keep adds to the pending bytes those of p that are not among them. It copies them.
func (a *assembly) keep(d *direction, p piece) {
	i := sort.Search(len(d.pending), func(i int) bool { return d.pending[i].end() > p.at })
	for ; len(p.data) > 0; i++ {
		n := int64(len(p.data))
		if i < len(d.pending) && d.pending[i].at <= p.at { // these came first
			n = min(n, d.pending[i].end()-p.at)
		} else {
			if i < len(d.pending) {
				n = min(n, d.pending[i].at-p.at)
			}
			d.pending = slices.Insert(d.pending, i, piece{p.at, slices.Clone(p.data[:n])})
			a.hold(d, int(n)+overhead)
		}
		p = piece{p.at + n, p.data[n:]}
	}
}

// hold counts n more pending bytes.
func (a *assembly) hold(d *direction, n int) {
	d.held += n
	a.held += n
}

// deliverPending delivers the pending bytes before the first gap.
func (a *assembly) deliverPending(c *conn, d *direction, at time.Time) {
	for len(d.pending) > 0 && d.pending[0].at == d.next && !d.isWhole() {
		data := d.pending[0].data
		d.pending[0] = piece{} // else the array would keep the bytes
		d.pending = d.pending[1:]
		a.hold(d, -len(data)-overhead)
		a.deliver(c, d, data, at)
	}
	if len(d.pending) == 0 {
		d.pending = nil
	}
}

// deliver yields the next bytes.
func (a *assembly) deliver(c *conn, d *direction, data []byte, at time.Time) {
	a.chunk(c, d, Chunk{Data: data, Time: at})
	d.next += int64(len(data))
}

// suspect makes a direction a suspect if it has a gap of bytes that its receiver has
// acknowledged.
func (a *assembly) suspect(c *conn, d *direction, at time.Time) {
	if d.ended || d.suspected || at.IsZero() || d.gap() == 0 || d.acked <= d.next || len(a.suspects) == maxConns {
		return
	}
	d.suspected = true
	a.suspects = append(a.suspects, suspect{c, d, d.next, at})
}

// giveUp ends the directions whose gaps have not been filled for long enough.
func (a *assembly) giveUp(now time.Time) {
	for len(a.suspects) > 0 && now.Sub(a.suspects[0].time) >= patience {
		s := a.suspects[0]
		a.suspects = a.suspects[1:]
		s.d.suspected = false
		if s.d.next == s.next {
			a.finish(s.c, s.d, io.EOF, now)
		} else {
			a.suspect(s.c, s.d, now)
		}
	}
}

// finish ends a direction: with err, or with what is missing.
func (a *assembly) finish(c *conn, d *direction, err error, at time.Time) {
	if d.ended {
		return
	}
	d.ended = true
	if !d.began {
		return
	}
	if gap := d.gap(); gap > 0 {
		err = &GapError{Offset: d.next, Missing: gap, Cut: d.cut}
	}
	a.hold(d, -d.held)
	d.pending = nil
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
