package e2e

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Prometheus, with the configuration that docs/metrics.md shows, scrapes the
// server and answers a query with what the server has done; the document's own
// queries are queries.
func TestPrometheus(t *testing.T) {
	text, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	config := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(string(text))
	queries := regexp.MustCompile("(?s)```promql\n(.*?)\n```").FindAllStringSubmatch(string(text), -1)
	if config == nil || len(queries) != 3 {
		t.Fatal("docs/metrics.md has not one configuration and three queries")
	}
	dir := t.TempDir()
	echo := filepath.Join(dir, "echo")
	build := exec.Command("go", "build", "-o", echo, "./cmd/echo")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	metrics, own := freeAddr(t), freeAddr(t)
	addr, stop := serve(t, echo, "-metrics-addr", metrics)
	defer stop()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "hello\nworld\n")
	if _, err := io.ReadFull(c, make([]byte, 12)); err != nil {
		t.Fatal(err)
	}

	yaml := strings.NewReplacer("127.0.0.1:9100", metrics, "scrape_interval: 5s", "scrape_interval: 200ms").Replace(config[1])
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	prometheus := exec.Command("prometheus", "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+own)
	prometheus.Stdout, prometheus.Stderr = &log, &log
	if err := prometheus.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		prometheus.Process.Kill()
		prometheus.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	}()
	want := `"2"`
	got := ""
	for end := time.Now().Add(time.Minute); got != want; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("Prometheus says %s, not %s", got, want)
		}
		_, got = query(t, own, `wholeframe_frames_total{direction="in"}`)
	}
	for _, q := range queries {
		if status, _ := query(t, own, q[1]); status != "success" {
			t.Errorf("%s: %s", q[1], status)
		}
	}
}

// query asks Prometheus at addr, and returns the status and the first value.
func query(t *testing.T, addr, q string) (status, value string) {
	r, err := http.Get("http://" + addr + "/api/v1/query?query=" + url.QueryEscape(q))
	if err != nil {
		return err.Error(), "" // not up yet
	}
	defer r.Body.Close()
	var answer struct {
		Status string
		Data   struct {
			Result []struct{ Value []json.RawMessage }
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
		return err.Error(), ""
	}
	if results := answer.Data.Result; len(results) == 1 && len(results[0].Value) == 2 {
		value = string(results[0].Value[1])
	}
	return answer.Status, value
}

// freeAddr returns an address at which nobody listens: Prometheus does not say
// which it has chosen.
func freeAddr(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
