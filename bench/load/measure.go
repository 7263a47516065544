package load

import (
	"fmt"
	"math"
	"os"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/wholeframe/wholeframe/bench/proc"
)

// Window says how long to measure what.
type Window struct {
	Conns  int
	Warmup time.Duration // load before the measurement
	For    time.Duration // the measurement
	PID    int           // the server, whose processor time is taken at both ends; 0: none
}

// Result is what was measured in the window. Latencies reach from handing a message to the kernel to having it back,
// in a closed loop: a slow server is sent less, not later.
type Result struct {
	Frames    int64         `json:"frames"`
	Bytes     int64         `json:"bytes"` // of payload
	Elapsed   time.Duration `json:"elapsedNs"`
	ServerCPU proc.Times    `json:"serverCpu"`
	LoadCPU   time.Duration `json:"loadCpuNs"` // near Elapsed, the generator is what was measured
	P50       time.Duration `json:"p50Ns"`
	P99       time.Duration `json:"p99Ns"`
	P999      time.Duration `json:"p999Ns"`
}

// Latencies are kept from 1 ns to 10 s, to three digits.
const (
	longestLatency = 10 * time.Second
	digits         = 3
)

// Measure opens connections, keeps them busy, and closes them when all that was sent has come back.
func Measure(config Config, window Window) (result Result, err error) {
	clients, err := NewClients(config)
	if err != nil {
		return Result{}, err
	}
	defer func() {
		if closeErr := clients.Close(); err == nil {
			err = closeErr
		}
	}()
	if err := clients.Open(window.Conns); err != nil {
		return Result{}, err
	}
	latencies := hdrhistogram.New(1, int64(longestLatency), digits)
	clients.onFrames = func(latency time.Duration, n int64) {
		// Only what is beyond the longest can fail, and that one counts as the longest.
		_ = latencies.RecordValues(int64(min(latency, longestLatency)), n)
	}
	for i := range clients.conns {
		clients.conns[i].quota = math.MaxInt64 / clients.script.frame
		if err := clients.send(&clients.conns[i]); err != nil {
			return Result{}, err
		}
	}
	if err := clients.turnUntil(window.Warmup); err != nil {
		return Result{}, err
	}

	begin, err := clients.sample(window.PID)
	if err != nil {
		return Result{}, err
	}
	latencies.Reset()
	if err := clients.turnUntil(window.For); err != nil {
		return Result{}, err
	}
	end, err := clients.sample(window.PID)
	if err != nil {
		return Result{}, err
	}
	percentiles := latencies.ValueAtPercentiles([]float64{50, 99, 99.9})

	clients.stop()
	if err := clients.drain(clients.conns); err != nil {
		return Result{}, err
	}
	frames := end.frames - begin.frames
	return Result{
		Frames:    frames,
		Bytes:     frames * int64(config.Size),
		Elapsed:   end.at - begin.at,
		ServerCPU: end.server.Sub(begin.server),
		LoadCPU:   end.load.Sub(begin.load).Sum(),
		P50:       time.Duration(percentiles[50]),
		P99:       time.Duration(percentiles[99]),
		P999:      time.Duration(percentiles[99.9]),
	}, nil
}

// turnUntil keeps the connections busy for that long.
func (c *Clients) turnUntil(d time.Duration) error {
	for end := c.now() + d; c.now() < end; {
		if err := c.turn(); err != nil {
			return err
		}
	}
	return nil
}

// A sample is what counts at one moment.
type sample struct {
	at           time.Duration
	server, load proc.Times
	frames       int64
}

func (c *Clients) sample(pid int) (s sample, err error) {
	s.at, s.frames = c.now(), c.frames
	if s.load, err = proc.CPU(os.Getpid()); err != nil {
		return sample{}, fmt.Errorf("load: own processor time: %w", err)
	}
	if pid != 0 {
		if s.server, err = proc.CPU(pid); err != nil {
			return sample{}, fmt.Errorf("load: the server's processor time: %w", err)
		}
	}
	return s, nil
}
