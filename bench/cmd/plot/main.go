// Plot draws result files of echobench, connmem and drip as SVG: throughput by server and case, cost by frame size and
// by connections, memory by connections, time by bytes that arrive one by one.
//
//	go -C bench run ./cmd/plot results.json memory.json drip.json
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"slices"

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
	return drawAll(results, *dir)
}

// drawAll draws what there are results for.
func drawAll(results report.Results, dir string) error {
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	for _, framing := range []string{peer.Line, peer.Length} {
		cases := slices.DeleteFunc(results.Cases(), func(c report.Case) bool { return c.Framing != framing })
		if len(cases) == 0 {
			continue
		}
		if err := save(dir, "throughput-"+framing, throughput(results, cases)); err != nil {
			return err
		}
		if err := save(dir, "cost-"+framing, cost(results, framing, cases)); err != nil {
			return err
		}
		if err := save(dir, "conns-"+framing, costByConns(results, framing, cases)); err != nil {
			return err
		}
	}
	if len(results.Memory) > 0 {
		if err := save(dir, "memory", memory(results.Memory)); err != nil {
			return err
		}
	}
	if len(results.Drips) > 0 {
		return save(dir, "drip", []panel{drip(results.Drips)})
	}
	return nil
}

// Panels are drawn in rows of two.
const (
	panelsPerRow = 2
	panelWidth   = 12 * vg.Centimeter
	panelHeight  = 8 * vg.Centimeter
	panelGap     = 6 * vg.Millimeter
	legendWidth  = 28 * vg.Millimeter
	legendGap    = 3 * vg.Millimeter
	titleGap     = 3 * vg.Millimeter
)

// A panel is one plot of a picture. Its legend stands beside it, where it hides nothing.
type panel struct {
	*plot.Plot
	legend *plot.Legend // nil: none
}

func (p panel) draw(area draw.Canvas) {
	if p.legend != nil {
		p.legend.Draw(draw.Crop(area, area.Max.X-area.Min.X-legendWidth+legendGap, 0, 0, 0))
		area = draw.Crop(area, 0, -legendWidth, 0, 0)
	}
	p.Draw(area)
}

// newPanel starts a panel. Its title tells what the vertical axis shows: a label there would take height from the plot.
func newPanel(title, x string) panel {
	p := plot.New()
	p.Title.Text = title
	p.Title.Padding = titleGap
	p.X.Label.Text = x
	return panel{Plot: p}
}

// save draws panels into DIR/NAME.svg, if there are any.
func save(dir, name string, panels []panel) (err error) {
	if len(panels) == 0 {
		return nil
	}
	columns := min(panelsPerRow, len(panels))
	rows := (len(panels) + columns - 1) / columns
	canvas := vgsvg.New(vg.Length(columns)*panelWidth, vg.Length(rows)*panelHeight)
	tiles := draw.Tiles{
		Rows: rows, Cols: columns,
		PadX: panelGap, PadY: panelGap,
		PadTop: panelGap, PadBottom: panelGap, PadLeft: panelGap, PadRight: panelGap,
	}
	area := draw.New(canvas)
	for i, p := range panels {
		p.draw(tiles.At(area, i%columns, i/columns))
	}
	file, err := os.Create(filepath.Join(dir, name+".svg"))
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := file.Close(); err == nil {
			err = closeErr
		}
	}()
	_, err = canvas.WriteTo(file)
	return err
}

// Most of the colors are those of Okabe and Ito, which people with any kind of color vision can tell apart.
var colors = []color.Color{
	color.Gray{Y: 0x60},                           // raw
	color.RGBA{R: 0xD5, G: 0x5E, B: 0x00, A: 255}, // wholeframe
	color.RGBA{R: 0xF0, G: 0xE4, B: 0x42, A: 255},
	color.RGBA{R: 0x00, G: 0x72, B: 0xB2, A: 255},
	color.Gray{Y: 0xB0},
	color.RGBA{R: 0xE6, G: 0x9F, B: 0x00, A: 255},
	color.RGBA{R: 0x56, G: 0xB4, B: 0xE9, A: 255},
	color.RGBA{R: 0x00, G: 0x9E, B: 0x73, A: 255},
	color.RGBA{R: 0x8C, G: 0x5A, B: 0x1E, A: 255},
	color.RGBA{R: 0xCC, G: 0x79, B: 0xA7, A: 255},
	color.Black,
}

// colorOf gives each server the same color in every plot.
func colorOf(server string) color.Color {
	return colors[max(0, slices.Index(fleet.Names(), server))%len(colors)]
}

// A bar is one server's value in a bar chart.
type bar struct {
	server string
	value  float64
}

// bars draws one horizontal bar for each server, the first on top.
func bars(title, unit string, all []bar) panel {
	p := newPanel(title, unit)
	p.X.Min = 0
	var names []string
	for i, b := range slices.Backward(all) {
		chart, err := plotter.NewBarChart(plotter.Values{b.value}, 3.5*vg.Millimeter)
		if err != nil {
			panic(err) // a single value that isn't NaN is never refused
		}
		chart.Horizontal = true
		chart.XMin = float64(len(all) - 1 - i)
		chart.Color = colorOf(b.server)
		chart.LineStyle.Width = 0
		p.Add(chart)
		names = append(names, b.server)
	}
	p.NominalY(names...)
	return p
}

// throughput is a bar chart for each case that many servers were measured in: with two of them it is a point of a curve.
func throughput(results report.Results, cases []report.Case) []panel {
	var panels []panel
	for _, c := range cases {
		var all []bar
		for _, row := range results.Rows(c) {
			if row.Rounds > 0 {
				all = append(all, bar{row.Server, row.FramesPerSecond.Median / 1e3})
			}
		}
		if len(all) > 2 {
			panels = append(panels, bars(c.String(), "thousand messages per second", all))
		}
	}
	return panels
}

// lines starts a panel of lines.
func lines(title, x string) panel {
	p := newPanel(title, x)
	p.Add(plotter.NewGrid())
	legend := plot.NewLegend()
	legend.Top = true
	legend.Left = true
	legend.Padding = 1 * vg.Millimeter
	legend.ThumbnailWidth = 6 * vg.Millimeter
	p.legend = &legend
	return p
}

func (p panel) addLine(name string, c color.Color, points plotter.XYs) {
	line, marks, err := plotter.NewLinePoints(points)
	if err != nil {
		panic(err) // figures of good measurements are finite
	}
	line.Color = c
	line.Width = 1.5
	marks.Color = line.Color
	marks.Shape = draw.CircleGlyph{}
	p.Add(line, marks)
	p.legend.Add(name, line)
}

// cost is the processor time per message by its size, and its ratio to raw, where several messages are on their way
// per connection: with one alone, what is measured is the way through the kernel.
func cost(results report.Results, framing string, cases []report.Case) []panel {
	const size = "bytes in a message"
	times := lines(framing+": server CPU, µs per message", size)
	ratios := lines(framing+": server CPU ÷ raw", size)
	timePoints, ratioPoints := make(map[string]plotter.XYs), make(map[string]plotter.XYs)
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
			at := plotter.XY{X: float64(c.Size), Y: row.CPUPerMillion.Median}
			timePoints[row.Server] = append(timePoints[row.Server], at)
			if row.Ratio != nil {
				at.Y = row.Ratio.Median
				ratioPoints[row.Server] = append(ratioPoints[row.Server], at)
			}
		}
	}
	var panels []panel
	if len(timePoints) > 0 {
		times.addLogLines(timePoints)
		panels = append(panels, times)
	}
	if len(ratioPoints) > 0 {
		ratios.addLogLines(ratioPoints)
		panels = append(panels, ratios)
	}
	return panels
}

// costByConns is the processor time per message by the number of connections, each with one message on its way.
func costByConns(results report.Results, framing string, cases []report.Case) []panel {
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
	for _, line := range points {
		slices.SortFunc(line, func(a, b plotter.XY) int { return cmp.Compare(a.X, b.X) })
	}
	p := lines(framing+": server CPU, µs per message", "connections")
	p.addLogLines(points)
	return []panel{p}
}

// drip is the time that lines take which arrive byte by byte.
func drip(all []report.Drip) panel {
	p := lines("Seconds for a line, byte by byte", "bytes in the line")
	for i, d := range all {
		var points plotter.XYs
		for _, at := range d.Points {
			points = append(points, plotter.XY{X: float64(at.Bytes), Y: at.Seconds})
		}
		p.addLine(d.Reader, colors[(i+1)%len(colors)], points)
	}
	p.logScales()
	return p
}

// addLogLines adds a line for each server, on logarithmic axes.
func (p panel) addLogLines(points map[string]plotter.XYs) {
	for _, server := range fleet.Names() {
		if len(points[server]) > 0 {
			p.addLine(server, colorOf(server), points[server])
		}
	}
	p.logScales()
}

// logScales makes both axes of a panel with lines logarithmic.
func (p panel) logScales() {
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
	// An axis of one value alone has no length, and would reach down to 0, where a logarithm ends.
	const margin = 1.2
	p.X.Min, p.Y.Min = p.X.Min/margin, p.Y.Min/margin
	p.X.Max, p.Y.Max = p.X.Max*margin, p.Y.Max*margin
}

// memory is the resident memory by idle connections, and what one of them costs when it was busy before.
func memory(all []report.Memory) []panel {
	idle := lines("Resident memory of the server, MiB", "idle connections")
	idle.Y.Min = 0
	var busy []bar
	for _, m := range all {
		var points plotter.XYs
		for _, p := range m.Idle {
			points = append(points, plotter.XY{X: float64(p.Conns), Y: float64(p.Bytes) / (1 << 20)})
		}
		if len(points) > 0 {
			idle.addLine(m.Server, colorOf(m.Server), points)
		}
		if m.AfterBusy > 0 {
			conns := m.Idle[len(m.Idle)-1].Conns
			busy = append(busy, bar{m.Server, m.PerConn(m.AfterBusy, conns) / (1 << 10)})
		}
	}
	panels := []panel{idle}
	if len(busy) > 0 {
		panels = append(panels, bars("Idle again after messages of 64 KiB", "resident KiB per connection", busy))
	}
	return panels
}
