package framingtest

import (
	"bytes"
	"runtime/metrics"
)

// hostileBytes checks L6: no input makes the framer panic, say what cannot be,
// or allocate by what it reads.
func (k *kit) hostileBytes(in input) *failure {
	if k.greedy != nil {
		return k.greedy
	}
	for i := range min(len(in.wire), 64) {
		data := in.wire[i:]
		if _, fail := k.first(data); fail != nil {
			return fail
		}
		if k.skipper != nil {
			if _, _, fail := k.skip(data); fail != nil {
				return fail
			}
		}
		if k.ender != nil {
			if _, fail, _ := k.end(data); fail != nil {
				return fail
			}
		}
	}
	for _, limit := range []int{-1, 0, 3} {
		events := k.read(in.wire, nil, limit)
		if len(events) > len(in.wire)+1 {
			return failf(k.now, "%d bytes yield %d frames and errors: a frame takes at least one byte", len(in.wire), len(events))
		}
	}
	return nil
}

// skip calls Skip.
func (k *kit) skip(data []byte) (n int, end bool, fail *failure) {
	k.now = call{do: "skip", data: data}
	b := bytes.Clone(data)
	n, end = k.skipper.Skip(b)
	switch {
	case n < 0 || n > len(data):
		return 0, false, failf(k.now, "Skip forgets %d bytes of %d", n, len(data))
	case !bytes.Equal(b[n:], data[n:]):
		return 0, false, failf(k.now, "Skip has rewritten bytes that it leaves")
	}
	return n, end, nil
}

// leastAllocated returns how many bytes f allocates. Other goroutines allocate
// too: the least of many measurements has the least of theirs in it.
func leastAllocated(f func()) uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	allocated := func() uint64 {
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	least := ^uint64(0)
	for range 30 {
		before := allocated()
		f()
		least = min(least, allocated()-before)
	}
	return least
}
