package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// WriteCase writes the table of one case. Figures are medians over the rounds.
func (r Results) WriteCase(w io.Writer, c Case) error {
	fmt.Fprintf(w, "\n%v (-framings %s -cases %s)\n", c, c.Framing, c.Shape())
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "server\trounds\tframes/s\tMB/s\tp50 µs\tp99 µs\tp99.9 µs\tuser s/M\tsystem s/M\tpeak MiB\tload busy\tCPU ÷ raw\t(min to max)\t")
	rows := r.Rows(c)
	for _, row := range rows {
		if row.Rounds == 0 {
			fmt.Fprintf(t, "%s\t0\t\t\t\t\t\t\t\t\t\t\t\t\n", row.Server)
			continue
		}
		ratio, span := "–", ""
		if row.Ratio != nil {
			ratio = fmt.Sprintf("%.2f", row.Ratio.Median)
			span = fmt.Sprintf("(%.2f to %.2f)", row.Ratio.Min, row.Ratio.Max)
		}
		fmt.Fprintf(t, "%s\t%d\t%.0f\t%.1f\t%.0f\t%.0f\t%.0f\t%.3f\t%.3f\t%.1f\t%.0f %%\t%s\t%s\t\n",
			row.Server, row.Rounds, row.FramesPerSecond.Median, row.MBPerSecond.Median,
			row.P50.Median, row.P99.Median, row.P999.Median, row.UserPerMillion.Median, row.SystemPerMillion.Median, row.PeakMiB.Median,
			100*row.LoadBusy.Median, ratio, span)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, row := range rows {
		if row.Failed > 0 {
			fmt.Fprintf(w, "%s failed in %d of %d rounds: %s\n",
				row.Server, row.Failed, row.Failed+row.Rounds, row.FirstError)
		}
	}
	return nil
}

// WriteFits writes what turns and messages cost, where enough depths were measured.
func (r Results) WriteFits(w io.Writer) error {
	var groups []Case
	for _, c := range r.Cases() {
		if c.Depth = 1; !slices.Contains(groups, c) {
			groups = append(groups, c)
		}
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, c := range groups {
		fits := r.Fits(c)
		if len(fits) == 0 {
			continue
		}
		fmt.Fprintf(t, "\n%s: %d bytes, %d connections\tns per turn\tns per message\t\n", c.Framing, c.Size, c.Conns)
		for _, f := range fits {
			fmt.Fprintf(t, "%s\t%.0f\t%.1f\t\n", f.Server, f.Turn, f.Frame)
		}
	}
	return t.Flush()
}

// WriteMemory writes the table of the memory by connections.
func (r Results) WriteMemory(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "server\tconnections\tresident MiB\tKiB per connection\t")
	for _, m := range r.Memory {
		for _, p := range m.Idle {
			perConn := "–"
			if p.Conns > 0 {
				perConn = fmt.Sprintf("%.1f", m.PerConn(p.Bytes, p.Conns)/(1<<10))
			}
			fmt.Fprintf(t, "%s\t%d\t%.1f\t%s\t\n", m.Server, p.Conns, float64(p.Bytes)/(1<<20), perConn)
		}
		if m.AfterBusy > 0 {
			conns := m.Idle[len(m.Idle)-1].Conns
			fmt.Fprintf(t, "%s\t%d after 64 KiB frames\t%.1f\t%.1f\t\n",
				m.Server, conns, float64(m.AfterBusy)/(1<<20), m.PerConn(m.AfterBusy, conns)/(1<<10))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, m := range r.Memory {
		if m.Error != "" {
			fmt.Fprintf(w, "%s: %s\n", m.Server, m.Error)
		}
	}
	return nil
}

// WriteBenchmarks writes every measurement in the format of Go benchmarks, which benchstat reads:
//
//	benchstat -col /server results.txt
func (r Results) WriteBenchmarks(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "goos: linux\ngoarch: %s\npkg: github.com/wholeframe/wholeframe/bench\ncpu: %s\n",
		r.Machine.Arch, r.Machine.CPU)
	for _, m := range r.Measurements {
		if m.Error != "" {
			continue
		}
		fmt.Fprintf(&b, "BenchmarkEcho/framing=%s/size=%d/depth=%d/conns=%d/server=%s %d",
			m.Framing, m.Size, m.Depth, m.Conns, m.Server, m.Frames)
		for _, figure := range []struct {
			value float64
			unit  string
		}{
			{float64(m.ServerCPU.Sum()) / float64(m.Frames), "cpu-ns/frame"},
			{float64(m.ServerCPU.User) / float64(m.Frames), "user-ns/frame"},
			{m.FramesPerSecond(), "frames/s"},
			{m.MBPerSecond(), "MB/s"},
			{float64(m.P50), "p50-ns"},
			{float64(m.P99), "p99-ns"},
			{float64(m.P999), "p999-ns"},
			{float64(m.PeakBytes), "peak-bytes"},
		} {
			fmt.Fprintf(&b, " %.6g %s", figure.value, figure.unit)
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}
