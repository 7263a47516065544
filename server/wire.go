package server

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/server/internal/proxyproto"
)

// An interruption ends a read without harm. It calls itself temporary, for a
// tls.Conn repeats any other error forever.
type interruption string

func (i interruption) Error() string { return "server: " + string(i) }
func (interruption) Timeout() bool   { return true }
func (interruption) Temporary() bool { return true }

const errForced = interruption("the connection was given up")

var (
	errWriteTimeout = errors.New("server: write timeout: the peer does not read")
	errTorn         = errors.New("server: a write did not return")
)

var longAgo = time.Unix(1, 0)

const (
	writeSteps    = 10                // progress is looked for this often within the write timeout
	maxUnexpected = 100               // deadlines that pass although nobody set them, before the connection is given up
	stale         = time.Duration(-1) // a deadline that has passed, or was changed
	unknown       = time.Duration(-1) // a time that nobody has looked at
)

// A wire carries the bytes of one connection: the accepted net.Conn, TLS on it,
// its deadlines and counters. One goroutine reads; any may write, one after the
// other.
//
// Deadlines are set lazily: one that passes too early is left alone, and what it
// interrupts is resumed. So a busy connection sets one every few seconds and not
// two for each turn.
type wire struct {
	raw   net.Conn
	sock  syscall.RawConn // of raw, or nil if raw is not a socket itself
	tls   *tls.Conn       // on raw, or nil; who changes it has the turn to write
	free  bool            // raw belongs to who has called Hijack
	epoch time.Time
	limit time.Duration // of a write without progress

	bytesIn, bytesOut atomic.Uint64

	alert atomic.Bool // the server drains, or the connection ends

	// For the goroutine that reads.

	by     time.Duration // how long Read waits
	poll   poll
	looked bool // the deadline of the handshake was prolonged

	proxied atomic.Pointer[proxyproto.Header] // nil if there is no header

	mu          sync.Mutex
	drain       drain
	inRead      bool // a read of raw is running
	inHandshake bool // the handshake's own deadline holds, and no other
	forced      bool
	readBy      time.Duration
	writeBy     time.Duration
	writing     bool            // it is somebody's turn to write
	waiting     []chan struct{} // for the turn: each is closed when it comes
	failed      error           // of the write after which none is made
}

func (w *wire) init(raw net.Conn, s *Server) {
	w.raw, w.sock, w.epoch, w.limit = raw, socketOf(raw), s.epoch, s.limits.write
	w.by, w.readBy, w.writeBy = never, never, never
	w.drain.init(w)
	if w.sock != nil { // what wraps one is asked by its own goroutine, which it may harm
		keepUrgent(w.sock)
		w.resetOnClose(true)
	}
	if s.TLSConfig != nil {
		w.tls = tls.Server(tlsSide{raw, w}, s.TLSConfig)
		w.inHandshake = true
	}
}

// tlsSide is the connection that lies below TLS.
type tlsSide struct {
	net.Conn
	w *wire
}

func (t tlsSide) Read(p []byte) (int, error) {
	if t.w.free {
		return t.Conn.Read(p)
	}
	n, err := t.w.Read(p)
	t.w.drain.follow(p[:n])
	return n, err
}

func (t tlsSide) Write(p []byte) (int, error) {
	if t.w.free {
		return t.Conn.Write(p)
	}
	return t.w.push(p)
}
func (t tlsSide) RemoteAddr() net.Addr { return t.w.remoteAddr() }
func (t tlsSide) LocalAddr() net.Addr  { return t.w.localAddr() }

// netConn returns the connection as hooks see it.
func (w *wire) netConn() net.Conn {
	switch {
	case w.tls != nil:
		return w.tls
	case w.proxied.Load() != nil:
		return &proxiedConn{w.raw, w}
	}
	return w.raw
}

func (w *wire) now() time.Duration { return time.Since(w.epoch) }

// fill adds to buf what one read brings that waits until by. Before a socket
// waits, idle is called, if it is not nil.
func (w *wire) fill(buf *framing.Buffer, by time.Duration, idle func()) (n int, err error) {
	w.by = by
	switch {
	case w.tls != nil:
		return buf.Fill(w.tls)
	case !w.isPolled():
		return buf.Fill(w)
	}
	most, err := w.beginRead()
	if err != nil {
		return 0, err
	}
	defer func() { w.endRead(n, err) }()
	n, err = w.poll.fill(w, buf, most, idle)
	w.bytesIn.Add(uint64(n))
	return n, err
}

// isPolled reports whether fill has a say before it waits.
func (w *wire) isPolled() bool { return w.sock != nil && w.tls == nil }

// Read reads from raw, as far as the drain allows.
func (w *wire) Read(p []byte) (n int, err error) {
	most, err := w.beginRead()
	if err != nil {
		return 0, err
	}
	defer func() { w.endRead(n, err) }()
	n, err = w.raw.Read(p[:min(len(p), most)])
	if n == 0 && w.prolongHandshake(err) {
		n, err = w.raw.Read(p)
	}
	w.bytesIn.Add(uint64(n))
	return n, err
}

// discard reads into p what is not counted. It waits until by.
func (w *wire) discard(p []byte, by time.Duration) (n int, err error) {
	w.by = by
	if _, err := w.beginRead(); err != nil {
		return 0, err
	}
	defer func() { w.endRead(n, err) }()
	return w.raw.Read(p)
}

// beginRead begins a read that may bring at most the returned number of bytes.
// The state is looked at and the deadline set under one lock, or the wake of
// Shutdown could be lost.
func (w *wire) beginRead() (most int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.inHandshake {
		if most, err = w.drain.allowed(w.forced); err != nil {
			return 0, err
		}
		err = w.arm(w.raw.SetReadDeadline, &w.readBy, w.by)
	} else if most = unlimited; w.forced {
		err = errForced
	}
	w.inRead = err == nil
	return most, err
}

// armParked sets the deadline by for a wait that reads nothing, and reports
// whether there is anything to wait for.
func (w *wire) armParked(by time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.drain.allowed(w.forced)
	return err == nil && w.arm(w.raw.SetReadDeadline, &w.readBy, by) == nil
}

func (w *wire) endRead(n int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inRead = false
	if err != nil && isTimeout(err) {
		w.readBy = stale
	}
	if !w.inHandshake {
		w.drain.read(n)
	}
}

// arm sets the deadline by, unless one is set that passes before. mu is held.
func (w *wire) arm(set func(time.Time) error, armed *time.Duration, by time.Duration) error {
	if stale < *armed && *armed <= by {
		return nil
	}
	*armed = by
	if by == never {
		return set(time.Time{})
	}
	return set(w.epoch.Add(by))
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// handshake runs the TLS handshake, which may take until by. Nothing else
// touches its deadlines: a handshake does not survive that.
func (w *wire) handshake(run func() error, by time.Duration) (err error) {
	if err := w.setHandshake(true, by); err != nil {
		return err
	}
	defer func() { // after a panic too, for the deadlines that follow
		if failed := w.setHandshake(false, never); failed != nil {
			err = failed
		}
	}()
	if err := run(); err != nil {
		return &handshakeError{err}
	}
	return nil
}

func (w *wire) setHandshake(on bool, by time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.forced {
		return errForced
	}
	w.inHandshake = on
	if on {
		w.drain.taken = false // what a handshake reads is not part of the snapshot
	}
	w.readBy, w.writeBy = stale, stale
	if err := w.arm(w.raw.SetReadDeadline, &w.readBy, by); err != nil {
		return err
	}
	return w.arm(w.raw.SetWriteDeadline, &w.writeBy, by)
}

// prolongHandshake gives the handshake another second, once, if its deadline has
// passed while its bytes had arrived: the process was stopped.
func (w *wire) prolongHandshake(err error) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.inHandshake || w.looked || w.forced || err == nil || !isTimeout(err) {
		return false
	}
	w.looked = true
	if n, ok := unread(w.raw, w.sock); !ok || n == 0 || w.now()-w.readBy < stopped {
		return false
	}
	return w.raw.SetDeadline(time.Now().Add(time.Second)) == nil
}

// wake ends a wait for bytes: the server drains.
func (w *wire) wake() {
	defer w.protect()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.free {
		return
	}
	w.alert.Store(true)
	if w.drain.wake(!w.inRead && !w.inHandshake) && !w.inHandshake {
		w.readBy = stale
		w.raw.SetReadDeadline(longAgo)
	}
}

// stop makes the connection end for a reason, in place of waiting for bytes. It
// does nothing if the connection ends already.
func (w *wire) stop(reason error) {
	defer w.protect()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.free {
		return
	}
	w.alert.Store(true)
	if w.drain.stop(reason) && !w.inHandshake {
		w.readBy = stale
		w.raw.SetReadDeadline(longAgo)
	}
}

// ending returns why the connection must end, or nil.
func (w *wire) ending() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.drain.reason == nil && w.forced {
		return errForced
	}
	return w.drain.reason
}

// force ends every wait for good.
func (w *wire) force() {
	defer w.protect()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.free {
		return
	}
	w.forced = true
	w.alert.Store(true)
	w.raw.SetWriteDeadline(longAgo)
	if !w.drain.isCounting() {
		w.readBy = stale
		w.raw.SetReadDeadline(longAgo)
	}
}

func (w *wire) isForced() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.forced
}

// protect closes a wrapped connection that panics in a goroutine that is not its
// own.
func (w *wire) protect() {
	if recover() != nil {
		defer protect()
		w.raw.Close()
	}
}

func protect() { _ = recover() }

// Write writes whole frames. After a write that failed it returns that error.
func (w *wire) Write(p []byte) (n int, err error) {
	if err := w.beginWrite(); err != nil {
		return 0, err
	}
	done := errTorn
	defer func() { w.endWrite(done) }()
	if w.tls != nil {
		n, err = w.tls.Write(p)
	} else {
		n, err = w.push(p)
	}
	done = err
	return n, err
}

// WriteBuffers writes what is in v as Write does. It is for a wire whose
// isVectored is true.
func (w *wire) WriteBuffers(v *net.Buffers) (n int64, err error) {
	if err := w.beginWrite(); err != nil {
		return 0, err
	}
	done := errTorn
	defer func() { w.endWrite(done) }()
	err = w.retry(func() (moved int64, err error) {
		if own, ok := w.raw.(buffersWriter); ok {
			moved, err = own.WriteBuffers(v)
		} else {
			moved, err = v.WriteTo(w.raw)
		}
		n += moved
		if err == nil && len(*v) > 0 {
			err = io.ErrShortWrite
		}
		return moved, err
	})
	done = err
	return n, err
}

// push writes p to raw.
func (w *wire) push(p []byte) (n int, err error) {
	err = w.retry(func() (int64, error) {
		moved, err := w.raw.Write(p[n:])
		n += moved
		if err == nil && n < len(p) {
			err = io.ErrShortWrite
		}
		return int64(moved), err
	})
	return n, err
}

// beginWrite waits for its turn to write. The turn is not a mutex, because the peer
// decides how long it lasts.
func (w *wire) beginWrite() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.writing {
		turn := make(chan struct{})
		w.waiting = append(w.waiting, turn)
		w.mu.Unlock()
		<-turn
		w.mu.Lock()
	}
	w.writing = true
	if w.failed != nil {
		w.passTurn()
	}
	return w.failed
}

// endWrite ends the turn. After an err no further write is made.
func (w *wire) endWrite(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed == nil {
		w.failed = err
	}
	w.passTurn()
}

// failure returns the error of the write that failed, if one has.
func (w *wire) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}

// passTurn gives the turn to who waits longest. mu is held.
func (w *wire) passTurn() {
	if w.writing = len(w.waiting) > 0; w.writing {
		close(w.waiting[0])
		w.waiting = w.waiting[1:]
	}
}

// fail makes every further write fail with err, that of a frame which was torn.
func (w *wire) fail(err error) {
	if w.beginWrite() == nil {
		w.endWrite(err)
	}
}

// endWrites makes every further write fail with net.ErrClosed, and returns the
// error of the write that failed, if one has. Both are one turn: no write can
// fail in between.
func (w *wire) endWrites() (failed error) {
	if err := w.beginWrite(); err != nil {
		return err
	}
	w.endWrite(net.ErrClosed)
	return nil
}

// retry calls try, which continues to write, until all is written, it fails, or
// the peer has made no progress for the write timeout. If a deadline is set, which
// is the usual case, the clock is not looked at before it passes.
func (w *wire) retry(try func() (moved int64, err error)) error {
	var (
		now        = unknown
		last       = unknown // when there was progress
		before     = 0       // bytes that were not acknowledged then
		unexpected = 0
	)
	for {
		var err error
		if now, err = w.armWrite(now); err != nil {
			return err
		}
		if last == unknown {
			last = now
		}
		moved, err := try()
		if moved > 0 {
			w.bytesOut.Add(uint64(moved))
		}
		if err == nil || !isTimeout(err) {
			return err
		}
		armed, ok := w.expired()
		if !ok {
			return err
		}
		now = w.now()
		if now < armed {
			if unexpected++; unexpected > maxUnexpected {
				return err
			}
		}
		// The kernel takes more only when much of its queue is free: a peer that
		// reads slowly shows in what it has acknowledged.
		left, ok := unsent(w.raw, w.sock)
		switch {
		case moved > 0 || ok && left < before:
			last = now
		case last == unknown:
			last = now - w.writeStep() // the write began a step ago at most
		case now-armed > stopped && armed > last:
			last += now - armed // nobody looked
		}
		if before = left; now-last >= w.limit {
			return errWriteTimeout
		}
	}
}

// armWrite lets a write wait for a tenth of the write timeout, to look whether
// there is progress. A deadline that is still to come, or has passed since the
// last write, will do: it interrupts the write, which is then resumed. now may be
// unknown; armWrite returns it if it had to look at the clock.
func (w *wire) armWrite(now time.Duration) (time.Duration, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.forced:
		return now, errForced
	case w.inHandshake || stale < w.writeBy && w.writeBy < never:
		return now, nil
	}
	by := never
	if w.limit != never {
		if now == unknown {
			now = w.now()
		}
		by = now + w.writeStep()
	}
	return now, w.arm(w.raw.SetWriteDeadline, &w.writeBy, by)
}

// writeStep is how long a write waits before it is looked for progress.
func (w *wire) writeStep() time.Duration { return max(w.limit/writeSteps, 1) }

// expired returns the deadline that has interrupted a write, and whether the
// write may be resumed.
func (w *wire) expired() (armed time.Duration, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	armed, w.writeBy = w.writeBy, stale
	return armed, !w.inHandshake
}

// resetOnClose makes closing raw, and the end of the process too, reset the
// connection, or not.
func (w *wire) resetOnClose(on bool) {
	sec := -1
	if on {
		sec = 0
	}
	if l, ok := w.raw.(interface{ SetLinger(int) error }); ok {
		l.SetLinger(sec)
	}
}

// unacknowledged returns how many bytes were sent, the end of the stream
// included, that the peer has not acknowledged, and whether that is known: if it
// is not it may be none. What was written to a Unix socket is with the peer.
func (w *wire) unacknowledged() (int, bool) {
	if _, ok := w.raw.(*net.UnixConn); ok {
		return 0, w.sock != nil
	}
	return unsent(w.raw, w.sock)
}

// quiet returns how long a peer must be silent, everything being acknowledged,
// before nothing more is expected of it.
func (w *wire) quiet() time.Duration {
	if _, ok := w.raw.(*net.TCPConn); ok && w.sock != nil {
		return kernelQuiet(w.sock)
	}
	return quietLeast
}

// closeWrite sends the end of the stream, on the TLS layer too, and reports
// whether raw can do that.
func (w *wire) closeWrite() bool {
	if w.tls != nil && w.tls.ConnectionState().HandshakeComplete {
		w.tls.CloseWrite()
	}
	h, ok := w.raw.(interface{ CloseWrite() error })
	return ok && h.CloseWrite() == nil
}
