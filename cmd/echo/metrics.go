package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/wholeframe/wholeframe/internal/series"
	"github.com/wholeframe/wholeframe/server"
)

// metrics shows to Prometheus what a server does. No label has a value that a
// peer chooses: however many peers come, the series stay the same.
type metrics struct {
	server  *server.Server
	handler prometheus.Histogram
	leaving atomic.Bool // the command is about to close, and wants no new clients
}

// newMetrics has the handler of s timed.
func newMetrics(s *server.Server) *metrics {
	m := &metrics{server: s, handler: prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "wholeframe_handler_seconds",
		Help:    "Time that the handler took for a frame.",
		Buckets: prometheus.ExponentialBuckets(1e-4, 10, 6), // less would appear as 1e-05
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

// kinds are the types of series: counters and others.
var kinds = map[bool]prometheus.ValueType{true: prometheus.CounterValue, false: prometheus.GaugeValue}

// Collect implements [prometheus.Collector].
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	for _, s := range series.Of(m.server) {
		desc := prometheus.NewDesc(s.Name, s.Help, nil, s.Labels)
		ch <- prometheus.MustNewConstMetric(desc, kinds[s.IsCounter], s.Number)
	}
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
