package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/wholeframe/wholeframe/client"
)

// An op is one thing that happens to a client or its servers.
type op struct {
	Do   string
	Who  int           // a connection or an address
	Wait time.Duration // the timeout of a call, or how long nothing happens
}

func (o op) String() string { return fmt.Sprintf("%s(%d,%v)", o.Do, o.Who, o.Wait) }

// A plot is a client and all that happens to it.
type plot struct {
	Keys, Resend, Repeatable, Ping bool
	MaxInFlight, MaxConns, Buffer  int
	Ops                            []op
}

func drawPlot(t *rapid.T) plot {
	return plot{
		Keys:        rapid.Bool().Draw(t, "Keys"),
		Resend:      rapid.Bool().Draw(t, "Resend"),
		Repeatable:  rapid.IntRange(0, 3).Draw(t, "Repeatable") == 0,
		Ping:        rapid.Bool().Draw(t, "Ping"),
		MaxInFlight: rapid.SampledFrom([]int{1, 2, 0}).Draw(t, "MaxInFlight"),
		MaxConns:    rapid.IntRange(1, 2).Draw(t, "MaxConns"),
		Buffer:      rapid.SampledFrom([]int{3, 20, fakeBuffer}).Draw(t, "Buffer"),
		Ops: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) op {
			return op{
				Do: rapid.SampledFrom([]string{
					"Call", "Call", "Call", "Go", "Go", "Go", "Send", "Cancel",
					"Answer", "Answer", "Answer", "AnswerLast", "WrongKey", "Half", "Garbage",
					"Stall", "FIN", "HalfClose", "RST", "Goodbye", "Down", "Up", "Tick", "Tick", "Shutdown", "Close",
				}).Draw(t, "do"),
				Who:  rapid.IntRange(0, 5).Draw(t, "who"),
				Wait: rapid.SampledFrom([]time.Duration{0, time.Millisecond, time.Second, 12 * time.Second}).Draw(t, "wait"),
			}
		}), 1, 40).Draw(t, "ops"),
	}
}

// Whatever happens in whatever order: each call ends exactly once, with its own reply
// or an error that tells truly whether its request was handled, and nothing is left.
func TestAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := drawPlot(rt)
		var wrong []string
		synctest.Test(t, func(t *testing.T) { wrong = play(p) })
		if len(wrong) > 0 {
			rt.Fatalf("%+v:\n%s", p, strings.Join(wrong, "\n"))
		}
	})
}

// A scene is a plot that is played.
type scene struct {
	plot
	n       fakeNet
	c       *client.Client
	results []*result
	closing sync.WaitGroup

	mu      sync.Mutex
	peers   []*peer
	handled map[string]int
	wrong   []string
}

// A peer is the server's side of a connection.
type peer struct {
	conn       *fakeConn
	unanswered []string
	stalled    time.Time // until then nothing is read
	over       bool      // the server sends no more
	orderly    bool      // and has not handled what is unanswered
}

// A result is what is known of a call.
type result struct {
	id     string
	oneway bool
	cancel context.CancelFunc
	ended  int
	reply  string
	err    error
}

// numberOf is the key of requests and replies: the number in "12" or "r12".
func numberOf(payload []byte) (key uint64, ok bool) {
	key, err := strconv.ParseUint(strings.TrimPrefix(string(payload), "r"), 10, 64)
	return key, err == nil
}

const pingID = "1000000"

func play(p plot) []string {
	s := &scene{plot: p, handled: make(map[string]int)}
	s.n.buffer = p.Buffer
	s.n.listen("a", s.serve)
	s.n.listen("b", s.serve)
	s.c = newPlotClient(s)
	for _, o := range p.Ops {
		s.do(o)
		synctest.Wait()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s.c.Shutdown(ctx)
	s.c.Shutdown(context.Background()) // waits for what dials
	s.closing.Wait()
	s.n.serving.Wait()
	synctest.Wait()
	s.judge()
	return s.wrong
}

func newPlotClient(s *scene) *client.Client {
	c := newBareClient(&s.n, "a", "b")
	c.MaxInFlight, c.MaxConns, c.Resend, c.TrustFIN = s.MaxInFlight, s.MaxConns, s.Resend, true
	c.ReplyTimeout, c.IdleTimeout, c.PingInterval = 10*time.Second, 30*time.Second, 5*time.Second
	c.MaxPayload = 100
	c.Goodbye = func(payload []byte) bool { return string(payload) == goodbye }
	if s.Keys {
		c.RequestKey, c.ReplyKey = numberOf, numberOf
	}
	if s.Repeatable {
		c.Repeatable = func([]byte) bool { return true }
	}
	if s.Ping {
		c.Ping = []byte(pingID)
	}
	return c
}

// serve reads requests. What it has read counts as handled when the connection ends,
// unless the server ends it in good order.
func (s *scene) serve(c *fakeConn) {
	p := &peer{conn: c}
	s.mu.Lock()
	s.peers = append(s.peers, p)
	s.mu.Unlock()
	for request := c.read(); request != ""; request = c.read() {
		s.mu.Lock()
		if strings.HasPrefix(request, "s") {
			if !p.over {
				s.handled[request]++
			}
		} else {
			p.unanswered = append(p.unanswered, request)
		}
		stalled := time.Until(p.stalled)
		s.mu.Unlock()
		time.Sleep(stalled)
	}
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !p.orderly {
		for _, request := range p.unanswered {
			s.handled[request]++
		}
	}
	p.over = true
}

// peer returns a connection that the server has not ended, or nil.
func (s *scene) peer(who int) *peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := slices.DeleteFunc(slices.Clone(s.peers), func(p *peer) bool { return p.over })
	if len(open) == 0 {
		return nil
	}
	return open[who%len(open)]
}

func (s *scene) do(o op) {
	addr := []string{"a", "b"}[o.Who%2]
	switch o.Do {
	case "Call", "Go", "Send":
		s.call(o)
	case "Cancel":
		if len(s.results) > 0 {
			s.results[o.Who%len(s.results)].cancel()
		}
	case "Down":
		s.n.listen(addr, nil)
	case "Up":
		s.n.listen(addr, s.serve)
	case "Tick":
		time.Sleep(o.Wait)
	case "Shutdown":
		s.closing.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), o.Wait)
			defer cancel()
			s.c.Shutdown(ctx)
		})
	case "Close":
		if o.Who == 0 { // else most plots end here
			s.c.Close()
		}
	default:
		if p := s.peer(o.Who); p != nil {
			s.act(p, o)
		}
	}
}

// act makes the server of p do something.
func (s *scene) act(p *peer, o op) {
	what := o.Do
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(p.unanswered)
	switch {
	case what == "Answer" && n > 0, what == "AnswerLast" && n > 0 && !s.Keys, what == "AnswerLast" && n == 1:
		s.answer(p, 0)
	case what == "AnswerLast" && n > 0:
		s.answer(p, n-1)
	case what == "WrongKey" && s.Keys:
		p.conn.reply("r999999")
	case what == "Stall":
		p.stalled = time.Now().Add(o.Wait)
	case what == "Half":
		io.WriteString(p.conn, "\x00\x00\x00\x05r")
		p.over = true
		p.conn.Close()
	case what == "Garbage":
		io.WriteString(p.conn, "\x00\xff\xff\xff\xff")
		p.over = true
	case what == "FIN":
		p.over, p.orderly = true, true
		p.conn.Close()
	case what == "HalfClose":
		p.over, p.orderly = true, true
		p.conn.CloseWrite()
	case what == "Goodbye":
		p.over, p.orderly = true, true
		p.conn.reply(goodbye)
	case what == "RST":
		p.over = true
		p.conn.reset()
	}
}

func (s *scene) answer(p *peer, i int) {
	request := p.unanswered[i]
	p.unanswered = slices.Delete(p.unanswered, i, i+1)
	s.handled[request]++
	p.conn.reply("r" + request)
}

// call starts a call.
func (s *scene) call(o op) {
	r := &result{id: fmt.Sprint(len(s.results)), oneway: o.Do == "Send"}
	s.results = append(s.results, r)
	ctx, cancel := context.WithCancel(context.Background())
	if o.Wait > 0 {
		ctx, cancel = context.WithTimeout(ctx, o.Wait)
	}
	r.cancel = cancel
	done := func(reply []byte, err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		r.ended++
		r.reply, r.err = string(reply), err
	}
	s.closing.Go(func() {
		switch o.Do {
		case "Call":
			done(s.c.Call(ctx, []byte(r.id)))
		case "Go":
			s.c.Go(ctx, []byte(r.id), done)
		case "Send":
			r.id = "s" + r.id
			done(nil, s.c.Send(ctx, []byte(r.id)))
		}
	})
}

// judge says what was wrong in the end.
func (s *scene) judge() {
	blame := func(format string, args ...any) { s.wrong = append(s.wrong, fmt.Sprintf(format, args...)) }
	for _, r := range s.results {
		r.cancel()
		if r.ended != 1 {
			blame("call %s ended %d times", r.id, r.ended)
			continue
		}
		handled := s.handled[r.id]
		var e *client.CallError
		switch {
		case r.err == nil && !r.oneway:
			if r.reply != "r"+r.id {
				blame("call %s got the reply %q", r.id, r.reply)
			}
			if handled == 0 {
				blame("call %s was answered, and not handled", r.id)
			}
		case r.err != nil && !errors.As(r.err, &e):
			blame("call %s got the error %v", r.id, r.err)
		case r.err != nil && e.Outcome != client.Unknown && handled > 0:
			blame("call %s was handled %d times, and got the error %v", r.id, handled, r.err)
		}
		if handled > 1 && (!s.Repeatable || !s.Resend || r.oneway) {
			blame("call %s was handled %d times", r.id, handled)
		}
	}
	if got := s.c.Stats(); got.InFlight != 0 || got.Conns != 0 {
		blame("Stats() = %+v in the end", got)
	}
}
