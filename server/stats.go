package server

// Stats counts what a [Server] has done so far. Its numbers never decrease, but
// for Open and Pending, and Accepted is always the sum of Open and Closed.
//
// A frame counts when the replies of its batch are flushed; so one whose Handler
// never returns does not, and one that Stream handles counts at its end.
type Stats struct {
	Accepted     uint64                  // connections that were accepted, those that were refused then included
	AcceptErrors uint64                  // failures to accept that Serve has waited out
	Open         [StateClosed]int        // connections that are served, by their [State]
	Pending      int                     // answers that are promised, and not given yet
	Closed       [CloseFailed + 1]uint64 // connections that have ended, by the [CloseReason]

	FramesIn  uint64 // frames that were handed to the Handler
	FramesOut uint64 // frames that were taken by Reply, ReplyFrom and WriteFrame, or pushed and sent
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
			st.Closed[c.reason]++
		}
		st.add(c)
		st.Pending += c.promises.open()
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
