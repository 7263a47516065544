// Package metrics shows a [server.Server] to Prometheus. It is a module of its own,
// so that programs without Prometheus do not require it.
//
//	prometheus.MustRegister(metrics.NewCollector(s))
//
// docs/metrics.md lists the series.
package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/wholeframe/wholeframe/internal/series"
	"github.com/wholeframe/wholeframe/server"
)

// A Collector collects what a server counts. It costs the server one look, with
// [server.Server.Stats], for each scrape. Make one with [NewCollector].
type Collector struct{ server *server.Server }

// NewCollector returns a Collector for s, which may serve already or not. The
// number of its series does not depend on the peers of s. To register several
// servers in one process, wrap the registry with a label for each:
// [prometheus.WrapRegistererWith].
func NewCollector(s *server.Server) *Collector { return &Collector{s} }

// Describe implements [prometheus.Collector].
func (c *Collector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

// kinds are the types of series: counters and others.
var kinds = map[bool]prometheus.ValueType{true: prometheus.CounterValue, false: prometheus.GaugeValue}

// Collect implements [prometheus.Collector].
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	for _, s := range series.Of(c.server) {
		desc := prometheus.NewDesc(s.Name, s.Help, nil, s.Labels)
		ch <- prometheus.MustNewConstMetric(desc, kinds[s.IsCounter], s.Number)
	}
}
