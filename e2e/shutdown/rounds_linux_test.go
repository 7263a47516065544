package shutdown

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/big"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
	"github.com/wholeframe/wholeframe/server"
)

var (
	roundsFlag = flag.Int("shutdown.rounds", 120, "run so many `rounds`")
	seedFlag   = flag.Uint64("shutdown.seed", 0, "the `seed` of the first round, the next has one more; 0: random")
)

const (
	atATime    = 4 // rounds
	maxWindow  = 256
	maxClients = 64
	underWay   = 50 * time.Millisecond // after T0 a handshake that is complete is not reset (C18)
	maxFaulty  = 5                     // rounds, before the test gives up
)

// framings are those that the rounds draw from.
var framings = []struct {
	spec   string // fixed gets its size
	max    int    // bytes of payload
	binary bool   // takes any bytes
}{
	{"line", 1 << 20, false},
	{"crlf", 1 << 20, false},
	{"delimiter,text=|", 1 << 20, false},
	{"delimiter,text=END,text=;", 1 << 20, false},
	{"length", 1 << 20, true},
	{"length,width=1", 1<<8 - 1, true},
	{"length,width=2,order=little", 1<<16 - 1, true},
	{"length,width=8,includes-header", 1 << 20, true},
	{"varint", 1 << 20, true},
	{"fixed", 1 << 20, true},
	{"netstring", 1 << 20, true},
	{"octet-count", 1 << 20, true},
	{"content-length", 1 << 20, true},
	{"slip", 1 << 20, true},
	{"slip,leading-end", 1 << 20, true},
	{"cobs", 1 << 20, true},
	{"stx", 1 << 20, false},
	{"stx,dle", 1 << 20, true},
}

// A plan is what a round draws.
type plan struct {
	seed       uint64
	framing    string
	framer     framing.Framer
	fill       []byte // what payloads are cut from
	network    string // tcp, tls or unix
	clients    int
	window     int
	min, max   int  // bytes of payload, after the first message
	fixed      bool // every message has max bytes
	pauseEvery int  // messages between two pauses of the handler; 0: it is fast
	readPause  int  // answers between two pauses of a reader; 0: it is fast
	maxConns   int
	proxied    bool                                    // what a client's kernel calls acknowledged has the proxy's
	joined     func(client net.Addr, t time.Time) bool // the server's kernel calls a client connected at t; nil: if the client's does at T0
	warm       bool                                    // Shutdown waits until every client has an answer
	wait       time.Duration                           // then until Shutdown
	trickle    time.Duration                           // between two messages of a client, after the first window/2; 0: none
	answer     server.Handler                          // nil: Reply
	adapt      func(s *server.Server)                  // changes more of the server; nil: nothing
	unordered  bool                                    // answers may overtake others
	aside      func(client int, payload []byte) bool   // takes a frame that is not an answer; nil: there are none
}

// withHeaders lets every message have a number.
func (p *plan) withHeaders() {
	p.min, p.max = max(p.min, headerSize), max(p.max, headerSize)
}

func (p *plan) secure() bool { return p.network == "tls" }

func (p *plan) String() string {
	return fmt.Sprintf("%s, %s, %d clients, window %d, %d to %d bytes, handler pauses every %d messages, reader every %d answers, MaxConns %d, T0 %v after start (warm: %t)",
		p.framing, p.network, p.clients, p.window, p.min, p.max, p.pauseEvery, p.readPause, p.maxConns, p.wait, p.warm)
}

// Payloads are cut from these.
var textFill, binaryFill = fills()

func fills() (text, binary []byte) {
	r := rand.New(rand.NewPCG(1, 2))
	text, binary = make([]byte, 2<<20), make([]byte, 2<<20)
	for i := range text {
		text[i] = "0123456789abcdef ghijklmnopqrstu"[r.IntN(32)]
		binary[i] = byte(r.IntN(256))
		if r.IntN(8) == 0 {
			binary[i] = "\x00\x02\x03\x10\xc0\xdb\xdc\xdd"[r.IntN(8)] // what framings escape
		}
	}
	return text, binary
}

// logUniform returns a number from 1 to n, of each magnitude as often.
func logUniform(r *rand.Rand, n int) int {
	return min(n, int(math.Exp(r.Float64()*math.Log(float64(n+1)))))
}

// bounds are what a plan must keep to.
type bounds struct {
	networks []string // to draw from
	clients  int
	flight   int           // bytes of a client that wait for their answers
	wait     time.Duration // until Shutdown
	proxied  bool          // what a client's kernel knows is what the proxy's has
}

// local are the bounds where neither network nor server set any.
var local = bounds{networks: []string{"tcp", "tcp", "tls", "unix"}, clients: maxClients, flight: 4 << 20, wait: 30 * time.Millisecond}

func draw(seed uint64, b bounds) *plan {
	r := rand.New(rand.NewPCG(seed, 0))
	f := framings[r.IntN(len(framings))]
	p := &plan{
		seed:    seed,
		framing: f.spec,
		fill:    textFill,
		network: b.networks[r.IntN(len(b.networks))],
		clients: logUniform(r, b.clients),
		window:  logUniform(r, maxWindow),
		fixed:   f.spec == "fixed",
		proxied: b.proxied,
		warm:    r.IntN(2) == 0,
		wait:    time.Duration(logUniform(r, int(b.wait))),
	}
	if f.binary {
		p.fill = binaryFill
	}
	p.max = min(logUniform(r, f.max+1)-1, f.max, b.flight/p.window)
	if p.fixed {
		p.max = max(p.max, headerSize)
		p.min = p.max
		p.framing = fmt.Sprintf("fixed,size=%d", p.max)
	}
	var err error
	if p.framer, err = spec.Parse(p.framing); err != nil {
		panic(err)
	}
	if _, err := p.framer.Append(nil, nil); err != nil && !p.fixed {
		p.min, p.max = 1, max(p.max, 1)
	}
	// A pause takes a millisecond; all that may wait is answered, and read, in
	// some tens of them.
	if r.IntN(2) == 0 {
		p.pauseEvery = 1 + p.window/(1+r.IntN(40))
	}
	if r.IntN(3) == 0 {
		p.readPause = 1 + p.window/(1+r.IntN(40))
	}
	if r.IntN(6) == 0 {
		p.maxConns, p.warm = max(1, p.clients/2), false
	}
	return p
}

// payload appends a message to dst. The first of a client says whose it is.
func (p *plan) payload(dst []byte, r *rand.Rand, client, number int) []byte {
	size := p.max
	switch {
	case p.fixed:
	case number == 0:
		size = headerSize
	case r.IntN(4) > 0:
		size = min(p.max, p.min+logUniform(r, p.max-p.min+1)-1)
	}
	if size >= headerSize {
		dst = fmt.Appendf(dst, "%04x%08x", client, number)
		size -= headerSize
	}
	at := r.IntN(len(p.fill) - size)
	return append(dst, p.fill[at:at+size]...)
}

// tally is the sum over rounds.
type tally struct {
	mu                                                  sync.Mutex
	rounds, clients, sent, acknowledged, echoed, halves int
	wrote                                               int
	found                                               [Unreported + 1]int
}

func (t *tally) String() string {
	torn := t.found[Torn] + t.found[Corrupt]
	lost := t.found[Lost] + t.found[Missing]
	return fmt.Sprintf("%d rounds, %d clients, %d frames sent, %d acknowledged at T0, %d echoed, %d half frames at T0: %d lost, %d doubled, %d reordered, %d torn, %d resets, %d other violations; %d clients reset for writing after a silence",
		t.rounds, t.clients, t.sent, t.acknowledged, t.echoed, t.halves, lost, t.found[Doubled], t.found[Reordered], torn, t.found[Reset],
		t.found[Unanswered]+t.found[Unhandled]+t.found[Endless]+t.found[Unreported], t.wrote)
}

func (t *tally) add(clients []*client, found []Finding) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rounds++
	t.clients += len(clients)
	for _, c := range clients {
		t.sent += len(c.history.Sent)
		t.acknowledged += c.history.Acknowledged
		t.echoed += len(c.history.Returned)
		if c.half {
			t.halves++
		}
		if c.history.Wrote && c.history.End() == RST {
			t.wrote++
		}
	}
	for _, f := range found {
		t.found[f.Kind] += f.Count
	}
}

// rounds runs n rounds, atATime at a time. A round that fails prints its seed:
// with -shutdown.seed=N and one round it is repeated.
func rounds(t *testing.T, n, atATime int, b bounds, run func(p *plan) ([]*client, []Finding)) {
	t.Helper()
	first := *seedFlag
	if first == 0 {
		first = rand.Uint64N(1 << 40)
	}
	var (
		total   tally
		next    atomic.Int64
		faulty  atomic.Int64
		workers sync.WaitGroup
	)
	for range atATime {
		workers.Go(func() {
			for {
				i := next.Add(1) - 1
				if i >= int64(n) || faulty.Load() >= maxFaulty {
					return
				}
				p := draw(first+uint64(i), b)
				clients, found := run(p)
				total.add(clients, found)
				if len(found) > 0 {
					faulty.Add(1)
					t.Errorf("-shutdown.seed=%d: %v: %d findings", p.seed, p, len(found))
					for _, f := range found[:min(len(found), 5)] {
						t.Error(f)
					}
				}
				if n := i + 1; n%500 == 0 {
					fmt.Fprintf(os.Stderr, "%s round %d\n", time.Now().UTC().Format(time.TimeOnly), n)
				}
			}
		})
	}
	workers.Wait()
	t.Logf("seed %d: %v", first, &total)
	if total.acknowledged == 0 && !b.proxied || total.echoed == 0 {
		t.Error("nothing was sent")
	}
}

// C1, C2, C3 and C4: Shutdown is called at any time, with any framing, on
// clients that send without waiting, and all is judged.
func TestC1Rounds(t *testing.T) {
	rounds(t, *roundsFlag, atATime, local, func(p *plan) ([]*client, []Finding) {
		h := serveHere(t, p, p.listen(t), net.Dial)
		return p.run(h, net.Dial)
	})
}

// A dialer connects a client with the server.
type dialer func(network, addr string) (net.Conn, error)

// A host runs the server of a round.
type host interface {
	addr() net.Addr

	// shutdown closes the server, and returns what Shutdown did. It samples the
	// clients when everything that has arrived must be answered.
	shutdown(clients []*client) error

	// handled returns what the handler ran for of a client, or false if nobody
	// knows.
	handled(client int) ([]Frame, bool)
}

// run runs a round on h, and returns its clients and what is wrong with it.
func (p *plan) run(h host, dial dialer) ([]*client, []Finding) {
	var warm, done sync.WaitGroup
	clients := make([]*client, p.clients)
	for i := range clients {
		c := &client{plan: p, number: i, dial: dial, finish: make(chan struct{})}
		clients[i] = c
		warm.Add(1)
		done.Go(func() { c.run(h.addr(), warm.Done) })
	}
	if p.warm {
		warm.Wait()
	}
	time.Sleep(p.wait)
	err := h.shutdown(clients)
	done.Wait()

	round := Round{Err: err}
	for i, c := range clients {
		if p.joined != nil {
			c.history.Connected = c.raw != nil && p.joined(c.raw.LocalAddr(), c.shutting.Add(underWay))
		}
		var known bool
		if c.history.Handled, known = h.handled(i); !known {
			c.history.Handled = c.history.Returned
		}
		if p.unordered {
			slices.SortStableFunc(c.history.Returned, func(a, b Frame) int { return a.Number - b.Number })
		}
		round.Clients = append(round.Clients, c.history)
	}
	return clients, round.Judge()
}

// here is a server in this process.
type here struct {
	t       *testing.T
	l       net.Listener
	server  *server.Server
	serving chan error

	mu     sync.Mutex
	served map[int]*served
}

// served is what the handler saw of one connection.
type served struct {
	frames []Frame

	mu     sync.Mutex
	pushed int // frames that Push has taken
}

type servedKey struct{}

// serveHere serves on l, which dial reaches.
func serveHere(t *testing.T, p *plan, l net.Listener, dial dialer) *here {
	h := &here{t: t, l: l, serving: make(chan error, 1), served: make(map[int]*served)}
	accepted := make(chan struct{})
	accept := sync.OnceFunc(func() { close(accepted) })
	answer := p.answer
	if answer == nil {
		answer = (*server.Conn).Reply
	}
	h.server = &server.Server{
		Framer:           p.framer,
		MaxConns:         p.maxConns,
		Grace:            endless,
		HandshakeTimeout: endless,
		FrameTimeout:     endless,
		WriteTimeout:     endless,
		Logger:           slog.New(slog.NewTextHandler(io.Discard, nil)),
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			accept()
			return context.WithValue(ctx, servedKey{}, new(served))
		},
		Handler: func(c *server.Conn, message []byte) error {
			of := c.Context().Value(servedKey{}).(*served)
			if len(of.frames) == 0 {
				if client, _, ok := parseHeader(message); ok {
					h.mu.Lock()
					h.served[client] = of
					h.mu.Unlock()
				}
			}
			of.frames = append(of.frames, frame(message))
			if p.pauseEvery > 0 && len(of.frames)%p.pauseEvery == 0 {
				time.Sleep(time.Millisecond)
			}
			return answer(c, message)
		},
	}
	if p.secure() {
		h.server.TLSConfig = serverTLS
	}
	if p.adapt != nil {
		p.adapt(h.server)
	}
	go func() { h.serving <- h.server.Serve(l) }()
	// Serve closes the listener at once if Shutdown comes first.
	first, err := dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Error(err)
		return h
	}
	<-accepted
	first.Close()
	return h
}

func (h *here) addr() net.Addr { return h.l.Addr() }

func (h *here) shutdown(clients []*client) error {
	sample(clients)
	err := h.server.Shutdown(context.Background())
	if err := <-h.serving; !errors.Is(err, server.ErrServerClosed) {
		h.t.Errorf("Serve returned %v", err)
	}
	return err
}

func (h *here) handled(client int) ([]Frame, bool) {
	if of := h.served[client]; of != nil {
		return of.frames, true
	}
	return nil, true
}

var sockets atomic.Int64

// loopback returns an address that no other round has: a client that comes too
// late must not reach the server of the next.
func loopback() string {
	n := sockets.Add(1)
	return fmt.Sprintf("127.%d.%d.%d:0", 1+n>>16%250, n>>8%256, n%256)
}

// listen returns a listener of the package's own, or any: closing loses nothing of
// what was received with either.
func (p *plan) listen(t *testing.T) net.Listener {
	listen := net.Listen
	if p.seed%2 == 0 {
		listen = server.Listen
	}
	network, addr := "tcp", loopback()
	if p.network == "unix" {
		network, addr = "unix", fmt.Sprintf("@wholeframe-%d-%d", os.Getpid(), sockets.Add(1))
	}
	l, err := listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// What a server and its clients need for TLS.
var (
	serverTLS = &tls.Config{Certificates: []tls.Certificate{selfSigned()}}
	clientTLS = &tls.Config{InsecureSkipVerify: true}
)

func selfSigned() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour * 24)}
	der, err := x509.CreateCertificate(crand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
