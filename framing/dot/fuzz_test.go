package dot_test

import (
	"bufio"
	"bytes"
	"net/textproto"
	"regexp"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing/dot"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
)

var (
	frame = regexp.MustCompile(`^(?s:(.*?\r\n)??)\.\r\n`)
	text  = regexp.MustCompile(`^([^\r\n]*\r\n)*$`)
	dots  = regexp.MustCompile(`(?m)^\.`)
)

// FuzzDot compares Split and Append with a decoder made of regular expressions, and both
// with net/textproto, which accepts more, and delivers "\n" for "\r\n".
func FuzzDot(f *testing.F) {
	for _, wire := range []string{".\r\n", "hello\r\n.\r\n..\r\n.\r\n", ".a\r\n...\r\n.\r\n", "a\n.\r\n.\r\n", "\r\n.\r\n", "a.\r\n.\r\n"} {
		f.Add([]byte(wire))
	}
	frametest.Vectors(f, "dot", func(_ string, wire []byte) { f.Add(wire) })
	f.Fuzz(func(t *testing.T, wire []byte) {
		if len(wire) > frametest.MaxFuzz {
			return
		}
		var want frametest.Stream
		for rest := wire; len(rest) > 0; {
			m := frame.FindSubmatch(rest)
			if m == nil {
				want.Torn = true
				break
			}
			if !text.Match(m[1]) {
				want.Invalid()
			} else {
				payload := dots.ReplaceAll(m[1], nil)
				want.Valid(payload)
				checkTextproto(t, rest[:len(m[0])], payload)
			}
			rest = rest[len(m[0]):]
		}
		frametest.Compare(t, dot.New(), wire, want)

		if !text.Match(wire) {
			frametest.CheckAppend(t, dot.New(), wire, nil)
			return
		}
		written := append(dots.ReplaceAll(wire, []byte("..")), ".\r\n"...)
		frametest.CheckAppend(t, dot.New(), wire, written)
		checkTextproto(t, written, wire)
	})
}

// checkTextproto fails unless net/textproto reads payload from wire, and writes wire if
// that is as Append writes it.
func checkTextproto(t *testing.T, wire, payload []byte) {
	t.Helper()
	lines := strings.ReplaceAll(string(payload), "\r\n", "\n")
	got, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(wire))).ReadDotBytes()
	if err != nil || string(got) != lines {
		t.Fatalf("textproto reads %q, %v from %q; want %q", got, err, wire, lines)
	}
	var out strings.Builder
	w := textproto.NewWriter(bufio.NewWriter(&out))
	d := w.DotWriter()
	if _, err := d.Write(payload); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	own, err := dot.New().Append(nil, payload)
	if len(payload) == 0 {
		own = append([]byte("\r\n"), own...) // textproto writes an empty line
	}
	if err != nil || out.String() != string(own) {
		t.Fatalf("textproto writes %q for %q; Append %q, %v", out.String(), payload, own, err)
	}
}
