package soak

import (
	"math"
	"testing"
)

// slope returns the slope of the straight line that fits the points best by
// least squares, and its standard error.
func slope(x, y []float64) (b, se float64) {
	n := float64(len(x))
	if n < 3 {
		return math.NaN(), math.NaN()
	}
	var mx, my, sxx, sxy float64
	for i := range x {
		mx += x[i] / n
		my += y[i] / n
	}
	for i := range x {
		sxx += (x[i] - mx) * (x[i] - mx)
		sxy += (x[i] - mx) * (y[i] - my)
	}
	b = sxy / sxx
	var rest float64
	for i := range x {
		e := y[i] - my - b*(x[i]-mx)
		rest += e * e
	}
	return b, math.Sqrt(rest / (n - 2) / sxx)
}

func TestSlope(t *testing.T) {
	b, se := slope([]float64{0, 1, 2, 3}, []float64{1, 3, 5, 7})
	if b != 2 || se != 0 {
		t.Errorf("a line of slope 2: %g ± %g", b, se)
	}
	b, se = slope([]float64{0, 1, 2, 3}, []float64{1, -1, 1, -1})
	if math.Abs(b+0.4) > 1e-12 || math.Abs(se-0.4*math.Sqrt2) > 1e-9 {
		t.Errorf("up and down: %g ± %g, not -0.4 ± 0.5657", b, se)
	}
}

// The checker tells a lost frame, a doubled one and a torn one apart.
func TestChecker(t *testing.T) {
	frame := func(seq uint32) []byte {
		p := make([]byte, 64)
		fill(p, 7, seq)
		return p
	}
	torn := frame(2)
	torn[63] ^= 1
	for _, test := range []struct {
		name string
		got  [][]byte
		want verdict
	}{
		{"all", [][]byte{frame(0), frame(1), frame(2)}, verdict{checked: 3}},
		{"lost", [][]byte{frame(0), frame(3)}, verdict{checked: 2, lost: 2}},
		{"doubled", [][]byte{frame(0), frame(0), frame(1)}, verdict{checked: 2, doubled: 1}},
		{"torn", [][]byte{frame(0), frame(1), torn, frame(3)}, verdict{checked: 3, torn: 1}},
		{"short", [][]byte{frame(0), frame(1)[:63], frame(2)}, verdict{checked: 2, torn: 1}},
	} {
		c := checker{conn: 7, size: func(uint32) int { return 64 }}
		for _, p := range test.got {
			c.check(p)
		}
		if c.verdict != test.want {
			t.Errorf("%s: %+v, not %+v", test.name, c.verdict, test.want)
		}
	}
}
