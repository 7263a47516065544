package framingtest_test

import (
	"fmt"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

func TestOurFramersKeepTheLaws(t *testing.T) {
	t.Parallel()
	check := func(f framing.Framer, samples ...string) {
		t.Run(fmt.Sprint(f), func(t *testing.T) {
			t.Parallel()
			var c framingtest.Config
			for _, s := range samples {
				c.Payloads = append(c.Payloads, []byte(s))
			}
			c.Run(t, f)
		})
	}
	must := func(f framing.Framer, err error) framing.Framer {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	delim := func(delims ...string) *delimiter.Framer { return must(delimiter.New(delims...)).(*delimiter.Framer) }
	for _, f := range []*delimiter.Framer{
		delimiter.Line(), delimiter.CRLF(), delim("\x00"), delim("##"), delim(";", "|"), delim("ab", "b"), delim("b", "ab"), delim(";", "a;"),
	} {
		check(f)
		check(f.Keep())
	}
	check(delim("END"))
	check(delim("END").Keep(), "END", "aEND", "EENEND")

	for _, f := range []*lengthprefix.Framer{lengthprefix.Uint8(), lengthprefix.Uint16(), lengthprefix.Uint32(), lengthprefix.Uint64()} {
		check(f)
	}
	for _, c := range []lengthprefix.Config{
		{Width: 3},
		{Width: 5, LittleEndian: true},
		{Width: 2, LittleEndian: true, IncludesHeader: true},
		{Width: 8, IncludesHeader: true},
		{Width: 2, Keep: true},
		{Width: 2, IncludesHeader: true, Keep: true},
		{Width: 3, Offset: 2, Keep: true},
		{Width: 3, Adjust: 2, Keep: true},
		{Width: 2, Offset: 1, Adjust: 1, Strip: 3},
		{Width: 2, Offset: 1, Adjust: -3, Strip: 3},
		{Width: 4, Offset: 3, Strip: 9, Magic: []byte("MAGIC"), Adjust: 2},
		{Width: 1, Offset: 2, Strip: 1, Magic: []byte{0xCA}},
		{Width: 1, Adjust: -5},
		{Width: 2, Strip: 6},
		{Width: 1, Offset: 4, Strip: 2},
	} {
		check(must(lengthprefix.New(c)))
	}
	check(lengthprefix.Varint())
	check(lengthprefix.Varint().NonMinimal())

	pads := map[int][]byte{1: {0}, 2: {' '}, 5: {0, ' ', 'a', 0xFF}, 300: {0}, 4096: {'a'}}
	for size, pads := range pads {
		check(must(fixed.New(size)))
		for _, pad := range pads {
			check(must(fixed.Padded(size, pad)))
		}
	}
}
