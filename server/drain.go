package server

import (
	"math"
	"time"
)

// A phase says what a connection still reads.
type phase uint8

const (
	reading   phase = iota // whatever comes
	woken                  // the server drains, and the reading goroutine has not noticed
	fresh                  // nothing has come yet; the first bytes, if they come in time
	snapshot               // what had arrived
	settling               // the same where nobody tells how much that is: until it is quiet
	halfFrame              // the rest of a frame that had arrived in part
	lingering              // whatever comes, which is discarded
	counting               // what had arrived, which is counted and not answered
)

const (
	freshFor    = 500 * time.Millisecond // after it was accepted a connection is fresh
	settleGap   = 25 * time.Millisecond
	settleMax   = 250 * time.Millisecond // of waiting, without the time in handlers
	settleBytes = 256 << 10              // about what a receive queue holds
	halfGap     = 500 * time.Millisecond
	halfMax     = 2 * time.Second

	unlimited = math.MaxInt
)

const (
	errWoken       = interruption("the server drains")
	errSnapshotEnd = interruption("all that had arrived was read")
	errStopped     = interruption("the connection ends") // for the reason of the drain
)

// A drain decides what a connection still reads when its server drains: the
// bytes that had arrived when Shutdown was called, the first ones of a
// connection that is fresh, and the rest of a frame that had arrived in part.
// Its mutex is that of its wire, which calls the methods with mu held.
type drain struct {
	w      *wire
	phase  phase
	taken  bool          // left was set when Shutdown was called, or as soon as possible
	guess  bool          // it is only the most that may have arrived
	left   int           // bytes that may still be read
	by     time.Duration // the end of the phases fresh and halfFrame
	offset int64         // halfFrame: of the frame
	waited time.Duration // settling: for bytes
	stream bool          // a handler takes the rest of a frame, whenever that comes
	reason error         // why nothing is read any more, if not nil

	records records
}

func (d *drain) init(w *wire) { d.w = w }

// wake begins the drain, and reports whether a wait for bytes must end. If take is
// true, raw is not being read, and the snapshot is taken now; otherwise it is taken
// after the running read, whose bytes are not part of it.
func (d *drain) wake(take bool) bool {
	if d.phase != reading {
		return d.phase != counting
	}
	d.phase = woken
	if take {
		d.take()
	}
	return true
}

// stop makes the connection end for a reason, unless it ends already. It reports
// whether a wait for bytes must end.
func (d *drain) stop(reason error) bool {
	if d.reason != nil || d.phase >= lingering {
		return false
	}
	d.reason = reason
	return true
}

// take takes the snapshot: what has arrived is what may still be read.
func (d *drain) take() {
	d.taken = true
	n, ok := unread(d.w.raw, d.w.sock)
	if d.left, d.guess = n, !ok; d.guess {
		d.left = settleBytes
	}
}

// allowed returns how many bytes may be read now, or why none.
func (d *drain) allowed(forced bool) (int, error) {
	switch {
	case d.reason != nil && d.phase < lingering && (!d.stream || forced):
		return 0, errStopped
	case d.phase == reading && !forced:
		return unlimited, nil
	case forced && d.phase != counting:
		return 0, errForced
	case d.phase == woken:
		return 0, errWoken
	case d.phase == snapshot || d.phase == settling || d.phase == counting:
		if d.left <= 0 {
			return 0, errSnapshotEnd
		}
		return d.left, nil
	}
	return unlimited, nil
}

// read notes that n bytes were read.
func (d *drain) read(n int) {
	switch d.phase {
	case woken:
		if !d.taken {
			d.take()
		}
	case fresh:
		if n > 0 {
			d.take()
			d.begin()
		}
	case snapshot, settling, counting:
		d.left -= n
	}
}

func (d *drain) isCounting() bool { return d.phase == counting }

// begin begins to read what had arrived.
func (d *drain) begin() {
	d.phase, d.waited = snapshot, 0
	if d.guess {
		d.phase = settling
	}
}

// The methods below are for the goroutine that reads, without mu.

// start begins the drain for the goroutine that reads. A connection that is
// silent has until freshUntil to send its first bytes.
func (d *drain) start(now, freshUntil time.Duration, silent bool) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if !d.taken {
		d.take() // a handshake had run
	}
	if silent && now < freshUntil && (d.guess || d.left == 0) {
		d.phase, d.by = fresh, freshUntil
		return
	}
	d.begin()
}

// wait returns by when bytes must come, and whether to wait for any. offset is
// that of the frame that they belong to. In the phase reading, and before start,
// by is never.
func (d *drain) wait(now time.Duration, offset int64) (by time.Duration, more bool) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	switch d.phase {
	case fresh:
		return d.by, true
	case settling:
		return now + min(settleGap, settleMax-d.waited), d.waited < settleMax
	case halfFrame:
		return min(now+halfGap, d.by), offset == d.offset
	}
	return never, true
}

// hasWaited notes that bytes came after a wait.
func (d *drain) hasWaited(t time.Duration) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	d.waited += t
}

// next ends the phase: all that had arrived was read, or a wait was in vain. If a
// frame at offset has arrived in part, its rest is waited for.
func (d *drain) next(now time.Duration, offset int64, incomplete bool) (more bool) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if d.phase != snapshot && d.phase != settling || !incomplete && !d.records.isHalf() {
		return false
	}
	d.phase, d.offset, d.by = halfFrame, offset, now+halfMax
	return true
}

// isHalf reports whether the connection ends in the phase halfFrame, or with a
// TLS record that has arrived in part.
func (d *drain) isHalf() (phase, record bool) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	return d.phase == halfFrame, d.records.isHalf()
}

// streams says whether a handler takes the rest of a frame.
func (d *drain) streams(on bool) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	d.stream = on
}

// linger lets everything be read, to be discarded.
func (d *drain) linger() {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	d.phase = lingering
}

// count lets what had arrived be read, to be counted, whatever happens meanwhile.
// If the system does not report how much that is, only the bytes already read count.
func (d *drain) count() {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if !d.taken {
		d.take()
	}
	if d.guess {
		d.left = 0
	}
	d.phase = counting
}

// follow follows the bytes p of a TLS stream.
func (d *drain) follow(p []byte) { d.records.feed(p) }

// records follows the TLS records of a stream, because crypto/tls does not report
// where they begin and end: part of a frame may be in a record that is complete.
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

// isHalf reports whether a record has arrived in part.
func (r *records) isHalf() bool { return r.n > 0 || r.body > 0 }
