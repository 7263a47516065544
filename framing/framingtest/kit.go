package framingtest

import (
	"bytes"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
)

// again is the number of bytes before the new ones that Split and Skip may need to
// examine in every call: a field of fixed size, a part of a delimiter, a block of a
// stuffed payload.
const again = 512

// A kit is a Framer under test, and the samples that its laws are checked with.
// Its methods call the Framer and check what is true of every call; they panic
// with a *failure, which attempt recovers.
type kit struct {
	f        framing.Framer
	skipper  framing.Skipper  // f, or nil
	finisher framing.Finisher // f, or nil
	encloser framing.Encloser // f, or nil
	trailer  []byte           // of a frame whose payload can be streamed
	catalog

	wall    *wall
	scratch []byte
	pool    framing.Pool
	now     call // the last call of f
	cases   int  // comparisons made for the law being checked
}

func newKit(f framing.Framer) *kit {
	k := &kit{f: f, wall: newWall()}
	k.skipper, _ = f.(framing.Skipper)
	k.finisher, _ = f.(framing.Finisher)
	if k.encloser, _ = f.(framing.Encloser); k.encloser != nil {
		k.trailer = bytes.Clone(k.encloser.Trailer())
	}
	return k
}

func (k *kit) isSkipper() bool  { return k.skipper != nil }
func (k *kit) isFinisher() bool { return k.finisher != nil }
func (k *kit) isEncloser() bool { return k.encloser != nil }

// prepare makes what the laws are checked with.
func (k *kit) prepare(c Config) {
	k.guess(c)
	k.makeStreams(c.Wire)
	k.findTerminators()
}

// A failure tells how a law is broken.
type failure struct {
	what string // in words
	call string // the call that shows it
}

func (f *failure) Error() string { return f.what + "\n\t" + f.call }

// failf reports that k.now breaks a law.
func (k *kit) failf(format string, args ...any) {
	panic(&failure{fmt.Sprintf(format, args...), k.now.String()})
}

// attempt calls f and returns the failure that it panics with. A panic of the
// Framer is a failure, too.
func (k *kit) attempt(f func()) (fail *failure) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *failure:
			fail = r
		default:
			fail = &failure{fmt.Sprintf("panic: %v\n\n%s", r, panicStack()), k.now.String()}
		}
	}()
	f()
	return nil
}

// panicStack returns the frames of the stack that lead to a panic.
func panicStack() string {
	_, stack, _ := strings.Cut(string(debug.Stack()), "panic(")
	lines := strings.SplitAfter(stack, "\n")
	return strings.Join(lines[min(2, len(lines)):min(10, len(lines))], "")
}

// A call is a call of the Framer, for reports.
type call struct {
	do     string // the method, or "Buffer"
	data   []byte
	resume framing.Resume
	n      int64 // the size, or the limit of a Buffer
	cuts   []int
}

func (c call) String() string {
	switch c.do {
	case "":
		return ""
	case "Split", "Skip":
		return fmt.Sprintf("%s(%s, %#v)", c.do, quote(c.data), c.resume)
	case "Append":
		return fmt.Sprintf("Append(nil, %s)", quote(c.data))
	case "AppendHeader":
		return fmt.Sprintf("AppendHeader(nil, %s, %d)", quote(c.data), c.n)
	case "Finish":
		return fmt.Sprintf("Finish(%s)", quote(c.data))
	case "MaxEncodedLen":
		return fmt.Sprintf("MaxEncodedLen(%d)", c.n)
	}
	cuts := fmt.Sprint(c.cuts)
	if len(c.cuts) > 8 {
		cuts = fmt.Sprintf("%v and so on, in %d places", c.cuts[:4], len(c.cuts))
	}
	return fmt.Sprintf("a Buffer with SetMaxPayload(%d) that receives %s, cut at %s", c.n, quote(c.data), cuts)
}

// quote returns b as a Go string, cut if it is long.
func quote(b []byte) string {
	if len(b) > 80 {
		return fmt.Sprintf("%q...%q (%d bytes)", b[:48], b[len(b)-8:], len(b))
	}
	return fmt.Sprintf("%q", b)
}

// A result is what Split returned for n bytes.
type result struct {
	framing.Frame
	resume  framing.Resume
	err     error
	n       int
	payload []byte // a copy, if the frame is complete and valid
}

func (r result) waits() bool    { return r.Size == 0 && r.err == nil }
func (r result) lost() bool     { return r.Size == 0 && r.err != nil }
func (r result) complete() bool { return r.Size > 0 && r.Size <= r.n }
func (r result) valid() bool    { return r.complete() && r.err == nil }

// same reports whether r and s differ in nothing but Resume.
func (r result) same(s result) bool {
	if r.Size <= 0 && s.Size <= 0 {
		return r.Size == s.Size && text(r.err) == text(s.err)
	}
	return r.Frame == s.Frame && text(r.err) == text(s.err) && bytes.Equal(r.payload, s.payload)
}

func (r result) String() string {
	switch {
	case r.lost():
		return fmt.Sprintf("the end of the stream (%v)", r.err)
	case r.Size < 0:
		return fmt.Sprintf("an invalid frame whose end Skip has to find (%v)", r.err)
	case r.waits():
		return "no frame yet"
	case r.err != nil:
		return fmt.Sprintf("an invalid frame (%+v, %v)", r.Frame, r.err)
	case !r.complete():
		return fmt.Sprintf("an announced frame (%+v)", r.Frame)
	}
	return fmt.Sprintf("a frame (%+v) with payload %s", r.Frame, quote(r.payload))
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// split returns what Split returns for a copy of data[:n], with the rest of data in
// its spare capacity.
func (k *kit) split(data []byte, n int, r framing.Resume) result {
	k.now = call{do: "Split", data: data[:n], resume: r}
	b := k.copyOf(data)
	frame, next, err := k.f.Split(b[:n], r)
	return k.judge(data, b, n, frame, next, err)
}

// first is split of all of data, for the first time.
func (k *kit) first(data []byte) result { return k.split(data, len(data), framing.Resume{}) }

// copyOf returns a copy of data, with other bytes in its spare capacity. It is valid
// until the next call.
func (k *kit) copyOf(data []byte) []byte {
	const room = 8
	if need := len(data) + room; cap(k.scratch) < need {
		k.scratch = make([]byte, 2*need)
	}
	b := k.scratch[:len(data)+room]
	copy(b, data)
	for i := range b[len(data):] {
		b[len(data)+i] = 0xA5
	}
	return b[:len(data)]
}

// judge checks what must be true of every result of Split for b[:n], where b held
// data.
func (k *kit) judge(data, b []byte, n int, f framing.Frame, next framing.Resume, err error) result {
	r := result{Frame: f, resume: next, err: err, n: n}
	switch {
	case f.Size < framing.Resync:
		k.failf("Split returned Size %d", f.Size)
	case f.Size == framing.Resync && err == nil:
		k.failf("Split returned Resync without an error")
	case f.Size == framing.Resync && k.skipper == nil:
		k.failf("Split returned Resync, but the Framer is not a Skipper")
	case f.Size > 0 && (f.Start < 0 || f.End < f.Start || f.Size < f.End):
		k.failf("Split returned %+v: the payload is not a part of the frame", f)
	case err == framing.ErrFill && !r.complete():
		k.failf("Split returned ErrFill with Size %d for %d bytes", f.Size, n)
	case (r.waits() || f.Size == framing.Resync) && (next.Pos < 0 || next.Pos > n):
		k.failf("Split returned Pos %d for %d bytes", next.Pos, n)
	}
	own := 0
	if r.complete() {
		own = f.Size
	}
	if !bytes.Equal(b[own:], data[own:]) {
		if own == 0 {
			k.failf("Split has modified an incomplete frame: it is now %s", quote(b[:n]))
		}
		k.failf("Split has modified bytes after the frame, which occupies %d", own)
	}
	if r.valid() {
		r.payload = bytes.Clone(b[f.Start:f.End])
	}
	return r
}

// skip returns what Skip returns for a copy of data.
func (k *kit) skip(data []byte, r framing.Resume) (n int, next framing.Resume, end bool) {
	k.now = call{do: "Skip", data: data, resume: r}
	b := k.copyOf(data)
	n, next, end = k.skipper.Skip(b, r)
	switch {
	case n < 0 || n > len(data):
		k.failf("Skip returned n = %d for %d bytes", n, len(data))
	case !bytes.Equal(b[n:], data[n:]):
		k.failf("Skip has modified bytes that it leaves")
	case !end && (next.Pos < 0 || next.Pos > len(data)-n):
		k.failf("Skip returned Pos %d, and leaves %d bytes", next.Pos, len(data)-n)
	}
	return n, next, end
}

// append returns a copy of the frame that carries payload.
func (k *kit) append(payload []byte) ([]byte, error) {
	k.now = call{do: "Append", data: payload}
	wire, err := k.f.Append(nil, bytes.Clone(payload))
	if err != nil {
		return nil, err
	}
	return bytes.Clone(wire), nil
}

// refusal checks that err, with which a payload of size bytes was refused, is a
// PayloadError.
func (k *kit) refusal(err error, size int64) {
	if e := (*framing.PayloadError)(nil); !errors.As(err, &e) {
		k.failf("%s returned the error %q; want a *framing.PayloadError", k.now.do, err)
	} else if e.Size != size {
		k.failf("%s returned a PayloadError with Size %d; want %d", k.now.do, e.Size, size)
	}
}

// header returns the number of bytes that Split is shown at least before a frame of
// unknown size is too large.
func (k *kit) header() int { return max(k.f.MaxEncodedLen(0), 1) }
