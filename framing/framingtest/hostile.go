package framingtest

import (
	"runtime/metrics"

	"github.com/wholeframe/wholeframe/framing"
)

// checkHostileBytes checks L6, hostile bytes: no input makes Split or Skip panic,
// loop, or allocate memory by the size that it announces. Every frame occupies at
// least one byte.
func checkHostileBytes(k *kit, s sample) {
	if k.greedy != nil {
		panic(k.greedy)
	}
	k.cases++
	for i := range min(len(s.wire), 64) {
		data := s.wire[i:]
		r := k.first(data)
		if r.Size > len(data)+1<<16 {
			k.allocates(data, r.Size)
		}
		if k.skipper != nil && (r.waits() || r.Size < 0) {
			at, resume := 0, r.resume
			for range 3 {
				n, next, end := k.skip(data[at:], resume)
				if end {
					break
				}
				at, resume = at+n, next
				if len(data) == at {
					if n, _, _ = k.skip(nil, resume); n != 0 {
						break
					}
				}
			}
		}
		if k.finisher != nil {
			_, _ = k.finish(data)
		}
	}
	for _, limit := range []int{-1, 0, 3} {
		if events := k.read(s.wire, nil, limit); len(events) > len(s.wire)+1 {
			k.failf("%d bytes yield %d frames and errors; every frame occupies at least one byte", len(s.wire), len(events))
		}
	}
}

// allocates fails if Split of data, which announces size bytes, allocates memory
// by that size.
func (k *kit) allocates(data []byte, size int) {
	k.now = call{do: "Split", data: data}
	b := k.copyOf(data)
	least := leastAllocated(1, func() { _, _, _ = k.f.Split(b, framing.Resume{}) })
	if least >= uint64(size)/2 {
		least = leastAllocated(30, func() { _, _, _ = k.f.Split(b, framing.Resume{}) })
	}
	if least >= uint64(size)/2 {
		k.failf("Split allocates %d bytes, for a frame of which %d bytes have arrived and which announces %d", least, len(data), size)
	}
}

// leastAllocated returns the number of bytes that f allocates. Other goroutines
// allocate as well, so it is the least of some measurements.
func leastAllocated(measurements int, f func()) uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	allocated := func() uint64 {
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	least := ^uint64(0)
	for range measurements {
		before := allocated()
		f()
		least = min(least, allocated()-before)
	}
	return least
}
