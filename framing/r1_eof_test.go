package framing_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
)

// limits make all, some and none of the frames of a family too large.
var limits = []int{0, 1, 2, 6, 39, framing.DefaultMaxPayload}

// The stream ends at every offset: the complete frames are returned first, then
// io.EOF between frames, or an UnexpectedEOFError inside one, in its header, in its
// payload, or while it is skipped.
func TestR1_EndOfStreamAtEveryOffset(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		for cut := range len(f.wire) + 1 {
			for i, limit := range limits {
				want := f.expect(cut, limit)
				for j := range 2 { // over the offsets, all sources and sizes are combined
					s := sources[(cut+i+j)%len(sources)]
					initial := initials[(cut/6+i+j)%len(initials)]
					r := newReader(s.of(strings.NewReader(f.wire[:cut])), f.framer, initial)
					r.SetMaxPayload(limit)
					sameEvents(t, fmt.Sprintf("%s, %q, limit %d, buffer %d", s.name, f.wire[:cut], limit, initial), readAll(t, r), want)
				}
			}
		}
	})
}

// A Buffer keeps the same promise.
func TestR1_BufferEndAtEveryOffset(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		for cut := range len(f.wire) + 1 {
			for _, limit := range limits {
				for _, step := range []int{1 + cut%3, len(f.wire)} {
					b := framing.NewBuffer(f.framer)
					b.SetInitial(1)
					b.SetMaxPayload(limit)
					var got []string
					for rest := f.wire[:cut]; rest != ""; {
						n := min(step, len(rest))
						io.WriteString(b, rest[:n])
						rest = rest[n:]
						for p, err := range b.Frames() {
							got = append(got, event(string(p), err))
						}
					}
					_, err := b.Finish()
					sameEvents(t, fmt.Sprintf("%q by %d, limit %d", f.wire[:cut], step, limit), append(got, event("", err)), f.expect(cut, limit))
					if _, again := b.Finish(); again != err {
						t.Fatalf("Finish() again: error %v; want %v", again, err)
					}
				}
			}
		}
	})
}

// Offset counts the bytes of the whole stream.
func TestR1_Offset(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		starts := f.starts()
		r := newReader(strings.NewReader(f.wire), f.framer, 1)
		for i := range f.payloads {
			if r.Offset() != int64(starts[i]) {
				t.Fatalf("before frame %d: Offset() = %d; want %d", i, r.Offset(), starts[i])
			}
			if _, err := r.ReadFrame(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := r.ReadFrame(); err != io.EOF || r.Offset() != int64(len(f.wire)) {
			t.Fatalf("at the end: error %v, Offset() = %d; want EOF, %d", err, r.Offset(), len(f.wire))
		}
	})
}
