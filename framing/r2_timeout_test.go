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
)

// A timeout at every offset, alone or in the Read that brings the last bytes
// before it, loses nothing, also in a header and while a frame is skipped. It
// comes when all frames before it have come, and the next call goes on.
func TestR2_TimeoutAtEveryOffset(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		for cut := range len(f.wire) + 1 {
			for i, limit := range limits {
				before := f.expect(cut, limit)
				before = before[:len(before)-1] // less the end
				want := append(append([]string{}, before...), event("", os.ErrDeadlineExceeded), event("", os.ErrDeadlineExceeded))
				want = append(want, f.expect(len(f.wire), limit)[len(before):]...)
				for _, together := range []bool{false, true} {
					src := pieces{{f.wire[:cut], nil}, {"", os.ErrDeadlineExceeded}, {"", os.ErrDeadlineExceeded}, {f.wire[cut:], nil}}
					if together {
						src = pieces{{f.wire[:cut], os.ErrDeadlineExceeded}, {"", os.ErrDeadlineExceeded}, {f.wire[cut:], nil}}
					}
					initial := initials[(i+cut)%len(initials)]
					r := newReader(&src, f.framer, initial)
					r.SetMaxPayload(limit)
					what := fmt.Sprintf("%q, limit %d, buffer %d, with bytes %t", f.wire[:cut], limit, initial, together)
					same(t, what, readThrough(t, r), want)
				}
			}
		}
	})
}

// A timeout before and behind every single byte loses nothing.
func TestR2_TimeoutBetweenAllBytes(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		for _, limit := range limits {
			var src pieces
			for i := range len(f.wire) {
				src = append(src, piece{"", os.ErrDeadlineExceeded}, piece{f.wire[i : i+1], os.ErrDeadlineExceeded})
			}
			r := newReader(&src, f.framer, 1)
			r.SetMaxPayload(limit)
			var got []string
			timeouts := 0
			for _, e := range readThrough(t, r) {
				if e == event("", os.ErrDeadlineExceeded) {
					timeouts++
				} else {
					got = append(got, e)
				}
			}
			same(t, fmt.Sprintf("limit %d", limit), got, f.expect(len(f.wire), limit))
			if timeouts != 2*len(f.wire) {
				t.Fatalf("%d timeouts were reported, there were %d", timeouts, 2*len(f.wire))
			}
		}
	})
}

// readThrough is readAll, but for timeouts, which it reads through.
func readThrough(t *testing.T, r *framing.Reader) (events []string) {
	t.Helper()
	for {
		p, err := r.ReadFrame()
		if err != nil && p != nil {
			t.Fatalf("payload %q came with error %v", p, err)
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
		same(t, "after the timeout", append(got, readAll(t, r)...), f.expect(len(f.wire), framing.DefaultMaxPayload))
	})
}

// Frames and AppendFrame keep the promise too.
func TestR2_FramesAndAppendFrame(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		cut := len(f.wire) / 2
		src := &pieces{{f.wire[:cut], os.ErrDeadlineExceeded}, {f.wire[cut:], nil}}
		r := newReader(src, f.framer, 1)
		var got []string
		for p, err := range r.Frames() {
			got = append(got, event(string(p), err))
		}
		if last := got[len(got)-1]; last != event("", os.ErrDeadlineExceeded) {
			t.Fatalf("Frames ended with %s, want the timeout", last)
		}
		got = got[:len(got)-1]
		for {
			p, err := r.AppendFrame([]byte("before"))
			if !strings.HasPrefix(string(p), "before") || err != nil && string(p) != "before" {
				t.Fatalf("AppendFrame: %q, %v", p, err)
			}
			got = append(got, event(strings.TrimPrefix(string(p), "before"), err))
			if err != nil {
				break
			}
		}
		same(t, "in all", got, f.expect(len(f.wire), framing.DefaultMaxPayload))
	})
}

// A source that fails for ever says so each time.
func TestR2_DeadSource(t *testing.T) {
	dead := errors.New("dead")
	eachFamily(t, func(t *testing.T, f family) {
		r := newReader(io.MultiReader(strings.NewReader(f.wire[:len(f.wire)-1]), iotest.ErrReader(dead)), f.framer, 1)
		n := 0
		for err := error(nil); err != dead; n++ {
			if _, err = r.ReadFrame(); err != nil && err != dead {
				t.Fatal(err)
			}
		}
		if n != len(f.payloads) { // all but the last, and the error
			t.Fatalf("%d frames came before the error, want %d", n-1, len(f.payloads)-1)
		}
		for range 3 {
			if _, err := r.ReadFrame(); err != dead {
				t.Fatalf("then: %v", err)
			}
		}
	})
}
