package main

import (
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/bench/fleet"
	"github.com/wholeframe/wholeframe/bench/load"
	"github.com/wholeframe/wholeframe/bench/peers/peer"
	"github.com/wholeframe/wholeframe/bench/proc"
	"github.com/wholeframe/wholeframe/bench/report"
)

func TestDraw(t *testing.T) {
	var results report.Results
	cpu := map[string]time.Duration{fleet.Raw: 2 * time.Millisecond, "gnet": 3 * time.Millisecond, fleet.Ours: 2500 * time.Microsecond, "nbio": 50 * time.Millisecond}
	for _, size := range []int{64, 64 << 10} {
		for _, server := range []string{fleet.Raw, "nbio", "gnet", fleet.Ours} {
			results.Measurements = append(results.Measurements, report.Measurement{
				Case:   report.Case{Framing: peer.Length, Size: size, Depth: 64, Conns: 64},
				Server: server,
				Result: load.Result{Frames: 1e6, Elapsed: time.Second, ServerCPU: proc.Times{User: cpu[server] * time.Duration(size)}},
			})
		}
	}
	for _, conns := range []int{512, 1, 16} {
		for _, server := range []string{fleet.Raw, "wholeframe"} {
			results.Measurements = append(results.Measurements, report.Measurement{
				Case:   report.Case{Framing: peer.Length, Size: 64, Depth: 1, Conns: conns},
				Server: server,
				Result: load.Result{Frames: 1e6, Elapsed: time.Second, ServerCPU: proc.Times{User: 9 * time.Second}},
			})
		}
	}
	results.Measurements = append(results.Measurements,
		report.Measurement{
			Case:   report.Case{Framing: peer.Length, Size: 64, Depth: 64, Conns: 64},
			Server: "netpoll", Error: "lost",
		},
		report.Measurement{Case: report.Case{Framing: peer.Line, Size: 64, Depth: 1, Conns: 1}, Server: "raw", Error: "lost"},
	)
	results.Memory = []report.Memory{
		{Server: "gnet", Idle: []report.MemoryPoint{{Conns: 0, Bytes: 1 << 20}, {Conns: 10, Bytes: 2 << 20}}, AfterBusy: 3 << 20},
		{Server: "nbio", Error: "lost"},
	}
	results.Drips = []report.Drip{
		{Reader: "resuming", Points: []report.DripPoint{{Bytes: 1 << 16, Seconds: 0.01}, {Bytes: 1 << 17, Seconds: 0.02}}},
		{Reader: "rescanning", Points: []report.DripPoint{{Bytes: 1 << 16, Seconds: 0.1}, {Bytes: 1 << 17, Seconds: 0.4}}},
	}
	dir := t.TempDir()
	if err := drawAll(results, dir); err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []style{light, dark} {
		for name, texts := range map[string][]string{
			"cost":          {"64 B, 64 in flight", "nanoseconds", "no framing: 128", ">160<", ">192<", "→ 3,200", fleet.Ours},
			"cost-by-size":  {"length: CPU µs per message", ">64 B<", ">64 KiB<", "gnet"},
			"cost-by-conns": {"length: CPU µs per message", "connections", fleet.Ours},
			"drip":          {"byte by byte", "resuming", "rescanning", ">64 KiB<"},
			"memory":        {"idle connections", "KiB per connection", "gnet"},
		} {
			svg, err := os.ReadFile(filepath.Join(dir, name+"-"+scheme.name+".svg"))
			if err != nil {
				t.Error(err)
				continue
			}
			for _, text := range append(texts, "font-family:Liberation Sans,Arial,Helvetica,sans-serif", hex(scheme.ink)) {
				if !strings.Contains(string(svg), text) {
					t.Errorf("%s, %s: no %q", name, scheme.name, text)
				}
			}
			if strings.Contains(string(svg), "naive") {
				t.Errorf("%s has a server that was not measured", name)
			}
		}
	}

	// The bars are in order, ours alone in colour.
	for _, scheme := range []style{light, dark} {
		svg, err := os.ReadFile(filepath.Join(dir, "cost-"+scheme.name+".svg"))
		if err != nil {
			t.Fatal(err)
		}
		text := string(svg)
		if ours, gnet, nbio := strings.Index(text, ">160<"), strings.Index(text, ">192<"), strings.Index(text, "→ 3,200"); ours < gnet || gnet < nbio {
			t.Errorf("labels are drawn from the last bar to the first, at %d, %d, %d", ours, gnet, nbio)
		}
		if n := strings.Count(text, "fill:"+hex(scheme.ours)); n != 1 {
			t.Errorf("%d bars are %s", n, hex(scheme.ours))
		}
	}

	var written strings.Builder
	if err := writeCost(&written, results); err != nil {
		t.Fatal(err)
	}
	want := `| server | CPU per message | ÷ ` + "`raw`" + ` | messages per second |
|---|---|---|---|
| raw | 128 ns | 1.00 | 1.0 million |
| **wholeframe** | 160 ns | 1.25 | 1.0 million |
| gnet | 192 ns | 1.50 | 1.0 million |
| nbio | 3,200 ns | 25.00 | 1.0 million |

Server CPU per message in nanoseconds: raw 128, wholeframe 160, gnet 192, nbio 3,200
`
	if written.String() != want {
		t.Errorf("written is\n%s\nwant\n%s", &written, want)
	}

	empty := t.TempDir()
	if err := drawAll(report.Results{}, empty); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(empty); err != nil || len(files) > 0 {
		t.Errorf("of no results: %v, %v", files, err)
	}
}

func hex(c color.Color) string {
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02X%02X%02X", r>>8, g>>8, b>>8)
}

func TestLineColors(t *testing.T) {
	for _, s := range []style{light, dark} {
		seen := make(map[color.Color]bool)
		for _, c := range s.lineColors {
			seen[c] = true
		}
		if len(seen) != len(fleet.Names()) {
			t.Errorf("%s: %d colours for %d servers", s.name, len(seen), len(fleet.Names()))
		}
	}
}

func TestNames(t *testing.T) {
	for bytes, want := range map[int]string{64: "64 B", 1000: "1000 B", 1 << 10: "1 KiB", 1536: "1536 B", 64 << 10: "64 KiB", 4 << 20: "4 MiB"} {
		if got := sizeName(bytes); got != want {
			t.Errorf("sizeName(%d) = %q; want %q", bytes, got, want)
		}
	}
	for v, want := range map[float64]string{0.56: "0.6", 9.94: "9.9", 72.4: "72", 5938: "5,938"} {
		if got := number(v); got != want {
			t.Errorf("number(%v) = %q; want %q", v, got, want)
		}
	}
}
