package framingtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/wholeframe/wholeframe/framing"
)

// eof checks R1: a stream that ends inside a frame says so.
func (k *kit) eof(in input) *failure {
	ends := append(places(in), 0, len(in.wire))
	if in.cuts != nil {
		ends = append(in.cuts, 0, len(in.wire))
	}
	for _, limit := range []int{-1, in.smallest()} {
		for _, n := range ends {
			if fail := k.endsAt(in, n, limit); fail != nil {
				return fail
			}
		}
	}
	return nil
}

// endsAt checks what a Reader says of the first n bytes of in.
func (k *kit) endsAt(in input, n, limit int) *failure {
	wire := in.wire[:n]
	events := k.readFrom(&source{wire: wire}, wire, limit)
	last := events[len(events)-1]
	whole := 0 // frames before n
	for whole < len(in.ends) && in.ends[whole] <= n {
		whole++
	}
	for i, p := range in.payloads[:whole] {
		switch e := events[min(i, len(events)-1)]; {
		case e.kind == tooLargeEvent && e.final:
			return nil // without a Skipper, that is the end
		case len(p) > limit && limit >= 0 && e.kind == tooLargeEvent:
		case !e.same(event{payload: p, offset: int64(in.ends[i])}):
			return failf(k.now, "Frame %d arrived whole before the stream ended after %d bytes, but the Reader says: %v", i+1, n, e)
		}
	}
	start := in.start(whole)
	if n == start {
		if last.kind != cleanEOF {
			return failf(k.now, "The stream ends between two frames, but the Reader says: %v", last)
		}
		return nil
	}
	if last.kind == tooLargeEvent && last.final {
		return nil
	}
	if last.kind != unexpectedEOF || last.offset != int64(start) {
		return failf(k.now, "The stream ends inside the frame that begins at byte %d, after %d bytes of it, but the Reader says: %v", start, n-start, last)
	}
	return nil
}

// readFrom returns what a Reader yields of src, which carries wire.
func (k *kit) readFrom(src *source, wire []byte, limit int) []event {
	k.now = call{do: "read", data: wire, cuts: src.cuts, max: limit}
	r := framing.NewReader(src, k.f)
	r.SetMaxPayload(limit)
	var events []event
	for timeouts := 0; ; {
		payload, err := r.ReadFrame()
		switch {
		case err == nil:
			events = append(events, event{payload: bytes.Clone(payload), offset: r.Offset()})
		case err == errTimeout && timeouts < len(src.cuts):
			timeouts++ // there are no more than cuts
		default:
			e := errorEvent(err)
			events = append(events, e)
			if e.final {
				return events
			}
		}
	}
}

var errTimeout = errors.New("a timeout")

// A source is a stream that arrives in pieces, with a timeout after each.
type source struct {
	wire     []byte
	cuts     []int
	together bool // a timeout comes with the bytes before it, not after them
	at       int
	piece    int
}

func (s *source) Read(b []byte) (int, error) {
	to := len(s.wire)
	if s.piece < len(s.cuts) {
		to = s.cuts[s.piece]
	}
	if s.at == to {
		if s.piece >= len(s.cuts) {
			return 0, io.EOF
		}
		s.piece++
		if !s.together {
			return 0, errTimeout
		}
		return s.Read(b)
	}
	n := copy(b, s.wire[s.at:to])
	s.at += n
	if s.together && s.at == to && s.piece < len(s.cuts) {
		s.piece++
		return n, errTimeout
	}
	return n, nil
}

// timeouts checks R2: a timeout loses nothing.
func (k *kit) timeouts(in input) *failure {
	want := k.read(in.wire, nil, -1)
	// A timeout at every byte is one at each: what it loses, any of them would.
	cuts := places(in)
	if n := len(in.wire); n <= 1<<10 {
		cuts = every(1, n)
	}
	for _, cuts := range [][]int{in.cuts, cuts} {
		for _, together := range []bool{false, true} {
			src := &source{wire: in.wire, cuts: cuts, together: together}
			events := k.readFrom(src, in.wire, -1)
			if fail := k.differ(events, want, fmt.Sprintf("With a timeout at each of %d cuts", len(cuts)), "In one piece"); fail != nil {
				return fail
			}
		}
	}
	return nil
}

// limits checks R3: a limit is inclusive, counts what is delivered, and is
// enforced at the header.
func (k *kit) limits(in input) *failure {
	p, frame := in.payloads[0], in.wire
	n := len(p)
	for _, limit := range []int{n, n + 1, -1} {
		if fail := k.differ(k.read(frame, nil, limit), k.written(in), fmt.Sprintf("With a limit of %d the payload of %d bytes", limit, n), "appended"); fail != nil {
			return fail
		}
	}
	w := framing.NewWriter(io.Discard, k.f)
	w.SetMaxPayload(n)
	if err := w.WriteFrame(p); err != nil || w.Buffered() != len(frame) && len(frame) < 1<<14 {
		return failf(k.now, "A Writer with a limit of %d makes %d of the frame of %d bytes: %v", n, w.Buffered(), len(frame), err)
	}
	if n == 0 {
		return nil
	}
	w = framing.NewWriter(io.Discard, k.f)
	w.SetMaxPayload(n - 1)
	if e := (*framing.TooLargeError)(nil); !errors.As(w.WriteFrame(p), &e) || w.Buffered() != 0 {
		return failf(k.now, "A Writer with a limit of %d does not refuse a payload of %d bytes with a TooLargeError", n-1, n)
	}
	announced := 0 // bytes after which the size is known
	for _, at := range places(input{wire: frame}) {
		r, fail := k.split(frame, at, 0)
		if fail != nil {
			return fail
		}
		if r.Size > 0 && r.End > r.Start {
			announced = at
			break
		}
	}
	for _, limit := range []int{n - 1, n / 2, 0} {
		shown := frame
		if announced > 0 {
			shown = frame[:announced]
		}
		k.now = call{do: "read", data: shown, max: limit}
		b := k.buffer(limit)
		b.Write(shown)
		_, ok, err := b.Next()
		e := (*framing.TooLargeError)(nil)
		if ok || !errors.As(err, &e) {
			return failf(k.now, "With a limit of %d, of a payload of %d bytes, the size of which is known: frame %t, error %v; a TooLargeError is due", limit, n, ok, err)
		}
		if e.Size != 0 && e.Size != uint64(n) || announced > 0 && e.Size == 0 || e.Max != uint64(limit) || e.Offset != 0 {
			return failf(k.now, "With a limit of %d, of a payload of %d bytes: %v", limit, n, e)
		}
	}
	return nil
}

// tooLarge checks R4: a frame that is too large, or condemned, costs itself
// and nothing else.
func (k *kit) tooLarge(in input) *failure {
	all := k.read(in.wire, nil, -1)
	for i, limit := range k.limitsFor(in) {
		if i > 3 && len(in.wire) > 1<<12 {
			break
		}
		for _, cuts := range [][]int{nil, every(1, len(in.wire))} {
			if len(cuts) > 1<<10 {
				continue
			}
			if fail := k.lessTooLarge(k.read(in.wire, cuts, limit), all, limit, in.wire); fail != nil {
				return fail
			}
		}
	}
	return nil
}

// lessTooLarge checks that events, which a limit led to, are all those that no
// limit led to, but for frames that are larger.
func (k *kit) lessTooLarge(events, all []event, limit int, wire []byte) *failure {
	said := k.now
	for i, want := range all {
		if i >= len(events) {
			return failf(said, "With a limit of %d the stream ends before: %v", limit, want)
		}
		switch e := events[i]; {
		case want.kind == frameEvent && (limit < 0 || len(want.payload) <= limit), e.kind != tooLargeEvent && want.kind != frameEvent:
			if !e.same(want) && !(e.kind == want.kind && e.kind != frameEvent && e.offset == want.offset) {
				return failf(said, "With a limit of %d event %d is: %v\nwithout one it is: %v", limit, i+1, e, want)
			}
		case e.kind != tooLargeEvent || e.start != want.start:
			return failf(said, "With a limit of %d event %d is: %v\nwithout one it is: %v", limit, i+1, e, want)
		case e.final:
			// The end of the stream, unless it can be followed.
			r, fail := k.first(wire[want.start:])
			if fail != nil {
				return fail
			}
			if k.skipper != nil && !r.lost() || k.announces(wire[want.start:], r.Size) {
				return failf(said, "With a limit of %d event %d is: %v\nbut the frame could be skipped", limit, i+1, e)
			}
			return nil
		case want.final:
			return nil // what is too large is skipped, and who knows what it held
		}
	}
	return nil
}

// announces reports whether Split announces the frame of size bytes at the
// front of data before it is whole.
func (k *kit) announces(data []byte, size int) bool {
	if size < 2 {
		return false
	}
	r, fail := k.split(data, min(size-1, len(data)), 0)
	return fail == nil && r.Size > 0
}

// memory checks R5: memory follows arrival.
func (k *kit) memory(in input) *failure {
	const most = 128 << 10
	payload := k.most
	if p := bytes.Repeat([]byte{k.fill}, 2<<20); len(payload) > 1<<16 {
		if _, err := k.f.Append(nil, p); err == nil {
			payload = p
		}
	}
	wire, err := k.f.Append(nil, payload)
	if err != nil {
		return nil
	}
	head := bytes.Clone(wire[:min(len(wire), 64)])
	k.now = call{do: "read", data: head, max: -1}
	allocated := leastAllocated(func() {
		b := k.buffer(-1)
		b.Write(head)
		_, _, _ = b.Next()
	})
	if allocated > most {
		return failf(k.now, "%d bytes are allocated for %d that have arrived", allocated, len(head))
	}
	return nil
}
