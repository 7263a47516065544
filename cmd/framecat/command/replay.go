package command

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
)

var replayMode = &mode{
	flag: "replay",
	examples: []example{
		{"-replay FILE HOST:PORT", "send what -record has kept"},
	},
	groups: []*group{messageFlags, outputFlags, recordFlags, replayFlags, connectFlags},
	check:  func(o *options) error { return o.replay.check(o) },
	run:    replay,
}

type replayOptions struct {
	file      string
	speedText string
	speed     float64 // 1: as recorded; infinite: as fast as answers come
}

var replayFlags = &group{"Replaying", func(f *flag.FlagSet, o *options) {
	f.StringVar(&o.replay.file, "replay", "", "send the clients' messages of a `FILE` that -record wrote, and compare the answers with the server's")
	f.StringVar(&o.replay.speedText, "speed", "1", "replay as fast as it was recorded, `TIMES` as fast, or max; a message waits in any case for the answers that came before it")
}}

func (r *replayOptions) check(o *options) error {
	if r.file == "" {
		return errors.New("-replay: want the FILE that -record wrote")
	}
	if r.speedText == "max" {
		r.speed = math.Inf(1)
		return nil
	}
	speed, err := strconv.ParseFloat(r.speedText, 64)
	if err != nil || !(speed > 0) {
		return fmt.Errorf("-speed %q: want a number over 0, or max", r.speedText)
	}
	r.speed = speed
	return nil
}

const (
	maxReplayed  = 1000 // connections
	maxDifferent = 10   // differences of a connection are reported
)

// replay sends what was recorded, on as many connections, and compares.
func replay(ctx context.Context, j *job) error {
	dial, err := j.dialer(j.addr, j.timeout)
	if err != nil {
		return err
	}
	first, conns, err := j.survey()
	if err != nil {
		return err
	}
	return j.withDisplay(func(d *display) error {
		total := replayed{Connections: len(conns)}
		begin := time.Now()
		playbacks := make([]*playback, len(conns))
		var all sync.WaitGroup
		for i, n := range conns {
			p := &playback{job: j, display: d, conn: n, first: first, begin: begin, news: make(chan struct{})}
			playbacks[i] = p
			all.Go(func() {
				if err := p.run(ctx, dial); err != nil && ctx.Err() == nil {
					j.problems.report(p.name(err))
				}
			})
		}
		all.Wait()
		if ctx.Err() != nil {
			return errInterrupted
		}
		for _, p := range playbacks {
			total.Sent += p.total.Sent
			total.Same += p.total.Same
			total.Different += p.total.Different
			total.Missing += p.total.Missing
		}
		total.print(j)
		return nil
	})
}

// replayed counts what a replay has done.
type replayed struct {
	Connections int `json:"connections"`
	Sent        int `json:"sent"`
	Same        int `json:"same"`      // replies that are as recorded
	Different   int `json:"different"` // or not recorded
	Missing     int `json:"missing"`
}

func (r *replayed) print(j *job) {
	switch {
	case j.quiet:
	case j.json:
		j.out.Write(appendJSON(nil, r))
	default:
		fmt.Fprintf(j.out, "%s on %s: %s as recorded, %d different, %d missing\n",
			count(r.Sent, "message"), count(r.Connections, "connection"), count(r.Same, "reply"), r.Different, r.Missing)
	}
}

// survey returns the time of the first recorded message, and the connections.
func (j *job) survey() (first time.Time, conns []int, err error) {
	found := make(map[int]struct{})
	for r, err := range j.records() {
		if err != nil {
			return first, nil, err
		}
		if first.IsZero() {
			first = r.Time
		}
		found[r.Conn] = struct{}{}
		if len(found) > maxReplayed {
			return first, nil, fmt.Errorf("%s: more than %d connections", j.replay.file, maxReplayed)
		}
	}
	if len(found) == 0 {
		return first, nil, fmt.Errorf("%s: no message is recorded", j.replay.file)
	}
	return first, slices.Sorted(maps.Keys(found)), nil
}

// A recorded is a record with its payload and its line in the file.
type recorded struct {
	record
	payload []byte
	line    int
}

// records returns the messages of the file. An error is the last.
func (j *job) records() iter.Seq2[recorded, error] {
	return func(yield func(recorded, error) bool) {
		f, err := os.Open(j.replay.file)
		if err != nil {
			yield(recorded{}, err)
			return
		}
		defer f.Close()
		r := framing.NewReader(f, delimiter.Line())
		r.AcceptUnterminated(true)
		r.SetMaxPayload(j.longestRecord())
		line := 0
		for text, err := range r.Frames() {
			line++
			var m recorded
			if err == nil {
				m.record, m.payload, err = parseRecord(text)
			}
			if m.line = line; err != nil {
				err = fmt.Errorf("%s: line %d: %w", j.replay.file, line, err)
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// longestRecord returns how many bytes a line of the file may have: a byte of a
// message takes six at most, as \u0000.
func (j *job) longestRecord() int {
	const others = 1 << 10
	if n := int(j.maxPayload); n >= 0 && n < (math.MaxInt-others)/6 {
		return 6*n + others
	}
	return -1
}

// A playback is the replay of one recorded connection.
type playback struct {
	*job
	display *display
	conn    int
	first   time.Time // of the recording
	begin   time.Time // of the replay
	c       conn
	total   replayed

	mu       sync.Mutex
	answered int           // replies that have come
	news     chan struct{} // closed and replaced when answered has grown
	finished bool          // all is sent
}

// run replays the connection.
func (p *playback) run(ctx context.Context, dial dialFunc) error {
	for r, err := range p.own() { // the first message says when to connect
		if err != nil {
			return err
		}
		if err := p.await(ctx, r.Time); err != nil {
			return err
		}
		break
	}
	c, err := dial(ctx)
	if err != nil {
		return err
	}
	p.c = c
	ctx, stop := context.WithCancel(ctx)
	defer context.AfterFunc(ctx, func() { c.Close() })()
	sent := make(chan error, 1)
	go func() {
		err := p.send(ctx)
		p.finish()
		sent <- err
	}()
	err = p.compare()
	stop()
	if failed := <-sent; failed != nil && !errors.Is(failed, context.Canceled) {
		err = failed // and what is missing follows from it
	}
	return err
}

// own returns the messages of this connection.
func (p *playback) own() iter.Seq2[recorded, error] {
	return func(yield func(recorded, error) bool) {
		for r, err := range p.records() {
			if (err != nil || r.Conn == p.conn) && !yield(r, err) {
				return
			}
		}
	}
}

// await waits until it is time for what was recorded at that time.
func (p *playback) await(ctx context.Context, recorded time.Time) error {
	after := min(float64(recorded.Sub(p.first))/p.replay.speed, math.MaxInt64/2)
	t := time.NewTimer(time.Until(p.begin.Add(time.Duration(after))))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// send sends the client's messages, each when the replies before it have come and
// it is time.
func (p *playback) send(ctx context.Context) error {
	track := &track{d: p.display, conn: p.conn, from: byClient}
	w := framing.NewWriter(p.c, p.framing.Framer)
	w.SetMaxPayload(int(p.maxPayload))
	replies := 0
	for r, err := range p.own() {
		if err != nil {
			return err
		}
		if r.From == byServer.String() {
			replies++
			continue
		}
		if err := p.awaitReplies(ctx, replies); err != nil {
			return err
		}
		if err := p.await(ctx, r.Time); err != nil {
			return err
		}
		if err := track.message(r.payload); err != nil {
			return err
		}
		if err := cmp.Or(w.WriteFrame(r.payload), w.Flush()); err != nil {
			return fmt.Errorf("%s: line %d: %w", p.replay.file, r.line, err)
		}
		p.total.Sent++
	}
	return p.awaitReplies(ctx, replies)
}

// awaitReplies waits until n replies have come. While it waits the server must not
// be silent for longer than the timeout.
func (p *playback) awaitReplies(ctx context.Context, n int) error {
	for {
		p.mu.Lock()
		enough, news := p.answered >= n, p.news
		p.mu.Unlock()
		if enough {
			return p.c.SetReadDeadline(time.Time{})
		}
		if err := p.c.SetReadDeadline(p.patience()); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-news:
		}
	}
}

// finish ends the stream.
func (p *playback) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finished = true
	p.c.SetReadDeadline(p.patience()) // these two fail if c does, which compare sees
	p.c.CloseWrite()
}

// gotReply tells send that a reply has come.
func (p *playback) gotReply() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answered++
	close(p.news)
	p.news = make(chan struct{})
	if p.finished {
		p.c.SetReadDeadline(p.patience())
	}
}

// compare reads the replies up to the end of the stream, and compares them with
// the recorded ones.
func (p *playback) compare() error {
	next, stop := iter.Pull2(p.own())
	defer stop()
	track := &track{d: p.display, conn: p.conn, from: byServer}
	r := framing.NewReader(p.c, p.framing.Framer)
	r.SetMaxPayload(int(p.maxPayload))
	for n := 1; ; n++ {
		got, err := r.ReadFrame()
		want, ok, failed := nextReply(next)
		switch {
		case failed != nil:
			return failed
		case err != nil:
			for ; ok && failed == nil; _, ok, failed = nextReply(next) {
				p.total.Missing++
			}
			switch {
			case failed != nil:
				return failed
			case err == io.EOF && p.total.Missing == 0:
				return nil
			case err == io.EOF:
				return fmt.Errorf("the server ended the connection: %s missing, the first recorded in line %d", count(p.total.Missing, "reply"), want.line)
			case errors.Is(err, os.ErrDeadlineExceeded):
				return fmt.Errorf("the server has sent nothing for %v: %s missing", p.timeout, count(p.total.Missing, "reply"))
			}
			return err
		}
		if err := track.message(got); err != nil {
			return err
		}
		switch {
		case !ok:
			p.differs("reply %d is %s; none was recorded", n, excerpt(got))
		case !bytes.Equal(got, want.payload):
			p.differs("reply %d is %s; recorded in line %d was %s", n, excerpt(got), want.line, excerpt(want.payload))
		default:
			p.total.Same++
		}
		p.gotReply()
	}
}

// nextReply returns the next recorded reply, or false if there are no more.
func nextReply(next func() (recorded, error, bool)) (want recorded, ok bool, err error) {
	for {
		r, err, more := next()
		if !more || err != nil || r.From == byServer.String() {
			return r, more && err == nil, err
		}
	}
}

// differs reports a difference.
func (p *playback) differs(format string, args ...any) {
	p.total.Different++
	switch {
	case p.total.Different < maxDifferent:
		p.problems.report(p.name(fmt.Errorf(format, args...)))
	case p.total.Different == maxDifferent:
		p.problems.report(p.name(errors.New("further differences are only counted")))
	}
}

func (p *playback) name(err error) error {
	if p.conn == 0 {
		return err
	}
	return fmt.Errorf("#%d: %w", p.conn, err)
}

// excerpt returns the beginning of a message, quoted.
func excerpt(payload []byte) string {
	const most = 60
	if len(payload) <= most {
		return strconv.Quote(string(payload))
	}
	return fmt.Sprintf("%q and %s more", payload[:most], bytesOf(len(payload)-most))
}
