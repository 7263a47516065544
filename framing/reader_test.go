package framing_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/netstring"
)

// A source whose counts are impossible, or never any, is an error.
func TestReader_HostileSources(t *testing.T) {
	for _, test := range []struct {
		source countReader
		want   string
	}{
		{countReader{0}, io.ErrNoProgress.Error()},
		{countReader{-1}, "framing: Read returned an impossible count"},
		{countReader{tooMany}, "framing: Read returned an impossible count"},
		{countReader{2, tooMany}, "framing: Read returned an impossible count"},
		{countReader{2, -5}, "framing: Read returned an impossible count"},
	} {
		for _, initial := range initials {
			source := slices.Clone(test.source)
			r := newReader(&source, lengthprefix.Uint64(), initial)
			for range 3 {
				if p, err := r.ReadFrame(); p != nil || err == nil || err.Error() != test.want {
					t.Errorf("counts %v, buffer %d: ReadFrame() = %q, %v; want nil, %s", test.source, initial, p, err, test.want)
				}
			}
		}
	}
	r := framing.NewReader(&countReader{0}, lengthprefix.Uint64())
	if _, err := r.ReadFrame(); err != io.ErrNoProgress {
		t.Errorf("ReadFrame(): error %v; want io.ErrNoProgress", err)
	}
}

// A source may return 0, nil up to 99 times before each byte.
func TestReader_NoProgressForAWhile(t *testing.T) {
	src := &emptyReadsReader{r: iotest.OneByteReader(strings.NewReader("ab\n")), n: 99}
	if p, err := newReader(src, delimiter.Line(), 1).ReadFrame(); string(p) != "ab" || err != nil {
		t.Errorf(`ReadFrame() = %q, %v; want "ab", nil`, p, err)
	}
}

// The caller may modify a payload, and appending to it does not overwrite the bytes
// that follow.
func TestReader_PayloadMayBeModified(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		r := framing.NewReader(strings.NewReader(f.wire), f.framer)
		for _, want := range f.payloads {
			p, err := r.ReadFrame()
			if string(p) != want || cap(p) != len(p) {
				t.Fatalf("ReadFrame() = %q of capacity %d, %v; want %q, its size, nil", p, cap(p), err, want)
			}
			for i := range p {
				p[i] = '!'
			}
			_ = append(p, "over the end"...)
		}
		if p, err := r.ReadFrame(); err != io.EOF {
			t.Fatalf("ReadFrame() at the end = %q, %v; want EOF", p, err)
		}
	})
}

// A Framer that is set between frames splits the bytes that are already buffered.
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
				t.Fatalf("%s: ReadFrame() = %q, %v; want %q, nil", s.name, p, err, step.want)
			}
		}
	}
}

// So does one that is set after a part of a frame was examined, and its size
// announced.
func TestReader_SetFramerInsideAFrame(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		frame := f.frames[len(f.frames)-1]
		for cut := range len(frame) {
			b := framing.NewBuffer(f.framer)
			io.WriteString(b, frame[:cut])
			if p, ok, err := b.Next(); ok || err != nil {
				t.Fatalf("Next() of %q = %q, %v, %v; want false, nil", frame[:cut], p, ok, err)
			}
			if err := b.SetFramer(must(fixed.New(len(frame)))); err != nil {
				t.Fatal(err)
			}
			io.WriteString(b, frame[cut:])
			if p, _, err := b.Next(); string(p) != frame {
				t.Fatalf("cut at %d: Next() = %q, %v; want %q, nil", cut, p, err, frame)
			}
		}
	})
}

// SetFramer returns ErrSkipping while a frame is skipped, and only then.
func TestReader_SetFramerWhileSkipping(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) {
		const limit = 1
		for cut := 1; cut <= len(f.wire); cut++ {
			src := script(f.wire[:cut], "", f.wire[cut:])
			r := newReader(src, f.framer, 1)
			r.SetMaxPayload(limit)
			skipping := false // the last error was of a frame that has not been skipped
			for {
				_, err := r.ReadFrame()
				switch {
				case errors.Is(err, framing.ErrFrame):
					skipping = true
				case err == errPause:
					// The bytes that arrived were skipped: more are missing unless
					// they ended with the frame.
					atEnd := false
					for _, start := range f.starts() {
						atEnd = atEnd || start == cut
					}
					skipping = skipping && !atEnd
				default:
					skipping = false
				}
				if got := r.SetFramer(f.framer); skipping && err != errPause && got != framing.ErrSkipping {
					t.Fatalf("%q: SetFramer() while skipping = %v; want ErrSkipping", f.wire[:cut], got)
				} else if !skipping && (err == nil || err == errPause) && got != nil {
					t.Fatalf("%q: SetFramer() between frames = %v; want nil", f.wire[:cut], got)
				}
				if err == io.EOF {
					break
				}
			}
		}
	})
}

// Unread returns the bytes that were read and not yet returned: with those that
// remain in the source they are the rest of the stream.
func TestReader_Unread(t *testing.T) {
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
				rest, err := io.ReadAll(io.MultiReader(strings.NewReader(string(r.Unread())), src))
				if string(rest) != f.wire[start:] || err != nil {
					t.Fatalf("%s, after %d frames: Unread() and the source hold %q, %v; want %q", s.name, n, rest, err, f.wire[start:])
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
		// At the limit, and over it by one byte, two and many.
		{delimiter.Line(), "largest-", []string{`"largest-"`, "EOF"}},
		{delimiter.Line(), "largest-\r", []string{`"largest-"`, "EOF"}},
		{delimiter.Line(), "too large", []string{"*framing.TooLargeError, one frame: framing: frame at offset 0: payload of 9 bytes exceeds the limit of 8 bytes", "EOF"}},
		{delimiter.Line(), "too large\r", []string{"*framing.TooLargeError, one frame: framing: frame at offset 0: payload exceeds the limit of 8 bytes", "EOF"}},
		{delimiter.Line(), "a\nmuch too large", []string{`"a"`, "*framing.TooLargeError, one frame: framing: frame at offset 2: payload exceeds the limit of 8 bytes", "EOF"}},
		// These Framers are no Finisher.
		{lengthprefix.Uint8(), "\x01a\x05last", []string{`"a"`, "*framing.UnexpectedEOFError: framing: frame at offset 2: unexpected EOF after 5 of 6 bytes"}},
		{escaped{}, "a.last", []string{`"a"`, "*framing.UnexpectedEOFError: framing: frame at offset 2: unexpected EOF after 4 bytes"}},
		{escaped{}, "much, much too large", []string{
			"*framing.TooLargeError, one frame: framing: frame at offset 0: payload exceeds the limit of 8 bytes",
			"*framing.UnexpectedEOFError: framing: frame at offset 0: unexpected EOF after 20 bytes"}},
	} {
		for _, s := range sources {
			for _, initial := range initials {
				r := newReader(s.of(strings.NewReader(test.wire)), test.framer, initial)
				r.SetMaxPayload(8)
				r.AcceptUnterminated(true)
				sameEvents(t, fmt.Sprintf("%s, %q, buffer %d", s.name, test.wire, initial), readAll(t, r), test.want)
			}
		}
	}
}

// A finishErrFramer is a Framer of lines whose Finish fails.
type finishErrFramer struct{ *delimiter.Framer }

var errFinish = errors.New("malformed end")

func (finishErrFramer) Finish(data []byte) ([]byte, error) { return nil, errFinish }

func TestReader_AcceptUnterminatedRefused(t *testing.T) {
	r := newReader(strings.NewReader("a\nlast"), finishErrFramer{delimiter.Line()}, 1)
	r.AcceptUnterminated(true)
	sameEvents(t, "Finish fails", readAll(t, r), []string{`"a"`, "*framing.FormatError: framing: frame at offset 2: malformed end"})
}

// A new iterator of Frames resumes where the last one stopped.
func TestReader_FramesStops(t *testing.T) {
	r := newReader(strings.NewReader("a\nb\nc\n"), delimiter.Line(), 1)
	for _, want := range []string{"a", "b", "c"} {
		for p, err := range r.Frames() {
			if string(p) != want || err != nil {
				t.Fatalf("Frames() yields %q, %v; want %q, nil", p, err, want)
			}
			break
		}
	}
	for p, err := range r.Frames() {
		t.Errorf("Frames() at the end yields %q, %v; want nothing", p, err)
	}
}

// An error of the source that matches ErrFrame is about frames of the source: the
// Reader cannot continue, and its error does not say that it can.
func TestReader_SourceOfFrames(t *testing.T) {
	outer := framing.NewReader(iotest.OneByteReader(strings.NewReader("5:a\nbc\nX3:xyz,")), netstring.New())
	_, payload, err := outer.NextReader()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for p, err := range framing.NewReader(payload, delimiter.Line()).Frames() {
		if got = append(got, event(string(p), err)); len(got) > 5 {
			break
		}
	}
	if len(got) != 2 || got[0] != `"a"` || errors.Is(err, framing.ErrFrame) || !strings.Contains(got[1], "malformed trailer") {
		t.Errorf("Frames() of a payload with a wrong trailer = %q; want \"a\" and one error", got)
	}
}
