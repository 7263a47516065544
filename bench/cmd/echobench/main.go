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
	fleet.Setup
	cases       []report.Case
	rounds      int
	warmup, For time.Duration
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
	var err error
	if b.cases, err = parseCases(*framings, *shapes); err != nil {
		return err
	}
	if b.Setup, err = fleet.Prepare(ctx, *names, "load"); err != nil {
		return err
	}
	results, err := report.For(b.Setup)
	if err != nil {
		return err
	}
	fmt.Println(results.Machine)
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
	if err := results.WriteFits(os.Stdout); err != nil {
		return err
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

// parseCases returns each shape in each framing.
func parseCases(framings, shapes string) ([]report.Case, error) {
	var cases []report.Case
	for framing := range strings.SplitSeq(framings, ",") {
		if framing != peer.Line && framing != peer.Length {
			return nil, fmt.Errorf("unknown framing %q", framing)
		}
		for shape := range strings.SplitSeq(shapes, ",") {
			c, err := report.ParseShape(shape)
			if err != nil {
				return nil, err
			}
			c.Framing = framing
			cases = append(cases, c)
		}
	}
	return cases, nil
}

// measureCase measures all servers in all rounds: A B C, A B C, ...
func (b *bench) measureCase(ctx context.Context, c report.Case) ([]report.Measurement, error) {
	var measurements []report.Measurement
	for round := range b.rounds {
		for _, server := range b.Servers {
			if !slices.Contains(server.Framings, c.Framing) {
				continue
			}
			m := report.Measurement{Case: c, Server: server.Name, Round: round + 1}
			if err := b.measure(ctx, server, &m); err != nil {
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
func (b *bench) measure(ctx context.Context, server fleet.Built, m *report.Measurement) error {
	process, err := server.Start(ctx, b.CPUs, m.Framing)
	if err != nil {
		return err
	}
	defer process.Stop()
	cmd := exec.CommandContext(ctx, b.Tool,
		"-addr", process.Addr,
		"-framing", m.Framing,
		"-size", strconv.Itoa(m.Size),
		"-depth", strconv.Itoa(m.Depth),
		"-conns", strconv.Itoa(m.Conns),
		"-warmup", (b.warmup * time.Duration(server.WarmUps)).String(),
		"-for", b.For.String(),
		"-pid", strconv.Itoa(process.PID),
	)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := b.CPUs.StartPinned(cmd, b.CPUs.Load); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s%s", err, &complaints, process.Output())
	}
	if err := json.Unmarshal(out.Bytes(), &m.Result); err != nil {
		return fmt.Errorf("load generator: %w", err)
	}
	memory, err := proc.MemoryOf(process.PID)
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
