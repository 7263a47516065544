package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// still is how long nothing must come for it to be nothing. It ends a wait; that the
// server had the time to answer, a probe has shown.
const still = 100 * time.Millisecond

// operations are what a step can do. Those with each are done on each connection of
// the step, at the same time; the others once.
var operations map[string]*operation

type operation struct {
	each  func(*play, *step, *peer) *verdict
	once  func(*play, *step) *verdict
	needs []string // what a step of this kind needs
}

func init() {
	operations = map[string]*operation{
		"connect":     {each: func(*play, *step, *peer) *verdict { return nil }},
		"send":        {each: (*play).send},
		"turns":       {each: (*play).turns, needs: []string{"answers"}},
		"finish":      {each: (*play).finish},
		"close":       {each: (*play).close},
		"reset":       {each: (*play).close},
		"abandon":     {each: (*play).close},
		"settle":      {each: (*play).settle, needs: []string{"process"}},
		"stalled":     {each: (*play).stalled},
		"answers":     {each: (*play).answers, needs: []string{"answers"}},
		"dropped":     {each: (*play).dropped},
		"rejected":    {each: (*play).rejected},
		"quiet":       {each: (*play).quiet},
		"end":         {each: (*play).end},
		"refused":     {each: (*play).refused},
		"probe":       {once: (*play).probe},
		"pause":       {once: (*play).pause},
		"freeze":      {once: func(p *play, _ *step) *verdict { return p.asked("frozen", p.t.freeze()) }, needs: []string{"process"}},
		"thaw":        {once: func(p *play, _ *step) *verdict { return p.asked("continues", p.t.thaw()) }, needs: []string{"process"}},
		"signal":      {once: func(p *play, s *step) *verdict { return p.asked("SIG"+s.Signal, p.t.signal(s.Signal)) }, needs: []string{"process"}},
		"files":       {once: func(p *play, s *step) *verdict { return p.asked("few descriptors", p.t.limitFiles(p.marks+s.Most)) }, needs: []string{"process"}},
		"exit":        {once: (*play).exit, needs: []string{"process"}},
		"ended":       {once: (*play).ended, needs: []string{"process"}},
		"gone":        {once: (*play).gone, needs: []string{"process"}},
		"load":        {once: (*play).load, needs: []string{"process", "answers"}},
		"arrive":      {once: (*play).arrive, needs: []string{"process", "answers"}},
		"kept":        {once: (*play).kept, needs: []string{"process"}},
		"client":      {once: (*play).client, needs: []string{"client"}},
		"restart":     {once: (*play).restart, needs: []string{"process"}},
		"mark":        {once: (*play).mark, needs: []string{"process"}},
		"memory":      {once: (*play).memory, needs: []string{"process"}},
		"descriptors": {once: (*play).descriptors, needs: []string{"process"}},
	}
}

// A play is one run through the steps of a case.
type play struct {
	ctx    context.Context
	t      *target
	c      *testCase
	values map[string]int // of the names of numbers
	bad    octets         // the malformed bytes of the sweep
	log    *transcript

	mu    sync.Mutex
	peers map[string]*peer

	marked, marks int // memory and descriptors at the last mark
}

// judge plays a case, for each value of its sweep if it has one, and returns the worst
// verdict and what was sent and seen then.
func (t *target) judge(ctx context.Context, c *testCase) (*verdict, *transcript) {
	if v := t.lacks(c); v != nil {
		return v, new(transcript)
	}
	if !t.o.servesItself() {
		if err := t.ready(ctx); err != nil {
			return failed("before the case: %v", err), new(transcript)
		}
	}
	sweep, v := t.sweep(c)
	if v != nil {
		return v, new(transcript)
	}
	worst, log := &verdict{Level: leftOut}, new(transcript)
	for i, n := range sweep {
		p := &play{ctx: ctx, t: t, c: c, values: t.o.values(), log: new(transcript), peers: map[string]*peer{}}
		p.values["n"] = n
		if c.For != nil && c.For.Over == "malformed" {
			p.bad = c.group.Malformed[n]
		}
		v := p.run()
		if v.Level != pass && v.Reason != "" && c.For != nil && c.For.Over != "malformed" {
			v.Reason = fmt.Sprintf("n=%d: %s", n, v.Reason)
		}
		if i == 0 || v.Level.rank() > worst.Level.rank() {
			worst, log = v, p.log
		}
		if worst.Level == fail || ctx.Err() != nil {
			break
		}
	}
	switch {
	case t.o.servesItself():
	case c.stops():
		t.kill()
	default:
		if err := t.probe(ctx); err != nil {
			if worst.Level != fail {
				worst = failed("afterwards %v", err)
			}
			t.kill()
		}
	}
	return worst, log
}

// lacks returns why a case does not apply, or nil.
func (t *target) lacks(c *testCase) *verdict {
	all := c.Needs
	for _, s := range c.Steps {
		all = append(all[:len(all):len(all)], operations[s.Do].needs...)
	}
	has := map[string]bool{
		"echo":          t.o.echoes(),
		"answers":       t.o.answers(),
		"sizes":         t.messages.anySize(),
		"limit":         t.o.maxPayload > 0,
		"frame-timeout": t.o.frameTimeout > 0,
		"idle-timeout":  t.o.idleTimeout > 0,
		"write-timeout": t.o.writeTimeout > 0,
		"max-conns":     t.o.maxConns > 0,
		"process":       t.o.command != nil && watches,
		"tls":           t.o.tls,
		"plain":         !t.o.tls,
		"header":        t.messages.announces(),
		"no-header":     !t.messages.announces(),
		"client":        t.o.mode == "client",
		"slow":          t.o.frameTimeout == 0 || t.o.frameTimeout >= 4*time.Second,
		"malformed":     slices.ContainsFunc(c.group.Malformed, func(o octets) bool { return t.messages.refuses(o) }),
		"fill":          t.messages.fill != nil,
	}
	for _, n := range all {
		if !has[n] {
			return inapplicable("it needs %s", needs[n])
		}
	}
	return nil
}

// sweep returns the values of n.
func (t *target) sweep(c *testCase) (values []int, v *verdict) {
	if c.For == nil {
		return []int{0}, nil
	}
	if c.For.Over == "" {
		return c.For.Values, nil
	}
	if c.For.Over == "malformed" {
		for i, bad := range c.group.Malformed {
			if t.messages.refuses(bad) {
				values = append(values, i)
			}
		}
		return values, nil
	}
	first := c.Steps[slices.IndexFunc(c.Steps, func(s step) bool { return s.Do == "send" })]
	p := &play{t: t, c: c, values: t.o.values()}
	p.values["n"] = 1 << 30 // all of the frame
	out, v := p.build(&first, &peer{})
	if v != nil {
		return nil, v
	}
	wire := len(out.wire)
	if c.For.Over == "frame" {
		wire = out.last
	}
	for n := 1; n < wire; n++ {
		values = append(values, n)
	}
	if len(values) == 0 {
		return nil, inapplicable("the frame has one byte")
	}
	return values, nil
}

// run plays the steps.
func (p *play) run() *verdict {
	stop := context.AfterFunc(p.ctx, func() { p.closeAll() })
	defer stop()
	defer p.closeAll()
	worst := &verdict{Level: pass}
	if p.c.Info {
		worst = &verdict{Level: info}
	}
	for i := range p.c.Steps {
		if p.ctx.Err() != nil {
			return inapplicable("interrupted")
		}
		s := &p.c.Steps[i]
		v := p.step(s)
		switch {
		case v == nil:
			continue
		case v.Level == leftOut:
			return v
		case v.Level == fail && p.c.Info:
			v.Level = info
		case v.Level == fail && s.Level != "":
			v.Level = level(s.Level)
		}
		if v.Level.rank() >= worst.Level.rank() {
			worst = v
		}
		if worst.Level == fail {
			break
		}
	}
	return worst
}

// step does a step on each of its connections, and returns the worst that is found.
func (p *play) step(s *step) *verdict {
	op := operations[s.Do]
	if op.once != nil {
		return op.once(p, s)
	}
	name := cmp.Or(s.On, "a")
	n := s.Conns.in(p.values)
	if n == 0 {
		return p.on(op, s, name, 0)
	}
	found := make([]*verdict, n)
	var all sync.WaitGroup
	free := make(chan struct{}, 64) // a listen queue may be short
	for i := range n {
		all.Go(func() {
			if s.Do == "connect" {
				free <- struct{}{}
				defer func() { <-free }()
			}
			found[i] = p.on(op, s, fmt.Sprintf("%s.%d", name, i), i)
		})
	}
	all.Wait()
	var worst *verdict
	wrong := 0
	for _, v := range found {
		if v != nil {
			wrong++
			if worst == nil || v.Level.rank() > worst.Level.rank() {
				worst = v
			}
		}
	}
	if worst != nil && worst.Level != leftOut {
		worst.Reason = fmt.Sprintf("%d of %d connections: %s", wrong, n, worst.Reason)
	}
	return worst
}

// on does a step on one connection, which is made if it is new.
func (p *play) on(op *operation, s *step, name string, number int) *verdict {
	p.mu.Lock()
	c := p.peers[name]
	p.mu.Unlock()
	if c == nil {
		var err error
		if c, err = p.t.dial(p.ctx, name, p.log, s); err != nil {
			return failed("cannot connect: %v", err)
		}
		c.number = number
		if number == 0 {
			p.log.add("%s connects", name)
		}
		p.mu.Lock()
		p.peers[name] = c
		p.mu.Unlock()
	}
	if s.Do != "end" && s.Do != "dropped" {
		c.since = time.Now()
	}
	return op.each(p, s, c)
}

func (p *play) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.peers {
		c.close(false)
	}
}

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
		return m.payload(c.number*1000+c.sent, m.allowed(size)), false, nil
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
	b = m.payload(c.number*1000+c.sent, size)
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
	out, v := p.build(s, c)
	if v != nil {
		return v
	}
	if !p.t.o.answers() {
		c.due, c.maybe = nil, nil
	}
	p.log.sends(c, out.payloads, out.wire, out.bare, s.Pieces)
	pieces := p.cut(s, out)
	pause := max(p.duration(s.Pause), 300*time.Microsecond)
	c.after(func() error {
		for i, piece := range pieces {
			if i > 0 {
				time.Sleep(pause)
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

// duration returns a number of milliseconds.
func (p *play) duration(v num) time.Duration { return time.Duration(v.in(p.values)) * time.Millisecond }

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

// settle waits until the server's kernel has acknowledged all that was sent.
func (p *play) settle(_ *step, c *peer) *verdict {
	for began := time.Now(); time.Since(began) < p.t.o.patience; time.Sleep(time.Millisecond) {
		if c.finished(0) && unacknowledged(c.raw) == 0 {
			if c.number == 0 {
				p.log.add("%s: all of it is acknowledged", c.name)
			}
			return nil
		}
	}
	return inapplicable("the server's kernel does not take what is sent")
}

// stalled waits until nothing more of what was sent can be written.
func (p *play) stalled(_ *step, c *peer) *verdict {
	for last, same := int64(-1), 0; same < 10; {
		if c.finished(50 * time.Millisecond) {
			return nil
		}
		n := c.written.Load() - int64(unacknowledged(c.raw))
		if same++; n != last {
			last, same = n, 0
		}
	}
	return nil
}

// answers reads all answers that are due.
func (p *play) answers(s *step, c *peer) *verdict {
	n := len(c.due)
	for i := 0; len(c.due) > 0; i++ {
		if i > 0 {
			time.Sleep(p.duration(s.Pause))
		}
		got, end := c.read(p.t.o.patience)
		if end != "" {
			p.seen(c, end)
			return failed("%d of %d answers, then %s", i, n, p.within(end))
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
		return failed("the answer to %s is %s", quote(want), quote(got))
	}
	c.due = c.due[1:]
	return nil
}

func (p *play) seen(c *peer, what string) {
	if c.number == 0 {
		p.log.add("%s sees %s", c.name, what)
	}
}

// within returns end, or what the end of a wait means.
func (p *play) within(end string) string {
	if end == silence {
		return fmt.Sprintf("nothing within the bound of %v", p.t.o.patience)
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
		bound += 3 * least
	}
	if p.signalled() {
		bound = max(bound, p.t.o.grace)
	}
	n := len(c.due)
	for {
		got, how := c.read(bound)
		if how == "" {
			if len(c.due) == 0 && c.half != nil && bytes.HasPrefix(c.half, got) {
				return loose("the beginning of a message is taken for a message at the end of the stream: %s", quote(got))
			}
			if v := p.compare(c, got); v != nil {
				return v
			}
			continue
		}
		p.seen(c, fmt.Sprintf("%d answers, then %s", n-len(c.due), how))
		if how == noAlert && !slices.Contains(s.Loose, noAlert) {
			how = fin // group TLS judges the difference
		}
		early := time.Since(c.since)
		strict := s.Strict
		if strict == nil {
			strict = []string{fin}
		}
		switch {
		case len(c.due) > 0:
			return failed("%d of %d answers, then %s", n-len(c.due), n, p.within(how))
		case early < least && how != silence:
			return failed("it ends after %v, before %v have passed", early.Round(time.Millisecond), least)
		case slices.Contains(strict, how):
			return nil
		case slices.Contains(s.Loose, how):
			return loose("all answers, then %s, not %s", p.within(how), strings.Join(strict, " or "))
		}
		return failed("all answers, then %s, not %s", p.within(how), strings.Join(strict, " or "))
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
			return failed("%d of the %d messages before it are answered, then %s", n-len(c.due), n, p.within(how))
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

func (p *play) pause(s *step) *verdict {
	select {
	case <-time.After(p.duration(s.Pause)):
	case <-p.ctx.Done():
	}
	return nil
}

// asked notes what was done to the server's processes.
func (p *play) asked(what string, err error) *verdict {
	p.log.add("server: %s", what)
	if err != nil {
		return failed("%s: %v", what, err)
	}
	return nil
}

// ended waits until the command has ended.
func (p *play) ended(*step) *verdict {
	select {
	case <-p.t.ended:
	case <-p.ctx.Done():
		return inapplicable("interrupted")
	case <-time.After(p.t.o.grace):
		p.log.add("server: runs on")
		return failed("the server has not ended within the bound of %v", p.t.o.grace)
	}
	p.log.add("server: %v", p.t.command.ProcessState)
	return nil
}

// exit does so too; an exit code other than 0 is not strict.
func (p *play) exit(s *step) *verdict {
	if v := p.ended(s); v != nil {
		return v
	}
	if state := p.t.command.ProcessState; !state.Success() {
		return loose("the server ends with %v, not with exit code 0", state)
	}
	return nil
}

// gone verifies that the command has left no process.
func (p *play) gone(*step) *verdict {
	for began := time.Now(); time.Since(began) < p.t.o.patience; time.Sleep(10 * time.Millisecond) {
		if p.t.alone() {
			return nil
		}
	}
	p.log.add("server: processes are left")
	return loose("the server has ended, and processes that it started run on")
}

func (p *play) restart(s *step) *verdict {
	addr := ""
	if s.Same {
		addr = p.t.addr
	}
	p.log.add("server: started")
	if err := p.t.start(p.ctx, addr, s.Log == "unread"); err != nil {
		return failed("%v", err)
	}
	return nil
}

// mark notes what memory and descriptors the server has.
func (p *play) mark(*step) *verdict {
	var err error
	p.marked, p.marks, err = p.t.usage()
	if err != nil {
		return failed("%v", err)
	}
	return nil
}

// memory judges by how much the server has grown since the mark.
func (p *play) memory(s *step) *verdict {
	now, _, err := p.t.usage()
	if err != nil {
		return failed("%v", err)
	}
	grown := (now - p.marked) >> 20
	p.log.add("server: its memory has grown by %d MiB", grown)
	if p.c.Info {
		return &verdict{info, fmt.Sprintf("the server's memory has grown by %d MiB", grown)}
	}
	if grown > s.Most {
		return failed("the server's memory has grown by %d MiB, more than %d", grown, s.Most)
	}
	return nil
}

// descriptors waits until the server has as few descriptors as at the mark, and some.
func (p *play) descriptors(s *step) *verdict {
	now := 0
	for began := time.Now(); time.Since(began) < p.t.o.patience; time.Sleep(10 * time.Millisecond) {
		var err error
		if _, now, err = p.t.usage(); err != nil {
			return failed("%v", err)
		}
		if now <= p.marks+s.Most {
			p.log.add("server: %d descriptors, %d before", now, p.marks)
			return nil
		}
	}
	p.log.add("server: %d descriptors, %d before", now, p.marks)
	return failed("the server keeps %d descriptors of closed connections", now-p.marks)
}

// kept verifies that the server still has the descriptors of connections whose answers
// are not acknowledged. Without them, what is left is the kernel's, and counts for
// nobody.
func (p *play) kept(s *step) *verdict {
	time.Sleep(3 * still)
	_, now, err := p.t.usage()
	if err != nil {
		return failed("%v", err)
	}
	p.log.add("server: %d descriptors, %d before", now, p.marks)
	if now < p.marks+s.Most {
		return loose("the server has closed connections whose answers are not acknowledged: %d descriptors are left of %d", max(0, now-p.marks), s.Most)
	}
	return nil
}

// dropped waits until the server gives up a connection that is not read, and verifies
// that this is a reset: an end of the stream would say that nothing is missing.
func (p *play) dropped(s *step, c *peer) *verdict {
	least := p.duration(s.After)
	bound := p.t.o.patience + 3*least
	if !c.finished(bound) {
		p.seen(c, "that the server keeps it")
		return failed("the connection is kept, though nothing is read, for the bound of %v", bound)
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
			return failed("the connection is kept, though nothing is read: %s", p.within(how))
		}
		return loose("it ends in %s, not RST", how)
	}
}

// rejected reads the end of a connection whose bytes no server of the framing should
// take. What comes before it may be anything but an answer.
func (p *play) rejected(_ *step, c *peer) *verdict {
	var all []byte
	b := make([]byte, 4096)
	for {
		if err := c.conn.SetReadDeadline(time.Now().Add(p.t.o.patience)); err != nil {
			return failed("%v", err)
		}
		n, err := c.conn.Read(b)
		all = append(all, b[:n]...)
		for _, due := range c.due {
			if bytes.Contains(all, due) {
				p.seen(c, quote(all))
				return failed("it is answered with %s", quote(all))
			}
		}
		if err == nil && len(all) < 1<<20 {
			continue
		}
		how := c.endOf(err, p.t.o.patience)
		p.seen(c, fmt.Sprintf("%d bytes, then %s", len(all), how))
		if how == silence {
			return loose("the connection stays open: %s", p.within(how))
		}
		return nil
	}
}
