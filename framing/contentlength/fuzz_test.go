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
		"Content-Length: 1\r\nContent-Length: 1\r\n\r\na", "Content-Length: 01\r\n\r\n", "Content-Length: 5\n\nhello", "A: b\r\n\r\n",
	} {
		f.Add([]byte(wire))
	}
	frametest.Vectors(f, "content-length", func(_ string, wire []byte) { f.Add(wire) })
	const token = "[-!#$%&'*+.^_`|~0-9A-Za-z]+"
	header := regexp.MustCompile(`^(` + token + `:[\t -~\x80-\xff]*\r\n)*\r\n`)
	length := regexp.MustCompile(`(?mi)^Content-Length:[\t ]*(0|[1-9][0-9]*)[\t ]*\r$`)
	lengths := regexp.MustCompile(`(?mi)^Content-Length:`)
	long := regexp.MustCompile(`[0-9]{6}`)
	f.Fuzz(func(t *testing.T, wire []byte) {
		if len(wire) > frametest.MaxFuzz || long.Match(wire) {
			return // for TestMaxHeader and TestTooLarge
		}
		var want frametest.Stream
		rest := wire
		for len(rest) > 0 {
			head := header.FindString(string(latin1(rest)))
			head = string(rest[:len([]rune(head))])
			if m := length.FindStringSubmatch(head); head != "" && m != nil && len(lengths.FindAllString(head, -1)) == 1 {
				size, err := strconv.Atoi(m[1])
				if err != nil {
					t.Fatal(err)
				}
				if body := rest[len(head):]; len(body) >= size {
					want.Valid(body[:size])
					rest = body[size:]
					continue
				}
				want.Torn = true
			} else if head != "" {
				want.Lost = true
			}
			break
		}
		if len(rest) > 0 && !want.Torn && !want.Lost {
			// There is no complete header. Whether it is incomplete or malformed
			// is for TestWire and TestErrors.
			_, _, err := contentlength.New().Split(rest, framing.Resume{})
			want.Torn, want.Lost = err == nil, err != nil
		}
		frametest.Compare(t, contentlength.New(), wire, want)
		frametest.CheckAppend(t, contentlength.New(), wire, fmt.Appendf(nil, "Content-Length: %d\r\n\r\n%s", len(wire), wire))
	})
}

// latin1 returns data with each byte as a character.
func latin1(data []byte) []rune {
	r := make([]rune, len(data))
	for i, c := range data {
		r[i] = rune(c)
	}
	return r
}
