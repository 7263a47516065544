// Plot draws result files of echobench, connmem and drip as SVG, each picture for light and for dark pages: the cost of
// each server in one case, cost by frame size and by connections, memory by connections, time by bytes that arrive one
// by one. It prints the first as a table and in words, for README.md.
//
//	go -C bench run ./cmd/plot results.json conns.json memory.json drip.json
package main

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"image/color"
	"io"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/wholeframe/wholeframe/bench/fleet"
	"github.com/wholeframe/wholeframe/bench/peers/peer"
	"github.com/wholeframe/wholeframe/bench/report"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	dir := flag.String("dir", ".", "`folder` for the plots")
	flag.Parse()
	if flag.NArg() == 0 {
		return errors.New("plot: no result files are named")
	}
	results, err := report.Read(flag.Args()...)
	if err != nil {
		return err
	}
	if err := drawAll(results, *dir); err != nil {
		return err
	}
	return writeCost(os.Stdout, results)
}

// headline is the case whose cost is the first picture: small messages, many on their way, so that framing is not lost in
// the cost of system calls.
var headline = report.Case{Framing: peer.Length, Size: 64, Depth: 64, Conns: 64}

// drawAll draws what there are results for.
func drawAll(results report.Results, dir string) error {
	plot.DefaultFont = font.Font{Typeface: typeface, Variant: "Sans"}
	for _, s := range []style{light, dark} {
		var bySize, byConns []panel
		for _, framing := range []string{peer.Line, peer.Length} {
			cases := slices.DeleteFunc(results.Cases(), func(c report.Case) bool { return c.Framing != framing })
			bySize = append(bySize, s.costBySize(results, framing, cases)...)
			byConns = append(byConns, s.costByConns(results, framing, cases)...)
		}
		for name, panels := range map[string][]panel{
			"cost":          s.cost(results),
			"cost-by-size":  bySize,
			"cost-by-conns": byConns,
			"memory":        s.memory(results.Memory),
			"drip":          s.drip(results.Drips),
		} {
			if err := save(filepath.Join(dir, name+"-"+s.name+".svg"), panels); err != nil {
				return err
			}
		}
	}
	return nil
}

// Panels are drawn in rows of two.
const (
	panelsPerRow = 2
	panelWidth   = 12 * vg.Centimeter
	alone        = 17 * vg.Centimeter // the width of a picture of one panel
	panelHeight  = 8 * vg.Centimeter
	panelGap     = 6 * vg.Millimeter
	legendWidth  = 34 * vg.Millimeter
	legendGap    = 3 * vg.Millimeter
	titleGap     = 3 * vg.Millimeter
	lineHeight   = 6 * vg.Millimeter
)

// A panel is one plot of a picture. Its legend is beside it, where it hides nothing.
type panel struct {
	*plot.Plot
	legend *plot.Legend // nil: none
	height vg.Length    // 0: panelHeight
}

func (p panel) draw(area draw.Canvas) {
	if p.legend != nil {
		p.legend.Draw(draw.Crop(area, area.Max.X-area.Min.X-legendWidth+legendGap, 0, 0, 0))
		area = draw.Crop(area, 0, -legendWidth, 0, 0)
	}
	p.Draw(area)
}

// save draws panels into a file, if there are any.
func save(path string, panels []panel) error {
	if len(panels) == 0 {
		return nil
	}
	columns := min(panelsPerRow, len(panels))
	rows := (len(panels) + columns - 1) / columns
	width, height := vg.Length(columns)*panelWidth, vg.Length(rows)*panelHeight
	if len(panels) == 1 {
		width, height = alone, cmp.Or(panels[0].height, panelHeight)
	}
	canvas := vgsvg.New(width, height)
	tiles := draw.Tiles{
		Rows: rows, Cols: columns,
		PadX: panelGap, PadY: panelGap,
		PadTop: panelGap, PadBottom: panelGap, PadLeft: panelGap, PadRight: panelGap,
	}
	area := draw.New(canvas)
	for i, p := range panels {
		p.draw(tiles.At(area, i%columns, i/columns))
	}
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return err
	}
	return os.WriteFile(path, bytes.ReplaceAll(svg.Bytes(), []byte("font-family:"+typeface+" Sans"), []byte("font-family:"+fonts)), 0o644)
}

// clipped is how many times the limit a bar may be long: a longer one would leave no room for the differences of the others.
const clipped = 4

// A bar is one server's value in a bar chart.
type bar struct {
	server string
	value  float64
}

// bars draws one horizontal bar for each server with its value, the first on top, ours in colour. A bar that is
// longer than most ends at the edge with an arrow. limit, unless it is 0, is a line across.
func (s style) bars(title, unit string, all []bar, limit float64, limitName string) panel {
	p := s.newPanel(title, unit)
	p.height = vg.Length(len(all))*lineHeight + 4*panelGap
	p.X.Min = 0
	largest := slices.MaxFunc(all, func(a, b bar) int { return cmp.Compare(a.value, b.value) }).value
	if limit > 0 {
		largest = limit
		for _, b := range all {
			if b.value < clipped*limit {
				largest = max(largest, b.value)
			}
		}
	}
	p.X.Max = 1.5 * largest
	p.X.Tick.Marker, p.X.LineStyle.Width = plot.ConstantTicks{}, 0 // the bars have their values
	p.Y.Padding = 2 * vg.Millimeter
	var names []string
	var labels plotter.XYLabels
	for i, b := range slices.Backward(all) {
		length := min(b.value, 1.25*largest)
		chart, err := plotter.NewBarChart(plotter.Values{length}, 3.5*vg.Millimeter)
		if err != nil {
			panic(err) // a single value that isn't NaN is never refused
		}
		chart.Horizontal = true
		chart.XMin = float64(len(all) - 1 - i)
		chart.Color = s.rest
		if b.server == fleet.Ours || b.server == fleet.Library {
			chart.Color = s.ours
		}
		chart.LineStyle.Width = 0
		p.Add(chart)
		text := number(b.value)
		if b.value > length {
			text = "→ " + text
		}
		names = append(names, b.server)
		labels.XYs = append(labels.XYs, plotter.XY{X: length, Y: chart.XMin})
		labels.Labels = append(labels.Labels, text)
	}
	if limit > 0 {
		top := float64(len(all)) - 0.2
		line, err := plotter.NewLine(plotter.XYs{{X: limit, Y: -0.5}, {X: limit, Y: top}})
		if err != nil {
			panic(err) // two finite points
		}
		line.Color, line.Width, line.Dashes = s.ink, 1, []vg.Length{4, 3}
		p.Add(line)
		labels.XYs = append(labels.XYs, plotter.XY{X: limit, Y: top})
		labels.Labels = append(labels.Labels, limitName+": "+number(limit))
		p.Y.Max = top + 0.3
	}
	values, err := plotter.NewLabels(labels)
	if err != nil {
		panic(err) // as many labels as points
	}
	for i := range values.TextStyle {
		values.TextStyle[i].Color = s.ink
		values.TextStyle[i].YAlign = draw.YCenter
	}
	values.Offset.X = 1.5 * vg.Millimeter
	p.Add(values)
	p.NominalY(names...)
	return p
}

// number writes a value with as many digits as people compare.
func number(v float64) string {
	if v < 10 {
		return fmt.Sprintf("%.1f", v)
	}
	digits := fmt.Sprintf("%.0f", v)
	if len(digits) > 3 {
		digits = digits[:len(digits)-3] + "," + digits[len(digits)-3:]
	}
	return digits
}

// byCost returns the servers in the headline's case, the cheapest first.
func byCost(results report.Results) []report.Row {
	rows := slices.DeleteFunc(results.Rows(headline), func(row report.Row) bool { return row.Rounds == 0 })
	slices.SortStableFunc(rows, func(a, b report.Row) int { return cmp.Compare(a.CPUPerMillion.Median, b.CPUPerMillion.Median) })
	return rows
}

// nanoseconds is the processor time per message of a server.
func nanoseconds(row report.Row) float64 {
	return row.CPUPerMillion.Median * 1000 // seconds per million are microseconds per one
}

// cost is the processor time per message of each server in the headline's case; that of raw is the limit.
func (s style) cost(results report.Results) []panel {
	var all []bar
	limit := 0.0
	for _, row := range byCost(results) {
		if row.Server == fleet.Raw {
			limit = nanoseconds(row)
		} else {
			all = append(all, bar{row.Server, nanoseconds(row)})
		}
	}
	if len(all) == 0 {
		return nil
	}
	title := fmt.Sprintf("Server CPU per message of %s, %d in flight", sizeName(headline.Size), headline.Depth)
	return []panel{s.bars(title, "nanoseconds", all, limit, "no framing")}
}

// writeCost writes what the picture of the cost shows, as a table and in words.
func writeCost(w io.Writer, results report.Results) error {
	rows := byCost(results)
	if len(rows) == 0 {
		return nil
	}
	var words []string
	table := "| server | CPU per message | ÷ `raw` | messages per second |\n|---|---|---|---|\n"
	for _, row := range rows {
		ratio := "–"
		if row.Ratio != nil {
			ratio = fmt.Sprintf("%.2f", row.Ratio.Median)
		}
		name := row.Server
		if name == fleet.Ours {
			name = "**" + name + "**"
		}
		table += fmt.Sprintf("| %s | %s ns | %s | %s million |\n", name, number(nanoseconds(row)), ratio, number(row.FramesPerSecond.Median/1e6))
		words = append(words, row.Server+" "+number(nanoseconds(row)))
	}
	_, err := fmt.Fprintf(w, "%s\nServer CPU per message in nanoseconds: %s\n", table, strings.Join(words, ", "))
	return err
}

// costBySize is the processor time per message by its size, where several messages are on their way per connection:
// with one alone, what is measured is the way through the kernel.
func (s style) costBySize(results report.Results, framing string, cases []report.Case) []panel {
	points := make(map[string]plotter.XYs)
	for _, c := range cases {
		if c.Depth == 1 {
			continue
		}
		for _, row := range results.Rows(c) {
			// A logarithmic axis has no room for a time too short to be measured.
			if row.Rounds == 0 || row.CPUPerMillion.Median == 0 {
				continue
			}
			// Seconds per million are microseconds per one.
			points[row.Server] = append(points[row.Server], plotter.XY{X: float64(c.Size), Y: row.CPUPerMillion.Median})
		}
	}
	if len(points) == 0 {
		return nil
	}
	p := s.lines(framing+": CPU µs per message", "payload")
	s.addLogLines(p, points, sizeName)
	return []panel{p}
}

// costByConns is the processor time per message by the number of connections, each with one message on its way.
func (s style) costByConns(results report.Results, framing string, cases []report.Case) []panel {
	points := make(map[string]plotter.XYs)
	conns := make(map[int]bool)
	for _, c := range cases {
		if c.Depth != 1 || c.Size != cases[0].Size {
			continue
		}
		conns[c.Conns] = true
		for _, row := range results.Rows(c) {
			if row.Rounds > 0 && row.CPUPerMillion.Median > 0 {
				points[row.Server] = append(points[row.Server], plotter.XY{X: float64(c.Conns), Y: row.CPUPerMillion.Median})
			}
		}
	}
	if len(conns) < 3 {
		return nil
	}
	for server, line := range points {
		if len(line) < 3 { // measured only in cases of the other pictures
			delete(points, server)
		}
		slices.SortFunc(line, func(a, b plotter.XY) int { return cmp.Compare(a.X, b.X) })
	}
	p := s.lines(framing+": CPU µs per message", "connections")
	s.addLogLines(p, points, strconv.Itoa)
	return []panel{p}
}

// drip is the time that lines take which arrive byte by byte.
func (s style) drip(all []report.Drip) []panel {
	if len(all) == 0 {
		return nil
	}
	p := s.lines("Seconds for a line, byte by byte", "length of the line")
	var sizes []int
	for i, d := range all {
		var points plotter.XYs
		for _, at := range d.Points {
			points = append(points, plotter.XY{X: float64(at.Bytes), Y: at.Seconds})
			// Every third power of two: names of all would overlap.
			if (bits.TrailingZeros(uint(at.Bytes))-16)%3 == 0 {
				sizes = append(sizes, at.Bytes)
			}
		}
		p.addLine(d.Reader, []color.Color{s.ours, s.ink}[i%2], points)
	}
	p.logScales(sizes, sizeName)
	return []panel{p}
}

// addLogLines adds a line for each server, on logarithmic axes, of which the horizontal one has ticks where points are.
func (s style) addLogLines(p panel, points map[string]plotter.XYs, name func(int) string) {
	var ticks []int
	for i, server := range fleet.Names() {
		if len(points[server]) > 0 {
			p.addLine(server, s.lineColors[i%len(s.lineColors)], points[server])
		}
		for _, at := range points[server] {
			ticks = append(ticks, int(at.X))
		}
	}
	p.logScales(ticks, name)
}

// logScales makes both axes of a panel with lines logarithmic.
func (p panel) logScales(ticks []int, name func(int) string) {
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	var marks plot.ConstantTicks
	for _, at := range slices.Compact(slices.Sorted(slices.Values(ticks))) {
		marks = append(marks, plot.Tick{Value: float64(at), Label: name(at)})
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = marks, plot.TickerFunc(logTicks)
	// An axis of one value alone has no length, and would reach down to 0, where a logarithm ends.
	const margin = 1.2
	p.X.Min, p.Y.Min = p.X.Min/margin, p.Y.Min/margin
	p.X.Max, p.Y.Max = p.X.Max*margin, p.Y.Max*margin
}

// logTicks marks 1, 2 and 5 of each decade, or 1 alone where there are many.
func logTicks(low, high float64) (ticks []plot.Tick) {
	steps := []float64{1, 2, 5}
	if high > 100*low {
		steps = steps[:1]
	}
	for decade := math.Pow10(int(math.Floor(math.Log10(low)))); decade <= high; decade *= 10 {
		for _, step := range steps {
			if v := decade * step; low <= v && v <= high {
				ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 3, 64)})
			}
		}
	}
	return ticks
}

// sizeName writes a number of bytes as people read it.
func sizeName(bytes int) string {
	switch {
	case bytes >= 1<<20 && bytes%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", bytes>>20)
	case bytes >= 1<<10 && bytes%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", bytes>>10)
	}
	return fmt.Sprintf("%d B", bytes)
}

// memory is the resident memory by idle connections, and what one of them costs when it was busy before.
func (s style) memory(all []report.Memory) []panel {
	if len(all) == 0 {
		return nil
	}
	idle := s.lines("Resident memory, MiB", "idle connections")
	idle.Y.Min = 0
	var busy []bar
	for i, server := range fleet.Names() {
		for _, m := range all {
			if m.Server != server {
				continue
			}
			var points plotter.XYs
			for _, p := range m.Idle {
				points = append(points, plotter.XY{X: float64(p.Conns), Y: float64(p.Bytes) / (1 << 20)})
			}
			if len(points) > 0 {
				idle.addLine(m.Server, s.lineColors[i%len(s.lineColors)], points)
			}
			if m.AfterBusy > 0 {
				conns := m.Idle[len(m.Idle)-1].Conns
				busy = append(busy, bar{m.Server, m.PerConn(m.AfterBusy, conns) / (1 << 10)})
			}
		}
	}
	panels := []panel{idle}
	if len(busy) > 0 {
		slices.SortStableFunc(busy, func(a, b bar) int { return cmp.Compare(a.value, b.value) })
		panels = append(panels, s.bars("Idle again after messages of 64 KiB", "resident KiB per connection", busy, 0, ""))
	}
	return panels
}
