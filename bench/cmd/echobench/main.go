// Echobench measures echo servers side by side: in every round each of them runs alone with the load generator, one
// after the other, so that what changes on the machine changes for all.
//
//	go -C bench run ./cmd/echobench
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wholeframe/wholeframe/bench/fleet"
	"github.com/wholeframe/wholeframe/bench/peers/peer"
	"github.com/wholeframe/wholeframe/bench/proc"
	"github.com/wholeframe/wholeframe/bench/report"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A bench is what the flags ask for.
type bench struct {
	servers     []fleet.Server
	programs    map[string]fleet.Program // by server
	cases       []report.Case
	rounds      int
	warmup, For time.Duration
	load        string // path of the load generator
	cpus        fleet.CPUs
}

func run(ctx context.Context) error {
	var (
		b        bench
		names    = flag.String("servers", strings.Join(fleet.Names(), ","), "servers to compare")
		shapes   = flag.String("cases", "64x1x64,64x64x64,1KiBx16x64,64KiBx4x16,64x1x5000", "SIZExDEPTHxCONNS, several with commas")
		framings = flag.String("framings", peer.Line+","+peer.Length, "framings to measure")
		output   = flag.String("o", "results.json", "`file` for the results")
		text     = flag.String("benchmarks", "", "`file` for the results in the format that benchstat reads")
	)
	flag.IntVar(&b.rounds, "rounds", 7, "how often each server is measured in each case")
	flag.DurationVar(&b.For, "for", 3*time.Second, "length of a measurement")
	flag.DurationVar(&b.warmup, "warmup", time.Second, "load before each measurement; more for servers that compile while they run")
	flag.Parse()
	if err := b.choose(*names, *shapes, *framings); err != nil {
		return err
	}
	if err := b.build(ctx); err != nil {
		return err
	}
	machine, err := report.ThisMachine(b.cpus.Pinned)
	if err != nil {
		return err
	}
	results := report.Results{Machine: machine, Versions: make(map[string]string)}
	for name, program := range b.programs {
		results.Versions[name] = program.Version
	}
	fmt.Println(machine)

	for _, c := range b.cases {
		measurements, err := b.measureCase(ctx, c)
		if err != nil {
			return err
		}
		results.Measurements = append(results.Measurements, measurements...)
		// After every case, so that a run that is broken off leaves what it has.
		if err := errors.Join(results.WriteCase(os.Stdout, c), results.Write(*output)); err != nil {
			return err
		}
	}
	if *text != "" {
		if err := writeBenchmarks(results, *text); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(results.Measurements, func(m report.Measurement) bool { return m.Error != "" }) {
		return errors.New("some measurements failed; the tables say which")
	}
	return nil
}

// choose takes the servers and cases from the flags.
func (b *bench) choose(names, shapes, framings string) (err error) {
	if b.servers, err = fleet.Named(strings.Split(names, ",")); err != nil {
		return err
	}
	for framing := range strings.SplitSeq(framings, ",") {
		if framing != peer.Line && framing != peer.Length {
			return fmt.Errorf("unknown framing %q", framing)
		}
		for shape := range strings.SplitSeq(shapes, ",") {
			c, err := report.ParseShape(shape)
			if err != nil {
				return err
			}
			c.Framing = framing
			b.cases = append(b.cases, c)
		}
	}
	return nil
}

// build builds all that runs, and leaves out the servers that can't be built here.
func (b *bench) build(ctx context.Context) (err error) {
	if err = fleet.RaiseDescriptorLimit(); err != nil {
		return err
	}
	if b.cpus, err = fleet.ChooseCPUs(); err != nil {
		return err
	}
	if b.load, err = fleet.BuildTool(ctx, "load"); err != nil {
		return err
	}
	b.programs, err = fleet.BuildAll(ctx, b.servers)
	return err
}

// measureCase measures all servers in all rounds: A B C, A B C, ...
func (b *bench) measureCase(ctx context.Context, c report.Case) ([]report.Measurement, error) {
	var measurements []report.Measurement
	for round := range b.rounds {
		for _, server := range b.servers {
			program, built := b.programs[server.Name]
			if !built || !slices.Contains(server.Framings, c.Framing) {
				continue
			}
			m := report.Measurement{Case: c, Server: server.Name, Round: round + 1}
			if err := b.measure(ctx, program, b.warmup*time.Duration(server.WarmUps), &m); err != nil {
				m.Error = err.Error()
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			measurements = append(measurements, m)
		}
	}
	return measurements, nil
}

// measure runs a server for one measurement.
func (b *bench) measure(ctx context.Context, program fleet.Program, warmup time.Duration, m *report.Measurement) error {
	server, err := program.Start(ctx, b.cpus, m.Framing)
	if err != nil {
		return err
	}
	defer server.Stop()
	cmd := exec.CommandContext(ctx, b.load,
		"-addr", server.Addr,
		"-framing", m.Framing,
		"-size", strconv.Itoa(m.Size),
		"-depth", strconv.Itoa(m.Depth),
		"-conns", strconv.Itoa(m.Conns),
		"-warmup", warmup.String(),
		"-for", b.For.String(),
		"-pid", strconv.Itoa(server.PID),
	)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := b.cpus.StartPinned(cmd, b.cpus.Load); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s%s", err, &complaints, server.Output())
	}
	if err := json.Unmarshal(out.Bytes(), &m.Result); err != nil {
		return fmt.Errorf("load generator: %w", err)
	}
	memory, err := proc.MemoryOf(server.PID)
	m.PeakBytes = memory.Peak
	return err
}

func writeBenchmarks(results report.Results, path string) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return results.WriteBenchmarks(file)
}
