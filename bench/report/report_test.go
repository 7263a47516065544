package report

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/bench/fleet"
	"github.com/wholeframe/wholeframe/bench/load"
	"github.com/wholeframe/wholeframe/bench/peers/peer"
	"github.com/wholeframe/wholeframe/bench/proc"
)

var pipelined = Case{Framing: peer.Length, Size: 64, Depth: 64, Conns: 64}

// measured is a measurement of one million messages in two seconds, with that much processor time.
func measured(server string, round int, cpu time.Duration) Measurement {
	return Measurement{
		Case: pipelined, Server: server, Round: round,
		Result: load.Result{
			Frames: 1e6, Bytes: 64e6, Elapsed: 2 * time.Second, ServerCPU: proc.Times{User: cpu}, LoadCPU: time.Second,
			P50: 10 * time.Microsecond, P99: 20 * time.Microsecond, P999: 30 * time.Microsecond,
		},
		PeakBytes: 3 << 20,
	}
}

func TestFigures(t *testing.T) {
	m := measured("raw", 1, 500*time.Millisecond)
	if got := m.FramesPerSecond(); got != 5e5 {
		t.Errorf("%v frames/s", got)
	}
	if got := m.MBPerSecond(); got != 32 {
		t.Errorf("%v MB/s", got)
	}
	m.Frames = 2e6
	if got := m.CPUPerMillion(); got != 0.25 {
		t.Errorf("%v s per million", got)
	}
}

// A server whose turn costs 800 ns and whose message costs 14 ns is found out, and one that was measured at too few
// depths has no fit.
func TestFits(t *testing.T) {
	var r Results
	for _, depth := range []int{1, 4, 64} {
		m := measured("a", 1, 0)
		m.Depth = depth
		m.ServerCPU.User = time.Duration(1e6/depth) * time.Duration(800+14*depth)
		m.ServerCPU.System = time.Second
		r.Measurements = append(r.Measurements, m)
		if depth > 1 {
			m.Server = "b"
			r.Measurements = append(r.Measurements, m)
		}
	}
	fits := r.Fits(pipelined)
	if len(fits) != 1 || fits[0].Server != "a" || math.Abs(fits[0].Turn-800) > 1 || math.Abs(fits[0].Frame-14) > 0.1 {
		t.Errorf("got %+v; want a with 800 and 14", fits)
	}
	var text strings.Builder
	if err := r.WriteFits(&text); err != nil || !strings.Contains(text.String(), "800") {
		t.Errorf("got %q, %v", text.String(), err)
	}
}

func TestSpread(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   Spread
	}{
		{[]float64{3}, Spread{3, 3, 3}},
		{[]float64{4, 1}, Spread{2.5, 1, 4}},
		{[]float64{9, 1, 2}, Spread{2, 1, 9}},
		{[]float64{4, 3, 2, 1}, Spread{2.5, 1, 4}},
	} {
		if got := NewSpread(test.values); got != test.want {
			t.Errorf("%v: got %+v, want %+v", test.values, got, test.want)
		}
	}
}

// TestRatio has raw change from round to round, and each server compared with raw of its own round.
func TestRatio(t *testing.T) {
	failed := measured("a", 4, 0)
	failed.Error = "lost"
	tooShort := measured("raw", 5, 0)
	otherCase := measured("a", 1, time.Hour)
	otherCase.Depth = 1
	results := Results{Measurements: []Measurement{
		measured("raw", 1, 100*time.Millisecond), measured("a", 1, 200*time.Millisecond), otherCase,
		measured("raw", 2, 400*time.Millisecond), measured("a", 2, 200*time.Millisecond),
		measured("raw", 3, 200*time.Millisecond), measured("a", 3, 300*time.Millisecond),
		measured("raw", 4, 100*time.Millisecond), failed,
		tooShort, measured("a", 5, 100*time.Millisecond),
	}}
	rows := results.Rows(pipelined)
	if len(rows) != 2 || rows[0].Server != "raw" || rows[1].Server != "a" {
		t.Fatalf("got %+v", rows)
	}
	if got := rows[0].Ratio; got == nil || *got != (Spread{1, 1, 1}) {
		t.Errorf("raw to itself: %+v", got)
	}
	a := rows[1]
	if a.Ratio == nil || math.Abs(a.Ratio.Median-1.5) > 1e-9 || a.Ratio.Min != 0.5 || a.Ratio.Max != 2 {
		t.Errorf("ratio %+v", a.Ratio)
	}
	if a.Rounds != 4 || a.Failed != 1 || a.FirstError != "lost" {
		t.Errorf("%d rounds, %d failed: %s", a.Rounds, a.Failed, a.FirstError)
	}
	if got := a.CPUPerMillion; math.Abs(got.Median-0.2) > 1e-9 || got.Min != 0.1 || got.Max != 0.3 {
		t.Errorf("CPU %+v", got)
	}
	if a.P50.Median != 10 || a.P99.Median != 20 || a.P999.Median != 30 || a.PeakMiB.Median != 3 || a.LoadBusy.Median != 0.5 {
		t.Errorf("got %+v", a)
	}
}

func TestNoRatioWithoutRaw(t *testing.T) {
	results := Results{Measurements: []Measurement{measured("a", 1, time.Second)}}
	if rows := results.Rows(pipelined); rows[0].Ratio != nil {
		t.Errorf("got %+v", rows[0].Ratio)
	}
}

func TestShapes(t *testing.T) {
	for text, want := range map[string]Case{
		"64x1x5000":  {Size: 64, Depth: 1, Conns: 5000},
		"1KiBx16x64": {Size: 1 << 10, Depth: 16, Conns: 64},
		"100x2x3":    {Size: 100, Depth: 2, Conns: 3},
	} {
		got, err := ParseShape(text)
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
		if got.Shape() != text {
			t.Errorf("%s is written as %s", text, got.Shape())
		}
	}
	for _, bad := range []string{"", "64", "64x1", "64x1x0", "x1x1", "64x1x1x1", "KiBx1x1", "64x-1x1"} {
		if _, err := ParseShape(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestText(t *testing.T) {
	failed := measured("b", 1, 0)
	failed.Error = "lost"
	results := Results{
		Machine: Machine{CPU: "Abacus", Arch: "amd64"},
		Measurements: []Measurement{
			measured("raw", 1, 100*time.Millisecond), measured("a", 1, 150*time.Millisecond), failed,
		},
		Memory: []Memory{{Server: "a", Idle: []MemoryPoint{{0, 1 << 20}, {1024, 11 << 20}}, AfterBusy: 21 << 20}},
	}
	var table, benchmarks, memory strings.Builder
	if err := results.WriteCase(&table, pipelined); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"500000", "1.50  (1.50 to 1.50)", "b failed in 1 of 1 rounds: lost"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in\n%s", want, &table)
		}
	}
	if err := results.WriteBenchmarks(&benchmarks); err != nil {
		t.Fatal(err)
	}
	want := `goos: linux
goarch: amd64
pkg: github.com/wholeframe/wholeframe/bench
cpu: Abacus
BenchmarkEcho/framing=length/size=64/depth=64/conns=64/server=raw 1000000 100 cpu-ns/frame 100 user-ns/frame 500000 frames/s 32 MB/s 10000 p50-ns 20000 p99-ns 30000 p999-ns 3.14573e+06 peak-bytes
BenchmarkEcho/framing=length/size=64/depth=64/conns=64/server=a 1000000 150 cpu-ns/frame 150 user-ns/frame 500000 frames/s 32 MB/s 10000 p50-ns 20000 p99-ns 30000 p999-ns 3.14573e+06 peak-bytes
`
	if benchmarks.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &benchmarks, want)
	}
	if err := results.WriteMemory(&memory); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(memory.String(), "10.0") || !strings.Contains(memory.String(), "20.0") {
		t.Errorf("10 and 20 KiB per connection are missing in\n%s", &memory)
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	echo := Results{
		Machine:      Machine{CPU: "Abacus", Pinned: true},
		Versions:     map[string]string{"a": "v1.0.0"},
		Measurements: []Measurement{measured("a", 1, time.Second)},
	}
	memory := Results{
		Versions: map[string]string{"b": "v2.0.0"},
		Memory:   []Memory{{Server: "b", Idle: []MemoryPoint{{0, 1}, {10, 2}}, AfterBusy: 3}},
	}
	first, second := filepath.Join(dir, "a.json"), filepath.Join(dir, "b.json")
	if err := echo.Write(first); err != nil {
		t.Fatal(err)
	}
	if err := memory.Write(second); err != nil {
		t.Fatal(err)
	}
	got, err := Read(first, second)
	if err != nil {
		t.Fatal(err)
	}
	want := echo
	want.Versions = map[string]string{"a": "v1.0.0", "b": "v2.0.0"}
	want.Memory = memory.Memory
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if err := os.WriteFile(second, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(first, second); err == nil {
		t.Error("half a file was accepted")
	}
}

func TestFor(t *testing.T) {
	results, err := For(fleet.Setup{Servers: []fleet.Built{
		{Server: fleet.Server{Name: "a"}, Program: fleet.Program{Version: "v1.0.0"}},
	}})
	if err != nil || results.Versions["a"] != "v1.0.0" {
		t.Errorf("got %+v, %v", results, err)
	}
	m := results.Machine
	if m.CPU == "" || m.Kernel == "" || m.Processors < 1 {
		t.Errorf("got %+v", m)
	}
	if got := cpuModel("processor\t: 0\nmodel name\t: Abacus 3000\n"); got != "Abacus 3000" {
		t.Errorf("got %q", got)
	}
}
