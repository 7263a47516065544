package main

import (
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
	for _, size := range []int{64, 64 << 10} {
		for _, server := range []string{fleet.Raw, "gnet", "nbio"} {
			results.Measurements = append(results.Measurements, report.Measurement{
				Case:   report.Case{Framing: peer.Length, Size: size, Depth: 4, Conns: 16},
				Server: server,
				Result: load.Result{Frames: 1e6, Elapsed: time.Second, ServerCPU: proc.Times{User: time.Duration(size) * time.Millisecond}},
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
			Case:   report.Case{Framing: peer.Length, Size: 64, Depth: 4, Conns: 16},
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
	for name, texts := range map[string][]string{
		"throughput-length.svg": {"65536 bytes", "gnet"},
		"cost-length.svg":       {"µs per message", "÷ raw", "gnet"},
		"conns-length.svg":      {"µs per message", "connections", "wholeframe"},
		"drip.svg":              {"byte by byte", "resuming", "rescanning"},
		"memory.svg":            {"idle connections", "KiB per connection", "gnet"},
	} {
		svg, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, text := range texts {
			if !strings.Contains(string(svg), text) {
				t.Errorf("%s does not say %q", name, text)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "throughput-line.svg")); err == nil {
		t.Error("a plot of nothing was drawn")
	}
}

func TestColors(t *testing.T) {
	seen := make(map[any]string)
	for _, server := range fleet.Names() {
		if other, taken := seen[colorOf(server)]; taken {
			t.Errorf("%s and %s look the same", server, other)
		}
		seen[colorOf(server)] = server
	}
}
