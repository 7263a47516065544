package framing_test

import (
	"bufio"
	"bytes"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/slip"
)

// TestIdleBytes shows that what Split calls idle is passed over without a word,
// wherever the stream is cut, and that it counts for offsets.
func TestIdleBytes(t *testing.T) {
	idle := bytes.Repeat([]byte{0xc0}, 70)
	stream := bytes.Join([][]byte{idle, []byte("one\xc0"), idle, []byte("two\xc0"), []byte("\xdb!\xc0"), idle, []byte("three\xc0"), idle}, nil)
	bad := int64(70 + 4 + 70 + 4)

	check := func(t *testing.T, next func() ([]byte, error)) {
		t.Helper()
		for _, want := range []string{"one", "two", "", "three"} {
			payload, err := next()
			if want == "" {
				var format *framing.FormatError
				require.ErrorAs(t, err, &format)
				require.Equal(t, bad, format.Offset)
				continue
			}
			require.NoError(t, err)
			require.Equal(t, want, string(payload))
		}
		for range 2 {
			_, err := next()
			require.Equal(t, io.EOF, err)
		}
	}
	t.Run("Reader", func(t *testing.T) {
		check(t, framing.NewReader(bytes.NewReader(stream), slip.New()).ReadFrame)
		check(t, framing.NewReader(iotest.OneByteReader(bytes.NewReader(stream)), slip.New()).ReadFrame)
	})
	t.Run("Buffer", func(t *testing.T) {
		for cut := range stream {
			buf := framing.NewBuffer(slip.New())
			parts := [][]byte{stream[:cut], stream[cut:]}
			check(t, func() ([]byte, error) {
				for {
					payload, ok, err := buf.Next()
					if ok || err != nil {
						return payload, err
					}
					if len(parts) == 0 {
						return buf.End()
					}
					buf.Write(parts[0])
					parts = parts[1:]
				}
			})
			require.Equal(t, int64(len(stream)), buf.Offset())
		}
	})
	t.Run("SplitFunc", func(t *testing.T) {
		for _, r := range []io.Reader{bytes.NewReader(stream), iotest.OneByteReader(bytes.NewReader(stream))} {
			s := bufio.NewScanner(r)
			s.Split(framing.SplitFunc(slip.New()))
			require.True(t, s.Scan())
			require.Equal(t, "one", s.Text())
			require.True(t, s.Scan())
			require.Equal(t, "two", s.Text())
			require.False(t, s.Scan())
			var format *framing.FormatError
			require.ErrorAs(t, s.Err(), &format)
			require.Equal(t, bad, format.Offset)
		}
	})
}

// TestIdleFlood shows that a flood of idle bytes costs neither memory nor depth
// where Split is shown only one of them at a time.
func TestIdleFlood(t *testing.T) {
	flood := io.LimitReader(endless{0xc0}, 4<<20)
	r := framing.NewReader(io.MultiReader(flood, bytes.NewReader([]byte("x\xc0"))), slip.New())
	r.SetMaxPayload(0)
	_, err := r.ReadFrame()
	var large *framing.TooLargeError
	require.ErrorAs(t, err, &large)
	require.Equal(t, int64(4<<20), large.Offset)
	_, err = r.ReadFrame()
	require.Equal(t, io.EOF, err)
}

// endless is a source of one byte for ever.
type endless struct{ c byte }

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.c
	}
	return len(p), nil
}

// idleNothing calls no bytes idle.
type idleNothing struct{ framing.Framer }

func (idleNothing) Split([]byte, int) (framing.Frame, error) {
	return framing.Frame{}, framing.ErrIdle
}

// TestIdleNothing shows that a Framer that calls no bytes idle, which says
// nothing, loses the stream and makes nobody ask for ever.
func TestIdleNothing(t *testing.T) {
	buf := framing.NewBuffer(idleNothing{slip.New()})
	buf.Write([]byte("one"))
	for range 2 {
		_, ok, err := buf.Next()
		require.False(t, ok)
		require.ErrorIs(t, err, framing.ErrIdle)
		require.NotErrorIs(t, err, framing.ErrFrame)
	}
	scanner := bufio.NewScanner(bytes.NewReader([]byte("one")))
	scanner.Split(framing.SplitFunc(idleNothing{slip.New()}))
	require.False(t, scanner.Scan())
	require.ErrorIs(t, scanner.Err(), framing.ErrIdle)
}
