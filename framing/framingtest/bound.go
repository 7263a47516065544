package framingtest

import (
	"iter"
	"math"
	"slices"

	"github.com/wholeframe/wholeframe/framing"
)

// checkBound checks L7, bound: a frame that Split accepts occupies at most
// MaxEncodedLen of its payload's size. A longer header is an error.
func checkBound(k *kit, s sample) {
	last, lastSize := 0, 0
	for _, n := range boundSizes {
		k.now = call{do: "MaxEncodedLen", n: int64(n)}
		m := k.f.MaxEncodedLen(n)
		if m < last {
			k.failf("MaxEncodedLen(%d) = %d, MaxEncodedLen(%d) = %d; it must not decrease, and saturate at math.MaxInt", n, m, lastSize, last)
		}
		last, lastSize = m, n
	}
	for rest, r := range k.frames(s.wire) {
		k.cases++
		if n := k.f.MaxEncodedLen(len(r.payload)); r.valid() && r.Size > n {
			k.failf("Split found a frame of %d bytes with a payload of %d; MaxEncodedLen(%d) = %d", r.Size, len(r.payload), len(r.payload), n)
		}
		// A Buffer with a small limit shows Split no more than MaxEncodedLen(0)
		// bytes. It could not skip a frame whose header is longer.
		header := k.header()
		if k.skipper != nil || header >= min(r.Size, len(rest)) || !k.split(rest, header, framingStart).waits() {
			continue
		}
		if late := k.split(rest, min(r.Size, len(rest))-1, framingStart); late.Size > 0 && r.err != framing.ErrFill {
			k.failf("Split announces this frame, but not within MaxEncodedLen(0) = %d bytes: there is no room for the header", header)
		}
	}
}

// boundSizes are the payload sizes that MaxEncodedLen is called with, ascending.
var boundSizes = func() []int {
	sizes := slices.Concat(boundaries, []int{1 << 20, 1 << 30, math.MaxInt/2 - 1, math.MaxInt / 2, math.MaxInt/2 + 1, math.MaxInt / 255 * 254})
	for n := range 300 {
		sizes = append(sizes, n, math.MaxInt-n)
	}
	slices.Sort(sizes)
	return sizes
}()

// frames yields the results of Split for the frames of wire, up to the first that is
// not complete, and the bytes from the start of each.
func (k *kit) frames(wire []byte) iter.Seq2[[]byte, result] {
	return func(yield func([]byte, result) bool) {
		for range 20 {
			if len(wire) == 0 {
				return
			}
			r := k.first(wire)
			if !yield(wire, r) || !r.complete() {
				return
			}
			wire = wire[r.Size:]
		}
	}
}
