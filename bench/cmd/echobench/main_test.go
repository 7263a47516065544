package main

import (
	"strings"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/bench/fleet"
	"github.com/wholeframe/wholeframe/bench/peers/peer"
	"github.com/wholeframe/wholeframe/bench/report"
)

// TestMeasureCase has a server that works beside one that doesn't, and one that doesn't know the framing.
func TestMeasureCase(t *testing.T) {
	setup, err := fleet.Prepare(t.Context(), "raw,naive", "load")
	if err != nil {
		t.Fatal(err)
	}
	broken := setup.Servers[0]
	broken.Name = "broken"
	broken.Command = []string{"sh", "-c", "echo out of order; exit 1"}
	setup.Servers = append(setup.Servers, broken)
	b := bench{Setup: setup, rounds: 2, For: 50 * time.Millisecond, warmup: time.Millisecond}
	c := report.Case{Framing: peer.Length, Size: 64, Depth: 4, Conns: 3}

	measurements, err := b.measureCase(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, m := range measurements {
		order = append(order, m.Server)
		if m.Server == "broken" {
			if !strings.Contains(m.Error, "out of order") {
				t.Errorf("broken: got %q", m.Error)
			}
			continue
		}
		if m.Error != "" || m.Frames == 0 || m.PeakBytes == 0 || m.Case != c {
			t.Errorf("got %+v", m)
		}
	}
	if got := strings.Join(order, " "); got != "raw broken raw broken" {
		t.Errorf("measured %s", got)
	}
}

func TestParseCases(t *testing.T) {
	cases, err := parseCases("line,length", "64x1x64,1KiBx16x64")
	if err != nil || len(cases) != 4 {
		t.Fatalf("got %v, %v", cases, err)
	}
	if want := (report.Case{Framing: peer.Length, Size: 1 << 10, Depth: 16, Conns: 64}); cases[3] != want {
		t.Errorf("got %+v, want %+v", cases[3], want)
	}
	for _, bad := range [][2]string{{"", "64x1x64"}, {"lines", "64x1x64"}, {"line", "64"}} {
		if _, err := parseCases(bad[0], bad[1]); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
