package framing_test

import (
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

// A bufferSource fills a Buffer from a reader, as a server does.
type bufferSource struct {
	*framing.Buffer
	src io.Reader
}

func (b *bufferSource) fill() error {
	n, err := b.Fill(b.src)
	if n > 0 {
		return nil
	}
	return err
}

// next returns the next payload, larger ones as streams.
func (b *bufferSource) next() (string, error) {
	for {
		payload, ok, err := b.Next()
		var tooLarge *framing.TooLargeError
		switch {
		case ok:
			return string(payload), nil
		case errors.As(err, &tooLarge):
			size, stream, ok := b.Stream(b.fill)
			if !ok {
				return "", err
			}
			text, err := io.ReadAll(stream)
			if err == nil && int64(len(text)) != size {
				err = errors.New("wrong size")
			}
			return string(text), err
		case err != nil:
			return "", err
		}
		if err := b.fill(); err == io.EOF {
			_, err = b.Finish()
			return "", err
		} else if err != nil {
			return "", err
		}
	}
}

func newBufferSource(f framing.Framer, limit int, text string, chunk int) *bufferSource {
	b := framing.NewBuffer(f)
	b.SetMaxPayload(limit)
	return &bufferSource{b, &chunkReader{text, chunk}}
}

// A chunkReader returns at most n bytes at a time.
type chunkReader struct {
	text string
	n    int
}

func (r *chunkReader) Read(p []byte) (int, error) {
	if r.text == "" {
		return 0, io.EOF
	}
	n := copy(p, r.text[:min(r.n, len(r.text))])
	r.text = r.text[n:]
	return n, nil
}

// A frame that exceeds the limit is a stream, wherever the reads end, and those around
// it are as they were.
func TestBuffer_Stream(t *testing.T) {
	large := strings.Repeat("large", 40)
	wire := "\x02hi\xc8" + large + "\x00\x05large\x04tiny"
	for chunk := 1; chunk <= len(wire); chunk++ {
		b := newBufferSource(lengthprefix.Uint8(), 4, wire, chunk)
		for _, want := range []string{"hi", large, "", "large", "tiny"} {
			got, err := b.next()
			require.NoError(t, err, "chunks of %d", chunk)
			require.Equal(t, want, got)
		}
		_, err := b.next()
		assert.Equal(t, io.EOF, err)
	}
}

// Stream refuses where there is no frame that exceeds the limit, where the framing
// does not announce its size, and where more is wrong with it.
func TestBuffer_StreamRefused(t *testing.T) {
	refused := func(b *framing.Buffer) {
		t.Helper()
		_, _, ok := b.Stream(func() error { return io.EOF })
		assert.False(t, ok)
	}
	b := framing.NewBuffer(lengthprefix.Uint8())
	refused(b)
	b.Write([]byte("\x05lar"))
	refused(b)
	b.Next()
	refused(b)

	b = framing.NewBuffer(delimiter.Line())
	b.SetMaxPayload(4)
	b.Write([]byte("large\nx\n"))
	_, _, err := b.Next()
	assert.ErrorIs(t, err, framing.ErrFrame)
	refused(b)
	payload, ok, err := b.Next()
	assert.Equal(t, "x", string(payload))
	assert.True(t, ok)
	assert.NoError(t, err)
}

// The payload of a stream ends with the stream of frames, with its trailer, and with
// the next call of Next, which discards the rest.
func TestBuffer_StreamEnds(t *testing.T) {
	f, err := lengthprefix.New(lengthprefix.Config{Width: 1, Trailer: []byte("!")})
	require.NoError(t, err)
	b := newBufferSource(f, 2, "\x05large!\x05large?\x05large!\x02hi!\x05lar", 3)
	text, err := b.next()
	assert.Equal(t, "large", text)
	assert.NoError(t, err)
	_, err = b.next()
	var format *framing.FormatError
	assert.ErrorAs(t, err, &format)

	for { // discards a frame of which nothing is read
		_, ok, err := b.Next()
		require.False(t, ok)
		if err != nil {
			break
		}
		require.NoError(t, b.fill())
	}
	_, stream, ok := b.Stream(b.fill)
	require.True(t, ok)
	text, err = b.next()
	assert.Equal(t, "hi", text)
	assert.NoError(t, err)
	_, err = stream.Read(make([]byte, 1))
	assert.ErrorContains(t, err, "payload read after")

	_, err = b.next()
	var truncated *framing.UnexpectedEOFError
	assert.ErrorAs(t, err, &truncated)
}
