// Package metrics exports the counts of a [server.Server] to Prometheus. It is a
// separate module, so that programs without Prometheus do not depend on it.
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

// A Collector collects the counts of a server. For each scrape it calls
// [server.Server.Stats] once. Make one with [NewCollector].
type Collector struct{ server *server.Server }

// NewCollector returns a Collector for s, which may be serving already. The
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
