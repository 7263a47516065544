package framing_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// A liar says that it has read or written more than it was given.
type liar struct{}

func (liar) Read(b []byte) (int, error)  { return len(b) + 1, nil }
func (liar) Write(b []byte) (int, error) { return len(b) + 1, nil }

// A source or destination that counts wrongly is an error, not a panic.
func TestWrongCounts(t *testing.T) {
	var source *framing.SourceError
	w := framing.NewWriter(io.Discard, lengthprefix.Uint32())
	err := w.WriteFrom(liar{}, 10)
	require.ErrorAs(t, err, &source)
	require.Zero(t, source.Have)
	require.False(t, source.Final)

	_, payload, err := framing.NewReader(bytes.NewReader([]byte("\x00\x00\x00\x02ab")), lengthprefix.Uint32()).NextReader()
	require.NoError(t, err)
	n, err := payload.(io.WriterTo).WriteTo(liar{})
	require.Error(t, err)
	require.Zero(t, n)
	got, err := io.ReadAll(payload)
	require.NoError(t, err)
	require.Equal(t, "ab", string(got), "what was not written is still there")
}

// Reading into no bytes asks nothing and takes nothing.
func TestNextReader_NoBytes(t *testing.T) {
	_, payload, err := framing.NewReader(bytes.NewReader([]byte("\x00\x00\x00\x02ab")), lengthprefix.Uint32()).NextReader()
	require.NoError(t, err)
	n, err := payload.Read(nil)
	require.NoError(t, err)
	require.Zero(t, n)
}

// A failed write of a Conn is the answer to every later one, and a payload that
// the framer refuses costs nothing.
func TestConn_WriteFromFails(t *testing.T) {
	client, server := loopback(t)
	c := framing.NewConn(client, lengthprefix.Uint8())
	var tooLarge *framing.TooLargeError
	require.ErrorAs(t, c.WriteFrom(bytes.NewReader(nil), 256), &tooLarge)

	require.NoError(t, c.WriteFrom(bytes.NewReader([]byte("ab")), 2))
	got, err := framing.NewReader(server, lengthprefix.Uint8()).ReadFrame()
	require.NoError(t, err)
	require.Equal(t, "ab", string(got))

	require.NoError(t, client.Close())
	first := c.WriteFrom(bytes.NewReader([]byte("ab")), 2)
	require.Error(t, first)
	require.Equal(t, first, c.WriteFrom(bytes.NewReader([]byte("ab")), 2))
}

// A large payload that cannot be written is reported, not what its source
// would say next.
func TestWriter_WriteFromToABrokenDestination(t *testing.T) {
	broken := errors.New("broken")
	w := framing.NewWriter(failing{broken}, lengthprefix.Uint32())
	require.Equal(t, broken, w.WriteFrom(zeros{}, 1<<20))
	require.Equal(t, broken, w.WriteFrom(zeros{}, 1))
	require.Equal(t, broken, w.Flush())
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestSourceError(t *testing.T) {
	e := &framing.SourceError{Have: 1, Want: 2, Err: io.ErrUnexpectedEOF, Final: true}
	require.EqualError(t, e, "framing: payload ends after 1 of 2 bytes: unexpected EOF (its frame is torn: nothing can follow)")
	require.ErrorIs(t, e, io.ErrUnexpectedEOF)
}
