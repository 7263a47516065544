package framing_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/internal/plural"
)

// The limit counts the payload as delivered, inclusive, for reading and writing
// alike. A frame over it is a TooLargeError, a payload over it a PayloadError.
func TestR3_LimitIsExact(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		for i, payload := range f.payloads {
			for _, limit := range []int{len(payload) - 1, len(payload), len(payload) + 1, -1} {
				fits := limit < 0 || len(payload) <= limit
				r := newReader(strings.NewReader(f.frames[i]), f.framer, 1)
				r.SetMaxPayload(limit)
				p, err := r.ReadFrame()
				if fits && (err != nil || string(p) != payload) {
					t.Fatalf("limit %d: ReadFrame() of %q = %q, %v; want %q, nil", limit, f.frames[i], p, err, payload)
				}
				if !fits {
					checkTooLarge(t, "ReadFrame()", err, limit, 0)
				}

				var dst bytes.Buffer
				w := framing.NewWriter(&dst, f.framer)
				w.SetMaxPayload(limit)
				c := framing.NewConn(ioConn{Writer: &dst}, f.framer)
				c.SetMaxPayload(limit)
				for _, write := range []func([]byte) error{
					w.WriteFrame, c.WriteFrame, func(p []byte) error { return c.WriteFrames(p) },
				} {
					err := write([]byte(payload))
					if fits && err != nil {
						t.Fatalf("limit %d: writing %q: error %v; want nil", limit, payload, err)
					}
					if !fits {
						checkPayloadTooLarge(t, "writing", err, limit, len(payload))
					}
				}
				if err := w.Flush(); err != nil || (dst.Len() > 0) != fits {
					t.Fatalf("limit %d: Flush() = %v, %d bytes written; want nil, and any only within the limit", limit, err, dst.Len())
				}
			}
		}
	})
}

// checkTooLarge fails the test unless err, of call, is a *TooLargeError for this
// limit that loses one frame. A size of 0 may be any.
func checkTooLarge(t *testing.T, call string, err error, limit, size int) {
	t.Helper()
	e := checkAs[*framing.TooLargeError](t, call, err)
	if e.Max != uint64(limit) || size > 0 && e.Size != uint64(size) || !errors.Is(err, framing.ErrFrame) {
		t.Fatalf("%s: error %v; want limit %d, size %d, and that it is ErrFrame", call, err, limit, size)
	}
}

// checkPayloadTooLarge fails the test unless err, of call, is a *PayloadError for
// this limit and size, and is not ErrFrame.
func checkPayloadTooLarge(t *testing.T, call string, err error, limit, size int) {
	t.Helper()
	e := checkAs[*framing.PayloadError](t, call, err)
	checkError(t, call, e, fmt.Sprintf("framing: payload of %s refused: it exceeds the limit of %s", plural.Of(size, "byte"), plural.Of(limit, "byte")))
	if e.Size != int64(size) || errors.Is(err, framing.ErrFrame) {
		t.Fatalf("%s: error %+v; want Size %d, and that it is not ErrFrame", call, e, size)
	}
}

// A frame that announces its size is rejected at its header, before any of its
// payload arrives.
func TestR3_RefusedAtTheHeader(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		for i, frame := range f.frames {
			header := f.payloadAt(frame)
			if len(f.payloads[i]) == 0 || header == len(frame) {
				continue
			}
			b := framing.NewBuffer(f.framer)
			b.SetMaxPayload(len(f.payloads[i]) - 1)
			io.WriteString(b, frame[:header-1])
			if p, ok, err := b.Next(); ok || err != nil {
				t.Fatalf("Next() of %q = %q, %v, %v; want false, nil", frame[:header-1], p, ok, err)
			}
			io.WriteString(b, frame[header-1:header])
			_, _, err := b.Next()
			checkTooLarge(t, "Next()", err, len(f.payloads[i])-1, len(f.payloads[i]))
		}
	})
}

// A frame that does not announce its size is rejected as soon as it cannot be
// within the limit, and its beginning is still buffered then.
func TestR3_RefusedAtTheWindow(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		const limit = 3
		for _, frame := range f.frames {
			window := f.framer.MaxEncodedLen(limit)
			if f.sizeAt(frame) <= window {
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
				checkTooLarge(t, "Next()", err, limit, 0)
				if got := string(b.Bytes()); got != frame[:n] || b.Offset() != 0 {
					t.Fatalf("%q by %d: Bytes() = %q, Offset() = %d; want %q, 0", frame, step, got, b.Offset(), frame[:n])
				}
			}
		}
	})
}

// A new limit holds from the next frame on, also for one of which a part has
// arrived; one that is being skipped stays rejected.
func TestR3_LimitAtRunTime(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		for _, from := range []int{2, framing.DefaultMaxPayload} {
			for _, to := range []int{0, 6, framing.DefaultMaxPayload} {
				for cut := range len(f.wire) + 1 {
					want := f.expect(cut, from)
					want = want[:len(want)-1] // without the end
					b := framing.NewBuffer(f.framer)
					b.SetInitial(1)
					b.SetMaxPayload(from)
					io.WriteString(b, f.wire[:cut])
					got := bufferedEvents(b)
					b.SetMaxPayload(to)
					io.WriteString(b, f.wire[cut:])
					got = append(got, bufferedEvents(b)...)
					want = append(want, f.expect(len(f.wire), to)[len(want):]...)
					sameEvents(t, fmt.Sprintf("%q, limit %d, then %d", f.wire[:cut], from, to), append(got, "EOF"), want)
				}
			}
		}
	})
}

// bufferedEvents returns the events of the frames that b holds.
func bufferedEvents(b *framing.Buffer) (events []string) {
	for p, err := range b.Frames() {
		events = append(events, event(string(p), err))
	}
	return events
}

func TestR3_Default(t *testing.T) {
	for _, size := range []int{framing.DefaultMaxPayload, framing.DefaultMaxPayload + 1} {
		fits := size <= framing.DefaultMaxPayload
		payload := bytes.Repeat([]byte("x"), size)
		r := framing.NewReader(bytes.NewReader(must(delimiter.Line().Append(nil, payload))), delimiter.Line())
		if _, err := r.ReadFrame(); (err == nil) != fits {
			t.Errorf("ReadFrame() of %d bytes: error %v; want nil: %t", size, err, fits)
		}
		if err := framing.NewWriter(io.Discard, delimiter.Line()).WriteFrame(payload); (err == nil) != fits {
			t.Errorf("Writer.WriteFrame() of %d bytes: error %v; want nil: %t", size, err, fits)
		}
		if err := framing.NewConn(ioConn{Writer: io.Discard}, delimiter.Line()).WriteFrame(payload); (err == nil) != fits {
			t.Errorf("Conn.WriteFrame() of %d bytes: error %v; want nil: %t", size, err, fits)
		}
	}
}
