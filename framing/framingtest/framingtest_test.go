package framingtest

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// TestMain keeps rapid from writing a file for every framer that is wrong on
// purpose.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("rapid.nofailfile", "true"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func TestOurFramersKeepTheLaws(t *testing.T) {
	t.Parallel()
	check := func(f framing.Framer, c Config) {
		t.Run(fmt.Sprint(f), func(t *testing.T) {
			t.Parallel()
			c.Run(t, f)
		})
	}
	delim := func(keep Config, delims ...string) {
		f, err := delimiter.New(delims...)
		require.NoError(t, err)
		check(f, Config{})
		check(f.Keep(), keep)
	}
	check(delimiter.Line(), Config{})
	check(delimiter.Line().Keep(), Config{})
	check(delimiter.CRLF(), Config{})
	check(delimiter.CRLF().Keep(), Config{})
	delim(Config{}, "\x00")
	delim(Config{}, "##")
	delim(Config{}, ";", "|")
	delim(Config{}, "ab", "b")
	delim(Config{}, "b", "ab")
	delim(Config{Payloads: [][]byte{[]byte("END"), []byte("aEND"), []byte("EENEND")}}, "END")

	for _, f := range []*lengthprefix.Framer{lengthprefix.Uint8(), lengthprefix.Uint16(), lengthprefix.Uint32(), lengthprefix.Uint64()} {
		check(f, Config{})
	}
	for _, c := range []lengthprefix.Config{
		{Width: 3},
		{Width: 5, LittleEndian: true},
		{Width: 2, LittleEndian: true, IncludesHeader: true},
		{Width: 8, IncludesHeader: true},
		{Width: 2, Strip: lengthprefix.KeepHeader},
		{Width: 2, IncludesHeader: true, Strip: lengthprefix.KeepHeader},
		{Width: 3, Offset: 2, Strip: lengthprefix.KeepHeader},
		{Width: 3, Adjust: 2, Strip: lengthprefix.KeepHeader},
		{Width: 2, Offset: 1, Adjust: 1, Strip: 3},
		{Width: 2, Offset: 1, Adjust: -3, Strip: 3},
		{Width: 4, Offset: 3, Strip: 9, Zero: []byte("MAGIC"), Adjust: 2},
		{Width: 1, Offset: 2, Strip: 1, Zero: []byte{0xCA}},
		{Width: 1, Adjust: -5},
		{Width: 2, Strip: 6},
		{Width: 1, Offset: 4, Strip: 2},
	} {
		f, err := lengthprefix.New(c)
		require.NoError(t, err)
		check(f, Config{})
	}
	check(lengthprefix.Varint(), Config{})
	check(lengthprefix.Varint().NonMinimal(), Config{})

	pads := map[int][]byte{1: {0}, 2: {' '}, 5: {0, ' ', 'a', 0xFF}, 300: {0}, 4096: {'a'}}
	for size, pads := range pads {
		f, err := fixed.New(size)
		require.NoError(t, err)
		check(f, Config{})
		for _, pad := range pads {
			f, err := fixed.Padded(size, pad)
			require.NoError(t, err)
			check(f, Config{})
		}
	}
}
