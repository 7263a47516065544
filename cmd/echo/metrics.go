package main

import (
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/wholeframe/wholeframe/server"
)

// metrics shows to Prometheus what a server does. No label has a value that a
// peer chooses: however many peers come, the series stay the same.
type metrics struct {
	server  *server.Server
	handler prometheus.Histogram
	leaving atomic.Bool // the command is about to close, and wants no new clients
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("wholeframe_"+name, help, labels, nil)
}

var (
	descOpen         = desc("connections", "Open connections, by state.", "state")
	descLimit        = desc("connections_limit", "Connections that are served at a time at most.")
	descAccepted     = desc("connections_accepted_total", "Connections accepted and served.")
	descEnded        = desc("connections_ended_total", "Connections ended, by the reason.", "reason")
	descAcceptErrors = desc("accept_errors_total", "Failures to accept a connection that were waited out.")
	descFrames       = desc("frames_total", "Messages, by direction.", "direction")
	descBytes        = desc("bytes_total", "Bytes on connections, TLS included, by direction.", "direction")
	descDraining     = desc("draining", "1 from the moment that the server begins to close, else 0.")
)

// newMetrics has the handler of s timed.
func newMetrics(s *server.Server) *metrics {
	m := &metrics{server: s, handler: prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "wholeframe_handler_seconds",
		Help:    "Time that the handler took for a message.",
		Buckets: prometheus.ExponentialBuckets(1e-6, 10, 8),
	})}
	handle := s.Handler
	s.Handler = func(c *server.Conn, message []byte) error {
		start := time.Now()
		err := handle(c, message)
		m.handler.Observe(time.Since(start).Seconds())
		return err
	}
	return m
}

// Describe implements [prometheus.Collector].
func (m *metrics) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, ch) }

// Collect implements [prometheus.Collector]: one look at the server for all.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, n uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge := func(d *prometheus.Desc, n int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	st := m.server.Stats()
	for state, n := range st.Open {
		gauge(descOpen, n, server.State(state).String())
	}
	limit := math.Inf(1)
	if n := m.server.ConnLimit(); n < math.MaxInt {
		limit = float64(n)
	}
	ch <- prometheus.MustNewConstMetric(descLimit, prometheus.GaugeValue, limit)
	counter(descAccepted, st.Accepted)
	for reason, n := range st.Closed {
		counter(descEnded, n, server.CloseReason(reason).String())
	}
	counter(descAcceptErrors, st.AcceptErrors)
	counter(descFrames, st.FramesIn, "in")
	counter(descFrames, st.FramesOut, "out")
	counter(descBytes, st.BytesIn, "in")
	counter(descBytes, st.BytesOut, "out")
	draining := 0
	if st.Draining {
		draining = 1
	}
	gauge(descDraining, draining)
	m.handler.Collect(ch)
}

// routes returns what is served beside the echo.
func (m *metrics) routes(withPprof bool) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(m, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		m.server.Stats() // which needs the server's lock
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if m.leaving.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, "draining")
			return
		}
		fmt.Fprintln(w, "ok")
	})
	if withPprof {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn := http.NewResponseController(w)
		if r.ContentLength != 0 {
			// The body may never come, and nobody wants it.
			conn.SetReadDeadline(time.Now())
			w.Header().Set("Connection", "close")
			http.Error(w, "a request must not have a body", http.StatusRequestEntityTooLarge)
			return
		}
		if !strings.HasPrefix(r.URL.Path, "/debug/pprof/") { // those take as long as they are asked to
			conn.SetWriteDeadline(time.Now().Add(metricsTimeout))
		}
		mux.ServeHTTP(w, r)
	})
}

const (
	// maxMetricsConns is less than what MaxConns leaves of the descriptors by
	// default, even of 64.
	maxMetricsConns = 8

	metricsTimeout = 5 * time.Second
)

// serve serves the routes on l until the server it returns is closed.
func (m *metrics) serve(l net.Listener, withPprof bool, log *slog.Logger) *http.Server {
	h := &http.Server{
		Handler:           m.routes(withPprof),
		ReadHeaderTimeout: metricsTimeout,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := h.Serve(&fewConns{Listener: l, max: maxMetricsConns}); err != http.ErrServerClosed {
			log.Error("metrics ended", "err", err)
		}
	}()
	log.Info("serving metrics", "addr", l.Addr().String())
	return h
}
