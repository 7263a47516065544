package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// Latencies are kept from 1 µs to 1 minute, to three digits.
const longestLatency = time.Minute

// linger is how long a load waits for replies after Ctrl-C.
const linger = 2 * time.Second

// most is the largest -conns and -depth: more is a typing error, and would take
// memory at once.
const most = 1 << 20

var loadMode = &mode{
	flag: "load",
	examples: []example{
		{"-load -framing=length HOST:PORT", "measure a server that echoes"},
	},
	groups: []*group{messageFlags, connectFlags, loadFlags},
	check:  func(o *options) error { return o.load.check(o) },
	run:    load,
}

type loadOptions struct {
	conns    int
	depth    int
	size     spec.Size
	duration duration
}

var loadFlags = &group{"Load", func(f *flag.FlagSet, o *options) {
	o.load = loadOptions{size: 128, duration: duration(10 * time.Second)}
	f.Bool("load", false, "keep a server that echoes busy, check every byte, and measure")
	f.IntVar(&o.load.conns, "conns", 64, "open `N` connections")
	f.IntVar(&o.load.depth, "depth", 16, "have `N` messages on their way on each")
	f.Var(&o.load.size, "size", "send messages of `SIZE`")
	f.Var(&o.load.duration, "for", "send for `DURATION` (0 means 10s, negative means until Ctrl-C)")
}}

func (l *loadOptions) check(o *options) error {
	if l.duration == 0 {
		l.duration = duration(10 * time.Second)
	}
	switch {
	case l.conns < 1 || l.conns > most:
		return fmt.Errorf("-conns %d: it must be 1 to %d", l.conns, most)
	case l.depth < 1 || l.depth > most:
		return fmt.Errorf("-depth %d: it must be 1 to %d", l.depth, most)
	case l.size < 0:
		return fmt.Errorf("-size %v: it must not be negative", l.size)
	case o.maxPayload >= 0 && l.size > o.maxPayload:
		return fmt.Errorf("-size %v: larger than -max-payload %v", l.size, o.maxPayload)
	}
	return nil
}

// A loader keeps connections busy and gathers what they see.
type loader struct {
	options *options
	script  script
	echoed  atomic.Int64

	mu        sync.Mutex
	latencies *hdrhistogram.Histogram
	errors    map[string]int // how many connections each has ended
}

// load keeps a server that echoes busy, and prints what was measured.
func load(ctx context.Context, j *job) error {
	o := j.options
	dial, err := o.dialer(o.addr, o.timeout)
	if err != nil {
		return err
	}
	l := &loader{options: o, script: script(o.load.size), errors: map[string]int{},
		latencies: hdrhistogram.New(1, longestLatency.Microseconds(), 3)}
	if _, err := o.frame(nil, message{payload: l.script.message(nil, 0), source: "-size " + o.load.size.String()}); err != nil {
		return err
	}
	sending, stop := ctx, context.CancelFunc(func() {})
	if o.load.duration > 0 {
		sending, stop = context.WithTimeout(ctx, time.Duration(o.load.duration))
	}
	defer stop()
	begin := time.Now()
	var conns sync.WaitGroup
	for range o.load.conns {
		conns.Go(func() {
			if err := l.connect(ctx, sending, dial); err != nil {
				l.mu.Lock()
				l.errors[what(err)]++
				l.mu.Unlock()
			}
		})
	}
	ended := make(chan struct{})
	go func() { conns.Wait(); close(ended) }()
	l.progress(j.stderr, begin, ended)
	l.summary(j.out, time.Since(begin))
	j.out.Flush() // the errors follow; its own stays with it
	for _, text := range slices.Sorted(maps.Keys(l.errors)) {
		j.problems.report(fmt.Errorf("%d of %d connections: %s", l.errors[text], o.load.conns, text))
	}
	if ctx.Err() != nil {
		return errInterrupted
	}
	return nil
}

// connect opens a connection and keeps it busy until sending is done. If that is
// because ctx is, it waits only so long for replies that are on their way.
func (l *loader) connect(ctx, sending context.Context, dial func(context.Context) (conn, error)) error {
	c, err := dial(sending)
	if err != nil {
		end, limited := sending.Deadline()
		switch {
		case ctx.Err() != nil:
			return nil
		case limited && !time.Now().Before(end):
			return errors.New("not connected before -for was over")
		}
		return err
	}
	defer c.Close()
	giveUp := func() { time.AfterFunc(linger, func() { c.Close() }) }
	defer context.AfterFunc(ctx, giveUp)()
	if err := l.exchange(sending, c); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil // it was interrupted: nobody else closes c
}

// what says what went wrong, without the addresses that would make the errors
// of many connections as many.
func what(err error) string {
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return op.Op + ": " + op.Err.Error()
	}
	return err.Error()
}

// exchange sends messages on one connection until ctx is done, and checks that
// each comes back.
func (l *loader) exchange(ctx context.Context, c conn) error {
	sent := make(chan time.Time, l.options.load.depth) // when each message on its way was
	sending, stop := context.WithCancel(ctx)
	defer stop()
	go l.send(sending, c, sent)
	r := framing.NewReader(c, l.options.framing.Framer)
	r.SetMaxPayload(int(l.options.maxPayload))
	var want []byte
	for i := 0; ; i++ {
		if err := c.SetReadDeadline(l.options.patience()); err != nil {
			return err
		}
		got, err := r.ReadFrame()
		if err == io.EOF {
			if n := len(sent); n > 0 {
				return errors.New("the server ended the connection before it had answered all messages")
			}
			if ctx.Err() == nil {
				return errors.New("the server ended the connection")
			}
			return nil
		}
		if err != nil {
			return err
		}
		if want = l.script.message(want[:0], i); !bytes.Equal(got, want) {
			return errors.New("a reply is not the message that was sent")
		}
		select {
		case at := <-sent:
			l.record(time.Since(at))
		default:
			return errors.New("a reply came to no message")
		}
	}
}

// send sends messages, as many as may be on their way, and ends the stream when
// ctx is done. What fails here, exchange sees too.
func (l *loader) send(ctx context.Context, c conn, sent chan<- time.Time) {
	w := framing.NewWriter(c, l.options.framing.Framer)
	w.SetMaxPayload(int(l.options.maxPayload))
	defer c.CloseWrite()
	defer w.Flush()
	var payload []byte
	for i := 0; ctx.Err() == nil; i++ {
		select {
		case sent <- time.Now():
		default:
			if w.Flush() != nil {
				return
			}
			select {
			case sent <- time.Now():
			case <-ctx.Done():
				return
			}
		}
		payload = l.script.message(payload[:0], i)
		if w.WriteFrame(payload) != nil {
			return
		}
	}
}

func (l *loader) record(latency time.Duration) {
	l.echoed.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	// Only what is beyond the longest can fail, and that one counts as the longest.
	_ = l.latencies.RecordValue(min(latency, longestLatency).Microseconds())
}

// progress shows on a terminal how far it is, until all connections have ended.
func (l *loader) progress(stderr io.Writer, begin time.Time, ended <-chan struct{}) {
	if !isTerminal(stderr) {
		<-ended
		return
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			fmt.Fprint(stderr, "\r\x1b[K") // an empty line for what follows
			return
		case <-tick.C:
			fmt.Fprintf(stderr, "\r\x1b[K%.0fs: %d messages echoed", time.Since(begin).Seconds(), l.echoed.Load())
		}
	}
}

// summary prints what was measured.
func (l *loader) summary(w io.Writer, elapsed time.Duration) {
	o, n := l.options, l.echoed.Load()
	perSecond := float64(n) / elapsed.Seconds()
	fmt.Fprintf(w, "%d connections, %d messages of %v bytes on their way on each, framing %v\n", o.load.conns, o.load.depth, int(o.load.size), o.framing)
	fmt.Fprintf(w, "%d messages echoed in %.1fs: %.0f/s, %.1f MiB/s, every byte checked\n", n, elapsed.Seconds(), perSecond, perSecond*float64(o.load.size)/(1<<20))
	at := func(percent float64) time.Duration {
		return time.Duration(l.latencies.ValueAtPercentile(percent)) * time.Microsecond
	}
	if n > 0 {
		fmt.Fprintf(w, "latency: 50%% %v, 90%% %v, 99%% %v, 99.9%% %v, max %v\n", at(50), at(90), at(99), at(99.9), at(100))
	}
	if len(l.errors) == 0 {
		fmt.Fprintln(w, "errors: none")
	} else {
		fmt.Fprintf(w, "errors: %d of %d connections\n", l.failed(), o.load.conns)
	}
}

// A script is the messages of a connection: letters of so many bytes, which
// every framing carries, that begin with a number.
type script int

func (s script) message(dst []byte, i int) []byte {
	number := i
	for j := range int(s) {
		c := byte('a' + (i+j)%26)
		if j < 8 {
			c = byte('a' + number%26)
			number /= 26
		}
		dst = append(dst, c)
	}
	return dst
}

// failed returns how many connections did.
func (l *loader) failed() (n int) {
	for _, each := range l.errors {
		n += each
	}
	return n
}
