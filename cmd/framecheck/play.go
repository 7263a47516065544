package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

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
		"freeze":      {once: (*play).freeze, needs: []string{"process"}},
		"thaw":        {once: (*play).thaw, needs: []string{"process"}},
		"signal":      {once: func(p *play, s *step) *verdict { return p.asked("SIG"+s.Signal, p.t.signal(s.Signal)) }, needs: []string{"process"}},
		"files":       {once: func(p *play, s *step) *verdict { return p.asked("few descriptors", p.t.limitFiles(s.Most)) }, needs: []string{"process"}},
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
	dials chan struct{} // has an element for each connection that is being made

	memoryAtMark, descriptorsAtMark int

	frozen bool // the server is, until it is thawed

	busy atomic.Bool // this machine did not keep the times of the case
}

// mostDials is how many connections are made at a time: a listen queue may be short.
const mostDials = 64

// newPlay returns a run through the steps of c, with n as the value of its sweep.
func (t *target) newPlay(ctx context.Context, c *testCase, n int) *play {
	p := &play{ctx: ctx, t: t, c: c, values: t.o.values(), log: new(transcript), peers: map[string]*peer{}, dials: make(chan struct{}, mostDials)}
	p.values["n"] = n
	return p
}

// judge plays a case, for each value of its sweep if it has one, and returns the worst
// verdict and what was sent and seen then. The error is that of a server which does not
// answer before the case: the case is not judged.
func (t *target) judge(ctx context.Context, c *testCase) (worst *verdict, log *transcript, err error) {
	if v := t.lacks(c); v != nil {
		return v, new(transcript), nil
	}
	if !t.o.servesItself() {
		if err := t.ready(ctx); err != nil {
			return nil, nil, fmt.Errorf("before case %s: %w", c.Number, err)
		}
	}
	sweep, v := t.sweep(c)
	if v != nil {
		return v, new(transcript), nil
	}
	worst, log = &verdict{Level: leftOut}, new(transcript)
	for i, n := range sweep {
		p := t.newPlay(ctx, c, n)
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
	if t.output != nil && (worst.Level == fail || worst.Level == notStrict) {
		if text := t.output.String(); text != "" {
			log.add("the server says: %s", text)
		}
	}
	return worst, log, nil
}

// lacks returns why a case does not apply, or nil.
func (t *target) lacks(c *testCase) *verdict {
	all := c.Needs
	for _, s := range c.Steps {
		all = append(all[:len(all):len(all)], operations[s.Do].needs...)
	}
	has := map[string]bool{
		"echo":          t.o.echoes(),
		"answers":       t.o.expectsAnswers(),
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
func (p *play) run() (v *verdict) {
	stop := context.AfterFunc(p.ctx, func() { p.closeAll() })
	defer stop()
	defer p.closeAll()
	defer func() {
		if p.frozen && p.t.command != nil {
			_ = p.t.thaw() // if it is gone, the next probe tells
		}
	}()
	defer func() {
		if p.busy.Load() && (v.Level == fail || v.Level == notStrict) {
			v = inapplicable("this machine was too busy to keep the times of the case; then: %s", v.Reason)
		}
	}()
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
			if v.Level = level(s.Level); v.Level == leftOut {
				return v
			}
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

// leastGrace is how long a server is expected to wait for its clients after a signal.
const leastGrace = time.Second

// late notes that something took longer than it should have, if that is so long that a
// time limit of the server, which the case is about, may have passed.
func (p *play) late(by time.Duration) {
	if p.signalled() && by > leastGrace/4 {
		p.busy.Store(true)
	}
	for need, limit := range map[string]time.Duration{"frame-timeout": p.t.o.frameTimeout, "idle-timeout": p.t.o.idleTimeout, "write-timeout": p.t.o.writeTimeout} {
		if slices.Contains(p.c.Needs, need) && by > limit/4 {
			p.busy.Store(true)
		}
	}
}

// sleep sleeps, and notes if that took much longer.
func (p *play) sleep(d time.Duration) {
	began := time.Now()
	time.Sleep(d)
	p.late(time.Since(began) - d)
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
	for i := range n {
		all.Go(func() {
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
		p.dials <- struct{}{}
		c, err = p.t.dial(p.ctx, name, p.log, s)
		<-p.dials
		if err != nil {
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
	return op.each(p, s, c)
}

func (p *play) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.peers {
		c.close(false)
	}
}

// duration returns a number of milliseconds.
func (p *play) duration(v num) time.Duration { return time.Duration(v.in(p.values)) * time.Millisecond }
