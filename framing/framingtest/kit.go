package framingtest

import (
	"bytes"
	"fmt"

	"github.com/wholeframe/wholeframe/framing"
)

// A kit is a framer under test and what probing found out about it.
type kit struct {
	f        framing.Framer
	skipper  framing.Skipper  // f, or nil
	ender    framing.Ender    // f, or nil
	prefixer framing.Prefixer // f, or nil
	encloser framing.Encloser // f, or nil

	accepts  []int    // payload sizes that are accepted, ascending
	fill     byte     // a byte of which payloads may consist
	tokens   [][]byte // what payloads and hostile streams are made of, plain ones first
	payloads [][]byte // that Append accepts, small ones first
	large    [][]byte // that Append accepts, around the boundaries
	most     []byte   // the largest payload that is known to be accepted
	refused  [][]byte // that Append does not accept
	wire     [][]byte // streams that the framer may read but never write
	greedy   *failure // it allocates by what a header says: spare the machine

	fixedStreams []input
	fixedHostile []input

	wall    *wall
	scratch []byte
	now     call
}

func (k *kit) close() { k.wall.close() }

func (k *kit) skips() bool      { return k.skipper != nil }
func (k *kit) prefixes() bool   { return k.prefixer != nil }
func (k *kit) encloses() bool   { return k.encloser != nil }
func (k *kit) endsPieces() bool { return k.ender != nil }

// append returns a copy of the frame that carries payload.
func (k *kit) append(payload []byte) ([]byte, error) {
	k.now = call{do: "append", data: payload}
	wire, err := k.f.Append(nil, bytes.Clone(payload))
	if err != nil {
		return nil, err
	}
	return bytes.Clone(wire), nil
}

// A result is what Split said.
type result struct {
	framing.Frame
	err     error
	whole   bool
	payload []byte // a copy, if the frame is whole and not condemned
}

// waits reports that Split does not know the frame's size yet.
func (r result) waits() bool { return r.Size == 0 && r.err == nil }

// lost reports that Split lost the stream.
func (r result) lost() bool { return r.Size == 0 && r.err != nil }

// same reports whether r and s say the same, but for Seen.
func (r result) same(s result) bool {
	if r.Size == 0 && s.Size == 0 {
		return errorText(r.err) == errorText(s.err)
	}
	return r.Size == s.Size && r.Start == s.Start && r.End == s.End &&
		errorText(r.err) == errorText(s.err) && bytes.Equal(r.payload, s.payload)
}

func (r result) String() string {
	switch {
	case r.lost():
		return fmt.Sprintf("the stream is lost (%v)", r.err)
	case r.err != nil:
		return fmt.Sprintf("a condemned frame (Size: %d, %v)", r.Size, r.err)
	case r.waits():
		return "no frame yet"
	case r.whole:
		return fmt.Sprintf("a frame (Size: %d, Start: %d, End: %d) with payload %s", r.Size, r.Start, r.End, quote(r.payload))
	}
	return fmt.Sprintf("a frame that is announced (Size: %d, Start: %d, End: %d)", r.Size, r.Start, r.End)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// split shows Split a copy of data[:n], with the rest of data and some more in
// its spare capacity, and checks what every result must be like.
func (k *kit) split(data []byte, n, seen int) (result, *failure) {
	const room = 8
	k.now = call{do: "split", data: data[:n], seen: seen}
	if need := len(data) + room; cap(k.scratch) < need {
		k.scratch = make([]byte, 2*need)
	}
	b := k.scratch[:len(data)+room]
	copy(b, data)
	spare := b[len(data):]
	for i := range spare {
		spare[i] = 0xA5
	}
	frame, err := k.f.Split(b[:n], seen)
	return k.judge(data, b, n, seen, frame, err)
}

// judge checks what Split said of b[:n], which holds a copy of data.
func (k *kit) judge(data, b []byte, n, seen int, frame framing.Frame, err error) (result, *failure) {
	fail := func(format string, args ...any) (result, *failure) {
		return result{}, failf(k.now, format, args...)
	}
	r := result{Frame: frame, err: err, whole: frame.Size > 0 && frame.Size <= n}
	switch {
	case frame.Size < 0:
		return fail("Split says that the frame takes %d bytes", frame.Size)
	case frame.Size == 0 && err == nil && (frame.Seen < 0 || frame.Seen > n):
		return fail("Split has seen %d bytes of %d", frame.Seen, n)
	case frame.Size > 0 && (frame.Start < 0 || frame.End < frame.Start || frame.Size < frame.End):
		return fail("Split says that the payload is data[%d:%d] of a frame of %d bytes", frame.Start, frame.End, frame.Size)
	}
	own := 0
	if r.whole {
		own = frame.Size
	}
	if !bytes.Equal(b[own:len(data)], data[own:]) {
		if r.whole {
			return fail("Split has rewritten bytes behind the frame, which takes %d", own)
		}
		return fail("Split has rewritten the bytes of a frame that is not whole: %s is now %s", quote(data[:n]), quote(b[:n]))
	}
	if r.whole && err == nil {
		r.payload = bytes.Clone(b[frame.Start:frame.End])
	}
	return r, nil
}

// first is split of the whole of data, for the first time.
func (k *kit) first(data []byte) (result, *failure) { return k.split(data, len(data), 0) }

// header returns how many bytes a header may take: so many must be enough for
// Split to know a size, if it can know it before the frame is whole.
func (k *kit) header() int {
	return min(max(k.f.MaxEncodedLen(0), 1), 1<<16)
}

// slack is how many bytes Split and Skip may want to see again: a header, a
// part of a delimiter, a block of a stuffed payload.
func (k *kit) slack() int { return k.header() + 512 }

// An event is what reading a stream yields: a frame, or an error.
type event struct {
	payload []byte
	err     string // "": a frame
	kind    kind
	final   bool
	offset  int64 // stream offset behind the frame; of an error, as it says
	start   int64 // stream offset of a frame's first byte, if it came from a Buffer
}

type kind uint8

const (
	frameEvent kind = iota
	tooLargeEvent
	malformedEvent
	unexpectedEOF
	cleanEOF
	otherError
)

func (e event) String() string {
	if e.kind == frameEvent {
		return fmt.Sprintf("frame %s, up to offset %d", quote(e.payload), e.offset)
	}
	return e.err
}

func (e event) same(f event) bool {
	return e.kind == f.kind && e.offset == f.offset && e.final == f.final && e.err == f.err && bytes.Equal(e.payload, f.payload)
}

// errorEvent returns the event that err is.
func errorEvent(err error) event {
	switch e := err.(type) {
	case *framing.TooLargeError:
		// What the frame's first bytes look like depends on how many have
		// arrived: it is a hint, and not compared.
		c := *e
		c.Looks = ""
		return event{kind: tooLargeEvent, err: c.Error() + lasting(e.Final), final: e.Final, offset: e.Offset, start: e.Offset}
	case *framing.FormatError:
		return event{kind: malformedEvent, err: e.Error() + lasting(e.Final), final: e.Final, offset: e.Offset, start: e.Offset}
	case *framing.UnexpectedEOFError:
		return event{kind: unexpectedEOF, err: e.Error(), final: true, offset: e.Offset, start: e.Offset}
	}
	if err.Error() == "EOF" {
		return event{kind: cleanEOF, err: "io.EOF", final: true}
	}
	return event{kind: otherError, err: err.Error(), final: true}
}

func lasting(final bool) string {
	if final {
		return " (final)"
	}
	return ""
}

// buffer returns a Buffer with a limit; -1: none.
func (k *kit) buffer(limit int) *framing.Buffer {
	b := framing.NewBuffer(k.f)
	b.SetMaxPayload(limit)
	return b
}

// drain appends to events what b yields now.
func drain(b *framing.Buffer, events []event) (_ []event, lost bool) {
	for {
		payload, ok, err := b.Next()
		switch {
		case err != nil:
			e := errorEvent(err)
			events = append(events, e)
			if e.final {
				return events, true
			}
		case !ok:
			return events, false
		default:
			events = append(events, event{payload: bytes.Clone(payload), offset: b.Offset(), start: b.Offset() - int64(b.Frame().Size)})
		}
	}
}

// read returns what wire yields that arrives in pieces, and then ends. Where
// it ends there is always one last event, a final one.
func (k *kit) read(wire []byte, cuts []int, limit int) []event {
	k.now = call{do: "read", data: wire, cuts: cuts, max: limit}
	b := k.buffer(limit)
	var events []event
	var lost bool
	for from, i := 0, 0; i <= len(cuts) && !lost; i++ {
		to := len(wire)
		if i < len(cuts) {
			to = cuts[i]
		}
		b.Write(wire[from:to])
		from = to
		events, lost = drain(b, events)
	}
	if lost {
		return events
	}
	_, err := b.End()
	return append(events, errorEvent(err))
}

// differ returns how events differ from want, or nil.
func (k *kit) differ(events, want []event, how, usual string) *failure {
	at := func(e []event, i int) string {
		if i < len(e) {
			return e[i].String()
		}
		return "nothing"
	}
	for i := range max(len(events), len(want)) {
		if i >= len(events) || i >= len(want) || !events[i].same(want[i]) {
			return failf(k.now, "%s, event %d is: %s\n%s, it is: %s", how, i+1, at(events, i), usual, at(want, i))
		}
	}
	return nil
}
