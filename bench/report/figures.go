package report

import (
	"slices"
	"time"

	"github.com/wholeframe/wholeframe/bench/fleet"
)

// FramesPerSecond is the throughput in messages.
func (m Measurement) FramesPerSecond() float64 { return float64(m.Frames) / m.Elapsed.Seconds() }

// MBPerSecond is the throughput in payload, one way, in millions of bytes.
func (m Measurement) MBPerSecond() float64 { return float64(m.Bytes) / 1e6 / m.Elapsed.Seconds() }

// CPUPerMillion is the server's processor time for a million messages, in seconds.
func (m Measurement) CPUPerMillion() float64 { return perMillion(m.ServerCPU.Sum(), m) }

// UserPerMillion is the part of CPUPerMillion that was spent in user mode.
func (m Measurement) UserPerMillion() float64 { return perMillion(m.ServerCPU.User, m) }

// SystemPerMillion is the part of CPUPerMillion that was spent in the kernel.
func (m Measurement) SystemPerMillion() float64 { return perMillion(m.ServerCPU.System, m) }

func perMillion(used time.Duration, m Measurement) float64 {
	return used.Seconds() / float64(m.Frames) * 1e6
}

// A Spread is what the rounds of one figure come to.
type Spread struct {
	Median, Min, Max float64
}

// NewSpread returns the spread of values, of which there is at least one.
func NewSpread(values []float64) Spread {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return Spread{
		Median: (sorted[(n-1)/2] + sorted[n/2]) / 2,
		Min:    sorted[0],
		Max:    sorted[n-1],
	}
}

// A Row is one server in one case over all rounds.
type Row struct {
	Server                       string
	Rounds, Failed               int
	FramesPerSecond, MBPerSecond Spread
	P50, P99, P999               Spread // microseconds
	CPUPerMillion                Spread // seconds
	UserPerMillion               Spread // seconds
	SystemPerMillion             Spread // seconds
	PeakMiB                      Spread
	Ratio                        *Spread // of the processor time to that of raw in the same round; nil without raw
	LoadBusy                     Spread  // the part of the time that the load generator was busy
	FirstError                   string
}

// Rows returns a row for each server that was measured in the case, in the order in which they were.
func (r Results) Rows(c Case) []Row {
	var servers []string
	byServer := make(map[string][]Measurement)
	for _, m := range r.Measurements {
		if m.Case != c {
			continue
		}
		if !slices.Contains(servers, m.Server) {
			servers = append(servers, m.Server)
		}
		byServer[m.Server] = append(byServer[m.Server], m)
	}
	var rows []Row
	for _, server := range servers {
		rows = append(rows, newRow(server, byServer[server], byServer[fleet.Raw]))
	}
	return rows
}

func newRow(server string, measurements, raw []Measurement) Row {
	row := Row{Server: server}
	var good []Measurement
	for _, m := range measurements {
		if m.Error == "" {
			good = append(good, m)
			continue
		}
		row.Failed++
		if row.FirstError == "" {
			row.FirstError = m.Error
		}
	}
	row.Rounds = len(good)
	if len(good) == 0 {
		return row
	}
	spread := func(figure func(Measurement) float64) Spread {
		var values []float64
		for _, m := range good {
			values = append(values, figure(m))
		}
		return NewSpread(values)
	}
	row.FramesPerSecond = spread(Measurement.FramesPerSecond)
	row.MBPerSecond = spread(Measurement.MBPerSecond)
	row.CPUPerMillion = spread(Measurement.CPUPerMillion)
	row.UserPerMillion = spread(Measurement.UserPerMillion)
	row.SystemPerMillion = spread(Measurement.SystemPerMillion)
	row.P50 = spread(func(m Measurement) float64 { return m.P50.Seconds() * 1e6 })
	row.P99 = spread(func(m Measurement) float64 { return m.P99.Seconds() * 1e6 })
	row.P999 = spread(func(m Measurement) float64 { return m.P999.Seconds() * 1e6 })
	row.PeakMiB = spread(func(m Measurement) float64 { return float64(m.PeakBytes) / (1 << 20) })
	row.LoadBusy = spread(func(m Measurement) float64 { return m.LoadCPU.Seconds() / m.Elapsed.Seconds() })
	if ratios := ratios(good, raw); len(ratios) > 0 {
		spread := NewSpread(ratios)
		row.Ratio = &spread
	}
	return row
}

// ratios returns the processor time per message over that of raw, for each round that has both.
func ratios(measurements, raw []Measurement) []float64 {
	var ratios []float64
	for _, m := range measurements {
		for _, limit := range raw {
			// A window that is shorter than the kernel's tick can measure no processor time at all.
			if limit.Round == m.Round && limit.Error == "" && limit.ServerCPU.Sum() > 0 {
				ratios = append(ratios, m.CPUPerMillion()/limit.CPUPerMillion())
			}
		}
	}
	return ratios
}

// A Fit splits the user time of a server into what a turn costs it, one read and one write, and what each message of
// the turn adds: time = Turn + Frame × depth.
type Fit struct {
	Server      string
	Turn, Frame float64 // nanoseconds
}

// Fits returns a Fit for each server that was measured at three depths or more, with the framing, size and connections
// of c. The squares of the relative errors are least.
func (r Results) Fits(c Case) []Fit {
	type point struct{ depth, time float64 }
	points := make(map[string][]point)
	var servers []string
	for _, other := range r.Cases() {
		depth := other.Depth
		if other.Depth = c.Depth; other != c {
			continue
		}
		other.Depth = depth
		for _, row := range r.Rows(other) {
			if row.UserPerMillion.Median == 0 {
				continue // it failed, or the kernel's clock is too coarse
			}
			if !slices.Contains(servers, row.Server) {
				servers = append(servers, row.Server)
			}
			points[row.Server] = append(points[row.Server], point{float64(depth), row.UserPerMillion.Median * 1e3 * float64(depth)})
		}
	}
	var fits []Fit
	for _, server := range servers {
		if len(points[server]) < 3 {
			continue
		}
		var n, x, y, xx, xy float64
		for _, p := range points[server] {
			weight := 1 / (p.time * p.time)
			n, x, y = n+weight, x+weight*p.depth, y+weight*p.time
			xx, xy = xx+weight*p.depth*p.depth, xy+weight*p.depth*p.time
		}
		frame := (n*xy - x*y) / (n*xx - x*x)
		fits = append(fits, Fit{Server: server, Turn: (y - frame*x) / n, Frame: frame})
	}
	return fits
}
