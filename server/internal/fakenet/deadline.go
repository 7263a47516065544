package fakenet

import (
	"sync"
	"time"
)

// A deadline is guarded by the lock of the cond it wakes. Its timer is stopped when it is moved: a server arms two minutes again
// and again, and each timer left behind would wake everyone for nothing.
type deadline struct {
	t     time.Time
	timer *time.Timer
}

// set moves the deadline to t and makes everyone who waits look again, now and at t.
func (d *deadline) set(t time.Time, cond *sync.Cond) {
	d.stop()
	d.t = t
	if wait := time.Until(t); !t.IsZero() && wait > 0 {
		d.timer = wakeAfter(wait, cond)
	}
	cond.Broadcast()
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

// passed asks the clock and not whether the timer ran: at the instant of the deadline the timer's goroutine is one of
// several that wake up, and the outcome must not depend on which of them comes first.
func (d *deadline) passed() bool {
	return !d.t.IsZero() && !time.Now().Before(d.t)
}

func wakeAfter(wait time.Duration, cond *sync.Cond) *time.Timer {
	return time.AfterFunc(wait, func() {
		cond.L.Lock()
		defer cond.L.Unlock()
		cond.Broadcast()
	})
}
