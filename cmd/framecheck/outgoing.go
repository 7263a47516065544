package main

import (
	"bytes"
	"math/rand/v2"
	"time"
)

// perConn is by how much the numbers of the first messages of two connections differ.
const perConn = 1000

// An outgoing is what a step sends.
type outgoing struct {
	wire     []byte
	ends     []int    // of the items in wire
	headers  []int    // and the ends of their headers
	payloads [][]byte // of whole messages
	bare     bool     // there is more than whole messages
	last     int      // size of the last frame, of which a part may be sent only
}

// build makes what a step sends on a connection.
func (p *play) build(s *step, c *peer) (out outgoing, v *verdict) {
	for range max(1, s.Repeat) {
		for _, it := range s.Items {
			count := 1
			if it.Count != (num{}) {
				count = it.Count.in(p.values)
			}
			for range count {
				if v := p.add(&out, &it, c); v != nil && !it.Optional {
					return out, v
				}
			}
		}
	}
	if len(out.wire) == 0 {
		return out, inapplicable("the framing carries none of it")
	}
	return out, nil
}

// add adds one of an item.
func (p *play) add(out *outgoing, it *item, c *peer) *verdict {
	payload, bare, v := p.content(it, c)
	switch {
	case v != nil:
		return v
	case bare:
		c.inside = c.inside || it.Announce != nil
		if it.Rest {
			c.due, out.payloads, c.half, c.rest = append(c.due, c.half), append(out.payloads, c.half), nil, nil
		}
		out.wire, out.bare = append(out.wire, payload...), out.bare || !it.Rest
		out.ends = append(out.ends, len(out.wire))
		return nil
	}
	wire, v := p.t.messages.frame(payload)
	if v != nil {
		return v
	}
	c.sent++
	out.last = len(wire)
	first := len(wire)
	switch {
	case it.Half:
		first = max(1, len(wire)/2)
	case it.First != nil:
		if first = it.First.in(p.values); first < 0 {
			first += len(wire)
		}
		first = max(0, min(first, len(wire)))
	case it.Damaged:
		wire[first-1] ^= 0x55
		if !p.t.messages.refuses(wire) {
			return inapplicable("it needs a framing that detects a damaged frame")
		}
	}
	if at := bytes.Index(wire, payload); at > 0 && at < first {
		out.headers = append(out.headers, len(out.wire)+at)
	}
	out.wire = append(out.wire, wire[:first]...)
	out.ends = append(out.ends, len(out.wire))
	switch {
	case first < len(wire):
		c.half, c.rest, out.bare = payload, wire[first:], true
	case it.Damaged, it.Unheard:
		out.bare = true
	case it.Maybe:
		c.maybe = append(c.maybe, payload)
		out.payloads = append(out.payloads, payload)
	default:
		c.due = append(c.due, payload)
		out.payloads = append(out.payloads, payload)
	}
	return nil
}

// content returns the payload of an item, or, if bare is set, its bytes on the wire.
func (p *play) content(it *item, c *peer) (b []byte, bare bool, v *verdict) {
	m := p.t.messages
	size := 0
	if it.Size != nil {
		size = it.Size.in(p.values)
	}
	switch {
	case it.Rest:
		return c.rest, true, nil
	case it.Bad:
		return p.bad, true, nil
	case it.Fill:
		return m.fill, true, nil
	case it.Wire != nil:
		return it.Wire, true, nil
	case it.Random > 0:
		b := make([]byte, it.Random)
		r := rand.New(rand.NewPCG(uint64(c.number), uint64(it.Random)))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b, true, nil
	case it.Letters > 0:
		return bytes.Repeat([]byte("x"), it.Letters), true, nil
	case it.Announce != nil:
		size := it.Announce.in(p.values)
		if b = m.announce(size); b == nil {
			return nil, true, inapplicable("the framing announces no message of %d bytes", size)
		}
		return b, true, nil
	case it.Size != nil && it.Byte == nil && !it.Exact:
		return m.payload(c.number*perConn+c.sent, m.allowed(size)), false, nil
	case !m.anySize():
		return nil, false, inapplicable("it needs %s", needs["sizes"])
	case it.Hex != nil:
		return *it.Hex, false, nil
	case it.Text != nil:
		return []byte(*it.Text), false, nil
	case it.Byte != nil && it.Size != nil:
		return bytes.Repeat([]byte{byte(it.Byte.in(p.values))}, m.allowed(size)), false, nil
	case it.Byte != nil:
		return []byte{'x', byte(it.Byte.in(p.values)), 'y'}, false, nil
	case it.Frames != nil:
		if b = m.frames(it.Frames.in(p.values)); b == nil {
			return nil, false, inapplicable("the framing cannot carry frames in a message")
		}
		return b, false, nil
	}
	b = m.payload(c.number*perConn+c.sent, size)
	if len(b) != size {
		return nil, false, inapplicable("no message has %d bytes", size)
	}
	return b, false, nil
}

// cut returns the pieces in which a step sends wire.
func (p *play) cut(s *step, out outgoing) (pieces [][]byte) {
	var ends []int
	switch s.Pieces {
	case "bytes":
		return bytes.Split(out.wire, nil)
	case "n":
		ends = []int{p.values["n"]}
	case "frames":
		ends = out.ends
	case "headers":
		ends = append(ends, out.headers...)
	case "straddle": // each piece is the end of one frame and the beginning of the next
		for i, end := range out.ends {
			begin := 0
			if i > 0 {
				begin = out.ends[i-1]
			}
			ends = append(ends, begin+(end-begin)/2)
		}
	case "random":
		r := rand.New(rand.NewPCG(1, uint64(len(out.wire))))
		for at := 0; at < len(out.wire); {
			at += 1 + r.IntN(3000)
			ends = append(ends, at)
		}
	}
	at := 0
	for _, end := range append(ends, len(out.wire)) {
		if end = min(end, len(out.wire)); end > at {
			pieces = append(pieces, out.wire[at:end])
			at = end
		}
	}
	return pieces
}

// send sends the items in their pieces. A short pause lets the server see each piece
// alone; to wait for its acknowledgement would take 40 ms where nothing is answered.
func (p *play) send(s *step, c *peer) *verdict {
	began := time.Now()
	out, v := p.build(s, c)
	if v != nil {
		return v
	}
	if idle := p.t.o.idleTimeout; idle > 0 && time.Since(began) > idle/4 {
		p.busy.Store(true) // the server may have given up the connection meanwhile
	}
	if !p.t.o.expectsAnswers() {
		c.due, c.maybe = nil, nil
	}
	p.log.sends(c, out.payloads, out.wire, out.bare, s.Pieces)
	pieces := p.cut(s, out)
	pause := max(p.duration(s.Pause), 300*time.Microsecond)
	c.since = time.Now() // to make it takes a while
	c.after(func() error {
		for i, piece := range pieces {
			if i > 0 {
				p.sleep(pause)
				if is, known := peerHasEnded(c.raw); known && is {
					return nil // more would only be answered with a reset
				}
			}
			if err := c.write(piece, time.Minute); err != nil {
				return err
			}
		}
		return nil
	})
	if len(out.wire) <= 64<<10 && s.Pause == (num{}) {
		c.finished(p.t.o.patience) // so that the next step finds it sent; a server that reads nothing is judged by what it answers
	}
	return nil
}

// turns sends the items again and again, each time after the answers to those before.
func (p *play) turns(s *step, c *peer) *verdict {
	once := *s
	once.Repeat = 1
	for range s.Repeat {
		if v := p.send(&once, c); v != nil {
			return v
		}
		if v := p.answers(&step{}, c); v != nil {
			return v
		}
	}
	return nil
}

func (p *play) finish(s *step, c *peer) *verdict {
	end := c.closeWrite
	if s.Plain {
		end = c.raw.CloseWrite
	}
	if c.number == 0 {
		p.log.add("%s ends its side", c.name)
	}
	c.after(end)
	return nil
}

func (p *play) close(s *step, c *peer) *verdict {
	if c.number == 0 {
		p.log.add("%s closes, %s", c.name, map[bool]string{false: "in order", true: "with a reset"}[s.Do != "close"])
	}
	if s.Do != "abandon" {
		c.finished(p.t.o.patience)
	}
	c.close(s.Do != "close")
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.peers, c.name)
	return nil
}
