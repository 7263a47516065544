package framing_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/netstring"
)

// A trailerFramer is a length prefix with the trailer "end".
type trailerFramer struct{ *lengthprefix.Framer }

var errTrailer = errors.New("malformed trailer: want end")

func (f trailerFramer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	frame, r, err := f.Framer.Split(data, r)
	if frame.Size == 0 || err != nil {
		return frame, r, err
	}
	frame.Size += len("end")
	if len(data) >= frame.Size && string(data[frame.End:frame.Size]) != "end" {
		return frame, r, errTrailer
	}
	return frame, r, nil
}

func (f trailerFramer) Append(dst, payload []byte) ([]byte, error) {
	dst, err := f.Framer.Append(dst, payload)
	if err == nil {
		dst = append(dst, "end"...)
	}
	return dst, err
}

func (f trailerFramer) MaxEncodedLen(n int) int { return f.Framer.MaxEncodedLen(n + 3) }

func (trailerFramer) Trailer() []byte { return []byte("end") }

// A checksumFramer is a length prefix with a checksum of one byte after the payload,
// the sum of its bytes. It announces its payload, but is no Encloser.
type checksumFramer struct{}

var errChecksum = errors.New("malformed frame: wrong checksum")

func (checksumFramer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	frame, r, err := lengthprefix.Uint32().Split(data, r)
	if frame.Size == 0 || err != nil {
		return frame, r, err
	}
	frame.Size++
	if len(data) >= frame.Size && sum(data[frame.Start:frame.End]) != data[frame.End] {
		return frame, r, errChecksum
	}
	return frame, r, nil
}

func sum(p []byte) (s byte) {
	for _, c := range p {
		s += c
	}
	return s
}

func (checksumFramer) Append(dst, payload []byte) ([]byte, error) {
	dst, err := lengthprefix.Uint32().Append(dst, payload)
	if err == nil {
		dst = append(dst, sum(payload))
	}
	return dst, err
}

func (checksumFramer) MaxEncodedLen(n int) int { return lengthprefix.Uint32().MaxEncodedLen(n + 1) }

// A trailerCase is a stream of an invalid frame, with a wrong trailer, and a valid one
// with the payload "world".
type trailerCase struct {
	name     string
	framer   framing.Framer
	size     int // of the first payload
	bad      string
	wire     string
	trailer  int // its size
	streamed bool
}

// trailerCases returns frames of many sizes whose last bytes are wrong, one after
// another.
func trailerCases() (cases []trailerCase) {
	for _, f := range []struct {
		name     string
		framer   framing.Framer
		trailer  int
		streamed bool
	}{
		{"netstring", netstring.New(), 1, true},
		{"trailer", trailerFramer{lengthprefix.Uint32()}, 3, true},
		{"checksum", checksumFramer{}, 1, false},
	} {
		for _, size := range []int{0, 1, 5, 9000, 70_000} {
			for wrong := range f.trailer {
				if wrong > 0 && size > 5 {
					continue
				}
				frame := must(f.framer.Append(nil, bytes.Repeat([]byte("h"), size)))
				frame[len(frame)-f.trailer+wrong] ^= 0x40
				bad := string(frame)
				cases = append(cases, trailerCase{
					fmt.Sprintf("%s of %d bytes, byte %d wrong", f.name, size, wrong),
					f.framer, size, bad, string(must(f.framer.Append([]byte(bad), []byte("world")))), f.trailer, f.streamed,
				})
			}
		}
	}
	return cases
}

// eachTrailerCase runs test for each case and each way in which the stream arrives; a
// frame of 9000 bytes is larger than the buffer for a stream that arrives byte by byte.
func eachTrailerCase(t *testing.T, test func(t *testing.T, c trailerCase, wire func(string) io.Reader)) {
	for _, c := range trailerCases() {
		for _, s := range sources {
			if s.dripped && c.size > 9000 {
				continue
			}
			t.Run(c.name+"/"+s.name, func(t *testing.T) {
				test(t, c, func(wire string) io.Reader { return s.of(strings.NewReader(wire)) })
			})
		}
	}
}

// checkInvalidAtStart fails the test unless err is the FormatError of the first frame.
func checkInvalidAtStart(t *testing.T, call string, err error) {
	t.Helper()
	if e := checkAs[*framing.FormatError](t, call, err); e.Offset != 0 || e.Final {
		t.Fatalf("%s: error %v; want one at offset 0 that loses one frame", call, err)
	}
}

// checkWorldFollows fails the test unless the frame with the payload "world" and the end
// of the stream follow.
func checkWorldFollows(t *testing.T, r *framing.Reader) {
	t.Helper()
	if p, err := r.ReadFrame(); string(p) != "world" || err != nil {
		t.Fatalf(`ReadFrame() of the frame after it = %q, %v; want "world", nil`, p, err)
	}
	if p, err := r.ReadFrame(); err != io.EOF {
		t.Fatalf("ReadFrame() at the end = %q, %v; want EOF", p, err)
	}
}

// A relay from NextReader to WriteFrom writes nothing of a frame with a wrong trailer,
// or a part that no receiver takes for a frame. Its error has the reader's, and the
// frame after it passes unless a part was written.
func TestWrongTrailer_IsNotRelayed(t *testing.T) {
	eachTrailerCase(t, func(t *testing.T, c trailerCase, wire func(string) io.Reader) {
		for _, conn := range []bool{false, true} {
			r := framing.NewReader(wire(c.wire), c.framer)
			var dst bytes.Buffer
			w := framing.NewWriter(&dst, c.framer)
			write := w.WriteFrom
			if conn {
				write = framing.NewConn(ioConn{Writer: &dst}, c.framer).WriteFrom
			}
			size, payload, err := r.NextReader()
			final := false
			if err == nil {
				if size != int64(c.size) {
					t.Fatalf("NextReader() = %d, _, nil; want %d", size, c.size)
				}
				e := checkAs[*framing.SourceError](t, "WriteFrom()", write(payload, size))
				final, err = e.Final, e.Err
			}
			checkInvalidAtStart(t, "NextReader() and WriteFrom()", err)
			size, payload, err = r.NextReader()
			if size != 5 || err != nil {
				t.Fatalf("NextReader() of the frame after it = %d, _, %v; want 5, nil", size, err)
			}
			if err = write(payload, size); (err == nil) == final {
				t.Fatalf("WriteFrom() of the frame after it = %v; want an error: %t", err, final)
			}
			w.Flush()
			relayed := framing.NewReader(&dst, c.framer)
			if final {
				_, err := relayed.ReadFrame()
				checkAs[*framing.UnexpectedEOFError](t, "ReadFrame() of what was relayed", err)
			} else {
				checkWorldFollows(t, relayed)
			}
		}
	})
}

// A frame whose trailer is missing is not passed on as good either.
func TestMissingTrailer_IsNotRelayed(t *testing.T) {
	eachTrailerCase(t, func(t *testing.T, c trailerCase, wire func(string) io.Reader) {
		for missing := 1; missing <= c.trailer; missing++ {
			r := framing.NewReader(wire(c.bad[:len(c.bad)-missing]), c.framer)
			var dst bytes.Buffer
			w := framing.NewWriter(&dst, c.framer)
			size, payload, err := r.NextReader()
			if err == nil {
				err = w.WriteFrom(payload, size)
				checkAs[*framing.SourceError](t, "WriteFrom()", err)
			}
			checkAs[*framing.UnexpectedEOFError](t, "NextReader() and WriteFrom()", err)
			w.Flush()
			if p, err := framing.NewReader(&dst, c.framer).ReadFrame(); err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("ReadFrame() of what was relayed = %d bytes, %v; want none", len(p), err)
			}
		}
	})
}

// io.ReadFull of exactly the size, ReadAll and WriteTo return the error in place of the
// last byte, once and for all; then the next frame is read.
func TestWrongTrailer_IsReadBeforeTheLastByte(t *testing.T) {
	eachTrailerCase(t, func(t *testing.T, c trailerCase, wire func(string) io.Reader) {
		for way, read := range map[string]func(io.Reader) (int64, error){
			"ReadFull": func(p io.Reader) (int64, error) {
				n, err := io.ReadFull(p, make([]byte, c.size))
				return int64(n), err
			},
			"ReadAll": func(p io.Reader) (int64, error) {
				all, err := io.ReadAll(p)
				return int64(len(all)), err
			},
			"WriteTo": func(p io.Reader) (int64, error) { return p.(io.WriterTo).WriteTo(io.Discard) },
		} {
			r := framing.NewReader(wire(c.wire), c.framer)
			_, payload, err := r.NextReader()
			if err == nil {
				if !c.streamed {
					t.Fatalf("NextReader(): no error; want that of the checksum")
				}
				var n int64
				if n, err = read(payload); n >= int64(c.size) {
					t.Fatalf("%s of the payload = %d, %v; want less than %d", way, n, err, c.size)
				}
				if _, again := payload.Read(make([]byte, 1)); again != err {
					t.Fatalf("Read() again: error %v; want %v", again, err)
				}
			}
			checkInvalidAtStart(t, way, err)
			checkWorldFollows(t, r)
		}
	})
}

// If a payload is not read, or half of it, the next read method returns the error.
func TestWrongTrailer_OfSkippedPayload(t *testing.T) {
	eachTrailerCase(t, func(t *testing.T, c trailerCase, wire func(string) io.Reader) {
		for name, next := range map[string]func(*framing.Reader) error{
			"ReadFrame":     func(r *framing.Reader) error { _, err := r.ReadFrame(); return err },
			"AppendPayload": func(r *framing.Reader) error { _, err := r.AppendPayload(nil); return err },
			"NextReader":    func(r *framing.Reader) error { _, _, err := r.NextReader(); return err },
			"Frames": func(r *framing.Reader) error {
				for _, err := range r.Frames() {
					return err
				}
				return io.EOF
			},
		} {
			for _, part := range []int{0, c.size / 2, c.size - 1} {
				r := framing.NewReader(wire(c.wire), c.framer)
				_, payload, err := r.NextReader()
				if err == nil {
					// All in one buffer, the trailer is verified with the first byte.
					if _, err = io.ReadFull(payload, make([]byte, max(0, part))); err == nil {
						err = next(r)
					}
				}
				checkInvalidAtStart(t, name, err)
				checkWorldFollows(t, r)
			}
		}
	})
}

// A frame that is too large and has a wrong trailer is one error, not two.
func TestWrongTrailer_OfTooLargeFrame(t *testing.T) {
	eachTrailerCase(t, func(t *testing.T, c trailerCase, wire func(string) io.Reader) {
		if c.size <= 5 {
			return
		}
		r := framing.NewReader(wire(c.wire), c.framer)
		r.SetMaxPayload(5)
		_, err := r.ReadFrame()
		checkTooLarge(t, "ReadFrame()", err, 5, c.size)
		checkWorldFollows(t, r)

		r = framing.NewReader(wire(c.wire), c.framer)
		r.SetMaxPayload(5)
		_, payload, err := r.NextReader()
		if !c.streamed {
			checkTooLarge(t, "NextReader()", err, 5, c.size)
		} else {
			if err == nil {
				_, err = io.Copy(io.Discard, payload)
			}
			checkInvalidAtStart(t, "NextReader() and Copy()", err)
		}
		checkWorldFollows(t, r)
	})
}
