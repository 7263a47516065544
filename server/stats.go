package server

import "sync/atomic"

// Stats says what a [Server] has done so far. Its numbers never decrease, but
// for Open, and Accepted is always the sum of Open and Ended.
//
// A message of a connection that is open counts when its answers are sent, which
// is when no further whole message waits; when the connection has ended all
// count.
type Stats struct {
	Accepted     uint64                // connections that were accepted and served
	AcceptErrors uint64                // failures to accept that Serve has waited out
	Open         [StateClosed]int      // connections that are served, by their [State]
	Ended        [EndFailed + 1]uint64 // connections that were, by why they ended: an [End]

	FramesIn  uint64 // messages that were handed to the Handler
	FramesOut uint64 // messages that WriteFrame and Send have taken
	BytesIn   uint64 // read from connections, TLS included, until they begin to linger
	BytesOut  uint64 // written to connections, TLS included

	Draining bool // Shutdown or Close was called
}

// Stats returns what the server has done so far. It may be called at any time,
// from any goroutine; it looks at every open connection, and costs the
// connections nothing.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	for c := range s.conns {
		if state := State(c.state.Load()); state < StateClosed {
			st.Open[state]++
		} else {
			st.Ended[c.end]++
		}
		st.add(c)
	}
	st.Draining = s.state != serving
	return st
}

func (s *Server) acceptFailed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.AcceptErrors++
}

// add adds what c has counted.
func (st *Stats) add(c *Conn) {
	st.FramesIn += c.framesIn.Load()
	st.FramesOut += c.framesOut.Load()
	st.BytesIn += c.wire.bytesIn.Load()
	st.BytesOut += c.wire.bytesOut.Load()
}

// A tally counts without a price for each message: the goroutine of a
// connection adds to n, and publishes that when it has time.
type tally struct {
	atomic.Uint64
	n uint64
}

func (t *tally) publish() {
	if t.n > 0 {
		t.Add(t.n)
		t.n = 0
	}
}
