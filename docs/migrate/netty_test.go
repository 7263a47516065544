package migrate

import (
	"bytes"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// fromNetty returns the framer for the five numbers of a
// LengthFieldBasedFrameDecoder, and the limit for SetMaxPayload.
func fromNetty(maxFrame, offset, width, adjustment, strip int) (f *lengthprefix.Framer, limit int, err error) {
	f, err = lengthprefix.New(lengthprefix.Config{Offset: offset, Width: width, Adjust: adjustment, Strip: strip, Keep: strip == 0})
	return f, maxFrame - strip, err
}

// Each row of the table reads its bytes with the five numbers as it says, has
// the spec that it says, and its limit is that of a whole frame.
func TestNetty(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| `new LengthFieldBasedFrameDecoder\\(([^)]*)\\)` \\| `([^`]*)` \\| `([^`]*)` \\| `([^`]*)` \\|$")
	table := row.FindAllStringSubmatch(document(t), -1)
	require.Len(t, table, 7)
	for _, m := range table {
		var n []int
		for s := range strings.SplitSeq(m[1], ", ") {
			i, err := strconv.Atoi(s)
			require.NoError(t, err)
			n = append(n, i)
		}
		wire, want := octets(t, m[3]), octets(t, m[4])
		for _, maxFrame := range []int{n[0], len(wire), len(wire) - 1} {
			f, limit, err := fromNetty(maxFrame, n[1], n[2], n[3], n[4])
			require.NoError(t, err)
			assert.Equal(t, m[2], f.String())
			r := framing.NewReader(bytes.NewReader(wire), f)
			r.SetMaxPayload(limit)
			payload, err := r.ReadFrame()
			if maxFrame < len(wire) {
				assert.ErrorIs(t, err, framing.ErrFrame)
				continue
			}
			require.NoError(t, err)
			assert.Equal(t, want, payload)
		}
	}
}

// octets returns the bytes of a text in which words of two hexadecimal digits
// are bytes, and others themselves.
func octets(t *testing.T, text string) (b []byte) {
	t.Helper()
	for word := range strings.SplitSeq(text, " ") {
		if c, err := hex.DecodeString(word); err == nil && len(c) == 1 {
			b = append(b, c...)
			continue
		}
		b = append(b, word...)
	}
	return b
}
