package framingtest

import (
	"bytes"
	"fmt"
	"io"

	"github.com/wholeframe/wholeframe/framing"
)

// An event is what reading a stream yields: a frame, or an error.
type event struct {
	payload  []byte
	err      string // "": a frame
	tooLarge bool
	start    int64 // stream offset of the frame
	final    bool  // nothing follows
}

func (e event) String() string {
	switch {
	case e.err == "":
		return fmt.Sprintf("a frame at offset %d with payload %s", e.start, quote(e.payload))
	case e.final:
		return e.err + " (terminal)"
	}
	return e.err
}

func (e event) same(f event) bool {
	return e.start == f.start && e.final == f.final && e.err == f.err && bytes.Equal(e.payload, f.payload)
}

// errorEvent returns the event for err. The hint of an error depends on how many
// bytes have arrived, and is not compared.
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
	k.now = call{do: "Buffer", data: wire, cuts: cuts, n: int64(limit)}
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
			events = append(events, event{payload: bytes.Clone(payload), start: b.Offset() - int64(b.Frame().Size)})
		}
	}
	_, err := b.Finish()
	b.Release()
	return append(events, errorEvent(err))
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

// at returns event i.
func at(events []event, i int) event {
	if i < len(events) {
		return events[i]
	}
	return event{err: "nothing", final: true}
}

// expected returns what reading s must yield, where Append wrote s.
func (s sample) expected() (events []event) {
	start := 0
	for i, p := range s.payloads {
		events = append(events, event{payload: p, start: int64(start)})
		start = s.ends[i]
	}
	return append(events, event{err: io.EOF.Error(), final: true})
}
