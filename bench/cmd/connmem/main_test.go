package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/bench/fleet"
	"github.com/wholeframe/wholeframe/bench/peers/peer"
	"github.com/wholeframe/wholeframe/bench/report"
)

func prepare(t *testing.T) bench {
	t.Helper()
	setup, err := fleet.Prepare(t.Context(), "raw", "idle")
	if err != nil {
		t.Fatal(err)
	}
	return bench{Setup: setup, framing: peer.Length, conns: []int{3, 10}, messages: 2}
}

func TestMeasure(t *testing.T) {
	b := prepare(t)
	var m report.Memory
	if err := b.measure(t.Context(), b.Servers[0], &m); err != nil {
		t.Fatal(err)
	}
	var conns []int
	for _, p := range m.Idle {
		conns = append(conns, p.Conns)
		if p.Bytes == 0 {
			t.Errorf("no memory with %d connections", p.Conns)
		}
	}
	if !slices.Equal(conns, []int{0, 3, 10}) || m.AfterBusy == 0 {
		t.Errorf("got %+v", m)
	}
}

// TestMeasureNoEcho has a server that announces an address at which nobody answers.
func TestMeasureNoEcho(t *testing.T) {
	b := prepare(t)
	server := b.Servers[0]
	server.Command = []string{"sh", "-c", "echo msg=listening addr=127.0.0.1:1; exec sleep 60"}
	var m report.Memory
	err := b.measure(t.Context(), server, &m)
	if err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v, want what the clients had to say", err)
	}
}

func TestParseConns(t *testing.T) {
	got, err := parseConns("1,20,300")
	if err != nil || !slices.Equal(got, []int{1, 20, 300}) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"", "0", "a", "2,1", "1,1"} {
		if _, err := parseConns(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
