package framing_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
)

// A timeout at every offset, alone or together with the bytes before it, loses
// nothing, also in a header and while a frame is skipped. It is returned after the
// frames before it, and the next call resumes there.
func TestR2_TimeoutAtEveryOffset(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		for cut := range len(f.wire) + 1 {
			for i, limit := range limits {
				before := f.expect(cut, limit)
				before = before[:len(before)-1] // without the end
				want := append(append([]string{}, before...), event("", os.ErrDeadlineExceeded), event("", os.ErrDeadlineExceeded))
				want = append(want, f.expect(len(f.wire), limit)[len(before):]...)
				for _, together := range []bool{false, true} {
					timeout := frametest.Read{Err: os.ErrDeadlineExceeded}
					src := frametest.Script{{Data: f.wire[:cut]}, timeout, timeout, {Data: f.wire[cut:]}}
					if together {
						src = frametest.Script{{Data: f.wire[:cut], Err: os.ErrDeadlineExceeded}, timeout, {Data: f.wire[cut:]}}
					}
					initial := initials[(i+cut)%len(initials)]
					r := newReader(&src, f.framer, initial)
					r.SetMaxPayload(limit)
					what := fmt.Sprintf("%q, limit %d, buffer %d, with bytes %t", f.wire[:cut], limit, initial, together)
					sameEvents(t, what, readThroughTimeouts(t, r), want)
				}
			}
		}
	})
}

// A timeout before and after every single byte loses nothing.
func TestR2_TimeoutBetweenAllBytes(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		for _, limit := range limits {
			var src frametest.Script
			for i := range len(f.wire) {
				src = append(src, frametest.Read{Err: os.ErrDeadlineExceeded}, frametest.Read{Data: f.wire[i : i+1], Err: os.ErrDeadlineExceeded})
			}
			r := newReader(&src, f.framer, 1)
			r.SetMaxPayload(limit)
			var got []string
			timeouts := 0
			for _, e := range readThroughTimeouts(t, r) {
				if e == event("", os.ErrDeadlineExceeded) {
					timeouts++
				} else {
					got = append(got, e)
				}
			}
			sameEvents(t, fmt.Sprintf("limit %d", limit), got, f.expect(len(f.wire), limit))
			if timeouts != 2*len(f.wire) {
				t.Fatalf("%d timeouts were returned; want %d", timeouts, 2*len(f.wire))
			}
		}
	})
}

// readThroughTimeouts is readAll, but continues after timeouts.
func readThroughTimeouts(t *testing.T, r *framing.Reader) (events []string) {
	t.Helper()
	for {
		p, err := r.ReadFrame()
		if err != nil && p != nil {
			t.Fatalf("ReadFrame() = %q, %v; want no payload with an error", p, err)
		}
		events = append(events, event(string(p), err))
		if err != nil && err != os.ErrDeadlineExceeded && !errors.Is(err, framing.ErrFrame) {
			return events
		}
	}
}

func TestR2_TimeoutReader(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		r := newReader(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(f.wire))), f.framer, 1)
		var got []string
		for timeouts := 0; timeouts < 1; {
			p, err := r.ReadFrame()
			if err == iotest.ErrTimeout {
				timeouts++
				continue
			}
			got = append(got, event(string(p), err))
			if err != nil {
				t.Fatal(err)
			}
		}
		sameEvents(t, "after the timeout", append(got, readAll(t, r)...), f.expect(len(f.wire), framing.DefaultMaxPayload))
	})
}

// Frames and AppendPayload keep the promise too.
func TestR2_FramesAndAppendPayload(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		cut := len(f.wire) / 2
		src := &frametest.Script{{Data: f.wire[:cut], Err: os.ErrDeadlineExceeded}, {Data: f.wire[cut:]}}
		r := newReader(src, f.framer, 1)
		var got []string
		for p, err := range r.Frames() {
			got = append(got, event(string(p), err))
		}
		if last := got[len(got)-1]; last != event("", os.ErrDeadlineExceeded) {
			t.Fatalf("Frames() ended with %s; want the timeout", last)
		}
		got = got[:len(got)-1]
		for {
			p, err := r.AppendPayload([]byte("before"))
			if !strings.HasPrefix(string(p), "before") || err != nil && string(p) != "before" {
				t.Fatalf(`AppendPayload("before") = %q, %v; want an extended "before", or that and an error`, p, err)
			}
			got = append(got, event(strings.TrimPrefix(string(p), "before"), err))
			if err != nil {
				break
			}
		}
		sameEvents(t, "in all", got, f.expect(len(f.wire), framing.DefaultMaxPayload))
	})
}

// The error of a source that has failed permanently is returned by each call.
func TestR2_FailedSource(t *testing.T) {
	failed := errors.New("failed")
	eachFamily(t, func(t *testing.T, f family) {
		r := newReader(io.MultiReader(strings.NewReader(f.wire[:len(f.wire)-1]), iotest.ErrReader(failed)), f.framer, 1)
		n := 0
		for err := error(nil); err != failed; n++ {
			if _, err = r.ReadFrame(); err != nil && err != failed {
				t.Fatal(err)
			}
		}
		if n != len(f.payloads) { // all but the last, and the error
			t.Fatalf("%d frames were returned before the error; want %d", n-1, len(f.payloads)-1)
		}
		for range 3 {
			if _, err := r.ReadFrame(); err != failed {
				t.Fatalf("ReadFrame() again: error %v; want %v", err, failed)
			}
		}
	})
}
