package octetcount_test

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/octetcount"
)

// FuzzOctetCount compares Split and Append with a decoder made of a regular expression.
func FuzzOctetCount(f *testing.F) {
	for _, wire := range []string{"0 ", "5 hello", "2 ab1 d", "01 a", "3 a  10 0123456789", "4 abc", "<1>"} {
		f.Add([]byte(wire))
	}
	frametest.Vectors(f, "octet-count", func(_ string, wire []byte) { f.Add(wire) })
	header := regexp.MustCompile(`^([1-9][0-9]{0,5}) `)
	begun := regexp.MustCompile(`^([1-9][0-9]{0,5})?$`)
	long := regexp.MustCompile(`[0-9]{6}`)
	f.Fuzz(func(t *testing.T, wire []byte) {
		if len(wire) > frametest.MaxFuzz || long.Match(wire) {
			return // for TestTooLarge
		}
		var want frametest.Stream
		for rest := wire; len(rest) > 0; {
			m := header.FindSubmatch(rest)
			if m == nil {
				want.Torn = begun.Match(rest)
				want.Lost = !want.Torn
				break
			}
			size, err := strconv.Atoi(string(m[1]))
			if err != nil {
				t.Fatal(err)
			}
			body := rest[len(m[0]):]
			if len(body) < size {
				want.Torn = true
				break
			}
			want.Valid(body[:size])
			rest = body[size:]
		}
		frametest.Compare(t, octetcount.New(), wire, want)
		if len(wire) == 0 {
			frametest.CheckAppend(t, octetcount.New(), wire, nil)
		} else {
			frametest.CheckAppend(t, octetcount.New(), wire, fmt.Appendf(nil, "%d %s", len(wire), wire))
		}
	})
}
