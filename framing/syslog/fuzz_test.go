package syslog_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/syslog"
)

var (
	counted  = regexp.MustCompile(`^([1-9][0-9]{0,8}) (<[0-9]{1,3}>)`)
	beginPRI = regexp.MustCompile(`^<[0-9]{1,3}>`)
	long     = regexp.MustCompile(`[0-9]{6} <`)
)

// isCounted reports whether data begins with the head of a counted frame, and returns
// the size of its payload.
func isCounted(data []byte) (head string, size int, ok bool) {
	m := counted.FindSubmatch(data)
	if m == nil {
		return "", 0, false
	}
	size, err := strconv.Atoi(string(m[1]))
	return string(m[1]) + " ", size, err == nil && size >= len(m[2])
}

// FuzzSyslog compares Split and Append with a decoder made of regular expressions.
func FuzzSyslog(f *testing.F) {
	for _, wire := range []string{"9 <13>hello<13>line\n", "54 <1 minute elapsed\n", "5 <13>\n", "\n\r\n\r\r\na\n", "<1>a\nb", "4 <13>", "1234567890 <1>\n"} {
		f.Add([]byte(wire))
	}
	frametest.Vectors(f, "syslog", func(_ string, wire []byte) { f.Add(wire) })
	f.Fuzz(func(t *testing.T, wire []byte) {
		if len(wire) > frametest.MaxFuzz || long.Match(wire) {
			return
		}
		var want frametest.Stream
		for rest := wire; len(rest) > 0; {
			if head, size, ok := isCounted(rest); ok {
				rest = rest[len(head):]
				if want.Torn = len(rest) < size; want.Torn {
					break
				}
				want.Valid(rest[:size])
				rest = rest[size:]
				continue
			}
			line, more, ok := bytes.Cut(rest, []byte("\n"))
			if want.Torn = !ok; want.Torn {
				break
			}
			if line = bytes.TrimSuffix(line, []byte("\r")); len(line) > 0 {
				want.Valid(line)
			}
			rest = more
		}
		frametest.Compare(t, syslog.New(), wire, want)

		line := fmt.Appendf(nil, "%s\n", wire)
		if bytes.HasSuffix(wire, []byte("\r")) {
			line = fmt.Appendf(nil, "%s\r\n", wire)
		}
		if _, _, ok := isCounted(wire); ok || len(wire) == 0 || bytes.ContainsRune(wire, '\n') {
			line = nil
		}
		count := line
		if beginPRI.Match(wire) {
			count = fmt.Appendf(nil, "%d %s", len(wire), wire)
		}
		frametest.CheckAppend(t, syslog.New(), wire, count)
		if line == nil {
			line = count
		}
		frametest.CheckAppend(t, syslog.New().WriteLines(), wire, line)
	})
}
