package interop

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/moov-io/iso8583"
	"github.com/moov-io/iso8583/network"
	"github.com/moov-io/iso8583/specs"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// A binaryHeader is a header whose SetLength has the signature of the others.
type binaryHeader struct{ *network.Binary2Bytes }

func (h binaryHeader) SetLength(length int) { h.Len = uint16(length) }

// TestISO8583 has github.com/moov-io/iso8583 write messages with three of its headers, and read
// those that are written here.
func TestISO8583(t *testing.T) {
	for _, c := range []struct {
		name   string // as package spec has it
		header network.Header
	}{
		{"iso8583", binaryHeader{network.NewBinary2BytesHeader()}},
		{"iso8583-ascii", network.NewASCII4BytesHeader()},
		{"iso8583-bcd", network.NewBCD2BytesHeader()},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := spec.Parse(c.name)
			require.NoError(t, err)
			var theirs, ours bytes.Buffer
			w := framing.NewWriter(&ours, f)
			var messages [][]byte
			for fields := range 10 { // up to 9,054 bytes
				message := iso8583.NewMessage(specs.Spec87ASCII)
				message.MTI("0800")
				for i := range fields {
					require.NoError(t, message.Field(55+i, strings.Repeat("x", 999)))
				}
				packed, err := message.Pack()
				require.NoError(t, err)
				messages = append(messages, packed)

				c.header.SetLength(len(packed))
				_, err = c.header.WriteTo(&theirs)
				require.NoError(t, err)
				theirs.Write(packed)
				require.NoError(t, w.WriteFrame(packed))
			}
			require.NoError(t, w.Flush())

			r := framing.NewReader(&theirs, f)
			for _, message := range messages {
				payload, err := r.ReadFrame()
				require.NoError(t, err)
				require.Equal(t, message, payload)
				_, err = c.header.ReadFrom(&ours)
				require.NoError(t, err)
				require.NoError(t, iso8583.NewMessage(specs.Spec87ASCII).Unpack(ours.Next(c.header.Length())))
			}
			_, err = r.ReadFrame()
			require.Equal(t, io.EOF, err)
			require.Zero(t, ours.Len())
		})
	}
}
