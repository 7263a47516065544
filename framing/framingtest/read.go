package framingtest

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/wholeframe/wholeframe/framing"
)

// An event is what reading a stream yields: a frame, or an error.
type event struct {
	payload  []byte
	err      string // "": a frame
	tooLarge bool
	start    int64 // stream offset of the frame
	size     int   // of the frame; 0 for an error
	final    bool  // nothing follows
}

func (e event) String() string {
	if e.err == "" {
		return fmt.Sprintf("a frame at offset %d with payload %s", e.start, quote(e.payload))
	}
	return fmt.Sprintf("%s (terminal: %t)", e.err, e.final)
}

func (e event) same(f event) bool {
	return e.start == f.start && e.final == f.final && e.err == f.err && bytes.Equal(e.payload, f.payload)
}

// errorEvent returns the event for err. The hint of an error depends on how many bytes
// have arrived, and is not compared.
func errorEvent(err error) event {
	switch e := err.(type) {
	case *framing.TooLargeError:
		return event{err: (&framing.TooLargeError{Size: e.Size, Max: e.Max, Offset: e.Offset}).Error(), tooLarge: true, start: e.Offset, final: e.Final}
	case *framing.FormatError:
		return event{err: (&framing.FormatError{Err: e.Err, Offset: e.Offset}).Error(), start: e.Offset, final: e.Final}
	case *framing.UnexpectedEOFError:
		return event{err: e.Error(), start: e.Offset, final: true}
	}
	return event{err: err.Error(), final: true}
}

// read returns what wire yields, with a limit (-1: none), if it arrives in the chunks
// that cuts make. Between any two, the Framer splits and appends frames of another
// connection.
func (k *kit) read(wire []byte, cuts []int, limit int) (events []event) {
	k.now = call{does: "a Buffer with SetMaxPayload(%[3]d) that receives %[1]s, cut at %[4]v", data: wire, cuts: cuts, n: int64(limit)}
	b := framing.NewBuffer(k.f)
	b.SetPool(&k.pool)
	b.SetMaxPayload(limit)
	at := 0
	for i := range len(cuts) + 1 {
		to := len(wire)
		if i < len(cuts) {
			to = cuts[i]
			other := k.own[i%min(8, len(k.own))]
			_, _, _ = k.f.Split(bytes.Clone(other.wire[:min(1+i%7, len(other.wire))]), framing.Resume{})
			_, _ = k.f.Append(nil, other.payloads[0])
		}
		_, _ = b.Write(wire[at:to])
		at = to
		for {
			payload, ok, err := b.Next()
			if err != nil {
				e := errorEvent(err)
				if events = append(events, e); e.final {
					return events
				}
				continue
			}
			if !ok {
				break
			}
			size := b.Frame().Size
			events = append(events, event{payload: bytes.Clone(payload), start: b.Offset() - int64(size), size: size})
		}
	}
	_, err := b.Finish()
	b.Release()
	return append(events, errorEvent(err))
}

// at returns event i.
func at(events []event, i int) event {
	if i < len(events) {
		return events[i]
	}
	return event{err: "nothing", final: true}
}

// compare fails if got and want, what the two descriptions yield, differ.
func (k *kit) compare(got, want []event, gotOf, wantOf string) {
	k.cases++
	for i := range max(len(got), len(want)) {
		if g, w := at(got, i), at(want, i); !g.same(w) {
			k.failf("event %d, %s: %s\nevent %d, %s: %s", i+1, gotOf, g, i+1, wantOf, w)
		}
	}
}

// checkChunking checks L3, chunking: however the bytes arrive, and whatever the limit,
// frames and errors are the same.
func checkChunking(k *kit, s sample) {
	limits := []int{-1}
	for _, p := range s.payloads[:min(3, len(s.payloads))] {
		limits = append(limits, max(0, len(p)-1), len(p))
	}
	unlimited := k.read(s.wire, nil, -1)
	for i, limit := range append(limits, 2, 0) {
		if slices.Contains(limits[:min(i, len(limits))], limit) || i > 1 && len(s.wire) > 1<<12 {
			continue
		}
		whole := unlimited
		if limit >= 0 {
			whole = k.read(s.wire, nil, limit)
			k.compareLimit(whole, unlimited, s.wire, limit)
		}
		for _, cuts := range s.cuttings(i == 0) {
			if i > 1 && len(cuts) == 1 && len(s.wire) > 16 {
				continue // other limits have found nothing there
			}
			k.compare(k.read(s.wire, cuts, limit), whole, "in chunks", "in one chunk")
		}
	}
}

// compareLimit fails if limited, read with a limit, is not what unlimited is, except
// that a frame whose payload exceeds the limit is one error.
func (k *kit) compareLimit(limited, unlimited []event, wire []byte, limit int) {
	k.cases++
	for i, want := range unlimited {
		got, fits := at(limited, i), len(want.payload) <= limit
		frame := wire[want.start:]
		switch {
		case want.err == "" && fits && got.same(want):
		case want.err != "" && !got.tooLarge && got.final == want.final && got.start == want.start:
		case got.start != want.start || !got.tooLarge || want.err == "" && fits:
			k.failf("event %d, with a limit of %d: %v\nevent %d, without a limit: %v", i+1, limit, got, i+1, want)
		case want.err != "":
			return // what is too large is skipped, whatever it contains
		case got.final && k.split(frame, max(1, k.first(frame).Size-1), framing.Resume{}).Size > 0:
			k.failf("with a limit of %d: %v\nThe Framer announces the size of the frame, so it can be skipped", limit, got)
		case got.final:
			return
		}
	}
}
