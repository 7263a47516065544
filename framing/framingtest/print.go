package framingtest

import (
	"bytes"
	"fmt"
	"strings"
)

// goBytes returns a Go expression for b, short where b repeats itself.
func goBytes(b []byte) string {
	const worthwhile = 24
	var parts []string
	text := func(b []byte) {
		if len(b) > 0 {
			parts = append(parts, fmt.Sprintf("[]byte(%+q)", b))
		}
	}
	begin := 0
	for i := 0; i < len(b); {
		period, n := repetition(b[i:])
		if n < worthwhile {
			i++
			continue
		}
		text(b[begin:i])
		parts = append(parts, fmt.Sprintf("bytes.Repeat([]byte(%+q), %d)", b[i:i+period], n/period))
		i += n
		begin = i
	}
	text(b[begin:])
	switch len(parts) {
	case 0:
		return "[]byte{}"
	case 1:
		return parts[0]
	}
	return "slices.Concat(" + strings.Join(parts, ", ") + ")"
}

// repetition returns how many bytes at the front of b repeat the first period
// ones, a multiple of it.
func repetition(b []byte) (period, n int) {
	for p := 1; p <= 4 && p < len(b); p++ {
		m := p
		for m+p <= len(b) && bytes.Equal(b[:p], b[m:m+p]) {
			m += p
		}
		if m > p && m > n {
			period, n = p, m
		}
	}
	return period, n
}

// quote returns b for a sentence.
func quote(b []byte) string {
	if len(b) > 40 {
		return fmt.Sprintf("%+q... (%d bytes)", b[:32], len(b))
	}
	return fmt.Sprintf("%+q", b)
}

// A call is what a framer was asked last, for the report of its panic or of
// its broken law.
type call struct {
	do   string // "split", "append", "skip", "end", "header", "bound" or "read"
	data []byte
	seen int
	cuts []int
	max  int   // of "read"
	size int64 // of "header" and "bound"
}

func (c call) String() string {
	switch c.do {
	case "split":
		return fmt.Sprintf("data := %s\nframe, err := f.Split(data, %d)", goBytes(c.data), c.seen)
	case "append":
		return fmt.Sprintf("payload := %s\nwire, err := f.Append(nil, payload)", goBytes(c.data))
	case "skip":
		return fmt.Sprintf("data := %s\nn, end := f.Skip(data)", goBytes(c.data))
	case "end":
		return fmt.Sprintf("data := %s\npayload, err := f.End(data)", goBytes(c.data))
	case "header":
		return fmt.Sprintf("header, err := f.AppendHeader(nil, %d)", c.size)
	case "enclose":
		return fmt.Sprintf("payload := %s\nheader, trailer, ok := f.Enclose(payload)", goBytes(c.data))
	case "bound":
		return fmt.Sprintf("n := f.MaxEncodedLen(%d)", c.size)
	case "read":
		return fmt.Sprintf("wire := %s\ncuts := %s\nlimit := %d", goBytes(c.data), goInts(c.cuts), c.max)
	}
	return ""
}

// goInts returns a Go expression for v.
func goInts(v []int) string {
	return fmt.Sprintf("%#v", append([]int{}, v...))
}
