package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/server"
)

// get returns the status and the body of path where p serves metrics.
func (p *process) get(path string) (int, string) {
	p.t.Helper()
	addr := p.await(`msg="serving metrics" addr=(\S+)`)[1]
	r, err := http.Get("http://" + addr + path)
	require.NoError(p.t, err)
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	require.NoError(p.t, err)
	return r.StatusCode, string(body)
}

// seriesIn returns the series of an exposition that are ours, with their values.
func seriesIn(text string) map[string]string {
	found := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^(wholeframe_.*) (\S+)$`).FindAllStringSubmatch(text, -1) {
		found[m[1]] = m[2]
	}
	return found
}

// What a script does is what is served.
func TestMetrics(t *testing.T) {
	t.Parallel()
	p := serve(t, "-metrics-addr", "127.0.0.1:0", "-max-payload", "8", "-max-conns", "5")
	before := seriesIn(second(p.get("/metrics")))
	c := p.dial()
	roundTrip(t, c, "hello\nworld\n")
	for _, bad := range []string{"much too large\n", "half"} {
		converse(t, p.dial(), bad, "")
	}
	converse(t, c, "", "")
	got := before
	for got[`wholeframe_connections_ended_total{reason="peer"}`] != "1" { // all counts when it has ended
		got = seriesIn(second(p.get("/metrics")))
	}
	for name, want := range map[string]string{
		`wholeframe_connections_limit`:                       "5",
		`wholeframe_connections_accepted_total`:              "3",
		`wholeframe_frames_total{direction="in"}`:            "2",
		`wholeframe_frames_total{direction="out"}`:           "2",
		`wholeframe_bytes_total{direction="in"}`:             "31",
		`wholeframe_bytes_total{direction="out"}`:            "12",
		`wholeframe_handler_seconds_count`:                   "2",
		`wholeframe_accept_errors_total`:                     "0",
		`wholeframe_draining`:                                "0",
		`wholeframe_connections_ended_total{reason="panic"}`: "0",
	} {
		assert.Equal(t, want, got[name], name)
	}
	assert.Len(t, got, len(before), "peers have made series")
	status, text := p.get("/readyz")
	assert.Equal(t, 200, status)
	assert.Equal(t, "ok\n", text)
	status, _ = p.get("/debug/pprof/")
	assert.Equal(t, 404, status)

	p = serve(t, "-metrics-addr", "127.0.0.1:0", "-pprof", "-max-conns", "-1")
	status, _ = p.get("/debug/pprof/")
	assert.Equal(t, 200, status)
	assert.Equal(t, "+Inf", seriesIn(second(p.get("/metrics")))[`wholeframe_connections_limit`])
}

func second(_ int, text string) string { return text }

// T19: 500 peers, each of which ends in its way, leave the series as they were.
func TestT19(t *testing.T) {
	s := &server.Server{Framer: delimiter.Line(), Handler: server.Echo, MaxPayload: 16}
	m := newMetrics(s)
	registry := prometheus.NewRegistry()
	registry.MustRegister(m)
	before, err := testutil.GatherAndCount(registry)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go s.Serve(l)
	var peers sync.WaitGroup
	for i := range 500 {
		peers.Go(func() {
			c, err := net.Dial("tcp", l.Addr().String())
			if !assert.NoError(t, err) {
				return
			}
			defer c.Close()
			io.WriteString(c, "hello\n"+strings.Repeat("\x1b", i%30))
			c.(*net.TCPConn).CloseWrite()
			io.ReadAll(c)
		})
	}
	peers.Wait()
	require.NoError(t, s.Shutdown(t.Context()))
	after, err := testutil.GatherAndCount(registry)
	require.NoError(t, err)
	assert.Equal(t, before, after)
	assert.Equal(t, uint64(500), s.Stats().FramesIn)
}

// The document has the series that are served, and their labels' values.
func TestMetrics_Document(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "metrics.md"))
	require.NoError(t, err)
	types := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(wholeframe_\\w+)` \\| (\\w+) \\|").FindAllStringSubmatch(string(text), -1) {
		types[m[1]] = m[2]
	}
	var reasons []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (?:–|peer|server|network) \\|").FindAllStringSubmatch(string(text), -1) {
		reasons = append(reasons, m[1])
	}
	states := regexp.MustCompile("`state`: ([^|]+) \\|").FindStringSubmatch(string(text))
	require.NotNil(t, states)

	registry := prometheus.NewRegistry()
	registry.MustRegister(newMetrics(&server.Server{Framer: delimiter.Line(), Handler: server.Echo}))
	families, err := registry.Gather()
	require.NoError(t, err)
	served := map[string]string{}
	labels := map[string][]string{}
	for _, f := range families {
		served[f.GetName()] = strings.ToLower(f.GetType().String())
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = append(labels[l.GetName()], l.GetValue())
			}
		}
	}
	assert.Equal(t, served, types)
	assert.ElementsMatch(t, labels["reason"], reasons)
	assert.ElementsMatch(t, labels["state"], strings.Split(states[1], ", "))
}
