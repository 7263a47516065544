// Package series lists what a server counts as Prometheus has it: one list for
// cmd/echo and for the collector of package metrics, which is a module of its own.
package series

import (
	"math"

	"github.com/wholeframe/wholeframe/server"
)

// A Series is a number with a name. No label has a value that a peer chooses.
type Series struct {
	Name      string
	Help      string
	IsCounter bool              // else it is a gauge
	Labels    map[string]string // at most one
	Number    float64
}

// Of returns the series of s, from one look at it.
func Of(s *server.Server) (all []Series) {
	add := func(name, help string, isCounter bool, label, value string, number float64) {
		var labels map[string]string
		if label != "" {
			labels = map[string]string{label: value}
		}
		all = append(all, Series{"wholeframe_" + name, help, isCounter, labels, number})
	}
	st := s.Stats()
	for state, n := range st.Open {
		add("connections", "Open connections, by state.", false, "state", server.State(state).String(), float64(n))
	}
	limit := math.Inf(1)
	if n := s.ConnLimit(); n < math.MaxInt {
		limit = float64(n)
	}
	add("connections_limit", "Connections that are served at a time at most.", false, "", "", limit)
	add("connections_accepted_total", "Connections accepted.", true, "", "", float64(st.Accepted))
	for reason, n := range st.Closed {
		add("connections_ended_total", "Connections ended, by the reason.", true, "reason", server.CloseReason(reason).String(), float64(n))
	}
	add("accept_errors_total", "Failures to accept a connection that were waited out.", true, "", "", float64(st.AcceptErrors))
	const frames, bytes = "Frames, by direction.", "Bytes on connections, TLS included, by direction."
	add("frames_total", frames, true, "direction", "in", float64(st.FramesIn))
	add("frames_total", frames, true, "direction", "out", float64(st.FramesOut))
	add("bytes_total", bytes, true, "direction", "in", float64(st.BytesIn))
	add("bytes_total", bytes, true, "direction", "out", float64(st.BytesOut))
	draining := 0.0
	if st.Draining {
		draining = 1
	}
	add("draining", "1 from the moment that the server begins to close, else 0.", false, "", "", draining)
	return all
}
