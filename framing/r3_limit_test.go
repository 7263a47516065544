package framing_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
)

// The limit counts the payload as delivered, inclusive, on reading and writing
// alike.
func TestR3_LimitIsExact(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		for i, payload := range f.payloads {
			for _, limit := range []int{len(payload) - 1, len(payload), len(payload) + 1, -1} {
				fits := limit < 0 || len(payload) <= limit // a negative limit is none
				r := newReader(strings.NewReader(f.frames[i]), f.framer, 1)
				r.SetMaxPayload(limit)
				p, err := r.ReadFrame()
				if fits && (err != nil || string(p) != payload) {
					t.Fatalf("reading %q with limit %d: %q, %v", f.frames[i], limit, p, err)
				}
				if !fits {
					checkTooLarge(t, err, limit, 0)
				}

				var dst bytes.Buffer
				w := framing.NewWriter(&dst, f.framer)
				w.SetMaxPayload(limit)
				c := framing.NewConn(stub{Writer: &dst}, f.framer)
				c.SetMaxPayload(limit)
				for _, write := range []func([]byte) error{
					w.WriteFrame, c.WriteFrame, func(p []byte) error { return c.WriteFrames(p) },
				} {
					err := write([]byte(payload))
					if fits && err != nil {
						t.Fatalf("writing %q with limit %d: %v", payload, limit, err)
					}
					if !fits {
						checkTooLarge(t, err, limit, len(payload))
					}
				}
				if err := w.Flush(); err != nil || (dst.Len() > 0) != fits {
					t.Fatalf("limit %d: %d bytes written, %v", limit, dst.Len(), err)
				}
			}
		}
	})
}

// checkTooLarge fails unless err is a *TooLargeError for this limit. A size of
// 0 leaves it open.
func checkTooLarge(t *testing.T, err error, limit, size int) {
	t.Helper()
	var e *framing.TooLargeError
	if !errors.As(err, &e) || e.Max != uint64(limit) || size > 0 && e.Size != uint64(size) || !errors.Is(err, framing.ErrFrame) {
		t.Fatalf("limit %d, size %d: %T %v", limit, size, err, err)
	}
}

// A frame that announces its size is refused at its header, when nothing of
// its payload has arrived.
func TestR3_RefusedAtTheHeader(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		for i, frame := range f.frames {
			header := f.judged(frame)
			if len(f.payloads[i]) == 0 || header == len(frame) {
				continue
			}
			b := framing.NewBuffer(f.framer)
			b.SetMaxPayload(len(f.payloads[i]) - 1)
			io.WriteString(b, frame[:header-1])
			if p, ok, err := b.Next(); ok || err != nil {
				t.Fatalf("%q: %q, %v", frame[:header-1], p, err)
			}
			io.WriteString(b, frame[header-1:header])
			_, _, err := b.Next()
			checkTooLarge(t, err, len(f.payloads[i])-1, len(f.payloads[i]))
		}
	})
}

// A frame that does not tell its size is refused as soon as it cannot be within
// the limit, and its beginning can still be read then.
func TestR3_RefusedAtTheWindow(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		const limit = 3
		for _, frame := range f.frames {
			window := f.framer.MaxEncodedLen(limit)
			if f.known(frame) <= window {
				continue
			}
			for _, step := range []int{1, 2, len(frame)} {
				b := framing.NewBuffer(f.framer)
				b.SetMaxPayload(limit)
				n, err := 0, error(nil)
				for n < window && err == nil {
					to := min(n+step, len(frame))
					io.WriteString(b, frame[n:to])
					n = to
					_, _, err = b.Next()
				}
				checkTooLarge(t, err, limit, 0)
				if got := string(b.Bytes()); got != frame[:n] || b.Offset() != 0 {
					t.Fatalf("%q by %d: Bytes is %q at %d", frame, step, got, b.Offset())
				}
			}
		}
	})
}

// A new limit holds from the next frame on, also for one of which a part has
// arrived; one that is being skipped stays refused.
func TestR3_LimitAtRunTime(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		for _, from := range []int{2, framing.DefaultMaxPayload} {
			for _, to := range []int{0, 6, framing.DefaultMaxPayload} {
				for cut := range len(f.wire) + 1 {
					want := f.expect(cut, from)
					want = want[:len(want)-1] // less the end
					b := framing.NewBuffer(f.framer)
					b.SetInitial(1)
					b.SetMaxPayload(from)
					io.WriteString(b, f.wire[:cut])
					got := drain(b)
					b.SetMaxPayload(to)
					io.WriteString(b, f.wire[cut:])
					got = append(got, drain(b)...)
					want = append(want, f.expect(len(f.wire), to)[len(want):]...)
					same(t, fmt.Sprintf("%q, limit %d, then %d", f.wire[:cut], from, to), append(got, "EOF"), want)
				}
			}
		}
	})
}

// drain returns what b makes of what has arrived.
func drain(b *framing.Buffer) (events []string) {
	for p, err := range b.Frames() {
		events = append(events, event(string(p), err))
	}
	return events
}

func TestR3_Default(t *testing.T) {
	for _, size := range []int{framing.DefaultMaxPayload, framing.DefaultMaxPayload + 1} {
		fits := size <= framing.DefaultMaxPayload
		for _, f := range families()[:1] {
			payload := bytes.Repeat([]byte("x"), size)
			r := framing.NewReader(bytes.NewReader(must(f.framer.Append(nil, payload))), f.framer)
			if _, err := r.ReadFrame(); (err == nil) != fits {
				t.Errorf("reading %d bytes: %v", size, err)
			}
			if err := framing.NewWriter(io.Discard, f.framer).WriteFrame(payload); (err == nil) != fits {
				t.Errorf("writing %d bytes: %v", size, err)
			}
			if err := framing.NewConn(stub{Writer: io.Discard}, f.framer).WriteFrame(payload); (err == nil) != fits {
				t.Errorf("writing %d bytes to a Conn: %v", size, err)
			}
		}
	}
}
