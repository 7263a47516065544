package shutdown

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/server"
)

var (
	laterFlag = flag.Int("shutdown.later", 40, "run this many `rounds` on a server that answers later, in any order")
	pushFlag  = flag.Int("shutdown.push", 40, "run this many `rounds` on a server that greets and pushes")
)

// C20: answers that are promised, and overtake others, are answers: C1 to C4 hold
// for them. Every fourth message is answered at once.
func TestC20Rounds(t *testing.T) {
	var overtakes atomic.Int64
	rounds(t, *laterFlag, atATime, local, func(p *plan) ([]*client, []Finding) {
		p.withHeaders()
		p.unordered = true
		p.adapt = func(s *server.Server) { s.MaxPending = [...]int{1, 10, 0, -1}[p.seed%4] }
		p.answer = func(c *server.Conn, message []byte) error {
			_, number, _ := parseHeader(message)
			if number%4 == 0 {
				return c.Reply(message)
			}
			return c.Go(message, func(message []byte) error {
				if number%16 == 1 {
					time.Sleep(rand.N(3 * time.Millisecond))
				}
				return c.WriteFrame(message)
			})
		}
		var mu sync.Mutex
		last := make(map[int]int) // number of each client's last answer
		p.aside = func(client int, payload []byte) bool {
			_, number, _ := parseHeader(payload)
			mu.Lock()
			defer mu.Unlock()
			if number < last[client] {
				overtakes.Add(1)
			}
			last[client] = number
			return false
		}
		return p.run(serveHere(t, p, p.listen(t), net.Dial), net.Dial)
	})
	t.Logf("%d answers were overtaken", overtakes.Load())
	if overtakes.Load() == 0 && *laterFlag >= atATime {
		t.Error("no answer was overtaken")
	}
}

// Frames that are not answers have one of these in the place of the client's number.
const (
	ofGreeting = 0xfffe
	ofPush     = 0xffff
)

// extra returns a frame that is not an answer.
func (p *plan) extra(of, number int) []byte {
	return p.payload(nil, rand.New(rand.NewPCG(p.seed, uint64(of)<<32|uint64(number))), of, number)
}

// An audience is what the clients of a round have got besides answers.
type audience struct {
	p         *plan
	mu        sync.Mutex
	greetings map[int]int // of each client
	pushes    map[int]int
	found     []Finding
}

// take implements aside of a plan.
func (a *audience) take(client int, payload []byte) bool {
	of, number, _ := parseHeader(payload)
	if of < ofGreeting {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	count := a.pushes
	if of == ofGreeting {
		count = a.greetings
	}
	if number != count[client] || frame(payload) != frame(a.p.extra(of, number)) {
		a.found = append(a.found, Finding{Corrupt, client, 1, fmt.Sprintf("frame %d of %x, %d bytes; want frame %d", number, of, len(payload), count[client])})
	}
	count[client]++
	return true
}

// C25: a server that speaks first, and pushes at any time while it closes, from its
// handlers and from elsewhere, keeps C1 to C4; the end of the stream comes after
// everything that Push has taken.
func TestC25Rounds(t *testing.T) {
	var greetings, pushes atomic.Int64
	rounds(t, *pushFlag, atATime, local, func(p *plan) ([]*client, []Finding) {
		p.withHeaders()
		a := &audience{p: p, greetings: make(map[int]int), pushes: make(map[int]int)}
		p.aside = a.take
		push := func(c *server.Conn) {
			of := c.Context().Value(servedKey{}).(*served)
			of.mu.Lock()
			defer of.mu.Unlock()
			switch err := c.Push(p.extra(ofPush, of.pushed)); {
			case err == nil:
				of.pushed++
			case !errors.Is(err, net.ErrClosed):
				t.Errorf("Push: %v", err)
			}
		}
		p.adapt = func(s *server.Server) {
			s.MaxQueue = -1
			s.Open = func(c *server.Conn) (server.Handler, error) {
				return nil, c.Reply(p.extra(ofGreeting, 0))
			}
		}
		p.answer = func(c *server.Conn, message []byte) error {
			if _, number, _ := parseHeader(message); number%8 == 0 {
				push(c)
			}
			return c.Reply(message)
		}
		h := serveHere(t, p, p.listen(t), net.Dial)
		over := make(chan struct{})
		var pushing sync.WaitGroup
		pushing.Go(func() {
			for {
				for c := range h.server.Conns() {
					push(c)
				}
				select {
				case <-over:
					return
				case <-time.After(time.Millisecond):
				}
			}
		})
		clients, found := p.run(h, net.Dial)
		close(over)
		pushing.Wait()
		found = append(found, a.found...)
		for i, c := range clients {
			greetings.Add(int64(a.greetings[i]))
			pushes.Add(int64(a.pushes[i]))
			of := h.served[i] // nil if it has sent nothing
			if c.history.End() != FIN || of == nil {
				continue
			}
			if a.greetings[i] != 1 {
				found = append(found, Finding{Lost, i, 1, fmt.Sprintf("%d greetings", a.greetings[i])})
			}
			if n := of.pushed - a.pushes[i]; n != 0 {
				found = append(found, Finding{Lost, i, n, fmt.Sprintf("%d of %d pushes did not come", n, of.pushed)})
			}
		}
		return clients, found
	})
	t.Logf("%d greetings, %d pushes", greetings.Load(), pushes.Load())
	if (greetings.Load() == 0 || pushes.Load() == 0) && *pushFlag >= atATime {
		t.Error("nothing was pushed")
	}
}
