package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// An op is one thing that happens to a server.
type op struct {
	Do   string
	Who  int // a listener or a peer
	Arg  int
	Wait time.Duration
}

func (o op) String() string { return fmt.Sprintf("%s(%d,%d,%v)", o.Do, o.Who, o.Arg, o.Wait) }

// A plot is a server and all that happens to it.
type plot struct {
	MaxConns int
	Grace    time.Duration
	Ops      []op
}

func drawPlot(t *rapid.T) plot {
	wait := rapid.SampledFrom([]time.Duration{0, ms, 30 * ms, 600 * ms, 3 * time.Second, 20 * time.Second})
	first := []op{{Do: "Serve"}, {Do: "Dial"}} // most plots without them are dull
	if rapid.IntRange(0, 9).Draw(t, "dull") == 0 {
		first = nil
	}
	return plot{
		MaxConns: rapid.SampledFrom([]int{-1, 1, 2}).Draw(t, "MaxConns"),
		Grace:    rapid.SampledFrom([]time.Duration{time.Second, 10 * time.Second}).Draw(t, "Grace"),
		Ops: append(first, rapid.SliceOfN(rapid.Custom(func(t *rapid.T) op {
			return op{
				Do: rapid.SampledFrom([]string{
					"Serve", "Dial", "Dial", "Send", "Send", "Send", "Half", "Rest", "HalfClose", "RST", "StopReading",
					"ReadOn", "Panic", "Bye", "Tick", "Tick", "Shutdown", "Close", "AcceptError",
				}).Draw(t, "do"),
				Who:  rapid.IntRange(0, 3).Draw(t, "who"),
				Arg:  rapid.IntRange(0, 40).Draw(t, "arg"),
				Wait: wait.Draw(t, "wait"),
			}
		}), 0, 40).Draw(t, "ops")...),
	}
}

// Whatever happens in whatever order: no connection makes a step that its
// states do not allow, everything ends and nothing is left, a client gets a
// prefix of its answers, and all of them when Shutdown says so.
func TestC12_AnyOrder(t *testing.T) {
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
	s         *server.Server
	listeners [2]*fakenet.Listener
	served    [2]bool
	dead      [2]bool // made to fail for good
	serving   sync.WaitGroup
	peers     []*peer
	calls     []*closing
	by        time.Time // when they must have returned

	mu      sync.Mutex
	states  map[net.Conn][]server.State
	handled map[net.Conn]string
	lost    bool // Serve, which was called after Shutdown, has reported a loss
	wrong   []string
}

// A closing is a call of Shutdown or Close.
type closing struct {
	at, returned time.Time
	err          error
}

func (s *scene) blame(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
}

// play plays p, and returns what was wrong.
func play(p plot) []string {
	s := &scene{plot: p, states: make(map[net.Conn][]server.State), handled: make(map[net.Conn]string)}
	s.listeners = [2]*fakenet.Listener{fakenet.Listen(), fakenet.Listen()}
	s.s = &server.Server{
		Framer: lines, Handler: s.handle, Logger: new(log).logger(), ConnState: s.note,
		MaxConns: p.MaxConns, Grace: p.Grace,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
		IdleTimeout: 15 * time.Second, FrameTimeout: 2 * time.Second, WriteTimeout: 2 * time.Second,
	}
	for _, o := range p.Ops {
		s.do(o)
		synctest.Wait()
	}
	// From every state there is an end that needs nobody's help.
	s.do(op{Do: "Shutdown"})
	time.Sleep(p.Grace + 2*time.Second)
	synctest.Wait()
	for _, c := range s.calls {
		if c.returned.IsZero() || c.returned.After(later(c.at, s.by)) {
			s.blame("a call of Shutdown or Close returned at %v, not by %v", c.returned, s.by)
		}
		if c.err != s.calls[0].err {
			s.blame("one closing, two results: %v and %v", c.err, s.calls[0].err)
		}
	}
	s.serving.Wait()
	for i, l := range s.listeners {
		if n := l.Open(); n > 0 {
			s.blame("%d connections are open", n)
		}
		if !s.served[i] {
			l.Close()
		}
		if _, err := l.Dial(); !errors.Is(err, syscall.ECONNREFUSED) {
			s.blame("a listener is open")
		}
	}
	for _, p := range s.peers {
		s.judge(p)
		p.Close()
	}
	return s.wrong
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *scene) do(o op) {
	switch o.Do {
	case "Serve":
		i := o.Who % 2
		if s.served[i] {
			return
		}
		s.served[i] = true
		s.serving.Go(func() {
			err := s.s.Serve(s.listeners[i])
			if loss := (*server.ShutdownError)(nil); errors.As(err, &loss) {
				s.mu.Lock()
				s.lost = true
				s.mu.Unlock()
			}
			if !errors.Is(err, server.ErrServerClosed) && !errors.Is(err, syscall.EBADF) {
				s.blame("Serve returned %v", err)
			}
		})
	case "Dial":
		if c, err := s.listeners[o.Who%2].Dial(fakenet.Buffers(64)); err == nil {
			s.peers = append(s.peers, newPeer(c, o.Who%2))
		}
	case "Tick":
		time.Sleep(o.Wait)
	case "Shutdown":
		ctx, limit := context.Background(), s.Grace
		if o.Wait > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, o.Wait)
			_ = cancel // it ends by itself, and the bubble with it
			limit = min(limit, o.Wait)
		}
		s.call(limit, func() error { return s.s.Shutdown(ctx) })
	case "Close":
		s.call(0, s.s.Close)
	case "AcceptError":
		err := []error{syscall.EMFILE, syscall.ECONNABORTED, io.ErrUnexpectedEOF, syscall.EBADF}[o.Arg%4]
		s.dead[o.Who%2] = s.dead[o.Who%2] || err == syscall.EBADF
		s.listeners[o.Who%2].FailAccept(err)
	default:
		if len(s.peers) > 0 {
			s.peers[o.Who%len(s.peers)].do(o)
		}
	}
}

// call calls Shutdown or Close, which gives the connections limit at most.
func (s *scene) call(limit time.Duration, f func() error) {
	c := &closing{at: time.Now()}
	by := c.at.Add(limit + time.Second)
	if len(s.calls) == 0 {
		s.by = by
		for _, p := range s.peers {
			p.atT0(s.served[p.listener])
		}
	} else if by.Before(s.by) {
		s.by = by // each can cut short what all wait for
	}
	s.calls = append(s.calls, c)
	go func() {
		c.err = f()
		c.returned = time.Now()
	}()
}

// connKey is the key of a connection in its context.
type connKey struct{}

// handle answers a message that begins with a number after so many milliseconds, panics at "panic"
// and ends the connection at "bye".
func (s *scene) handle(c *server.Conn, message []byte) error {
	var delay int
	fmt.Sscanf(string(message), "%d", &delay)
	time.Sleep(time.Duration(min(delay, 999)) * ms) // two numbers may have become one where a write was cut short
	s.mu.Lock()
	s.handled[c.Context().Value(connKey{}).(net.Conn)] += string(message) + "\n"
	s.mu.Unlock()
	if err := c.Reply(message); err != nil {
		return err
	}
	switch string(message) {
	case "panic":
		panic("as the peer wants it")
	case "bye":
		return io.EOF
	}
	return nil
}

// next are the states that may follow one.
var next = map[server.State][]server.State{
	server.StateNew:        {server.StateIdle, server.StateDraining, server.StateHalfClosed, server.StateClosed},
	server.StateIdle:       {server.StateActive, server.StateDraining, server.StateHalfClosed, server.StateClosed},
	server.StateActive:     {server.StateIdle, server.StateDraining, server.StateHalfClosed, server.StateClosed},
	server.StateDraining:   {server.StateHalfClosed, server.StateClosed},
	server.StateHalfClosed: {server.StateClosed},
}

func (s *scene) note(c net.Conn, state server.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.states[c]
	if len(before) == 0 && state != server.StateNew || len(before) > 0 && !slices.Contains(next[before[len(before)-1]], state) {
		s.wrong = append(s.wrong, fmt.Sprintf("%v follows %v", state, before))
	}
	s.states[c] = append(before, state)
}

// A peer is a client, and what it did.
type peer struct {
	*fakenet.Conn
	listener int

	sent  string // what was taken off its hands
	count int

	harmless bool // it neither reset the connection nor ceased to read
	due      int  // bytes that had arrived when Shutdown was called, on a connection that was to be served

	mu      sync.Mutex
	readOn  sync.Cond
	stopped bool
	got     strings.Builder
	done    chan struct{}
}

func newPeer(c *fakenet.Conn, listener int) *peer {
	p := &peer{Conn: c, listener: listener, harmless: true, done: make(chan struct{})}
	p.readOn.L = &p.mu
	go p.read()
	return p
}

// read reads to the end, but for times when the peer does not.
func (p *peer) read() {
	defer close(p.done)
	buf := make([]byte, 16)
	for {
		n, err := p.Read(buf)
		p.mu.Lock()
		p.got.Write(buf[:n])
		for p.stopped {
			p.readOn.Wait()
		}
		p.mu.Unlock()
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
	}
}

func (p *peer) stop(stop bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = stop
	if stop {
		p.harmless = false
		p.SetReadDeadline(time.Unix(1, 0))
	} else {
		p.SetReadDeadline(time.Time{})
	}
	p.readOn.Broadcast()
}

func (p *peer) do(o op) {
	switch o.Do {
	case "Send":
		for range 1 + o.Arg%8 {
			p.count++
			p.send(fmt.Sprintf("%d ms %d\n", o.Wait/ms%1000, p.count))
		}
	case "Half":
		p.send("1 ha")
	case "Rest":
		p.send("lf\n")
	case "Panic":
		p.send("panic\n")
	case "Bye":
		p.send("bye\n")
	case "HalfClose":
		p.CloseWrite()
	case "RST":
		p.harmless = false
		p.Reset()
	case "StopReading":
		p.stop(true)
	case "ReadOn":
		p.stop(false)
	}
}

// send sends s, or as much of it as is taken at once.
func (p *peer) send(s string) {
	p.SetWriteDeadline(time.Now().Add(ms))
	n, _ := io.WriteString(p, s)
	p.sent += s[:n]
}

// atT0 notes what has arrived and must be answered if Shutdown returns nil.
func (p *peer) atT0(served bool) {
	unsent, err := p.Unsent()
	over := !p.FIN().IsZero() || !p.RST().IsZero()
	if served && err == nil && !over {
		p.due = int(p.Sent()) - unsent
	}
}

// judge judges what p got.
func (s *scene) judge(p *peer) {
	p.stop(false)
	if !s.served[p.listener] {
		return // nobody has ever accepted it
	}
	<-p.done
	got := p.got.String()
	whole := p.sent[:strings.LastIndex(p.sent, "\n")+1]
	for _, last := range []string{"panic\n", "bye\n"} {
		if i := indexLine(whole, last); i >= 0 {
			whole = whole[:i+len(last)]
		}
	}
	who := fmt.Sprintf("%v, FIN %v, RST %v, sent %q, got %q", p.LocalAddr(), p.FIN(), p.RST(), p.sent, got)
	switch {
	case !strings.HasPrefix(whole, got):
		s.blame("the answers are wrong: %s", who)
	case !p.FIN().IsZero() && got != "" && !strings.HasSuffix(got, "\n"):
		s.blame("FIN after a torn answer: %s", who)
	}
	if s.calls[0].err != nil || s.lost || !p.harmless {
		return
	}
	if forced := s.by.Before(s.calls[0].at.Add(time.Second + 40*ms)); len(s.states[p.Peer()]) == 0 && (forced || s.dead[p.listener]) {
		return // it was in the backlog until the end
	}
	due := p.sent[:p.due]
	due = due[:strings.LastIndex(due, "\n")+1]
	if len(due) > len(whole) {
		due = whole
	}
	if strings.HasSuffix(whole, "panic\n") {
		return // that message may go unanswered
	}
	if !strings.HasPrefix(got, due) {
		s.blame("%q was due: %s", due, who)
	}
	if handled := s.handled[p.Peer()]; handled != got {
		s.blame("%q was handled: %s", handled, who)
	}
}

// indexLine returns where the line is in s, or -1.
func indexLine(s, line string) int {
	if strings.HasPrefix(s, line) {
		return 0
	}
	if i := strings.Index(s, "\n"+line); i >= 0 {
		return i + 1
	}
	return -1
}
