package fakenet

import (
	"bytes"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

// A link is what the two ends of a connection share. One lock for both makes every step of the model atomic.
type link struct {
	mu   sync.Mutex
	cond sync.Cond // something that a call at either end may wait for has changed
	down bool      // StopAck: nothing passes
}

// newLink returns the two ends of a new connection.
func newLink(clientAddr, serverAddr net.Addr, o *options) (client, server *Conn) {
	l := new(link)
	l.cond.L = &l.mu
	end := func(local, remote net.Addr, faults []Fault) *Conn {
		return &Conn{
			local: local, remote: remote, link: l,
			kernel:      kernel{size: o.buffers, flush: o.flush},
			readFaults:  newFaults(Read, faults),
			writeFaults: newFaults(Write, faults),
		}
	}
	client = end(clientAddr, serverAddr, o.client)
	server = end(serverAddr, clientAddr, o.server)
	client.peer, server.peer = server, client
	return client, server
}

// A kernel is the part of an end that lives on when the program has closed it.
type kernel struct {
	size  int  // of send and of recv
	flush bool // see FlushOnReset

	send     bytes.Buffer // written, not acknowledged
	fin      bool         // FIN is queued after send; nothing is written any more
	finAcked bool

	recv bytes.Buffer // acknowledged, not read
	eof  bool         // FIN is queued after recv

	dead bool  // RST sent or received: nothing is sent or received any more
	err  error // what an RST left for the next Read or Write, which takes it away

	finAt, rstAt, closedAt time.Time
}

// transmit moves what c's kernel has to send to its peer's as far as that has room.
// It is called when there is more to send, more room, or the network is back.
func (c *Conn) transmit() {
	p := c.peer
	if c.link.down || c.dead || c.send.Len() == 0 && (!c.fin || c.finAcked) {
		return
	}
	if p.dead || p.closed() && c.send.Len() > 0 {
		p.dead = true
		c.receiveRST()
		return
	}
	p.recv.Write(c.send.Next(p.size - p.recv.Len()))
	if c.fin && c.send.Len() == 0 {
		c.finAcked = true
		p.eof, p.finAt = true, time.Now()
	}
	c.link.cond.Broadcast()
}

// sendFirst sends what nobody can be in the way of: see Sent.
func (c *Conn) sendFirst(text string) {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	if len(text) > c.size+c.peer.size {
		panic(fmt.Sprintf("fakenet: Sent of %d bytes, which do not fit into two buffers of %d", len(text), c.size))
	}
	c.send.WriteString(text)
	c.sent = int64(len(text))
	c.transmit()
}

// sendRST ends the connection from c's side. An RST is not acknowledged and not repeated: when the network is down, the
// peer learns of it only from the answer to something it sends.
func (c *Conn) sendRST() {
	c.dead = true
	if !c.link.down {
		c.peer.receiveRST()
	}
}

func (c *Conn) receiveRST() {
	if c.dead || c.finished() {
		return
	}
	c.die(c.flush)
}

// die is the arrival of an RST, in front of what was received if flush is true. The send buffer keeps its bytes although they
// will never be sent, and Unsent counts them: Linux does not take them off SIOCOUTQ either.
func (c *Conn) die(flush bool) {
	c.dead, c.rstAt = true, time.Now()
	c.err = syscall.ECONNRESET
	if flush {
		c.recv.Reset()
		c.eof = false
	}
	if c.eof {
		c.err = syscall.EPIPE
	}
	c.link.cond.Broadcast()
}

// finished reports whether FINs went both ways and were acknowledged: there is no connection left that could be reset.
func (c *Conn) finished() bool { return c.finAcked && c.peer.finAcked }

func (c *Conn) closed() bool { return !c.closedAt.IsZero() }
