package client

import (
	"context"
	"sync/atomic"
)

// A call is a request that has not ended: one of Call, Go or Send, or a ping.
type call struct {
	ctx     context.Context
	request []byte
	key     uint64
	keyed   bool
	oneway  bool                          // of Send
	ping    bool                          // nobody waits for it
	done    func(reply []byte, err error) // of Go
	stop    func() bool                   // of Go: ctx is no longer watched

	refs atomic.Int32 // goroutines that use the call; the last one recycles it

	// signal has room for one value. It reports to Call and Send that reply and err are
	// set, and to Go, if admit is set, that the call waits no longer.
	signal chan struct{}
	reply  []byte
	err    error

	// Guarded by Client.mu.
	state      state
	outcome    Outcome // of earlier attempts; NotSent if there were none
	admit      bool
	conn       *conn  // that it was sent on last
	seq        uint64 // its number in a queue of conn
	start      int64  // offset of its frame in what is written to conn
	size       int    // of its frame
	prev, next *call  // in a list
}

// state says who may end a call.
type state uint8

const (
	ended    state = iota // nobody; or somebody who has taken it does now
	waiting               // in Client.waiting
	inFlight              // in conn
)

// abandoned takes the place of a call that has ended before its reply.
var abandoned = new(call)

func (c *Client) newCall(ctx context.Context, request []byte) *call {
	cl, ok := c.pool.Get().(*call)
	if !ok {
		cl = &call{signal: make(chan struct{}, 1)}
	}
	cl.ctx, cl.request, cl.outcome = ctx, request, NotSent
	cl.refs.Store(1)
	return cl
}

// release gives cl up.
func (c *Client) release(cl *call) {
	if cl.refs.Add(-1) > 0 || cl.stop != nil { // the function of stop may still run
		return
	}
	*cl = call{signal: cl.signal}
	c.pool.Put(cl)
}

// A list is a list of calls in the order in which they are to be sent.
type list struct{ first, last *call }

func (l *list) pushBack(cl *call)  { l.insert(l.last, cl, nil) }
func (l *list) pushFront(cl *call) { l.insert(nil, cl, l.first) }

func (l *list) insert(prev, cl, next *call) {
	cl.prev, cl.next = prev, next
	l.link(prev, cl)
	l.link(cl, next)
}

func (l *list) remove(cl *call) {
	l.link(cl.prev, cl.next)
	cl.prev, cl.next = nil, nil
}

// link makes next follow prev; nil is the end of the list.
func (l *list) link(prev, next *call) {
	if prev == nil {
		l.first = next
	} else {
		prev.next = next
	}
	if next == nil {
		l.last = prev
	} else {
		next.prev = prev
	}
}

// A queue holds the calls of a connection in the order of their frames.
type queue struct {
	ring       []*call // its length is a power of two
	head, tail uint64  // numbers of the first call, and of the next that is added
}

func (q *queue) push(cl *call) (seq uint64) {
	if q.tail-q.head == uint64(len(q.ring)) {
		larger := make([]*call, max(16, 2*len(q.ring)))
		for i := q.head; i < q.tail; i++ {
			larger[i&uint64(len(larger)-1)] = *q.at(i)
		}
		q.ring = larger
	}
	*q.at(q.tail) = cl
	q.tail++
	return q.tail - 1
}

// pop removes the first call, and returns nil if there is none.
func (q *queue) pop() *call {
	if q.head == q.tail {
		return nil
	}
	slot := q.at(q.head)
	cl := *slot
	*slot = nil
	q.head++
	return cl
}

// at returns the place of the call with number seq.
func (q *queue) at(seq uint64) **call { return &q.ring[seq&uint64(len(q.ring)-1)] }
