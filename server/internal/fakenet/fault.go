package fakenet

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// A Fault strikes one end of a connection, once, when the stream in one direction, as the program at that end sees it,
// has reached a byte offset. A Read never runs across the offset of a fault that has not struck yet: it returns what lies
// before. Faults at the same offset strike one after the other in the order given.
//
// At is the number of bytes that Read has returned, or Write has taken, before the fault. A fault at the offset where a
// stream ends strikes before the io.EOF.
type Fault struct {
	Dir Dir
	At  int64
	Do  Effect
}

// String says what f is in a few words, for the name of a subtest.
func (f Fault) String() string { return fmt.Sprintf("%v@%d:%v", f.Dir, f.At, f.Do) }

// A Dir is the call that a fault strikes.
type Dir int

// The two directions. The zero Dir is none, so that it cannot be forgotten.
const (
	Read Dir = iota + 1
	Write
)

// String returns "read" or "write".
func (d Dir) String() string {
	if d == Read {
		return "read"
	}
	return "write"
}

// An Effect is what a [Fault] does.
type Effect struct {
	kind  kind
	err   error
	delay time.Duration
}

type kind int

const (
	none kind = iota
	short
	zero
	with
	fail
	delay
	reset
	block
)

var kindNames = [...]string{"none", "short", "zero", "with", "fail", "delay", "reset", "block"}

// String returns the name of the effect in lower case, with its argument.
func (e Effect) String() string {
	switch {
	case e.err != nil:
		return fmt.Sprintf("%s(%q)", kindNames[e.kind], e.err)
	case e.kind == delay:
		return fmt.Sprintf("%s(%v)", kindNames[e.kind], e.delay)
	}
	return kindNames[e.kind]
}

// Short ends a call that would run across the offset there, with a nil error: a Write too, although it must not. It does
// nothing to a call that begins at the offset.
func Short() Effect { return Effect{kind: short} }

// Zero makes the Read that begins at the offset, or the Write that would take the byte there, return 0 and nil. A Write that
// an earlier fault has stopped on its way is ended at the offset, and the next one returns 0.
func Zero() Effect { return Effect{kind: zero} }

// With makes the call that moves the last byte before the offset return err together with the bytes, a Write even when
// it has taken all of them. At offset 0 it is Fail.
func With(err error) Effect { return Effect{kind: with, err: err} }

// Fail makes the call that wants the byte at the offset return err: a Read without bytes, a Write with the count of
// what it took before. The stream is unharmed, and the next call continues.
func Fail(err error) Effect { return Effect{kind: fail, err: err} }

// Delay holds the call that wants the byte at the offset, and those after it, until d has passed since the first such call.
// Deadlines and Close end it.
func Delay(d time.Duration) Effect { return Effect{kind: delay, delay: d} }

// Reset makes the network reset the connection, as a middlebox does that forgot it: both ends see an RST. At a Read, the bytes
// from the offset on never arrived.
func Reset() Effect { return Effect{kind: reset} }

// Block holds the call that wants the byte at the offset, and those after it, forever. Deadlines and Close end it, and an RST
// ends a Write.
func Block() Effect { return Effect{kind: block} }

// faults are those of one end and one direction that have not struck yet, in their order.
type faults struct {
	pending []Fault
	until   time.Time // end of the Delay that is first in line, once it has begun
}

func newFaults(dir Dir, all []Fault) faults {
	var fs faults
	for _, f := range all {
		if f.Dir == dir {
			fs.pending = append(fs.pending, f)
		}
	}
	slices.SortStableFunc(fs.pending, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
	return fs
}

// due returns the effect that strikes at offset off, of kind none if there is none.
func (fs *faults) due(off int64) Effect {
	if len(fs.pending) > 0 && fs.pending[0].At <= off {
		return fs.pending[0].Do
	}
	return Effect{}
}

// before returns how many of n bytes at offset off lie before the next fault.
func (fs *faults) before(off int64, n int) int {
	if len(fs.pending) > 0 {
		return int(min(int64(n), fs.pending[0].At-off))
	}
	return n
}

// struck removes the first fault.
func (fs *faults) struck() {
	fs.pending = fs.pending[1:]
	fs.until = time.Time{}
}

// strike carries out the fault that is due in a call that has moved n bytes so far, in the direction dir at offset off.
// It returns false when there is none. Otherwise the call is to end with err if end is true, and to look at everything again
// if it is false: strike may have waited.
func (c *Conn) strike(fs *faults, dir Dir, off int64, n int) (struck, end bool, err error) {
	e := fs.due(off)
	switch e.kind {
	case none:
		return false, false, nil
	case short:
		fs.struck()
		return true, n > 0, nil
	case zero:
		if n == 0 {
			fs.struck()
		}
		return true, true, nil
	case with, fail:
		fs.struck()
		return true, true, e.err
	case delay:
		if fs.until.IsZero() {
			fs.until = time.Now().Add(e.delay)
			wakeAfter(e.delay, &c.link.cond)
		}
		if time.Now().Before(fs.until) {
			c.link.cond.Wait()
		} else {
			fs.struck()
		}
	case reset:
		fs.struck()
		c.die(dir == Read)
		c.peer.receiveRST()
	case block:
		c.link.cond.Wait()
	}
	return true, false, nil
}
