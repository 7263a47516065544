package framing_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// counts is a source whose Read returns the next of these counts and nothing
// else.
type counts []int

func (s *counts) Read(p []byte) (int, error) {
	n := (*s)[0]
	if n == tooMany {
		n = len(p) + 1
	}
	if len(*s) > 1 {
		*s = (*s)[1:]
	}
	return n, nil
}

const tooMany = 1 << 30

func TestReader_HostileSources(t *testing.T) {
	for _, test := range []struct {
		source counts
		want   string
	}{
		{counts{0}, io.ErrNoProgress.Error()},
		{counts{-1}, "framing: Read returned an impossible count"},
		{counts{tooMany}, "framing: Read returned an impossible count"},
		{counts{2, tooMany}, "framing: Read returned an impossible count"},
		{counts{2, -5}, "framing: Read returned an impossible count"},
	} {
		for _, initial := range initials {
			source := slices.Clone(test.source)
			r := newReader(&source, lengthprefix.Uint64(), initial)
			for range 3 {
				if p, err := r.ReadFrame(); p != nil || err == nil || err.Error() != test.want {
					t.Errorf("%v, buffer %d: %q, %v, want %s", test.source, initial, p, err, test.want)
				}
			}
		}
	}
	r := framing.NewReader(&counts{0}, lengthprefix.Uint64())
	if _, err := r.ReadFrame(); err != io.ErrNoProgress {
		t.Errorf("%v, want io.ErrNoProgress", err)
	}
}

// A source that hesitates for long, but not for ever, is waited for.
func TestReader_NoProgressForAWhile(t *testing.T) {
	var src pieces
	for _, c := range "ab\n" {
		for range 99 {
			src = append(src, piece{})
		}
		src = append(src, piece{string(c), nil})
	}
	if p, err := newReader(&src, delimiter.Line(), 1).ReadFrame(); string(p) != "ab" {
		t.Errorf("%q, %v", p, err)
	}
}

// The payload is the caller's to change, up to its end and no further.
func TestReader_PayloadIsTheCallers(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		r := framing.NewReader(strings.NewReader(f.wire), f.framer)
		for _, want := range f.payloads {
			p, err := r.ReadFrame()
			if string(p) != want || cap(p) != len(p) {
				t.Fatalf("%q of %d, %v, want %q", p, cap(p), err, want)
			}
			for i := range p {
				p[i] = '!'
			}
			_ = append(p, "over the end"...)
		}
		if _, err := r.ReadFrame(); err != io.EOF {
			t.Fatal(err)
		}
	})
}

// A framer that is set between frames cuts the bytes that wait already.
func TestReader_SetFramer(t *testing.T) {
	const wire = "text\n" + "\x00\x03abc" + "fixed" + "text again\r\n"
	for _, s := range sources {
		r := newReader(s.of(strings.NewReader(wire)), delimiter.Line(), 1)
		for _, step := range []struct {
			framer framing.Framer
			want   string
		}{
			{delimiter.Line(), "text"},
			{lengthprefix.Uint16(), "abc"},
			{must(fixed.New(5)), "fixed"},
			{delimiter.Line(), "text again"},
		} {
			if err := r.SetFramer(step.framer); err != nil {
				t.Fatal(err)
			}
			if p, err := r.ReadFrame(); string(p) != step.want {
				t.Fatalf("%s: %q, %v, want %q", s.name, p, err, step.want)
			}
		}
	}
}

// Also where a part of a frame has been looked at, and its size announced.
func TestReader_SetFramerInsideAFrame(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		frame := f.frames[len(f.frames)-1]
		for cut := range len(frame) {
			b := framing.NewBuffer(f.framer)
			io.WriteString(b, frame[:cut])
			if p, ok, err := b.Next(); ok || err != nil {
				t.Fatalf("%q: %q, %v", frame[:cut], p, err)
			}
			if err := b.SetFramer(must(fixed.New(len(frame)))); err != nil {
				t.Fatal(err)
			}
			io.WriteString(b, frame[cut:])
			if p, _, err := b.Next(); string(p) != frame {
				t.Fatalf("cut at %d: %q, %v, want %q", cut, p, err, frame)
			}
		}
	})
}

func TestReader_SetFramerWhileSkipping(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		const limit = 1
		for cut := 1; cut <= len(f.wire); cut++ {
			src := &pieces{{f.wire[:cut], nil}, {"", errPause}, {f.wire[cut:], nil}}
			r := newReader(src, f.framer, 1)
			r.SetMaxPayload(limit)
			skipping := false // the last error cost a frame, which has not passed
			for {
				_, err := r.ReadFrame()
				switch {
				case errors.Is(err, framing.ErrFrame):
					skipping = true
				case err == errPause:
					// What has arrived is skipped: only if the frame is not over
					// is there anything to wait for.
					atEnd := false
					for _, start := range f.starts() {
						atEnd = atEnd || start == cut
					}
					skipping = skipping && !atEnd
				default:
					skipping = false
				}
				if got := r.SetFramer(f.framer); skipping && err != errPause && got != framing.ErrSkipping {
					t.Fatalf("%q: SetFramer while skipping: %v", f.wire[:cut], got)
				} else if !skipping && (err == nil || err == errPause) && got != nil {
					t.Fatalf("%q: SetFramer between frames: %v", f.wire[:cut], got)
				}
				if err == io.EOF {
					break
				}
			}
		}
	})
}

var errPause = errors.New("pause")

// What was read and not returned can be reached: with its end, and what follows
// in the source, it is the rest of the stream.
func TestReader_Buffered(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		for _, s := range sources {
			for n, start := range f.starts() {
				src := s.of(strings.NewReader(f.wire))
				r := newReader(src, f.framer, 16)
				for range n {
					if _, err := r.ReadFrame(); err != nil {
						t.Fatal(err)
					}
				}
				rest, err := io.ReadAll(io.MultiReader(strings.NewReader(string(r.Buffered())), src))
				if string(rest) != f.wire[start:] || err != nil {
					t.Fatalf("%s, after %d frames: %q, %v, want %q", s.name, n, rest, err, f.wire[start:])
				}
			}
		}
	})
}

func TestReader_AcceptUnterminated(t *testing.T) {
	for _, test := range []struct {
		framer framing.Framer
		wire   string
		want   []string
	}{
		{delimiter.Line(), "a\nlast", []string{`"a"`, `"last"`, "EOF"}},
		{delimiter.Line(), "a\nlast\r", []string{`"a"`, `"last"`, "EOF"}},
		{delimiter.Line(), "a\n\r", []string{`"a"`, `""`, "EOF"}},
		{delimiter.Line(), "a\n", []string{`"a"`, "EOF"}},
		{delimiter.Line(), "", []string{"EOF"}},
		{delimiter.Line().Keep(), "a\nlast\r", []string{`"a\n"`, `"last\r"`, "EOF"}},
		{delimiter.CRLF(), "a\r\nlast\r", []string{`"a"`, `"last\r"`, "EOF"}},
		{must(delimiter.New("<end>")), "a<end>last<en", []string{`"a"`, `"last<en"`, "EOF"}},
		// Larger than the limit is larger than the limit: here by one byte, by
		// two, by many, and what may be within.
		{delimiter.Line(), "largest-", []string{`"largest-"`, "EOF"}},
		{delimiter.Line(), "largest-\r", []string{`"largest-"`, "EOF"}},
		{delimiter.Line(), "too large", []string{"*framing.TooLargeError, one frame: framing: frame at offset 0: payload of 9 bytes is larger than the limit of 8", "EOF"}},
		{delimiter.Line(), "too large\r", []string{"*framing.TooLargeError, one frame: framing: frame at offset 0: payload larger than the limit of 8", "EOF"}},
		{delimiter.Line(), "a\nmuch too large", []string{`"a"`, "*framing.TooLargeError, one frame: framing: frame at offset 2: payload larger than the limit of 8", "EOF"}},
		// Of these nothing can be told without an end.
		{lengthprefix.Uint8(), "\x01a\x05last", []string{`"a"`, "*framing.UnexpectedEOFError: framing: frame at offset 2: unexpected EOF after 5 of 6 bytes"}},
		{escaped{}, "a.last", []string{`"a"`, "*framing.UnexpectedEOFError: framing: frame at offset 2: unexpected EOF after 4 bytes"}},
		{escaped{}, "much, much too large", []string{
			"*framing.TooLargeError, one frame: framing: frame at offset 0: payload larger than the limit of 8",
			"*framing.UnexpectedEOFError: framing: frame at offset 0: unexpected EOF after 20 bytes"}},
	} {
		for _, s := range sources {
			for _, initial := range initials {
				r := newReader(s.of(strings.NewReader(test.wire)), test.framer, initial)
				r.SetMaxPayload(8)
				r.AcceptUnterminated(true)
				same(t, fmt.Sprintf("%s, %q, buffer %d", s.name, test.wire, initial), readAll(t, r), test.want)
			}
		}
	}
}

// ending is a framer of lines with an opinion on the last one.
type ending struct{ *delimiter.Framer }

var errNoEnd = errors.New("malformed end")

func (ending) End(data []byte) ([]byte, error) { return nil, errNoEnd }

func TestReader_AcceptUnterminatedRefused(t *testing.T) {
	r := newReader(strings.NewReader("a\nlast"), ending{delimiter.Line()}, 1)
	r.AcceptUnterminated(true)
	same(t, "End refuses", readAll(t, r), []string{`"a"`, "*framing.FormatError: framing: frame at offset 2: malformed end"})
}

// Frames stops where its caller stops, and goes on there.
func TestReader_FramesStops(t *testing.T) {
	r := newReader(strings.NewReader("a\nb\nc\n"), delimiter.Line(), 1)
	for _, want := range []string{"a", "b", "c"} {
		for p, err := range r.Frames() {
			if string(p) != want || err != nil {
				t.Fatalf("%q, %v, want %q", p, err, want)
			}
			break
		}
	}
	for p, err := range r.Frames() {
		t.Errorf("at the end: %q, %v", p, err)
	}
}
