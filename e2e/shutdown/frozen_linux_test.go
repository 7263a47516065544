package shutdown

import (
	"flag"
	"net"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

var frozenFlag = flag.Int("shutdown.frozen", 40, "run this many `rounds` on a process that is stopped when its signal comes")

// frozen is a process that is stopped when it gets its signal. What its kernel
// has acknowledged when it continues was received before, without asking it.
type frozen struct{ *process }

func (f frozen) addr() net.Addr { return f.at }

func (f frozen) handled(int) ([]Frame, bool) { return nil, false }

func (f frozen) shutdown(clients []*client) error {
	if err := f.freeze(); err != nil {
		f.kill()
		return err
	}
	for _, c := range clients {
		if c.number%2 == 0 {
			close(c.finish)
		}
	}
	settle(clients)
	sample(clients)
	f.cmd.Process.Signal(syscall.SIGTERM)
	f.cmd.Process.Signal(syscall.SIGCONT)
	return f.end()
}

// settle waits until no more of what the clients send is acknowledged.
func settle(clients []*client) {
	for before, same := int64(-1), 0; same < 3; time.Sleep(2 * time.Millisecond) {
		sum := int64(0)
		for _, c := range clients {
			c.mu.Lock()
			sum += c.arrived()
			c.mu.Unlock()
		}
		if same++; sum != before {
			before, same = sum, 0
		}
	}
}

// C1, C2 and C4: what was received is known exactly, for the process is stopped
// while its clients send, until their kernels have everything acknowledged, or
// the queues are full.
func TestC1Frozen(t *testing.T) {
	command := buildEcho(t)
	var whole, connected atomic.Int64
	rounds(t, *frozenFlag, atATime, local, func(p *plan) ([]*client, []Finding) {
		var args []string
		if p.maxConns > 0 {
			args = []string{"-max-conns", strconv.Itoa(p.maxConns)}
		}
		process, err := command.start(p.network, p.framing, args...)
		if err != nil {
			t.Error(err)
			return nil, nil
		}
		clients, found := p.run(frozen{process}, net.Dial)
		for _, c := range clients {
			if c.whole {
				whole.Add(1)
			}
			if c.history.Connected {
				connected.Add(1)
			}
		}
		return clients, found
	})
	t.Logf("of %d clients that were connected %d had every message that they had sent acknowledged", connected.Load(), whole.Load())
	if whole.Load() == 0 {
		t.Error("no client had every message acknowledged")
	}
}
