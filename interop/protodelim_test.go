package interop

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
	"pgregory.net/rapid"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// TestProtodelim reads streams of delimited messages with protodelim and with a
// varint framer: some are cut off, some lengths are longer than they need to be
// or than the limit, some have no end. Up to the first error both find the same
// messages, and then the same error.
func TestProtodelim(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 300).Draw(t, "limit")
		var wire bytes.Buffer
		for range rapid.IntRange(0, 6).Draw(t, "messages") {
			m := wrapperspb.Bytes(rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "value"))
			switch rapid.IntRange(0, 5).Draw(t, "form") {
			case 0:
				body, err := proto.Marshal(m)
				require.NoError(t, err)
				length := binary.AppendUvarint(nil, uint64(len(body)))
				length[len(length)-1] |= 0x80
				wire.Write(append(append(length, 0), body...))
			case 1:
				wire.Write(rapid.SliceOfN(rapid.SampledFrom([]byte("\x80\xff\x81\x01\x00")), 1, 12).Draw(t, "length"))
			default:
				_, err := protodelim.MarshalTo(&wire, m)
				require.NoError(t, err)
			}
		}
		stream := wire.Bytes()[:rapid.IntRange(0, wire.Len()).Draw(t, "cut")]
		if rapid.Bool().Draw(t, "whole") {
			stream = wire.Bytes()
		}

		theirs := bufio.NewReader(bytes.NewReader(stream))
		ours := framing.NewReader(bytes.NewReader(stream), lengthprefix.Varint().NonMinimal())
		ours.SetMaxPayload(limit)
		options := protodelim.UnmarshalOptions{MaxSize: int64(limit)}
		for {
			var want wrapperspb.BytesValue
			wantErr := options.UnmarshalFrom(theirs, &want)
			have, err := ours.ReadFrame()
			var theirLimit *protodelim.SizeTooLargeError
			var ourLimit *framing.TooLargeError
			var malformed *framing.FormatError
			switch {
			case wantErr == io.EOF:
				require.Equal(t, io.EOF, err, "%x", stream)
				return
			case errors.Is(wantErr, io.ErrUnexpectedEOF):
				require.ErrorIs(t, err, io.ErrUnexpectedEOF, "%x", stream)
				return
			case errors.As(wantErr, &theirLimit):
				require.ErrorAs(t, err, &ourLimit, "%x", stream)
				require.Equal(t, theirLimit.Size, ourLimit.Size)
				return
			case wantErr != nil && err == nil:
				// Framing does not look at the message.
				require.Error(t, proto.Unmarshal(have, &wrapperspb.BytesValue{}), "%x: %v", stream, wantErr)
				return
			case wantErr != nil:
				require.True(t, errors.As(err, &malformed) || errors.As(err, &ourLimit), "%x: %v, %v", stream, wantErr, err)
				return
			}
			require.NoError(t, err, "%x", stream)
			var m wrapperspb.BytesValue
			require.NoError(t, proto.Unmarshal(have, &m))
			require.True(t, proto.Equal(&want, &m), "%x", stream)
		}
	})
}

// TestProtodelim_Writes writes the bytes that protodelim writes.
func TestProtodelim_Writes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var theirs, ours bytes.Buffer
		w := framing.NewWriter(&ours, lengthprefix.Varint())
		for range rapid.IntRange(0, 4).Draw(t, "messages") {
			m := wrapperspb.Bytes(make([]byte, rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(16_000, 17_000)).Draw(t, "size")))
			_, err := protodelim.MarshalTo(&theirs, m)
			require.NoError(t, err)
			body, err := proto.Marshal(m)
			require.NoError(t, err)
			require.NoError(t, w.WriteFrame(body))
		}
		require.NoError(t, w.Flush())
		require.True(t, bytes.Equal(theirs.Bytes(), ours.Bytes()))
	})
}
