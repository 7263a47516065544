package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/wholeframe/wholeframe/framing"
)

const (
	// When the relay closes, it accepts connecting clients until none has come for
	// acceptWindow, or acceptMax is over: closing the listener would reset them.
	acceptWindow = 100 * time.Millisecond
	acceptMax    = time.Second

	// What a client had sent is read until nothing has come for settleTime, or
	// settleBytes have: more than a socket holds.
	settleTime  = 100 * time.Millisecond
	settleBytes = 8 << 20

	// lingerTime is how long a client may take to end its side after the server has
	// ended, before the connection is closed.
	lingerTime = 2 * time.Second

	acceptBackoff = 100 * time.Millisecond
)

// longAgo is a deadline that ends a wait.
var longAgo = time.Unix(1, 0)

// errDrained ends the reading of a client when the relay closes.
var errDrained = errors.New("all that had arrived was read")

// A relay connects each client to the server, and passes on messages.
//
// It closes as package server does: it refuses new clients, passes on what had
// arrived whole from each client, ends the stream to the server, passes on the
// answers until the server ends its side, and only then ends the stream to the
// client. A reset is passed on as a reset, and the end of the process is one for its
// clients: the end of a stream tells them that what has no answer was not handled.
//
// It is not built on [server.Server], whose handler sees payloads and not what is on
// the wire, and does not learn that its peer has ended its side while answers are
// awaited: a relay has to pass that on.
type relay struct {
	*job
	display  *display
	dial     dialFunc
	draining context.Context // ended: nothing more is taken from clients
	giveUp   context.Context // ended: nothing more is waited for
	fail     context.CancelCauseFunc
}

// relay serves the clients of l until ctx ends, or the only one has ended.
func (j *job) relay(ctx context.Context, l net.Listener) error {
	dial, err := j.dialer(j.listen.to, -1)
	if err != nil {
		return err
	}
	return j.withDisplay(func(d *display) error {
		r := &relay{job: j, display: d, dial: dial}
		return r.run(ctx, l)
	})
}

func (r *relay) run(ctx context.Context, l net.Listener) error {
	r.draining, r.fail = context.WithCancelCause(ctx)
	defer r.fail(nil)
	giveUp, stop := context.WithCancel(context.Background())
	defer stop()
	r.giveUp = giveUp
	defer context.AfterFunc(r.draining, func() {
		if r.timeout > 0 {
			time.AfterFunc(r.timeout, stop)
		}
	})()
	var links sync.WaitGroup
	if err := r.accept(l, &links); err != nil {
		return err
	}
	links.Wait()
	if cause := context.Cause(r.draining); cause != nil && ctx.Err() == nil {
		return cause // what is shown cannot be written
	}
	return r.display.flush()
}

// accept accepts clients until the relay closes, and starts a link for each.
func (r *relay) accept(l net.Listener, links *sync.WaitGroup) error {
	defer l.Close()
	d := l.(interface{ SetDeadline(time.Time) error })
	defer context.AfterFunc(r.draining, func() { d.SetDeadline(longAgo) })()
	slots := make(chan struct{}, r.listen.maxConns)
	var until time.Time // when the relay closes
	for n := 1; ; {
		if !r.takeSlot(slots) {
			return nil
		}
		// A deadline is set before each call, because one that has passed does not look
		// at the queue.
		var by time.Time
		if r.draining.Err() != nil {
			by = time.Now().Add(acceptWindow)
			if until.IsZero() {
				until = time.Now().Add(acceptMax)
			}
			d.SetDeadline(by)
		}
		c, err := l.Accept()
		if err == nil {
			k := &link{relay: r, n: n}
			n++
			links.Go(func() {
				defer func() { <-slots }()
				k.run(c)
			})
			if r.listen.once || !until.IsZero() && time.Now().After(until) {
				return nil
			}
			continue
		}
		<-slots
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			if !by.IsZero() && !time.Now().Before(by) {
				return nil // nobody is connecting
			}
		case errors.Is(err, net.ErrClosed):
			return err
		default: // of one connection, or for want of descriptors
			r.problems.report(err)
			time.Sleep(acceptBackoff)
		}
	}
}

// takeSlot waits for room for one more client, unless the relay closes.
func (r *relay) takeSlot(slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	default:
	}
	select {
	case slots <- struct{}{}:
		return true
	case <-r.draining.Done():
		return false
	}
}

// A link is the connection of a client and that to the server.
type link struct {
	*relay
	n              int
	client, server conn

	mu       sync.Mutex
	ended    int       // directions whose end was passed on
	lingerBy time.Time // what still comes is discarded until then; zero until both have ended
}

// run serves one client.
func (k *link) run(accepted net.Conn) {
	if !k.quiet {
		k.problems.note("#%d: connected from %s", k.n, printableAddr(accepted.RemoteAddr()))
	}
	var err error
	if k.client, err = k.welcome(k.giveUp, accepted); err != nil {
		k.problems.report(fmt.Errorf("#%d: %w", k.n, err))
		return
	}
	defer k.client.Close()
	if k.server, err = k.dial(k.giveUp); err != nil {
		k.problems.report(fmt.Errorf("#%d: %w", k.n, err))
		reset(accepted)
		return
	}
	defer k.server.Close()
	resetOnClose(k.client, true) // until its stream ends in order
	up := k.half(byClient, k.client, k.server)
	down := k.half(byServer, k.server, k.client)
	defer context.AfterFunc(k.draining, func() { k.client.SetReadDeadline(longAgo) })()
	defer context.AfterFunc(k.giveUp, func() {
		k.problems.report(fmt.Errorf("#%d: not done within %v", k.n, k.timeout))
		k.abort()
	})()
	var halves sync.WaitGroup
	halves.Go(up.run)
	halves.Go(down.run)
	halves.Wait()
}

// abort resets both connections.
func (k *link) abort() {
	reset(k.client)
	reset(k.server)
}

// reset closes a connection in such a way that its peer does not take that for the
// end of the stream, where the network can tell the difference.
func reset(c net.Conn) {
	resetOnClose(c, true)
	c.Close()
}

// resetOnClose decides whether closing c resets it, which the end of the process does
// too.
func resetOnClose(c net.Conn, reset bool) {
	if t, ok := c.(*tlsConn); ok {
		c = t.below
	}
	if s, ok := c.(*steadyConn); ok {
		c = s.conn
	}
	seconds := -1
	if reset {
		seconds = 0
	}
	if t, ok := c.(*net.TCPConn); ok {
		t.SetLinger(seconds) // fails if c is closed already
	}
}

// A half is one direction of a link.
type half struct {
	*link
	track    *track
	view     *view // nil, unless the wire is shown
	src, dst conn
	read     framing.Framer // of src
	write    framing.Framer // of dst
	sender   *sender
	settled  int // bytes read since the relay closes
	readErr  error
	writeErr error
}

func (k *link) half(from side, src, dst conn) *half {
	h := &half{link: k, src: src, dst: dst, read: k.framing.Framer, write: k.framing.Framer}
	if to := k.listen.toFraming.Framer; to != nil && from == byClient {
		h.write = to
	} else if to != nil {
		h.read = to
	}
	h.track = &track{d: k.display, conn: k.n, from: from, print: true, labels: true}
	if k.wire {
		h.view = k.job.view(h.read, fmt.Sprintf("#%d %s ", k.n, from.arrow()), "read")
	}
	h.sender = &sender{w: destination{h}, gather: true}
	if k.listen.isFor(from.other()) && k.job.makesTrouble() {
		h.sender = k.sender(destination{h})
	}
	return h
}

// run passes messages on until the end of src, and then that.
func (h *half) run() {
	pass := h.proxy
	if h.listen.toFraming.Framer != nil {
		pass = h.bridge
	}
	err := pass()
	if err == nil {
		err = h.sender.end(h.giveUp)
	}
	switch {
	case errors.Is(h.readErr, net.ErrClosed):
		return // aborted
	case h.readErr != nil:
		// The reset of one side is one for the other.
		h.problems.report(h.track.name(h.readErr))
		h.abort()
		return
	case errors.Is(h.writeErr, net.ErrClosed):
		return
	case h.writeErr != nil:
		// The other direction finds out whether this was a reset.
		h.problems.report(h.track.name(h.writeErr))
	case err != nil: // a message cannot be shown, and was not passed on
		h.fail(err)
		h.abort()
		return
	}
	h.finish()
}

// finish passes on the end of the stream, and discards what still comes from src:
// closing a connection with unread bytes would reset it. When both directions have
// ended that lasts no longer than lingerTime.
func (h *half) finish() {
	if h.dst == h.client {
		resetOnClose(h.client, false)
	}
	_ = h.dst.CloseWrite() // fails if dst is gone, which reading it tells
	h.mu.Lock()
	if h.ended++; h.ended == 2 {
		h.lingerBy = time.Now().Add(lingerTime)
		h.dst.SetReadDeadline(h.lingerBy)
	}
	h.mu.Unlock()
	for scratch := make([]byte, 4<<10); ; {
		h.mu.Lock()
		by := h.lingerBy
		h.src.SetReadDeadline(by)
		h.mu.Unlock()
		_, err := h.src.Read(scratch)
		switch {
		case err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
			return
		case !by.IsZero() && !time.Now().Before(by):
			return
		}
	}
}

// Read reads from src, after everything that was read before was passed on and
// shown. When the relay closes it returns errDrained as soon as what the client had
// sent was read.
func (h *half) Read(p []byte) (int, error) {
	for {
		if err := h.sender.flush(h.giveUp); err != nil {
			return 0, err
		}
		if err := h.display.flush(); err != nil {
			return 0, err
		}
		settles := h.track.from == byClient && h.draining.Err() != nil
		var by time.Time
		if settles {
			if h.settled >= settleBytes {
				return 0, errDrained
			}
			by = time.Now().Add(settleTime)
			h.src.SetReadDeadline(by)
		}
		n, err := h.src.Read(p)
		if settles {
			h.settled += n
		}
		switch {
		case n > 0:
			return n, nil // src returns its error again
		case err == nil:
			continue
		case !errors.Is(err, os.ErrDeadlineExceeded):
			if err != io.EOF {
				h.readErr = err
			}
			return 0, err
		case settles && !time.Now().Before(by):
			return 0, errDrained
		}
	}
}

// A destination is where a half writes to.
type destination struct{ *half }

func (d destination) Write(p []byte) (int, error) {
	n, err := d.dst.Write(p)
	if err != nil {
		d.writeErr = err
	}
	return n, err
}
