package metrics_test

import (
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/metrics"
	"github.com/wholeframe/wholeframe/server"
)

func newServer() *server.Server {
	return &server.Server{Framer: delimiter.Line(), Handler: server.Echo, MaxConns: 5}
}

func ExampleNewCollector() {
	s := &server.Server{Framer: delimiter.Line(), Handler: server.Echo}
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics.NewCollector(s))
	families, err := registry.Gather()
	if err != nil {
		fmt.Println(err)
	}
	for _, f := range families {
		fmt.Println(f.GetName(), len(f.GetMetric()))
	}
	// Output:
	// wholeframe_accept_errors_total 1
	// wholeframe_bytes_total 2
	// wholeframe_connections 5
	// wholeframe_connections_accepted_total 1
	// wholeframe_connections_ended_total 21
	// wholeframe_connections_limit 1
	// wholeframe_draining 1
	// wholeframe_frames_total 2
}

// A client of a real server appears in the numbers; Prometheus' linter has nothing
// to say of the names.
func TestCollector(t *testing.T) {
	s := newServer()
	c := metrics.NewCollector(s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "hello\n")
	if _, err := io.ReadFull(conn, make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if problems, err := testutil.CollectAndLint(c); err != nil || len(problems) > 0 {
		t.Errorf("CollectAndLint() = %v, %v; want no problems, nil", problems, err)
	}
	want := `
# HELP wholeframe_connections_limit Connections that are served at a time at most.
# TYPE wholeframe_connections_limit gauge
wholeframe_connections_limit 5
# HELP wholeframe_draining 1 from the moment that the server begins to close, else 0.
# TYPE wholeframe_draining gauge
wholeframe_draining 1
# HELP wholeframe_frames_total Frames, by direction.
# TYPE wholeframe_frames_total counter
wholeframe_frames_total{direction="in"} 1
wholeframe_frames_total{direction="out"} 1
`
	if err := testutil.CollectAndCompare(c, strings.NewReader(want), "wholeframe_connections_limit", "wholeframe_draining", "wholeframe_frames_total"); err != nil {
		t.Error(err)
	}
}

// Two servers go into one registry with a label for each.
func TestCollector_TwoServers(t *testing.T) {
	registry := prometheus.NewRegistry()
	for _, name := range []string{"public", "private"} {
		prometheus.WrapRegistererWith(prometheus.Labels{"server": name}, registry).MustRegister(metrics.NewCollector(newServer()))
	}
	if n, err := testutil.GatherAndCount(registry, "wholeframe_draining"); n != 2 || err != nil {
		t.Errorf("GatherAndCount() = %d, %v; want 2, nil", n, err)
	}
}

// Label values and bounds are ones that can be typed into a query, and the document
// has each series.
func TestCollector_Names(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics.NewCollector(newServer()))
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	document, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	series := regexp.MustCompile(`(?m)^(\w+)(?:\{(\w+)="([^"]*)"\})? \S+$`).FindAllStringSubmatch(w.Body.String(), -1)
	if len(series) == 0 {
		t.Fatalf("no series in %s", w.Body)
	}
	for _, m := range series {
		if !strings.Contains(string(document), "| `"+m[1]+"` |") {
			t.Errorf("docs/metrics.md lacks %s", m[1])
		}
		if !regexp.MustCompile(`^[a-z_-]*$`).MatchString(m[3]) {
			t.Errorf("%s has the value %q; want small letters", m[1], m[3])
		}
	}
}
