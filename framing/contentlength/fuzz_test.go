package contentlength_test

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/contentlength"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
)

// FuzzContentLength compares Split and Append with a decoder made of regular expressions.
func FuzzContentLength(f *testing.F) {
	for _, wire := range []string{
		"Content-Length: 5\r\n\r\nhello", "content-length:5 \r\nA: b\r\n\r\nhello", "A:\r\nContent-Length: 0\r\n\r\n",
		"Content-Length: 1\r\nContent-Length: 1\r\n\r\na", "Content-Length: 01\r\n\r\n", "Content-Length: 5\n\nhello", "A: b\r\n\r\n", "\r\n\r\nContent-Length: 1\r\n\r\na\r\n",
	} {
		f.Add([]byte(wire))
	}
	frametest.Vectors(f, "content-length", func(_ string, wire []byte) { f.Add(wire) })
	long := regexp.MustCompile(`[0-9]{6}`)
	f.Fuzz(func(t *testing.T, wire []byte) {
		if len(wire) > frametest.MaxFuzz || long.Match(wire) {
			return // for TestMaxHeader and TestTooLarge
		}
		plain, keep := contentlength.New(), contentlength.New().Keep()
		frametest.Compare(t, plain, wire, decode(plain, false, wire))
		kept := decode(keep, true, wire)
		frametest.Compare(t, keep, wire, kept)

		frametest.CheckAppend(t, plain, wire, fmt.Appendf(nil, "Content-Length: %d\r\n\r\n%s", len(wire), wire))
		if kept.Lost || kept.Torn || len(kept.Frames) != 1 || kept.Frames[0].Payload != string(wire) {
			frametest.CheckAppend(t, keep, wire, nil)
		} else {
			frametest.CheckAppend(t, keep, wire, wire)
		}
	})
}

const token = "[-!#$%&'*+.^_`|~0-9A-Za-z]+"

var (
	header  = regexp.MustCompile(`^(` + token + `:[\t -~\x80-\xff]*\r\n)*\r\n`)
	length  = regexp.MustCompile(`(?mi)^Content-Length:[\t ]*(0|[1-9][0-9]*)[\t ]*\r$`)
	lengths = regexp.MustCompile(`(?mi)^Content-Length:`)
)

// decode returns what wire contains. Whether an incomplete header is malformed is for
// TestWire and TestErrors: decode asks f.
func decode(f *contentlength.Framer, keep bool, wire []byte) (want frametest.Stream) {
	for len(wire) > 0 {
		head := header.FindString(string(latin1(wire)))
		head = string(wire[:len([]rune(head))])
		m := length.FindStringSubmatch(head)
		switch {
		case head == "":
			_, _, err := f.Split(wire, framing.Resume{})
			want.Torn, want.Lost = err == nil, err != nil
			return want
		case head == "\r\n" && keep:
			wire = wire[2:]
			continue
		case m == nil || len(lengths.FindAllString(head, -1)) != 1:
			want.Lost = true
			return want
		}
		size, err := strconv.Atoi(m[1])
		if size += len(head); err != nil || len(wire) < size {
			want.Torn = true
			return want
		}
		if keep {
			head = ""
		}
		want.Valid(wire[len(head):size])
		wire = wire[size:]
	}
	return want
}

// latin1 returns data with each byte as a character.
func latin1(data []byte) []rune {
	r := make([]rune, len(data))
	for i, c := range data {
		r[i] = rune(c)
	}
	return r
}
