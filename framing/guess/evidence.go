package guess

import (
	"bytes"
	"math"
	"math/bits"
	"slices"

	"github.com/wholeframe/wholeframe/framing"
)

// A noise is the description of the data as random bytes of five classes, each as
// frequent as in the data: a zero is not a surprise where there are many.
type noise struct {
	cost [classes]float64 // bits of a byte of each class
}

// The classes.
const (
	zero = iota
	control
	lower // and space
	printable
	high
	classes
)

func classOf(c byte) int {
	switch {
	case c == 0:
		return zero
	case c < ' ' || c == 0x7f:
		return control
	case c == ' ' || 'a' <= c && c <= 'z':
		return lower
	case c < 0x7f:
		return printable
	}
	return high
}

func newNoise(data []byte) *noise {
	var seen, size [classes]float64
	for _, c := range data {
		seen[classOf(c)]++
	}
	for c := range 256 {
		size[classOf(byte(c))]++
	}
	const even = 16 // bytes that are added to the data, in which all are as frequent
	n := new(noise)
	for i := range n.cost {
		n.cost[i] = math.Log2(size[i] * (float64(len(data)) + even) / (seen[i] + even*size[i]/256))
	}
	return n
}

// bits returns the bits of c.
func (n *noise) bits(c byte) float64 { return n.cost[classOf(c)] }

// describe returns the bits that tell sizes, and how many of those are for the last one.
// It takes the better of two ways. One tells how many binary digits each size has, as if
// all numbers up to the largest were as likely, the other by how often earlier sizes had
// that many; then come the digits.
func describe(sizes []int) (total, last float64) {
	const most = 64
	var seen [most]float64 // by the binary digits; an int has at most 63
	var even, adaptive, digits, evenly, adapted float64
	longest := bits.Len(uint(slices.Max(sizes)))
	even = math.Log2(most)
	for i, n := range sizes {
		long := bits.Len(uint(n))
		evenly = math.Log2(float64(longest + 1))
		adapted = math.Log2((float64(i) + 4) / (seen[long] + 4./most))
		digits = float64(max(0, long-1))
		even += evenly + digits
		adaptive += adapted + digits
		seen[long]++
	}
	if even < adaptive {
		return 1 + even, evenly + digits
	}
	return 1 + adaptive, adapted + digits
}

const (
	examined  = 16 << 10 // frames that begin in these bytes are weighed
	maxProbed = 16 << 20 // bytes that a candidate is given to find what it determines
)

// weigh sets the bits that f saves. If whole is set, the stream ends where data ends.
func (f *fit) weigh(n *noise, data []byte, whole bool) {
	var sizes []int
	payload, end := 0, 0
	frames := f.frames
	if f.announced != nil {
		frames = append(frames, *f.announced)
	}
	for _, e := range frames {
		if e.begin >= examined {
			break
		}
		if gap := e.begin - end; gap > 0 {
			f.bits -= 4*math.Log2(float64(gap)) + 1 // between frames there are seldom many bytes
		}
		end = e.end
		f.bits += f.determined(n, data, e)
		if e.end <= len(data) {
			f.bits += float64(8 * f.check)
		}
		payload += min(e.stop, len(data)) - min(e.start, len(data))
		sizes = append(sizes, e.end-e.begin)
	}
	if len(sizes) == 0 {
		f.bits = -f.prior // bytes without a frame
		return
	}
	size, last := describe(sizes)
	f.bits += float64(payload)*f.avoided(n, data) - size - f.prior
	if whole && f.rest == 0 {
		f.bits += last // the size of the data tells it
	}
}

// determined returns the bits of those bytes of a frame that its framing determines: with
// another byte in the place of one of them, the frame is another one.
func (f *fit) determined(n *noise, data []byte, e extent) (bits float64) {
	for i := e.begin; i < min(e.end, len(data)); i++ {
		c := data[i]
		if !f.remains(data, e, i, c^0x02) && !f.remains(data, e, i, c^0x80) && !f.remains(data, e, i, c^0x13) {
			if f.budget < 0 {
				break
			}
			bits += n.bits(c)
		}
	}
	return bits
}

// remains reports whether a frame is split as before with c as the byte at i.
func (f *fit) remains(data []byte, e extent, i int, c byte) bool {
	// The end of some frames, such as a number in JSON, is told by the byte after it.
	end := min(e.end+1, len(data))
	if f.budget -= end - e.begin; f.budget < 0 {
		return false
	}
	f.scratch = append(f.scratch[:0], data[e.begin:end]...)
	f.scratch[i-e.begin] = c
	d, _, err := f.bare.Split(f.scratch, framing.Resume{})
	return err == nil && d.Size == e.end-e.begin && d.Start == e.start-e.begin
}

// avoided returns the bits that each byte of the payloads saves, since those of a
// delimiter cannot be among them. Only bytes that occur in the data are counted: text of any
// framing has few control characters.
func (f *fit) avoided(n *noise, data []byte) float64 {
	var longest extent // but not so long that it takes much time
	for _, e := range f.frames {
		if size := e.stop - e.start; size > longest.stop-longest.start && size < 4<<10 {
			longest = e
		}
	}
	if longest.stop == 0 {
		return 0
	}
	f.budget = maxProbed
	var chance float64
	for c := range 256 {
		if bytes.IndexByte(data, byte(c)) < 0 {
			continue
		}
		// In the place of some bytes, such as one of an escape, few others can be.
		never := true
		for i := 1; i < 8 && never; i++ {
			at := longest.start + i*(longest.stop-longest.start)/8
			never = !f.remains(data, longest, at, byte(c))
		}
		if never {
			chance += math.Exp2(-n.bits(byte(c)))
		}
	}
	if chance > 0.5 {
		return 0 // the budget is spent
	}
	return -math.Log2(1 - chance)
}
