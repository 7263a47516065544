package command

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/wholeframe/wholeframe/framing"
)

// Latencies are kept from 1 µs to 1 minute, to three digits.
const longestLatency = time.Minute

// linger is how long a load waits for replies after Ctrl-C.
const linger = 2 * time.Second

// The pauses before a connection is replaced that has brought nothing.
const (
	firstPause = 10 * time.Millisecond
	lastPause  = time.Second
)

// A loader keeps connections busy and gathers what they see.
type loader struct {
	*options
	*results
	script  *script
	dial    dialFunc
	sending context.Context // done when no further message is to be sent
}

// results are what a load has found.
type results struct {
	begin     time.Time
	connected atomic.Int64 // connections that are open
	sent      atomic.Int64 // messages, each once
	replies   atomic.Int64
	bytes     atomic.Int64 // of their payloads

	mu          sync.Mutex
	latencies   *hdrhistogram.Histogram
	kindsOf     map[string]int  // how many connections have ended in each way
	bad         map[string]bool // the ways that no new connection makes good
	lost, again int64           // messages
	unsent      int64           // messages that were due and not sent
}

func newResults() *results {
	return &results{begin: time.Now(), kindsOf: map[string]int{}, bad: map[string]bool{},
		latencies: hdrhistogram.New(1, longestLatency.Microseconds(), 3)}
}

// ended counts a connection that has ended.
func (r *results) ended(kind string, bad bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kindsOf[kind]++
	r.bad[kind] = r.bad[kind] || bad
}

// ends returns how many connections have ended, other than as they should.
func (r *results) ends() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, each := range r.kindsOf {
		n += each
	}
	return n
}

// measured returns all that was found.
func (l *loader) measured() measured {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := measured{Connections: l.load.conns, Seconds: time.Since(l.begin).Seconds(), Sent: l.sent.Load(), Replies: l.replies.Load(),
		Bytes: l.bytes.Load(), Again: l.again, Lost: l.lost, Unsent: l.unsent, Ends: maps.Clone(l.kindsOf)}
	m.PerSecond = float64(m.Replies) / m.Seconds
	if l.latencies.TotalCount() > 0 {
		m.Latency = map[string]float64{}
		for _, p := range percents {
			m.Latency[percent(p)] = float64(l.latencies.ValueAtPercentile(p)) / 1e6
		}
	}
	return m
}

// replied counts a reply of size bytes to a message that was due at a time.
func (l *loader) replied(at time.Time, size int) {
	latency := time.Since(at)
	l.replies.Add(1)
	l.bytes.Add(int64(size))
	if at.IsZero() {
		return // no message is known to have caused it
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// Only what is beyond the longest can fail, and that one counts as the longest.
	_ = l.latencies.RecordValue(min(latency, longestLatency).Microseconds())
}

// An outgoing is a message that is on its way, or is to be sent.
type outgoing struct {
	i  int       // which of the script
	at time.Time // when it was due; without -rate, when it was first built
}

// A slot is one connection at a time, and the messages that it is to send.
type slot struct {
	*loader
	got   int        // replies
	next  int        // the following message of the script
	again []outgoing // that come before it
	due   time.Time  // when the following message is due; zero without -rate
	every time.Duration
}

// slot returns slot i.
func (l *loader) slot(i int) *slot {
	s := &slot{loader: l}
	if l.load.rate > 0 {
		s.every = time.Duration(float64(time.Second) * float64(l.load.conns) / l.load.rate)
		s.due = l.begin.Add(s.every * time.Duration(i) / time.Duration(l.load.conns))
	}
	return s
}

// run keeps the slot busy until the load is over.
func (s *slot) run(ctx context.Context) {
	pause := firstPause
	for {
		before := s.got
		err := s.connect(ctx)
		if err != nil {
			s.ended(what(err), isWrong(err))
		}
		over := s.sending.Err() != nil && (len(s.again) == 0 || s.late())
		if over || ctx.Err() != nil || !s.load.reconnect || isWrong(err) {
			break
		}
		if s.got > before {
			pause = firstPause
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, lastPause)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost += int64(len(s.again))
	if late := s.overAt().Sub(s.due); s.every > 0 && late > 0 {
		s.unsent += int64((late + s.every - 1) / s.every)
	}
}

// overAt returns when sending was over.
func (s *slot) overAt() time.Time {
	if end, limited := s.sending.Deadline(); limited && end.Before(time.Now()) {
		return end
	}
	return time.Now()
}

// late reports whether what is to be sent again has had its time after the end.
func (s *slot) late() bool {
	return s.timeout >= 0 && time.Since(s.overAt()) > s.timeout
}

var (
	errEnded      = errors.New("the server ended the connection")
	errUnanswered = errors.New("the server ended the connection before it had answered all messages")
)

// A wrongError is a server's fault that a new connection does not make good.
type wrongError struct{ error }

func (e wrongError) Unwrap() error { return e.error }

func isWrong(err error) bool {
	var wrong wrongError
	return errors.As(err, &wrong)
}

// what says what went wrong, without the addresses that would make the errors
// of many connections as many.
func what(err error) string {
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return op.Op + ": " + op.Err.Error()
	}
	return err.Error()
}

// connect opens a connection and keeps it busy until sending is done. If ctx has
// ended, connect waits only for a limited time for outstanding replies.
func (s *slot) connect(ctx context.Context) error {
	dialing := s.sending
	if len(s.again) > 0 {
		dialing = ctx // they are sent even if sending is done
	}
	c, err := s.dial(dialing)
	if err != nil {
		switch {
		case ctx.Err() != nil:
			return nil
		case s.sending.Err() != nil && s.load.reconnect && len(s.again) == 0:
			return nil // nothing was to be sent on it
		case s.sending.Err() != nil && len(s.again) == 0:
			return errors.New("not connected before -for was over")
		}
		return err
	}
	s.connected.Add(1)
	defer s.connected.Add(-1)
	defer c.Close()
	giveUp := func() { time.AfterFunc(linger, func() { c.Close() }) }
	defer context.AfterFunc(ctx, giveUp)()
	if err := s.exchange(c); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil // it was interrupted: nobody else closes c
}

// exchange sends messages on one connection until sending is done, and checks the
// replies. It returns nil if the server has then ended the connection.
func (s *slot) exchange(c conn) error {
	out := &outbox{slot: s, conn: c, sent: make(chan outgoing, s.load.depth)}
	sending, stop := context.WithCancel(s.sending)
	written := make(chan struct{})
	go func() {
		defer close(written)
		out.fill(sending)
	}()
	err := s.receive(c, out)
	stop()
	c.Close() // a write may wait for a server that does not read
	<-written
	close(out.sent)
	var unanswered []outgoing
	for m := range out.sent {
		unanswered = append(unanswered, m)
	}
	switch {
	case len(unanswered) == 0 && err == io.EOF && s.sending.Err() != nil:
		return nil
	case len(unanswered) == 0 && err == io.EOF:
		return errEnded
	case err == io.EOF: // the server has handled none of them
		if s.load.reconnect {
			s.again = append(unanswered, s.again...)
		}
		return errUnanswered
	}
	s.mu.Lock()
	s.lost += int64(len(unanswered))
	s.mu.Unlock()
	return err
}

// receive reads the replies of a connection. It returns io.EOF if the server has ended
// it between two of them.
func (s *slot) receive(c conn, out *outbox) error {
	r := framing.NewReader(c, s.framing.Framer)
	r.SetMaxPayload(int(s.maxPayload))
	var scratch []byte
	waited := false
	for {
		if err := c.SetReadDeadline(s.patience()); err != nil {
			return err
		}
		got, err := r.ReadFrame()
		var malformed *framing.FormatError
		var tooLarge *framing.TooLargeError
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && !s.script.answers() && s.sending.Err() != nil:
			return io.EOF // it has nothing more to say
		case errors.Is(err, os.ErrDeadlineExceeded) && (len(out.sent) == 0 && !out.done.Load() || s.every > 0 && !waited):
			waited = len(out.sent) > 0 // perhaps not for long: it has the time once more
			continue
		case errors.As(err, &malformed) || errors.As(err, &tooLarge):
			return wrongError{err}
		case err != nil:
			return err
		case s.script.expect == "none":
			return wrongError{errors.New("a reply came, and -expect is none")}
		case s.script.expect == "any":
			s.replied(time.Time{}, len(got))
			continue
		}
		waited = false
		s.got++
		select {
		case m := <-out.sent:
			if err := s.script.check(m.i, got, &scratch); err != nil {
				return wrongError{err}
			}
			s.replied(m.at, len(got))
		default:
			return wrongError{errors.New("a reply came to no message")}
		}
		out.answered()
	}
}

// An outbox sends the messages of a slot on a connection.
type outbox struct {
	*slot
	conn conn
	sent chan outgoing // that are on their way, in order
	done atomic.Bool   // no further message is sent on this connection
	once sync.Once
}

// answered ends the sending side when all replies have come: servers that do not know
// half-close drop those that are on their way.
func (o *outbox) answered() {
	if o.done.Load() && len(o.sent) == 0 {
		o.once.Do(func() { o.conn.CloseWrite() })
	}
}

// fill sends messages, as many as may be on their way, until ctx is done. What fails
// here, receive sees too.
func (o *outbox) fill(ctx context.Context) {
	w := framing.NewWriter(o.conn, o.framing.Framer)
	w.SetMaxPayload(int(o.maxPayload))
	defer func() {
		w.Flush()
		o.done.Store(true)
		o.answered()
	}()
	var payload []byte
	for {
		m, fresh, ok := o.take(ctx, w)
		if !ok {
			return
		}
		if o.script.answers() {
			select {
			case o.sent <- m:
			default:
				if w.Flush() != nil {
					o.putBack(m, fresh)
					return
				}
				select {
				case o.sent <- m:
				case <-ctx.Done():
					o.putBack(m, fresh)
					return
				}
			}
		}
		o.count(fresh)
		payload = o.script.message(payload[:0], m.i)
		if w.WriteFrame(payload) != nil {
			return
		}
	}
}

// take returns the next message to be sent, and whether it is sent for the first time. It
// waits until the message is due. ok is false if ctx is done.
func (o *outbox) take(ctx context.Context, w *framing.Writer) (m outgoing, fresh, ok bool) {
	if len(o.again) > 0 {
		m, o.again = o.again[0], o.again[1:]
		return m, false, true
	}
	if ctx.Err() != nil {
		return m, false, false
	}
	m = outgoing{o.next, time.Now()}
	if o.every > 0 {
		m.at = o.due
		if wait := time.Until(o.due); wait > 0 {
			if w.Flush() != nil {
				return m, false, false
			}
			t := time.NewTimer(wait)
			defer t.Stop()
			select {
			case <-ctx.Done():
				return m, false, false
			case <-t.C:
			}
		}
		if end, limited := ctx.Deadline(); limited && !o.due.Before(end) {
			<-ctx.Done() // it is late, as t was
			return m, false, false
		}
		o.due = o.due.Add(o.every)
	}
	o.next++
	return m, true, true
}

// putBack undoes take.
func (o *outbox) putBack(m outgoing, fresh bool) {
	switch {
	case !fresh:
		o.again = append([]outgoing{m}, o.again...)
	case o.every > 0:
		o.due = o.due.Add(-o.every)
		fallthrough
	default:
		o.next--
	}
}

// count counts a message that is sent.
func (o *outbox) count(fresh bool) {
	if fresh {
		o.results.sent.Add(1)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.results.again++
}
