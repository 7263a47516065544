package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/wholeframe/wholeframe/framing/spec"
	"github.com/wholeframe/wholeframe/internal/durationflag"
)

// most is the largest -conns and -depth: more is a typing error, and would take
// memory at once.
const most = 1 << 20

var loadMode = &mode{
	flag: "load",
	examples: []example{
		{"-load -framing=length HOST:PORT", "measure a server that echoes"},
	},
	groups: []*group{messageFlags, outputFlags, hexFlags, framedFlags, connectFlags, loadFlags},
	check:  func(o *options) error { return o.load.check(o) },
	run:    load,
}

type loadOptions struct {
	conns     int
	depth     int
	size      spec.Size
	duration  time.Duration
	rate      float64
	reconnect bool
	send      string
	expect    string
}

var loadFlags = &group{"Load", func(f *flag.FlagSet, o *options) {
	o.load = loadOptions{size: 128}
	f.Bool("load", false, "keep a server busy, check its replies, and measure")
	f.IntVar(&o.load.conns, "conns", 64, "open `N` connections")
	f.IntVar(&o.load.depth, "depth", 16, "have at most `N` messages on their way on each")
	f.Var(&o.load.size, "size", "send messages of `SIZE`")
	durationflag.Var(f, &o.load.duration, "for", 10*time.Second, "send for `DURATION` (0 means 10s, negative means until Ctrl-C)")
	f.Float64Var(&o.load.rate, "rate", 0, "send `N` messages a second in all, each when it is due, however slow the replies are; latency counts from then (0 means as fast as replies come)")
	f.BoolVar(&o.load.reconnect, "reconnect", false, "replace connections that end, and send again what the server has ended without an answer; a message whose connection fails is lost")
	f.StringVar(&o.load.send, "send", "", "send the lines of `FILE`, over and over, in place of made-up messages; with -hex they are digits, with -framed frames")
	f.StringVar(&o.load.expect, "expect", "", "expect of each message: echo, its bytes; reply, any one reply; `FILE`, its lines in turn; any, replies or none; none, no reply (default echo, with -send reply)")
}}

func (l *loadOptions) check(o *options) error {
	if l.duration == 0 {
		l.duration = 10 * time.Second
	}
	if l.expect == "" {
		if l.expect = "echo"; l.send != "" {
			l.expect = "reply"
		}
	}
	switch {
	case o.framed && l.send == "":
		return errors.New("-framed needs -send")
	case l.conns < 1 || l.conns > most:
		return fmt.Errorf("-conns %d: it must be 1 to %d", l.conns, most)
	case l.depth < 1 || l.depth > most:
		return fmt.Errorf("-depth %d: it must be 1 to %d", l.depth, most)
	case l.size < 0:
		return fmt.Errorf("-size %v: it must not be negative", l.size)
	case o.maxPayload >= 0 && l.size > o.maxPayload:
		return fmt.Errorf("-size %v: larger than -max-payload %v", l.size, o.maxPayload)
	case !(l.rate >= 0 && l.rate <= 1e9):
		return fmt.Errorf("-rate %v: it must be 0 to 1000000000", l.rate)
	}
	return nil
}

// load keeps a server busy, and prints what was measured.
func load(ctx context.Context, j *job) error {
	dial, err := j.dialer(j.addr, j.timeout)
	if err != nil {
		return err
	}
	s, err := j.script()
	if err != nil {
		return err
	}
	sending, stop := ctx, context.CancelFunc(func() {})
	if j.load.duration > 0 {
		sending, stop = context.WithTimeout(ctx, j.load.duration)
	}
	defer stop()
	l := &loader{options: j.options, script: s, dial: dial, sending: sending, results: newResults()}
	var conns sync.WaitGroup
	for i := range j.load.conns {
		conns.Go(func() { l.slot(i).run(ctx) })
	}
	ended := make(chan struct{})
	go func() { conns.Wait(); close(ended) }()
	l.progress(j.stderr, ended)
	l.summary(j)
	for _, err := range l.failures() {
		j.problems.report(err)
	}
	if ctx.Err() != nil {
		return errInterrupted
	}
	return nil
}

// progress shows on a terminal how far it is, until all connections have ended.
func (l *loader) progress(stderr io.Writer, ended <-chan struct{}) {
	if l.quiet || !isTerminal(stderr) {
		<-ended
		return
	}
	const each = 200 * time.Millisecond
	tick := time.NewTicker(each)
	defer tick.Stop()
	before := int64(0)
	for {
		select {
		case <-ended:
			fmt.Fprint(stderr, "\r\x1b[K") // an empty line for what follows
			return
		case <-tick.C:
			n := l.replies.Load()
			fmt.Fprintf(stderr, "\r\x1b[K%.0fs: %s, %.0f/s, %d of %d connected, %s ended", time.Since(l.begin).Seconds(),
				count(n, "reply"), float64(n-before)/each.Seconds(), l.connected.Load(), l.load.conns, count(l.ends(), "connection"))
			before = n
		}
	}
}

// A measured is what a load has found, as -json prints it. Durations are in seconds.
type measured struct {
	Connections int                `json:"connections"`
	Seconds     float64            `json:"seconds"`
	Sent        int64              `json:"sent"`
	Replies     int64              `json:"replies"`
	PerSecond   float64            `json:"replies_per_second"`
	Bytes       int64              `json:"bytes"` // of the payloads of the replies
	Latency     map[string]float64 `json:"latency,omitempty"`
	Again       int64              `json:"sent_again"`
	Lost        int64              `json:"lost"`
	Unsent      int64              `json:"due_and_not_sent"`
	Ends        map[string]int     `json:"ends"` // of connections, and attempts to connect, by kind
}

// percents are the percentiles that are printed.
var percents = []float64{50, 90, 99, 99.9, 100}

// percent returns the name of a percentile.
func percent(p float64) string {
	if p == 100 {
		return "max"
	}
	return fmt.Sprintf("%g%%", p)
}

// summary prints what was measured.
func (l *loader) summary(j *job) {
	m := l.measured()
	switch {
	case j.quiet:
		return
	case j.json:
		j.out.Write(appendJSON(nil, m))
		return
	}
	o := l.load
	messages := fmt.Sprintf("messages of %d bytes", int(o.size))
	if o.send != "" {
		messages = fmt.Sprintf("messages of %s", clean(o.send))
	}
	if o.rate > 0 {
		messages = fmt.Sprintf("%g %s a second in all", o.rate, messages)
	} else {
		messages = fmt.Sprintf("%d %s on their way on each", o.depth, messages)
	}
	fmt.Fprintf(j.out, "%s, %s, framing %v\n", count(o.conns, "connection"), messages, l.framing)
	done := fmt.Sprintf("%s answered", count(m.Replies, "message"))
	switch o.expect {
	case "echo":
		done = fmt.Sprintf("%s echoed", count(m.Replies, "message"))
	case "any":
		done = fmt.Sprintf("%s sent, %s", count(m.Sent, "message"), count(m.Replies, "reply"))
	case "none":
		done = fmt.Sprintf("%s sent", count(m.Sent, "message"))
		m.PerSecond = float64(m.Sent) / m.Seconds
	}
	done += fmt.Sprintf(" in %.1fs: %.0f/s", m.Seconds, m.PerSecond)
	if o.expect != "none" {
		done += fmt.Sprintf(", %.1f MiB/s", float64(m.Bytes)/m.Seconds/(1<<20))
	}
	if o.expect == "echo" {
		done += ", every byte checked"
	}
	fmt.Fprintln(j.out, done)
	if len(m.Latency) > 0 {
		line := "latency:"
		if o.rate > 0 {
			line = "latency since a message was due:"
		}
		for _, p := range percents {
			line += fmt.Sprintf(" %s %v,", percent(p), time.Duration(math.Round(m.Latency[percent(p)]*1e6))*time.Microsecond)
		}
		fmt.Fprintln(j.out, line[:len(line)-1])
	}
	if m.Unsent > 0 {
		fmt.Fprintf(j.out, "%s due and not sent\n", count(m.Unsent, "message"))
	}
	switch {
	case o.reconnect:
		fmt.Fprintf(j.out, "%s lost, %d sent again\n", count(m.Lost, "message"), m.Again)
		for _, kind := range slices.Sorted(maps.Keys(m.Ends)) {
			fmt.Fprintf(j.out, "%s: %s\n", count(m.Ends[kind], "connection"), clean(kind))
		}
	case l.ends() > 0:
		fmt.Fprintf(j.out, "errors: %d of %d connections\n", l.ends(), o.conns)
	}
	if len(l.failures()) == 0 {
		fmt.Fprintln(j.out, "errors: none")
	}
}

// failures returns what makes the exit code 1.
func (l *loader) failures() (all []error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, kind := range slices.Sorted(maps.Keys(l.kindsOf)) {
		if !l.load.reconnect || l.bad[kind] {
			all = append(all, fmt.Errorf("%d of %d connections: %s", l.kindsOf[kind], l.load.conns, kind))
		}
	}
	if l.load.reconnect {
		switch {
		case l.lost > 0:
			all = append(all, fmt.Errorf("%s lost: a connection failed before the reply", count(l.lost, "message")))
		case l.sent.Load() == 0:
			all = append(all, errors.New("nothing was sent"))
		}
	}
	return all
}
