package framingtest

import (
	"bytes"
	"runtime/metrics"
	"slices"
	"unsafe"

	"github.com/wholeframe/wholeframe/framing"
)

// checkHostileBytes checks L6, hostile bytes: no input makes Split or Skip panic,
// loop, or allocate memory by the size that it announces. Every frame occupies at least
// one byte.
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
			if n, next, end := k.skip(data, r.resume); !end {
				_, _, _ = k.skip(data[n:], next) // data[n:] may be empty
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

// allocates fails if Split of data, which announces size bytes, allocates memory by
// that size. Other goroutines allocate as well, so the least of several measurements
// counts.
func (k *kit) allocates(data []byte, size int) {
	k.now = call{does: "Split(%[1]s, %#[2]v)", data: data}
	b := k.copyOf(data)
	total := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	least := uint64(size)
	for i := 0; i < 30 && least >= uint64(size)/2; i++ {
		metrics.Read(total)
		before := total[0].Value.Uint64()
		_, _, _ = k.f.Split(b, framing.Resume{})
		metrics.Read(total)
		least = min(least, total[0].Value.Uint64()-before)
	}
	if least >= uint64(size)/2 {
		k.failf("Split allocates %d bytes, for a frame of which %d bytes have arrived and which announces %d", least, len(data), size)
	}
}

// unknown is the end of a frame that no call has found yet, notFound that of one that
// does not end.
const (
	unknown  = -2
	notFound = -1
)

// checkSkipping checks L9, skipping: Skip finds the same end however the bytes arrive,
// and after any prefix for which Split has returned no Size.
func checkSkipping(k *kit, s sample) {
	if len(s.ends) > 2 {
		s = sample{wire: s.wire[:s.ends[1]]}
	}
	end, resync := unknown, unknown
	if whole := k.first(s.wire); whole.complete() {
		end = whole.Size
	}
	for _, n := range append(s.places(), len(s.wire)) {
		r := k.split(s.wire, n, framing.Resume{})
		switch {
		case r.Size == framing.Resync:
			k.skipFrom(s.wire, n, r.resume, &resync)
		case !r.waits() || n > 256 && len(s.wire) > 1<<12:
			return
		case n >= k.header():
			found := end // if the frame is never complete, Skip finds its own end
			k.skipFrom(s.wire, n, r.resume, &found)
		}
	}
}

// skipFrom checks that Skip, which gets wire[:n] or more first, finds the end, in any
// chunking. If end is unknown, it becomes what Skip finds in one chunk.
func (k *kit) skipFrom(wire []byte, n int, r framing.Resume, end *int) {
	try := func(cuts ...int) {
		k.cases++
		found := k.skipOver(wire, cuts, r)
		if *end == unknown {
			*end = found
		}
		if found != *end {
			k.now = call{does: "Skip(%[1]s, %#[2]v)", data: wire, resume: r}
			k.failf("the frame ends at byte %d; Skip, with the bytes cut at %v, ended at byte %d (-1: not at all)", *end, cuts, found)
		}
	}
	try()
	if n == len(wire) {
		return
	}
	try(n)
	for _, c := range (sample{wire: wire[n:]}).places() {
		if c < 16 || c%8 == 0 {
			try(n, n+c)
		}
	}
	drip := []int{n}
	for c := n + 1; c < len(wire) && c < n+512; c++ {
		drip = append(drip, c)
	}
	try(drip...)
}

// skipOver returns where Skip ends the frame at the front of wire, or notFound.
func (k *kit) skipOver(wire []byte, cuts []int, r framing.Resume) int {
	at := 0
	for _, to := range append(cuts, len(wire)) {
		if at == to {
			continue
		}
		n, next, end := k.skip(wire[at:to], r)
		at, r = at+n, next
		switch {
		case end && at == 0:
			k.failf("Skip found the next frame where the invalid one starts")
		case end:
			return at
		case to-at > again:
			k.failf("Skip leaves %d bytes to be passed again; a frame that is skipped would be held in memory", to-at)
		}
	}
	return notFound
}

// checkFinisher checks that Finish returns, for a final frame without its terminator,
// the payload that Split returns for the frame with it.
func checkFinisher(k *kit, s sample) {
	for _, n := range append(s.places(), len(s.wire)) {
		piece := s.wire[:n]
		if !k.first(piece).waits() {
			return
		}
		var want [][]byte
		for _, t := range k.terminators {
			frame := slices.Concat(piece, t)
			if r := k.first(frame); r.valid() && r.Size == len(frame) {
				want = append(want, r.payload)
			}
		}
		if want == nil {
			continue
		}
		k.cases++
		if payload, err := k.finish(piece); err != nil || !contains(want, payload) {
			k.failf("Finish = %s, %v; Split, with one of the terminators %q, found %q", quote(payload), err, k.terminators, want)
		}
	}
}

// finish returns what Finish returns for a copy of data.
func (k *kit) finish(data []byte) (payload []byte, err error) {
	k.now = call{does: "Finish(%[1]s)", data: data}
	b := bytes.Clone(data)
	payload, err = k.finisher.Finish(b)
	if len(payload) > 0 {
		at := uintptr(unsafe.Pointer(unsafe.SliceData(payload))) - uintptr(unsafe.Pointer(unsafe.SliceData(b)))
		if at > uintptr(len(b)) || at+uintptr(len(payload)) > uintptr(len(b)) {
			k.failf("Finish returned %s, which is not a part of data", quote(payload))
		}
	}
	return payload, err
}
