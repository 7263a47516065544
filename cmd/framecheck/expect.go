package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// still is how long nothing must come for it to be nothing. It ends a wait; that the
// server had the time to answer, a probe has shown.
const still = 100 * time.Millisecond

// waits is how often the time limit that a connection should end by is waited for, and
// the patience in addition.
const waits = 3

// answers reads all answers that are due.
func (p *play) answers(s *step, c *peer) *verdict {
	n := len(c.due)
	if s.Pause != (num{}) {
		p.late(time.Since(c.since)) // nothing was read meanwhile
	}
	for i := 0; len(c.due) > 0; i++ {
		if i > 0 && s.Pause != (num{}) {
			p.sleep(p.duration(s.Pause))
		}
		got, end := c.read(p.t.o.patience)
		if end != "" {
			p.seen(c, end)
			return failed("%d of %d answers, then %s", i, n, within(end, p.t.o.patience))
		}
		if v := p.compare(c, got); v != nil {
			return v
		}
	}
	p.seen(c, fmt.Sprintf("%d answers, as they must be", n))
	return nil
}

// compare judges an answer, which the first that is due should be.
func (p *play) compare(c *peer, got []byte) *verdict {
	if len(c.due) == 0 {
		c.due, c.maybe = c.maybe, nil
		defer func() { c.due, c.maybe = nil, c.due }()
	}
	if len(c.due) == 0 {
		p.seen(c, quote(got))
		return failed("an answer to nothing: %s", quote(got))
	}
	want := c.due[0]
	if p.t.o.echoes() && !bytes.Equal(got, want) {
		p.seen(c, quote(got))
		if other := p.sender(got, c); other != "" {
			return failed("the answer to %s is %s, which %s has sent", quote(want), quote(got), other)
		}
		return failed("the answer to %s is %s", quote(want), quote(got))
	}
	c.due = c.due[1:]
	return nil
}

// sender returns the name of another connection than c that sends this payload of
// letters, or "". Connections whose messages have the same numbers cannot be told apart.
func (p *play) sender(payload []byte, c *peer) string {
	m := p.t.messages
	text, _, _ := bytes.Cut(bytes.TrimPrefix(payload, []byte(m.before)), []byte("."))
	parsed, err := strconv.ParseUint(string(text), 10, 20)
	number, own := int(parsed), c.number*perConn
	if err != nil || number >= own && number < own+c.sent || !bytes.Equal(payload, m.letters(number, len(payload))) {
		return ""
	}
	name := fmt.Sprintf("%s.%d", strings.TrimSuffix(c.name, fmt.Sprintf(".%d", c.number)), number/perConn)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.peers[name] == nil {
		return ""
	}
	return name
}

func (p *play) seen(c *peer, what string) {
	if c.number == 0 {
		p.log.add("%s sees %s", c.name, what)
	}
}

// within returns end, or what the end of a wait means that had a bound.
func within(end string, bound time.Duration) string {
	if end == silence {
		return fmt.Sprintf("nothing within the bound of %v", bound)
	}
	return end
}

// quiet verifies that nothing comes until the server has answered others, which had
// their turn later, and for a moment after that.
func (p *play) quiet(s *step, c *peer) *verdict {
	for range 2 {
		if c.number == 0 && !s.Alone {
			if v := p.probe(s); v != nil {
				return v
			}
		}
	}
	got, end := c.read(still)
	switch {
	case end == "":
		p.seen(c, quote(got))
		return failed("an answer to no whole message: %s", quote(got))
	case end != silence:
		p.seen(c, end)
		return failed("the connection ends: %s", end)
	case len(c.reader.Unread()) > 0:
		p.seen(c, quote(c.reader.Unread()))
		return failed("bytes of an answer to no whole message: %s", quote(c.reader.Unread()))
	}
	p.seen(c, "nothing")
	return nil
}

// end reads the answers that are due and then the end of the connection.
func (p *play) end(s *step, c *peer) *verdict {
	bound, least := p.t.o.patience, time.Duration(0)
	if s.After != (num{}) {
		least = p.duration(s.After)
		bound += waits * least
	}
	if p.signalled() {
		bound = max(bound, p.t.o.grace)
	}
	n := len(c.due)
	for {
		got, how := c.read(bound)
		if how == "" {
			if len(c.due) == 0 && c.half != nil && len(got) > 0 && bytes.HasPrefix(c.half, got) {
				return failed("the beginning of a message is taken for a message: %s", quote(got))
			}
			if v := p.compare(c, got); v != nil {
				return v
			}
			continue
		}
		p.seen(c, fmt.Sprintf("%d answers, then %s", n-len(c.due), how))
		if how == noAlert && !slices.Contains(p.c.Needs, "tls") {
			how = fin // the cases of TLS judge the difference
		}
		early := time.Since(c.since)
		strict := s.Strict
		if strict == nil {
			strict = []string{fin}
		}
		switch {
		case len(c.due) > 0:
			return failed("%d of %d answers, then %s", n-len(c.due), n, within(how, bound))
		case early < least && how != silence:
			return failed("it ends after %v, before %v have passed", early.Round(time.Millisecond), least)
		case slices.Contains(strict, how):
			return nil
		case slices.Contains(s.Loose, how):
			return loose("all answers, then %s, not %s", within(how, bound), strings.Join(strict, " or "))
		}
		return failed("all answers, then %s, not %s", within(how, bound), strings.Join(strict, " or "))
	}
}

// signalled reports whether the case has sent a signal.
func (p *play) signalled() bool {
	return slices.ContainsFunc(p.c.Steps, func(s step) bool { return s.Do == "signal" })
}

// refused reads the answers that are due. What follows them must not be answered: the
// connection ends, or it is skipped and the next message is answered.
func (p *play) refused(s *step, c *peer) *verdict {
	n := len(c.due)
	for len(c.due) > 0 {
		got, how := c.read(p.t.o.patience)
		if how != "" {
			p.seen(c, fmt.Sprintf("%d answers, then %s", n-len(c.due), how))
			return failed("%d of the %d messages before it are answered, then %s", n-len(c.due), n, within(how, p.t.o.patience))
		}
		if v := p.compare(c, got); v != nil {
			return v
		}
	}
	got, how := c.read(3 * still)
	if how == silence {
		next := &step{Items: []item{{Size: &num{add: 9}}}}
		if v := p.send(next, c); v != nil {
			return v
		}
		got, how = c.read(p.t.o.patience)
		if how == "" && !c.inside && len(c.due) > 0 && (!p.t.o.echoes() || bytes.Equal(got, c.due[0])) {
			c.due = nil
			p.seen(c, "the answer to the next message")
			return nil
		}
	}
	p.seen(c, cmp.Or(how, quote(got)))
	switch how {
	case "":
		return failed("it is answered with %s", quote(got))
	case fin, noAlert:
		return nil
	case rst:
		return loose("the connection ends in RST, not FIN")
	case silence:
		return loose("nothing happens: the connection stays open, and the next message is not answered")
	}
	return failed("the connection ends in %s", how)
}

func (p *play) probe(*step) *verdict {
	if err := p.t.probe(p.ctx); err != nil {
		p.log.add("%v", err)
		return failed("%v", err)
	}
	return nil
}

// dropped waits until the server gives up a connection that is not read, and verifies
// that this is a reset: an end of the stream would say that nothing is missing.
func (p *play) dropped(s *step, c *peer) *verdict {
	least := p.duration(s.After)
	bound := p.t.o.patience + waits*least
	for {
		is, known := peerHasEnded(c.raw)
		if !known {
			return inapplicable("that a connection has ended which is not read is known on Linux only")
		}
		if is {
			break
		}
		if time.Since(c.since) > bound {
			p.seen(c, "that the server keeps it")
			return failed("the connection is kept, though nothing is read, for the bound of %v", bound)
		}
		time.Sleep(still / 10)
	}
	took := time.Since(c.since)
	for {
		got, how := c.read(p.t.o.patience)
		if how == "" {
			if v := p.compare(c, got); v != nil {
				return v
			}
			continue
		}
		p.seen(c, how)
		switch {
		case took < least:
			return failed("it ends after %v, before %v have passed", took.Round(time.Millisecond), least)
		case how == rst:
			return nil
		case how == silence:
			return failed("the connection is kept, though nothing is read: %s", within(how, p.t.o.patience))
		}
		return failed("it ends in %s, not RST", how)
	}
}

// rejected reads the end of a connection whose bytes no server of the framing should
// take. What comes before it may be anything but an answer.
func (p *play) rejected(_ *step, c *peer) *verdict {
	if err := c.conn.SetReadDeadline(time.Now().Add(p.t.o.patience)); err != nil {
		return failed("%v", err)
	}
	var all []byte
	b := make([]byte, 4096)
	for {
		n, err := c.conn.Read(b)
		all = append(all, b[:n]...)
		for _, due := range c.due {
			if bytes.Contains(all, due) {
				p.seen(c, quote(all))
				return failed("it is answered with %s", quote(all))
			}
		}
		switch {
		case err == nil && len(all) < 1<<20:
			continue
		case err == nil:
			return failed("%d bytes, and no end", len(all))
		}
		how := c.endOf(err, p.t.o.patience)
		p.seen(c, fmt.Sprintf("%d bytes, then %s", len(all), how))
		if how == silence {
			return loose("the connection stays open: %s", within(how, p.t.o.patience))
		}
		return nil
	}
}
