package soak

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
	"github.com/wholeframe/wholeframe/server"
)

var length = flag.Duration("soak", 5*time.Second, "how long the soak runs")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A soak is one run.
type soak struct {
	ctx     context.Context // ends when it is time to finish
	conns   atomic.Uint32
	checked atomic.Uint64
	mu      sync.Mutex
	wrong   verdict
	fault   string // the first one
}

// An endpoint is a server that runs.
type endpoint struct {
	text   string
	framer framing.Framer
	addr   string
	fixed  bool // every payload has 64 bytes
}

// TestSoak runs clients of every kind against a server for each framing. Not a
// frame may be lost, torn or doubled, and in the end everything is as before.
func TestSoak(t *testing.T) {
	before := sample()
	ctx, stop := context.WithTimeout(context.Background(), *length)
	defer stop()
	s := &soak{ctx: ctx}
	var servers []*server.Server
	var served, clients sync.WaitGroup
	for _, text := range []string{"length", "line", "varint", "fixed,size=64", "crlf", "delimiter,text=;"} {
		framer, err := spec.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		srv := &server.Server{Framer: framer, Handler: server.Echo, Grace: time.Minute,
			Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
		servers = append(servers, srv)
		served.Go(func() {
			if err := srv.Serve(l); !errors.Is(err, server.ErrServerClosed) {
				t.Errorf("%s: %v", text, err)
			}
		})
		e := endpoint{text, framer, l.Addr().String(), strings.HasPrefix(text, "fixed")}
		for _, kind := range []struct {
			count int
			pause time.Duration
			run   func(*soak, endpoint)
		}{
			{1, 0, (*soak).pipeline},
			{2, 50 * time.Millisecond, (*soak).visitor},
			{1, 50 * time.Millisecond, (*soak).large},
			{1, 50 * time.Millisecond, (*soak).half},
			{1, 50 * time.Millisecond, (*soak).reset},
			{1, 50 * time.Millisecond, (*soak).slow},
			{20, 50 * time.Millisecond, (*soak).idle},
		} {
			for range kind.count {
				clients.Go(func() {
					for ctx.Err() == nil {
						kind.run(s, e)
						s.pause(kind.pause)
					}
				})
			}
		}
	}

	samples := s.watch()
	clients.Wait()
	for _, srv := range servers {
		if err := srv.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	}
	served.Wait()

	report(t, samples)
	t.Logf("connections %d, frames echoed and checked %d", s.conns.Load(), s.checked.Load())
	t.Logf("lost %d, torn %d, doubled %d", s.wrong.lost, s.wrong.torn, s.wrong.doubled)
	if s.wrong != (verdict{}) || s.fault != "" {
		t.Errorf("%+v; the first fault: %s", s.wrong, s.fault)
	}
	after := sample()
	t.Logf("before: %v", before)
	t.Logf("after:  %v", after)
	if after[goroutines] > before[goroutines] {
		t.Errorf("%g goroutines are left over", after[goroutines]-before[goroutines])
	}
	// The network poller's own two or three come with the first connection.
	if after[descriptors] > before[descriptors]+3 {
		t.Errorf("%g descriptors are left over", after[descriptors]-before[descriptors])
	}
	if after[heap] > before[heap]+8 {
		t.Errorf("%g MiB of heap are left over", after[heap]-before[heap])
	}
}

// pause waits for d, or until it is time to finish.
func (s *soak) pause(d time.Duration) {
	select {
	case <-s.ctx.Done():
	case <-time.After(d):
	}
}

// A client is one connection, with what it sends and checks.
type client struct {
	*net.TCPConn
	s    *soak
	e    endpoint
	r    *framing.Reader
	w    *framing.Writer
	sent uint32
	buf  []byte
	checker
}

// dial connects. size tells how long payload number seq is.
func (s *soak) dial(e endpoint, size func(seq uint32) int) *client {
	nc, err := net.Dial("tcp", e.addr)
	if err != nil {
		s.failed(e, fmt.Errorf("dial: %w", err))
		return nil
	}
	nc.SetDeadline(time.Now().Add(10 * time.Minute))
	if e.fixed {
		size = small
	}
	c := &client{TCPConn: nc.(*net.TCPConn), s: s, e: e, r: framing.NewReader(nc, e.framer), w: framing.NewWriter(nc, e.framer)}
	c.checker = checker{conn: s.conns.Add(1), size: size}
	return c
}

func (s *soak) failed(e endpoint, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault == "" {
		s.fault = fmt.Sprintf("%s: %v", e.text, err)
	}
}

// done closes the connection and adds its verdict to the run's.
func (c *client) done() {
	c.Close()
	s := c.s
	s.checked.Add(c.checked)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong.lost += c.lost
	s.wrong.torn += c.torn
	s.wrong.doubled += c.doubled
}

// send writes n frames, to be flushed.
func (c *client) send(n int) error {
	for range n {
		size := c.size(c.sent)
		if cap(c.buf) < size {
			c.buf = make([]byte, size)
		}
		p := c.buf[:size]
		fill(p, c.conn, c.sent)
		if err := c.w.WriteFrame(p); err != nil {
			return err
		}
		c.sent++
	}
	return c.w.Flush()
}

// receive checks n frames.
func (c *client) receive(n int) error {
	for range n {
		p, err := c.r.ReadFrame()
		if err != nil {
			return err
		}
		c.check(p)
	}
	return nil
}

// rest ends the sending and wants what is outstanding, and the end.
func (c *client) rest() {
	if err := c.CloseWrite(); err != nil {
		c.s.failed(c.e, err)
	}
	for {
		p, err := c.r.ReadFrame()
		if err == io.EOF {
			break
		}
		if err != nil {
			c.s.failed(c.e, err)
			break
		}
		c.check(p)
	}
	if c.next < c.sent {
		c.lost += uint64(c.sent - c.next)
	}
}

func small(uint32) int { return 64 }

// pipeline sends as fast as the server takes it, and reads beside it.
func (s *soak) pipeline(e endpoint) {
	c := s.dial(e, small)
	if c == nil {
		return
	}
	defer c.done()
	n := 1000 + rand.IntN(1_000_000)
	var writing sync.WaitGroup
	writing.Go(func() {
		for n > 0 && s.ctx.Err() == nil {
			if err := c.send(250); err != nil {
				s.failed(e, err)
				return
			}
			n -= 250
		}
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		writing.Wait()
		if err := c.CloseWrite(); err != nil {
			s.failed(e, err)
		}
	}()
	for {
		p, err := c.r.ReadFrame()
		if err != nil {
			if err != io.EOF {
				s.failed(e, err)
			}
			break
		}
		c.check(p)
	}
	<-ended
	if c.next < c.sent {
		c.lost += uint64(c.sent - c.next)
	}
}

// visitor comes for some messages, one at a time.
func (s *soak) visitor(e endpoint) {
	spread := uint32(1 + rand.IntN(2000))
	c := s.dial(e, func(seq uint32) int { return head + int(seq*7919%spread) })
	if c == nil {
		return
	}
	defer c.done()
	for range rand.IntN(20) {
		if err := errors.Join(c.send(1), c.receive(1)); err != nil {
			s.failed(e, err)
			return
		}
	}
	c.rest()
}

// large sends messages of up to 256 KiB.
func (s *soak) large(e endpoint) {
	c := s.dial(e, func(seq uint32) int { return head + int(seq*104_729%(256<<10)) })
	if c == nil {
		return
	}
	defer c.done()
	for range 10 {
		if err := errors.Join(c.send(1), c.receive(1)); err != nil {
			s.failed(e, err)
			return
		}
	}
	c.rest()
}

// half gets its answers although half a frame follows what it sends. It then
// leaves in one of three ways.
func (s *soak) half(e endpoint) {
	c := s.dial(e, small)
	if c == nil {
		return
	}
	defer c.done()
	n := 1 + rand.IntN(50)
	if err := c.send(n); err != nil {
		s.failed(e, err)
		return
	}
	p := make([]byte, 64)
	fill(p, c.conn, c.sent)
	frame, err := e.framer.Append(nil, p)
	if err == nil {
		_, err = c.Write(frame[:1+rand.IntN(len(frame)-1)])
	}
	if err = errors.Join(err, c.receive(n)); err != nil {
		s.failed(e, err)
		return
	}
	switch rand.IntN(3) {
	case 0:
		c.SetLinger(0)
	case 1:
		c.rest()
	case 2:
		s.pause(200 * time.Millisecond)
	}
}

// reset breaks off in the middle of everything: what it has read until then is
// a prefix of what it sent.
func (s *soak) reset(e endpoint) {
	c := s.dial(e, small)
	if c == nil {
		return
	}
	defer c.done()
	n := 1 + rand.IntN(500)
	if err := c.send(n); err != nil {
		s.failed(e, err)
		return
	}
	if err := c.receive(rand.IntN(n)); err != nil {
		s.failed(e, err)
	}
	c.SetLinger(0)
}

// slow reads with long breaks what it sent at once.
func (s *soak) slow(e endpoint) {
	c := s.dial(e, small)
	if c == nil {
		return
	}
	defer c.done()
	c.SetReadBuffer(4 << 10)
	const n = 2000
	var writing sync.WaitGroup
	writing.Go(func() {
		if err := c.send(n); err != nil {
			s.failed(e, err)
		}
	})
	for range n / 50 {
		if err := c.receive(50); err != nil {
			s.failed(e, err)
			break
		}
		s.pause(20 * time.Millisecond)
	}
	writing.Wait()
	c.rest()
}

// idle stays for some seconds and says something now and then.
func (s *soak) idle(e endpoint) {
	c := s.dial(e, small)
	if c == nil {
		return
	}
	defer c.done()
	for range 3 {
		if err := errors.Join(c.send(1), c.receive(1)); err != nil {
			s.failed(e, err)
			return
		}
		s.pause(time.Duration(rand.IntN(3000)) * time.Millisecond)
	}
	c.rest()
}

// What is sampled.
const (
	rss = iota
	heap
	goroutines
	descriptors
	quantities
)

var quantity = [quantities]string{"resident memory, MiB", "live heap, MiB", "goroutines", "descriptors"}

// sample tells the state of the process, the heap without what is garbage.
func sample() (v [quantities]float64) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	v[heap] = float64(m.HeapAlloc) / (1 << 20)
	v[goroutines] = float64(runtime.NumGoroutine())
	var size, resident int
	if statm, err := os.ReadFile("/proc/self/statm"); err == nil {
		fmt.Sscan(string(statm), &size, &resident)
	}
	v[rss] = float64(resident*os.Getpagesize()) / (1 << 20)
	fds, _ := os.ReadDir("/proc/self/fd")
	v[descriptors] = float64(len(fds))
	return v
}

// A point is a sample and its time.
type point struct {
	hours float64
	v     [quantities]float64
}

// watch samples until it is time to finish. The first tenth is the warming up,
// and not among what it returns.
func (s *soak) watch() (points []point) {
	start := time.Now()
	tick := time.NewTicker(min(max(*length/300, 100*time.Millisecond), 5*time.Second))
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return points
		case <-tick.C:
		}
		if at := time.Since(start); at > *length/10 {
			points = append(points, point{at.Hours(), sample()})
		}
	}
}

// report prints the slope of each quantity.
func report(t *testing.T, points []point) {
	for q, name := range quantity {
		var x, y []float64
		mean, most := 0.0, 0.0
		for _, p := range points {
			x, y = append(x, p.hours), append(y, p.v[q])
			mean += p.v[q] / float64(len(points))
			most = max(most, p.v[q])
		}
		b, se := slope(x, y)
		t.Logf("%-20s mean %8.1f, most %8.1f, slope %+.2f ± %.2f an hour (%d samples)", name, mean, most, b, se, len(points))
	}
}
