package migrate

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

func scanLines(src io.Reader, handle func(line []byte)) error {
	s := bufio.NewScanner(src)
	for s.Scan() {
		handle(s.Bytes())
	}
	return s.Err()
}

func readLines(src io.Reader, handle func(line []byte)) error {
	r := framing.NewReader(src, delimiter.Line())
	r.AcceptUnterminated(true) // the last line may lack its end
	for line, err := range r.Frames() {
		if errors.Is(err, framing.ErrFrame) {
			continue // too long: this line is lost, and no other
		}
		if err != nil {
			return err
		}
		handle(line)
	}
	return nil
}

func scanMessages(src io.Reader, handle func(message []byte)) error {
	s := bufio.NewScanner(src)
	s.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		if len(data) >= 4 {
			size := int64(binary.BigEndian.Uint32(data))
			if int64(len(data)) >= 4+size {
				return int(4 + size), data[4 : 4+size], nil
			}
		}
		if atEOF && len(data) > 0 {
			return 0, nil, io.ErrUnexpectedEOF
		}
		return 0, nil, nil
	})
	for s.Scan() {
		handle(s.Bytes())
	}
	return s.Err()
}

func scanFrames(src io.Reader, handle func(message []byte)) error {
	s := bufio.NewScanner(src)
	s.Split(framing.SplitFunc(lengthprefix.Uint32())) // one for each Scanner
	for s.Scan() {
		handle(s.Bytes())
	}
	return s.Err()
}

// gather returns what f handles of the stream.
func gather(f func(io.Reader, func([]byte)) error, stream string) (messages []string, err error) {
	err = f(strings.NewReader(stream), func(m []byte) { messages = append(messages, string(m)) })
	return messages, err
}

func TestScanner_Lines(t *testing.T) {
	const stream = "one\r\n\ntwo\nlast"
	before, err := gather(scanLines, stream)
	require.NoError(t, err)
	after, err := gather(readLines, stream)
	require.NoError(t, err)
	assert.Equal(t, []string{"one", "", "two", "last"}, before)
	assert.Equal(t, before, after)
}

// One line that is too long ends a scan, and costs a Reader that line. The
// limits are 64 KiB with the line's end, and 1 MiB without.
func TestScanner_TooLong(t *testing.T) {
	for _, test := range []struct {
		f    func(io.Reader, func([]byte)) error
		most int
	}{{scanLines, 64<<10 - 1}, {readLines, 1 << 20}} {
		lines, err := gather(test.f, strings.Repeat("x", test.most)+"\nnext\n")
		require.NoError(t, err)
		assert.Len(t, lines, 2)
	}
	long := strings.Repeat("x", 1<<20+1)
	lines, err := gather(scanLines, long+"\nnext\n")
	assert.ErrorIs(t, err, bufio.ErrTooLong)
	assert.Empty(t, lines)
	lines, err = gather(readLines, long+"\nnext\n")
	require.NoError(t, err)
	assert.Equal(t, []string{"next"}, lines)
}

// Without AcceptUnterminated a line without its end is half a message.
func TestScanner_Half(t *testing.T) {
	r := framing.NewReader(strings.NewReader("half"), delimiter.Line())
	_, err := r.ReadFrame()
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestScanner_Messages(t *testing.T) {
	const stream = "\x00\x00\x00\x03one\x00\x00\x00\x00\x00\x00\x00\x03two"
	for _, f := range []func(io.Reader, func([]byte)) error{scanMessages, scanFrames} {
		messages, err := gather(f, stream)
		require.NoError(t, err)
		assert.Equal(t, []string{"one", "", "two"}, messages)
		_, err = gather(f, stream[:len(stream)-1])
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	}
	_, err := gather(scanFrames, stream[:len(stream)-1])
	assert.EqualError(t, err, "framing: frame at offset 11: unexpected EOF after 6 of 7 bytes")
}
