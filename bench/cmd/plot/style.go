package main

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The pictures are laid out for typeface, whose widths Arial and Helvetica have too.
const (
	typeface = "Liberation"
	fonts    = "Liberation Sans,Arial,Helvetica,sans-serif"
)

// A style is what a picture needs to be read on pages of one colour scheme. Its background is that of the page.
type style struct {
	name       string
	ink        color.Color   // text, axes, the limit
	grid       color.Color   // the grid, drawn below the curves
	ours       color.Color   // the bar of wholeframe
	rest       color.Color   // the other bars
	lineColors []color.Color // by the index in fleet.Names
}

// Most of the line colours are those of Okabe and Ito, which people with any kind of colour vision can tell apart.
var (
	light = style{
		name: "light", ink: gray(0x24), grid: gray(0xD0), ours: rgb(0xC2, 0x4E, 0x00), rest: gray(0xA8),
		lineColors: []color.Color{
			gray(0x60), rgb(0xD5, 0x5E, 0x00), rgb(0xB8, 0xA2, 0x00), rgb(0x00, 0x72, 0xB2), gray(0xB0), rgb(0xE6, 0x9F, 0x00),
			rgb(0x56, 0xB4, 0xE9), rgb(0x00, 0x9E, 0x73), rgb(0x8C, 0x5A, 0x1E), rgb(0xCC, 0x79, 0xA7), gray(0x00),
		},
	}
	dark = style{
		name: "dark", ink: gray(0xE6), grid: gray(0x3A), ours: rgb(0xFF, 0x8C, 0x3A), rest: gray(0x70),
		lineColors: []color.Color{
			gray(0xA0), rgb(0xFF, 0x8C, 0x3A), rgb(0xF0, 0xE4, 0x42), rgb(0x4D, 0xA6, 0xE0), gray(0x60), rgb(0xE6, 0x9F, 0x00),
			rgb(0x8C, 0xD0, 0xF5), rgb(0x2C, 0xC4, 0x98), rgb(0xB8, 0x86, 0x4A), rgb(0xE0, 0x9A, 0xC2), gray(0xF0),
		},
	}
)

func gray(y uint8) color.Color      { return color.Gray{Y: y} }
func rgb(r, g, b uint8) color.Color { return color.RGBA{R: r, G: g, B: b, A: 255} }

// newPanel starts a panel. Its title tells what the vertical axis shows: a label there would take height from the plot.
func (s style) newPanel(title, x string) panel {
	p := plot.New()
	p.BackgroundColor = nil
	p.Title.Text = title
	p.Title.Padding = titleGap
	p.Title.TextStyle.Color = s.ink
	p.X.Label.Text = x
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Color, axis.Tick.Color = s.ink, s.ink
		axis.Label.TextStyle.Color, axis.Tick.Label.Color = s.ink, s.ink
	}
	return panel{Plot: p}
}

// lines starts a panel of lines.
func (s style) lines(title, x string) panel {
	p := s.newPanel(title, x)
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = s.grid, s.grid
	p.Add(grid)
	legend := plot.NewLegend()
	legend.Top = true
	legend.Left = true
	legend.Padding = 1 * vg.Millimeter
	legend.ThumbnailWidth = 6 * vg.Millimeter
	legend.TextStyle.Color = s.ink
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
