package main

import (
	"fmt"
	"time"
)

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

// stalled waits until all that was sent is written, or no more of it for a second.
func (p *play) stalled(_ *step, c *peer) *verdict {
	for last, same := int64(-1), 0; same < 10; {
		if c.finished(still) {
			return nil
		}
		n := c.written.Load() - int64(unacknowledged(c.raw))
		if same++; n != last {
			last, same = n, 0
		}
	}
	return nil
}

func (p *play) pause(s *step) *verdict {
	began := time.Now()
	defer func() { p.late(time.Since(began) - p.duration(s.Pause)) }()
	select {
	case <-time.After(p.duration(s.Pause)):
	case <-p.ctx.Done():
	}
	return nil
}

// freeze stops the server until a thaw, or the end of the case if that comes first.
func (p *play) freeze(*step) *verdict {
	p.frozen = true
	return p.asked("frozen", p.t.freeze())
}

func (p *play) thaw(*step) *verdict {
	p.frozen = false
	return p.asked("continues", p.t.thaw())
}

// asked notes what was done to the server's processes.
func (p *play) asked(what string, err error) *verdict {
	p.log.add("server: %s", what)
	return unwatched(err)
}

// unwatched returns the verdict if the server cannot be watched, which is not its fault:
// that it has ended shows when it is asked for an answer.
func unwatched(err error) *verdict {
	if err == nil {
		return nil
	}
	return inapplicable("the server cannot be watched: %v", err)
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

// exit waits until the command has ended; an exit code other than 0 is not strict.
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
	return failed("the server has ended, and processes that it started run on")
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
	p.memoryAtMark, p.descriptorsAtMark, err = p.t.usage()
	return unwatched(err)
}

// memory judges by how much the server has grown since the mark.
func (p *play) memory(s *step) *verdict {
	now, _, err := p.t.usage()
	if err != nil {
		return unwatched(err)
	}
	grown := (now - p.memoryAtMark) >> 20
	p.log.add("server: its memory has grown by %d MiB", grown)
	if p.c.Info {
		return &verdict{info, fmt.Sprintf("the server's memory has grown by %d MiB", grown)}
	}
	if grown > s.Most {
		return failed("the server's memory has grown by %d MiB, more than %d", grown, s.Most)
	}
	return nil
}

// descriptors waits until the server has at most a few descriptors more than at the mark.
func (p *play) descriptors(s *step) *verdict {
	now := 0
	for began := time.Now(); time.Since(began) < p.t.o.patience; time.Sleep(10 * time.Millisecond) {
		var err error
		if _, now, err = p.t.usage(); err != nil {
			return unwatched(err)
		}
		if now <= p.descriptorsAtMark+s.Most {
			p.log.add("server: %d descriptors, %d before", now, p.descriptorsAtMark)
			return nil
		}
	}
	p.log.add("server: %d descriptors, %d before", now, p.descriptorsAtMark)
	return failed("the server keeps %d descriptors of closed connections", now-p.descriptorsAtMark)
}

// keptFor is how long a server must keep connections whose answers are not acknowledged:
// long enough to tell it from one that closes them soon, and less than a usual time limit.
const keptFor = time.Second

// kept verifies that the server still has the descriptors of connections whose answers
// are not acknowledged, once it has accepted them all. Without them, the remainder is
// the kernel's, and does not count.
func (p *play) kept(s *step) *verdict {
	all := false
	for began := time.Now(); ; time.Sleep(still / 2) {
		_, now, err := p.t.usage()
		if err != nil {
			return unwatched(err)
		}
		took := time.Since(began)
		switch held := max(0, now-p.descriptorsAtMark); {
		case held >= s.Most && !all:
			all, began = true, time.Now()
		case held >= s.Most && took > keptFor:
			p.log.add("server: %d descriptors, %d before, for %v", now, p.descriptorsAtMark, keptFor)
			return nil
		case held < s.Most && (all || took > keptFor):
			p.log.add("server: %d descriptors, %d before", now, p.descriptorsAtMark)
			return loose("the server has closed connections whose answers are not acknowledged: after %v it has %d descriptors of %d",
				took.Round(time.Millisecond), held, s.Most)
		}
	}
}
