package framing_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
)

// echoWays are the ways in which a payload is written.
var echoWays = map[string]func(*framing.Writer, *framing.Conn, []byte) error{
	"Writer.WriteFrame": func(w *framing.Writer, _ *framing.Conn, p []byte) error { return w.WriteFrame(p) },
	"Writer.WriteFrom": func(w *framing.Writer, _ *framing.Conn, p []byte) error {
		return w.WriteFrom(bytes.NewReader(p), int64(len(p)))
	},
	"Conn.WriteFrame":  func(_ *framing.Writer, c *framing.Conn, p []byte) error { return c.WriteFrame(p) },
	"Conn.WriteFrames": func(_ *framing.Writer, c *framing.Conn, p []byte) error { return c.WriteFrames(p) },
	"Conn.WriteFrom": func(_ *framing.Writer, c *framing.Conn, p []byte) error {
		return c.WriteFrom(bytes.NewReader(p), int64(len(p)))
	},
}

// checkEcho fails the test unless the valid frames of wire are written, in each of the
// echoWays, as frames that carry the same payloads.
func checkEcho(t *testing.T, f framing.Framer, wire string) {
	t.Helper()
	want := frametest.ReadAll(framing.NewReader(strings.NewReader(wire), f))
	for way, write := range echoWays {
		dst := &failingWriter{left: 1 << 30} // it has WriteBuffers
		w := framing.NewWriter(dst, f)
		c := framing.NewConn(struct {
			io.ReadCloser
			*failingWriter
		}{nil, dst}, f)
		for p, err := range framing.NewReader(strings.NewReader(wire), f).Frames() {
			if err != nil {
				if errors.Is(err, framing.ErrFrame) {
					continue
				}
				break
			}
			if err := write(w, c, p); err != nil {
				t.Fatalf("%v: %s of %.40q, read from %.40q, = %v; want nil", f, way, p, wire, err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		got := frametest.ReadAll(framing.NewReader(&dst.taken, f))
		if len(got.Frames) != len(want.Frames) || got.Torn || got.Lost {
			t.Fatalf("%v: %s of the payloads of %.40q wrote %d frames; want %d", f, way, wire, len(got.Frames), len(want.Frames))
		}
		for i := range got.Frames {
			if got.Frames[i] != want.Frames[i] {
				t.Fatalf("%v: %s of frame %d of %.40q wrote %.40q; want %.40q", f, way, i, wire, got.Frames[i].Payload, want.Frames[i].Payload)
			}
		}
	}
}

// A Writer takes whatever a Reader delivers, in any form in which it was received, and
// writes it as a frame that brings the same payload back.
func TestEcho(t *testing.T) {
	eachFamily(t, func(t *testing.T, f family) { checkEcho(t, f.framer, f.wire) })
}

// So does it for every stream of delimiters and of bytes that are parts of them.
func TestEcho_EveryShortStream(t *testing.T) {
	for _, test := range []struct {
		framer   framing.Framer
		alphabet string
	}{
		{delimiter.Line(), "x\r\n"},
		{delimiter.CRLF(), "x\r\n"},
		{must(delimiter.New(";", "a;")), "xa;"},
		{must(delimiter.New("a;", ";")), "xa;"},
		{must(delimiter.New("|", "END", "BEND")), "|END"},
		{must(delimiter.New("ab", "bab", "c")), "abc"},
		{must(delimiter.New("aa")), "ax"},
	} {
		streams := []string{""} // of the same length
		for range 6 {
			var longer []string
			for _, s := range streams {
				for _, c := range test.alphabet {
					longer = append(longer, s+string(c))
				}
			}
			streams = longer
		}
		for _, s := range streams {
			checkEcho(t, test.framer, s)
		}
	}
}

// Nor is a large payload refused, or written in another form, because it is sent in a
// vectored write or from a source.
func TestEcho_LargePayloads(t *testing.T) {
	large := strings.Repeat("x", 20_000)
	checkEcho(t, delimiter.Line(), large+"\r\r\n"+large+"\n"+large+"\r\r\r\n")
	checkEcho(t, must(delimiter.New(";", "a;")), large+"a;"+large+";")
	checkEcho(t, must(delimiter.New("a;", ";")), large+"aa;"+large+"a;"+large+";")
}
