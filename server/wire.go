package server

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	longAgo = time.Unix(1, 0)

	errForced       = errors.New("server: the connection was given up")
	errWriteTimeout = errors.New("server: write timeout: the peer does not read")
)

// A wire is the raw connection with its deadlines. It lies below TLS.
//
// Deadlines are armed lazily: one that is armed for an earlier time than needed
// is left alone, and what it interrupts goes on. So a busy connection arms one
// every few seconds and not two for each message.
type wire struct {
	raw          net.Conn
	writeTimeout time.Duration
	records      records // under TLS

	bytesIn, bytesOut atomic.Uint64

	left int64 // draining: bytes that may still be read; less than 0: any number. For the reader, and for wake, which it has told that it does not read

	mu       sync.Mutex
	inRead   bool // raw.Read runs
	draining bool
	taken    bool // the snapshot
	guess    bool // it is only the most that may have arrived
	forced   bool
	shaking  bool // a TLS handshake runs, which no deadline but its own may touch
	counting bool // what is left unanswered is counted, and no deadline but its own may touch that
	readBy   time.Time
	writeBy  time.Time
}

func (w *wire) init(raw net.Conn, writeTimeout time.Duration) {
	w.raw, w.writeTimeout, w.left = raw, writeTimeout, -1
}

// A tlsWire is a wire as a tls.Conn takes it.
type tlsWire struct {
	net.Conn
	w *wire
}

func (t tlsWire) Read(p []byte) (int, error) {
	n, err := t.w.Read(p)
	t.w.records.feed(p[:n])
	return n, err
}

// records follows the TLS records of a stream, whose beginning and end nobody
// else tells: a frame that arrived in part may be in one that did.
type records struct {
	head [5]byte
	n    int // bytes of head that have arrived
	body int // bytes of the record that have not
}

func (r *records) feed(p []byte) {
	for len(p) > 0 {
		if r.body > 0 {
			n := min(len(p), r.body)
			r.body, p = r.body-n, p[n:]
			continue
		}
		n := copy(r.head[r.n:], p)
		r.n, p = r.n+n, p[n:]
		if r.n == len(r.head) {
			r.n, r.body = 0, int(r.head[3])<<8|int(r.head[4])
		}
	}
}

// half reports whether a record has arrived in part.
func (r *records) half() bool { return r.n > 0 || r.body > 0 }

func (t tlsWire) Write(p []byte) (int, error) { return t.w.Write(p) }

// snapshotEnd is what Read returns where all has been read that had arrived. It
// is temporary for a tls.Conn, which would otherwise return it for ever.
type snapshotEnd struct{}

func (snapshotEnd) Error() string   { return "server: all that had arrived was read" }
func (snapshotEnd) Timeout() bool   { return true }
func (snapshotEnd) Temporary() bool { return true }

// Read reads what may be read.
func (w *wire) Read(p []byte) (int, error) {
	switch most := w.begin(); {
	case most == 0:
		return 0, snapshotEnd{}
	case most > 0:
		p = p[:min(int64(len(p)), most)]
	}
	n, err := w.raw.Read(p)
	w.done(n)
	return n, err
}

// begin begins a read of raw, and returns how many bytes it may bring; less than
// 0: any number.
func (w *wire) begin() (most int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inRead = w.left != 0
	return w.left
}

// done ends a read that brought n bytes.
func (w *wire) done(n int) {
	w.bytesIn.Add(uint64(n))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inRead = false
	switch {
	case w.left > 0:
		w.left -= int64(n)
	case w.draining && !w.taken && !w.shaking:
		w.take()
	}
}

// count lets what had arrived be read until t, to be counted, whatever happens
// meanwhile.
func (w *wire) count(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.taken {
		w.take()
	}
	if w.guess {
		w.left = 0
	}
	w.counting = true
	w.raw.SetReadDeadline(t)
}

// take takes the snapshot: what has arrived is what may still be read. mu is
// held and raw is not being read, or the count would be short of what Read is
// about to return.
func (w *wire) take() {
	w.taken = true
	n, ok := unread(w.raw)
	if w.left, w.guess = int64(n), !ok; !ok {
		w.left = settleBytes
	}
}

// armRead lets reads wait until t, or for ever if that is zero. It reports
// whether the server drains instead, unless the caller knows: the deadline is
// set and the state looked at under one lock, or the wake could be lost.
func (w *wire) armRead(now, t time.Time, known bool) (drain bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.forced:
		return false, errForced
	case w.draining && !known:
		if !w.taken {
			w.take() // at the end of a handshake
		}
		return true, nil
	}
	return false, arm(w.raw.SetReadDeadline, &w.readBy, now, t)
}

// arm has set set a deadline for t, unless an earlier one is still to come.
func arm(set func(time.Time) error, armed *time.Time, now, t time.Time) error {
	switch {
	case armed.IsZero() && t.IsZero():
		return nil
	case armed.After(now) && (t.IsZero() || !armed.After(t)):
		return nil
	}
	*armed = t
	return set(t)
}

// wake ends a wait for bytes: the server drains.
func (w *wire) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.draining = true
	if !w.shaking && !w.counting {
		if !w.inRead {
			w.take()
		}
		w.readBy = longAgo
		w.raw.SetReadDeadline(longAgo)
	}
}

// force ends every wait for good.
func (w *wire) force() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forced = true
	w.raw.SetWriteDeadline(longAgo)
	if !w.counting {
		w.raw.SetReadDeadline(longAgo)
	}
}

// shake begins a handshake that may take until t, or for ever if that is zero.
func (w *wire) shake(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.forced {
		return errForced
	}
	w.shaking = true
	return w.raw.SetDeadline(t)
}

// shaken ends it.
func (w *wire) shaken() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.forced {
		return errForced
	}
	w.shaking = false
	w.readBy, w.writeBy = time.Time{}, time.Time{}
	return w.raw.SetDeadline(time.Time{})
}

// Write writes p, however long that takes, as long as there is progress.
func (w *wire) Write(p []byte) (n int, err error) {
	err = w.write(func() (bool, error) {
		m, err := w.raw.Write(p[n:])
		w.bytesOut.Add(uint64(m))
		n += m
		if err == nil && n < len(p) {
			err = io.ErrShortWrite
		}
		return m > 0, err
	})
	return n, err
}

// WriteBuffers writes what is in v as Write does.
func (w *wire) WriteBuffers(v *net.Buffers) (n int64, err error) {
	err = w.write(func() (bool, error) {
		m, err := v.WriteTo(w.raw)
		w.bytesOut.Add(uint64(m))
		n += m
		if err == nil && len(*v) > 0 {
			err = io.ErrShortWrite
		}
		return m > 0, err
	})
	return n, err
}

// write calls try, which writes on and reports whether it made progress, until
// all is written, it fails, or there is no progress for the write timeout.
func (w *wire) write(try func() (bool, error)) error {
	now := time.Now()
	last, before := now, 0
	for {
		if err := w.armWrite(now); err != nil {
			return err
		}
		progress, err := try()
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) || w.shakes() {
			return err
		}
		// The kernel takes more only when much of its queue is free: a peer that
		// reads slowly shows in what it has acknowledged.
		left, ok := unsent(w.raw)
		progress = progress || ok && left < before
		before = left
		now = time.Now()
		switch {
		case progress:
			last = now
		case now.Sub(last) >= w.writeTimeout:
			return errWriteTimeout
		}
	}
}

// armWrite lets a write wait for a tenth of the write timeout, to look whether
// there is progress.
func (w *wire) armWrite(now time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.forced:
		return errForced
	case w.shaking || w.writeTimeout == forever:
		return nil
	}
	return arm(w.raw.SetWriteDeadline, &w.writeBy, now, now.Add(max(w.writeTimeout/10, 1)))
}

func (w *wire) isForced() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.forced
}

func (w *wire) shakes() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.shaking
}

// unread returns how many bytes have arrived that were not read, if that is
// known.
func unread(c net.Conn) (int, bool) {
	switch c := c.(type) {
	case interface{ Unread() (int, error) }:
		n, err := c.Unread()
		return n, err == nil
	case syscall.Conn:
		return kernelUnread(c)
	}
	return 0, false
}

// unsent returns how many bytes were sent, the end of the stream included, that
// the peer has not acknowledged, if that is known.
func unsent(c net.Conn) (int, bool) {
	switch c := c.(type) {
	case interface{ Unsent() (int, error) }:
		n, err := c.Unsent()
		return n, err == nil
	case syscall.Conn:
		return kernelUnsent(c)
	}
	return 0, false
}

// closeWrite sends the end of the stream, and reports whether c can do that.
func closeWrite(c net.Conn) bool {
	h, ok := c.(interface{ CloseWrite() error })
	return ok && h.CloseWrite() == nil
}

// reset closes c so that the peer cannot take what it got for all.
func reset(c net.Conn) {
	if l, ok := c.(interface{ SetLinger(int) error }); ok {
		l.SetLinger(0)
	}
	c.Close()
}
