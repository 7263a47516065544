// Package report keeps what was measured, and turns it into figures that can be compared.
package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/wholeframe/wholeframe/bench/load"
)

// Results are what one run of the bench, or several, have measured.
type Results struct {
	Machine      Machine           `json:"machine"`
	Versions     map[string]string `json:"versions"` // by server
	Measurements []Measurement     `json:"measurements,omitempty"`
	Memory       []Memory          `json:"memory,omitempty"`
	Drips        []Drip            `json:"drips,omitempty"`
}

// A Case is what every server is asked to do.
type Case struct {
	Framing string `json:"framing"`
	Size    int    `json:"size"`  // bytes of payload
	Depth   int    `json:"depth"` // messages on their way per connection
	Conns   int    `json:"conns"`
}

// A Measurement is one server in one case in one round.
type Measurement struct {
	Case
	Server string `json:"server"`
	Round  int    `json:"round"`
	load.Result
	PeakBytes int64  `json:"peakBytes"` // resident, since the server was started for this measurement
	Error     string `json:"error,omitempty"`
}

// Memory is what the connections of one server cost it.
type Memory struct {
	Server    string        `json:"server"`
	Idle      []MemoryPoint `json:"idle"`           // by rising number of connections; the first has none
	AfterBusy int64         `json:"afterBusyBytes"` // resident when the last of Idle had been busy, and were idle again
	Error     string        `json:"error,omitempty"`
}

// A MemoryPoint is the resident memory of a server with that many idle connections.
type MemoryPoint struct {
	Conns int   `json:"conns"`
	Bytes int64 `json:"bytes"`
}

// A Drip is what lines that arrive byte by byte cost a reader.
type Drip struct {
	Reader string      `json:"reader"`
	Points []DripPoint `json:"points"` // by rising size
}

// A DripPoint is the time that a line of that many bytes takes.
type DripPoint struct {
	Bytes   int     `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

// PerConn returns what of bytes each of conns connections cost above the server without any.
func (m Memory) PerConn(bytes int64, conns int) float64 {
	return float64(bytes-m.Idle[0].Bytes) / float64(conns)
}

// Read reads result files and joins them; what describes the machine comes from the first.
func Read(paths ...string) (Results, error) {
	var all Results
	for i, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return Results{}, err
		}
		var one Results
		if err := json.Unmarshal(data, &one); err != nil {
			return Results{}, fmt.Errorf("%s: %w", path, err)
		}
		if i == 0 {
			all = one
			continue
		}
		maps.Copy(all.Versions, one.Versions)
		all.Measurements = append(all.Measurements, one.Measurements...)
		all.Memory = append(all.Memory, one.Memory...)
		all.Drips = append(all.Drips, one.Drips...)
	}
	return all, nil
}

// Write writes a result file.
func (r Results) Write(path string) error {
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

// Cases returns the cases that were measured, in the order in which they were.
func (r Results) Cases() []Case {
	var cases []Case
	for _, m := range r.Measurements {
		if !slices.Contains(cases, m.Case) {
			cases = append(cases, m.Case)
		}
	}
	return cases
}

// ParseShape reads a case without its framing, such as 64x1x5000 or 64KiBx4x16: size, depth, connections.
func ParseShape(text string) (Case, error) {
	parts := strings.Split(text, "x")
	if len(parts) != 3 {
		return Case{}, fmt.Errorf("case %q is not SIZExDEPTHxCONNS", text)
	}
	unit := 1
	if number, kib := strings.CutSuffix(parts[0], "KiB"); kib {
		parts[0], unit = number, 1<<10
	}
	var numbers [3]int
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 {
			return Case{}, fmt.Errorf("case %q: %q is no positive number", text, part)
		}
		numbers[i] = n
	}
	return Case{Size: numbers[0] * unit, Depth: numbers[1], Conns: numbers[2]}, nil
}

// Shape is what ParseShape reads.
func (c Case) Shape() string {
	if c.Size%(1<<10) == 0 {
		return fmt.Sprintf("%dKiBx%dx%d", c.Size>>10, c.Depth, c.Conns)
	}
	return fmt.Sprintf("%dx%dx%d", c.Size, c.Depth, c.Conns)
}

// String describes the case in words.
func (c Case) String() string {
	return fmt.Sprintf("%s: %d bytes, depth %d, %d connections", c.Framing, c.Size, c.Depth, c.Conns)
}
