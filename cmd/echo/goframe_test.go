package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"testing"

	"github.com/smallnest/goframe"
	"github.com/stretchr/testify/require"
)

// Clients of another library get their messages back, one at a time and
// pipelined.
func TestGoframe(t *testing.T) {
	t.Parallel()
	field := func(width int, order binary.ByteOrder) func(net.Conn) goframe.FrameConn {
		return func(c net.Conn) goframe.FrameConn {
			return goframe.NewLengthFieldBasedFrameConn(
				goframe.EncoderConfig{ByteOrder: order, LengthFieldLength: width},
				goframe.DecoderConfig{ByteOrder: order, LengthFieldLength: width, InitialBytesToStrip: width}, c)
		}
	}
	fixed := func(size int) func(net.Conn) goframe.FrameConn {
		return func(c net.Conn) goframe.FrameConn { return goframe.NewFixedLengthFrameConn(size, c) }
	}
	for _, test := range []struct {
		framing string
		client  func(net.Conn) goframe.FrameConn
		sizes   []int
	}{
		{"line", goframe.NewLineBasedFrameConn, []int{0, 1, 100, 5000, 100_000}},
		{"fixed,size=16", fixed(16), []int{16, 16}},
		{"fixed,size=5000", fixed(5000), []int{5000, 5000}},
		{"length", field(4, binary.BigEndian), []int{1, 100, 5000, 100_000}},
		{"length,width=2,order=little", field(2, binary.LittleEndian), []int{1, 100, 5000, 65_535}},
	} {
		t.Run(test.framing, func(t *testing.T) {
			t.Parallel()
			c := test.client(serve(t, "-framing", test.framing).dial())
			var messages [][]byte
			for i, size := range test.sizes {
				messages = append(messages, bytes.Repeat(fmt.Append(nil, i), size))
			}
			for _, m := range messages {
				require.NoError(t, c.WriteFrame(m))
				got, err := c.ReadFrame()
				require.NoError(t, err)
				require.True(t, bytes.Equal(m, got), "%d bytes came back of %d", len(got), len(m))
			}
			for _, m := range messages {
				require.NoError(t, c.WriteFrame(m))
			}
			for _, m := range messages {
				got, err := c.ReadFrame()
				require.NoError(t, err)
				require.True(t, bytes.Equal(m, got), "%d bytes came back of %d", len(got), len(m))
			}
		})
	}
}
