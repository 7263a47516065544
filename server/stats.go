package server

// Stats has the counts of a [Server] since its start. They never decrease, except Open
// and Pending, and Accepted is always the sum of Open and Closed.
//
// A frame is counted when the replies of its batch are flushed, so a frame whose
// Handler never returns is not counted. A frame that Stream handles is counted at its
// end.
type Stats struct {
	Accepted     uint64                  // connections that were accepted, including those that were then refused
	AcceptErrors uint64                  // failures to accept after which Serve has retried
	Open         [StateClosed]int        // connections that are served, by [State]
	Pending      int                     // answers that are promised and not yet given
	Closed       [CloseFailed + 1]uint64 // connections that have ended, by [CloseReason]

	FramesIn  uint64 // frames that were passed to the Handler
	FramesOut uint64 // frames that were accepted by Reply, ReplyFrom and WriteFrame, or pushed and sent
	BytesIn   uint64 // read from connections, including TLS, until they begin to linger
	BytesOut  uint64 // written to connections, including TLS

	Draining bool // Shutdown or Close was called
}

// Stats returns the current counts. It may be called at any time, from any goroutine.
// It visits every open connection, without delaying it.
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
