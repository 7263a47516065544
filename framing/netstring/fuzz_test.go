package netstring_test

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/netstring"
)

// FuzzNetstring compares Split and Append with a decoder made of a regular expression.
func FuzzNetstring(f *testing.F) {
	for _, wire := range []string{"0:,", "5:hello,", "2:abc1:d,", "01:a,", "3:a:,,10:0123456789,", "4:abc"} {
		f.Add([]byte(wire))
	}
	frametest.Vectors(f, "netstring", func(_ string, wire []byte) { f.Add(wire) })
	header := regexp.MustCompile(`^(0|[1-9][0-9]{0,5}):`)
	begun := regexp.MustCompile(`^(0|[1-9][0-9]{0,5})?$`)
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
			if len(body) < size+1 {
				want.Torn = true
				break
			}
			if body[size] == ',' {
				want.Valid(body[:size])
			} else {
				want.Invalid()
			}
			rest = body[size+1:]
		}
		frametest.Compare(t, netstring.New(), wire, want)
		frametest.CheckAppend(t, netstring.New(), wire, fmt.Appendf(nil, "%d:%s,", len(wire), wire))
	})
}
