package main

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	loadConns = 16
	loadBatch = 20  // messages of each write
	loadLeast = 600 // messages of each connection before the signal
	loadMost  = 200_000
)

// load sends the signal while clients send and read without a pause, and verifies for
// each that every message which its kernel knew to have arrived is answered. It is a
// program and no script, for the answers depend on the moment.
func (p *play) load(s *step) *verdict {
	size := p.t.messages.allowed(64)
	if _, v := p.t.messages.frame(p.t.messages.payload(0, size)); v != nil {
		return v
	}
	var stop, stopped atomic.Bool
	var ready, done sync.WaitGroup
	found := make([]*verdict, loadConns)       // by those that read
	arrived := make([]atomic.Int64, loadConns) // messages, at the signal
	var moment sync.RWMutex                    // held for reading while a message is written and counted
	sent := make([]atomic.Int64, loadConns)
	peers := make([]*peer, loadConns)
	for i := range peers {
		c, err := p.t.dial(p.ctx, fmt.Sprintf("load.%d", i), p.log, s)
		if err != nil {
			return failed("cannot connect: %v", err)
		}
		defer c.close(false)
		c.number = i
		peers[i] = c
	}
	for i, c := range peers {
		ready.Add(1)
		begun := sync.OnceFunc(ready.Done)
		done.Go(func() {
			defer begun()
			for n := 0; n < loadMost; n += loadBatch {
				if n == loadLeast {
					begun()
				}
				var wire []byte
				for k := range loadBatch {
					frame, _ := p.t.messages.frame(p.t.messages.payload(n+k, size)) // the framing carries it, as it does the first
					wire = append(wire, frame...)
				}
				moment.RLock()
				if stop.Load() || stopped.Load() && i%2 == 0 {
					moment.RUnlock()
					return
				}
				err := c.write(wire, p.t.o.patience)
				if err == nil {
					sent[i].Add(loadBatch)
				}
				moment.RUnlock()
				if err != nil {
					return
				}
				time.Sleep(time.Millisecond) // others have their turn
			}
		})
		done.Go(func() {
			for n := 0; ; n++ {
				c.due = [][]byte{p.t.messages.payload(n, size)}
				got, how := c.read(p.t.o.grace)
				if how == "" {
					if found[i] = p.compare(c, got); found[i] != nil {
						return
					}
					continue
				}
				switch was := int(arrived[i].Load()); {
				case !stopped.Load():
					found[i] = failed("%d answers, then %s, before the signal", n, within(how, p.t.o.grace))
				case n < was:
					found[i] = failed("%d of %d messages that had arrived are answered, then %s", n, was, within(how, p.t.o.grace))
				case how == torn || how == noFrame:
					found[i] = failed("the end is %s", how)
				case how == rst && i%2 == 0:
					found[i] = loose("all answers, then RST, not FIN, though it sends no more after the signal")
				case how == silence:
					found[i] = loose("all answers, then %s", within(how, p.t.o.grace))
				case how != fin && how != rst:
					found[i] = failed("the end is %s", within(how, p.t.o.grace))
				}
				return
			}
		})
	}
	ready.Wait()
	moment.Lock()
	total := 0
	for i, c := range peers {
		// With an empty send queue all that was written has arrived.
		for began := time.Now(); unacknowledged(c.raw) > 0 && time.Since(began) < p.t.o.patience; {
			time.Sleep(50 * time.Microsecond)
		}
		if unacknowledged(c.raw) == 0 {
			arrived[i].Store(sent[i].Load())
			total += int(sent[i].Load())
		}
	}
	stopped.Store(true)
	v := p.asked("SIG"+s.Signal, p.t.signal(s.Signal))
	moment.Unlock()
	p.log.add("%d clients: %d messages had arrived at the signal", loadConns, total)
	time.AfterFunc(still, func() { stop.Store(true) })
	done.Wait()
	stop.Store(true)
	for _, f := range found {
		if f != nil && (v == nil || f.Level.rank() > v.Level.rank()) {
			v = f
		}
	}
	return v
}

const (
	arriveBefore = 150 * time.Millisecond
	arriveAfter  = 700 * time.Millisecond
	arriveEvery  = 3 * time.Millisecond
)

// arrive sends the signal while new clients connect, each of which sends a message at
// once, and verifies that each is answered or refused. It is a program and no script,
// for when a client arrives is a matter of the moment.
func (p *play) arrive(s *step) *verdict {
	var all sync.WaitGroup
	var mu sync.Mutex
	counts := map[string]int{}
	count := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		counts[what]++
	}
	client := func(n int) {
		// The connection is refused, or the server has it.
		c, err := p.t.dial(p.ctx, "new", p.log, s)
		switch {
		case errors.Is(err, syscall.ECONNREFUSED):
			count("refused")
			return
		case err != nil:
			count(err.Error())
			return
		}
		defer c.close(false)
		payload := p.t.messages.payload(n, p.t.messages.allowed(20))
		wire, v := p.t.messages.frame(payload)
		if v != nil {
			return
		}
		_ = c.write(wire, p.t.o.patience) // the answer tells
		c.due = [][]byte{payload}
		got, how := c.read(p.t.o.grace)
		if how == "" {
			if v := p.compare(c, got); v != nil {
				how = "a wrong answer"
			}
		}
		switch how {
		case "":
			count("answered")
		default:
			count(how)
		}
	}
	began := time.Now()
	var v *verdict
	signalled := false
	for n := 0; time.Since(began) < arriveBefore+arriveAfter && p.ctx.Err() == nil; n++ {
		if !signalled && time.Since(began) > arriveBefore {
			signalled = true
			v = p.asked("SIG"+s.Signal, p.t.signal(s.Signal))
		}
		all.Go(func() { client(n) })
		time.Sleep(arriveEvery)
	}
	all.Wait()
	p.log.add("new clients: %v", counts)
	if v != nil {
		return v
	}
	clients := 0
	for _, n := range counts {
		clients += n
	}
	if wrong := clients - counts["answered"] - counts["refused"]; wrong > 0 {
		return failed("%d of %d new clients are neither answered nor refused: %v", wrong, clients, counts)
	}
	return nil
}
