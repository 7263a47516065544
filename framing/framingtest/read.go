package framingtest

import (
	"bytes"
	"fmt"
	"io"

	"github.com/wholeframe/wholeframe/framing"
)

// An event is what reading a stream yields: a frame, or an error.
type event struct {
	kind    kind
	payload []byte
	text    string // of an error
	start   int64  // stream offset of the frame
	final   bool   // nothing follows
}

type kind uint8

const (
	validFrame kind = iota
	tooLarge
	malformed
	endInFrame
	cleanEnd
)

func (e event) String() string {
	if e.kind == validFrame {
		return fmt.Sprintf("a frame at offset %d with payload %s", e.start, quote(e.payload))
	}
	if e.final {
		return e.text + " (terminal)"
	}
	return e.text
}

func (e event) same(f event) bool {
	return e.kind == f.kind && e.start == f.start && e.final == f.final && e.text == f.text && bytes.Equal(e.payload, f.payload)
}

// errorEvent returns the event for err. The hint of an error depends on how many
// bytes have arrived, and is not compared.
func errorEvent(err error) event {
	switch e := err.(type) {
	case *framing.TooLargeError:
		c := *e
		c.Hint = ""
		return event{kind: tooLarge, text: c.Error(), start: e.Offset, final: e.Final}
	case *framing.FormatError:
		c := *e
		c.Hint = ""
		return event{kind: malformed, text: c.Error(), start: e.Offset, final: e.Final}
	case *framing.UnexpectedEOFError:
		return event{kind: endInFrame, text: e.Error(), start: e.Offset, final: true}
	}
	return event{kind: cleanEnd, text: err.Error(), final: true}
}

// A connection is a Buffer and what it has yielded.
type connection struct {
	b      *framing.Buffer
	events []event
	over   bool
}

// connect returns a connection with a limit; -1: none.
func (k *kit) connect(limit int) *connection {
	b := framing.NewBuffer(k.f)
	b.SetPool(&k.pool)
	b.SetMaxPayload(limit)
	return &connection{b: b}
}

// receive adds data and what it yields.
func (c *connection) receive(data []byte) {
	if c.over {
		return
	}
	c.b.Write(data)
	for {
		payload, ok, err := c.b.Next()
		switch {
		case err != nil:
			e := errorEvent(err)
			c.events = append(c.events, e)
			if c.over = e.final; c.over {
				return
			}
		case !ok:
			return
		default:
			c.events = append(c.events, event{payload: bytes.Clone(payload), start: c.b.Offset() - int64(c.b.Frame().Size)})
		}
	}
}

// finish ends the stream and returns all events; the last one is final.
func (c *connection) finish() []event {
	if !c.over {
		_, err := c.b.Finish()
		c.events = append(c.events, errorEvent(err))
	}
	c.b.Release()
	return c.events
}

// read returns what wire yields if it arrives in the chunks that cuts make.
func (k *kit) read(wire []byte, cuts []int, limit int) []event {
	k.now = call{do: "Buffer", data: wire, cuts: cuts, n: int64(limit)}
	c := k.connect(limit)
	for chunk := range chunks(wire, cuts) {
		c.receive(chunk)
	}
	return c.finish()
}

// chunks yields the parts of wire between cuts.
func chunks(wire []byte, cuts []int) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		from := 0
		for _, to := range cuts {
			if !yield(wire[from:to]) {
				return
			}
			from = to
		}
		yield(wire[from:])
	}
}

// compare fails if got and want, what the two descriptions yield, differ.
func (k *kit) compare(got, want []event, gotOf, wantOf string) {
	k.cases++
	at := func(e []event, i int) string {
		if i < len(e) {
			return e[i].String()
		}
		return "nothing"
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !got[i].same(want[i]) {
			k.failf("event %d, %s: %s\nevent %d, %s: %s", i+1, gotOf, at(got, i), i+1, wantOf, at(want, i))
		}
	}
}

// expected returns what reading s must yield, where Append wrote s.
func (s sample) expected() []event {
	var events []event
	for i, p := range s.payloads {
		events = append(events, event{payload: p, start: int64(s.start(i))})
	}
	return append(events, event{kind: cleanEnd, text: io.EOF.Error(), final: true})
}
