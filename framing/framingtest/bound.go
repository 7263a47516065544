package framingtest

import (
	"math"
	"slices"

	"github.com/wholeframe/wholeframe/framing"
)

// checkBound checks L7, bound: a frame that Split accepts occupies at most
// MaxEncodedLen of its payload's size. A longer header is an error.
func checkBound(k *kit, s sample) {
	k.checkMaxEncodedLen()
	for rest, r := range k.frames(s.wire) {
		if n := k.f.MaxEncodedLen(len(r.payload)); r.valid() && r.Size > n {
			k.failf("Split found a frame of %d bytes with a payload of %d; MaxEncodedLen(%d) = %d", r.Size, len(r.payload), len(r.payload), n)
		}
		k.cases++
		if r.Size > 0 && r.err != framing.ErrFill {
			k.checkHeaderFits(rest[:min(r.Size, len(rest))], r.Size)
		}
	}
}

// checkHeaderFits checks that MaxEncodedLen has room for the header of a frame that
// announces its size. Without that, a Buffer with a small limit, which shows Split
// no more, could not skip the frame; unless the Framer is a Skipper.
func (k *kit) checkHeaderFits(frame []byte, size int) {
	n := k.header()
	if k.skipper != nil || n >= len(frame) || !k.split(frame, n, framingStart).waits() {
		return
	}
	if late := k.split(frame, min(size, len(frame))-1, framingStart); late.Size > 0 {
		k.failf("Split announces this frame, but not within MaxEncodedLen(0) = %d bytes: there is no room for the header", n)
	}
}

// checkMaxEncodedLen checks that MaxEncodedLen does not decrease, and saturates.
func (k *kit) checkMaxEncodedLen() {
	if k.boundChecked {
		return
	}
	sizes := slices.Concat(boundaries, []int{1 << 20, 1 << 30, math.MaxInt/2 - 1, math.MaxInt / 2, math.MaxInt/2 + 1, math.MaxInt / 255 * 254})
	for n := range 300 {
		sizes = append(sizes, n, math.MaxInt-n)
	}
	slices.Sort(sizes)
	last, lastSize := 0, 0
	for _, n := range sizes {
		k.now = call{do: "MaxEncodedLen", n: int64(n)}
		m := k.f.MaxEncodedLen(n)
		if m < last {
			k.failf("MaxEncodedLen(%d) = %d, MaxEncodedLen(%d) = %d; it must not decrease, and saturate at math.MaxInt", n, m, lastSize, last)
		}
		last, lastSize = m, n
	}
	k.boundChecked = true
}

// frames yields the results of Split for the frames of wire, up to the first that is
// not complete, and the bytes from the start of each.
func (k *kit) frames(wire []byte) func(yield func([]byte, result) bool) {
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
