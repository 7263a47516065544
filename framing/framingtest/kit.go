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

// A kit is a Framer under test, and what its laws are checked with. Its methods call
// the Framer and check what is true of every call; they panic with a *failure, which
// attempt recovers.
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

// A failure tells how a law is broken.
type failure struct {
	what string // in words
	call string // the call that shows it
}

func (f *failure) Error() string { return f.what + "\n\t" + f.call }

// failf reports that the last call breaks a law.
func (k *kit) failf(format string, args ...any) {
	panic(&failure{fmt.Sprintf(format, args...), k.now.String()})
}

// attempt calls f and returns the failure that it panics with. A panic of the Framer is
// a failure, too.
func (k *kit) attempt(f func()) (fail *failure) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *failure:
			fail = r
		default:
			_, stack, _ := strings.Cut(string(debug.Stack()), "panic(")
			lines := strings.SplitAfter(stack, "\n")
			fail = &failure{fmt.Sprintf("panic: %v\n\n%s", r, strings.Join(lines[2:min(10, len(lines))], "")), k.now.String()}
		}
	}()
	f()
	return nil
}

// A call is a call of the Framer, for reports.
type call struct {
	does   string // a format for the following
	data   []byte
	resume framing.Resume
	n      int64
	cuts   []int
}

func (c call) String() string {
	if c.does == "" {
		return ""
	}
	return fmt.Sprintf(c.does, quote(c.data), c.resume, c.n, c.cuts[:min(len(c.cuts), 16)])
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
	return r.Size == s.Size && (r.Size <= 0 || r.Frame == s.Frame) && fmt.Sprint(r.err) == fmt.Sprint(s.err) && bytes.Equal(r.payload, s.payload)
}

func (r result) String() string {
	if r.err != nil || !r.complete() {
		return fmt.Sprintf("%+v, error %v", r.Frame, r.err)
	}
	return fmt.Sprintf("%+v, payload %s", r.Frame, quote(r.payload))
}

// first is split of all of data, from the start.
func (k *kit) first(data []byte) result { return k.split(data, len(data), framing.Resume{}) }

// split returns what Split returns for a copy of data[:n], with the rest of data in
// its spare capacity, and checks what is true of every result.
func (k *kit) split(data []byte, n int, resume framing.Resume) result {
	k.now = call{does: "Split(%[1]s, %#[2]v)", data: data[:n], resume: resume}
	b := k.copyOf(data)
	f, next, err := k.f.Split(b[:n], resume)
	r := result{Frame: f, resume: next, err: err, n: n}
	switch {
	case f.Size < framing.Resync:
		k.failf("Split returned Size %d", f.Size)
	case f.Size == framing.Resync && (err == nil || k.skipper == nil):
		k.failf("Split returned Resync with the error %v, and the Framer is a Skipper: %t", err, k.skipper != nil)
	case f.Size > 0 && (f.Start < 0 || f.End < f.Start || f.Size < f.End):
		k.failf("Split returned %+v: the payload is not a part of the frame", f)
	case err == framing.ErrFill && !r.complete():
		k.failf("Split returned ErrFill with Size %d for %d bytes", f.Size, n)
	case (r.waits() || f.Size < 0) && (next.Pos < 0 || next.Pos > n):
		k.failf("Split returned Pos %d for %d bytes", next.Pos, n)
	}
	own := 0
	if r.complete() {
		own = f.Size
	}
	if !bytes.Equal(b[own:], data[own:]) {
		k.failf("Split has modified an incomplete frame, or bytes after one: %s are now %s", quote(data[own:]), quote(b[own:]))
	}
	if r.valid() {
		r.payload = bytes.Clone(b[f.Start:f.End])
	}
	return r
}

// skip returns what Skip returns for a copy of data.
func (k *kit) skip(data []byte, r framing.Resume) (n int, next framing.Resume, end bool) {
	k.now = call{does: "Skip(%[1]s, %#[2]v)", data: data, resume: r}
	b := k.copyOf(data)
	n, next, end = k.skipper.Skip(b, r)
	switch {
	case n < 0 || n > len(data):
		k.failf("Skip returned n = %d for %d bytes", n, len(data))
	case !bytes.Equal(b[n:], data[n:]):
		k.failf("Skip has modified bytes that it leaves: %s", quote(b[n:]))
	case !end && (next.Pos < 0 || next.Pos > len(data)-n):
		k.failf("Skip returned Pos %d, and leaves %d bytes", next.Pos, len(data)-n)
	}
	return n, next, end
}

// copyOf returns a copy of data, with other bytes in its spare capacity. It is valid
// until the next call.
func (k *kit) copyOf(data []byte) []byte {
	k.scratch = append(append(k.scratch[:0], data...), "\xA5\xA5\xA5\xA5\xA5\xA5\xA5\xA5"...)
	return k.scratch[:len(data)]
}

// append returns a copy of the frame that carries payload.
func (k *kit) append(payload []byte) ([]byte, error) {
	k.now = call{does: "Append(nil, %[1]s)", data: payload}
	wire, err := k.f.Append(nil, bytes.Clone(payload))
	if err != nil {
		return nil, err
	}
	return bytes.Clone(wire), nil
}

// refused checks that err, with which a payload of size bytes was refused, is a
// PayloadError.
func (k *kit) refused(err error, size int64) {
	if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || e.Size != size {
		k.failf("the error is %v; want a *framing.PayloadError with Size %d", err, size)
	}
}

// header returns the number of bytes that Split is shown at least before a frame of
// unknown size is too large.
func (k *kit) header() int { return max(k.f.MaxEncodedLen(0), 1) }
