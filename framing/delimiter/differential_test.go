package delimiter_test

import (
	"bufio"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
)

// Line and bufio.Scanner find the same lines in any text, the last one included.
func TestLine_Scanner(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.SampledFrom([]string{"\n", "\r", "\r\n", "a", "\x00", "\xff", "longer than most"})
		text := strings.Join(rapid.SliceOf(piece).Draw(t, "text"), "")
		arriving := rapid.SampledFrom([]func(io.Reader) io.Reader{
			iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader,
		}).Draw(t, "arriving")

		var want []string
		s := bufio.NewScanner(strings.NewReader(text))
		for s.Scan() {
			want = append(want, s.Text())
		}
		require.NoError(t, s.Err())

		var have []string
		r := framing.NewReader(arriving(strings.NewReader(text)), delimiter.Line())
		r.AcceptUnterminated(true)
		for line, err := range r.Frames() {
			require.NoError(t, err)
			have = append(have, string(line))
		}
		require.Equal(t, want, have, "%q", text)
	})
}
