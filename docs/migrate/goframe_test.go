package migrate

import (
	"encoding/binary"
	"io"
	"net"
	"testing"

	"github.com/smallnest/goframe"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

func goframeConn(c net.Conn) goframe.FrameConn {
	encoder := goframe.EncoderConfig{
		ByteOrder:         binary.BigEndian,
		LengthFieldLength: 4,
	}
	decoder := goframe.DecoderConfig{
		ByteOrder:           binary.BigEndian,
		LengthFieldLength:   4,
		InitialBytesToStrip: 4,
	}
	return goframe.NewLengthFieldBasedFrameConn(encoder, decoder, c)
}

func copyConn(c net.Conn) goframe.FrameConn {
	return framing.NewCopyConn(framing.NewConn(c, lengthprefix.Uint32()))
}

func echoFrameConn(conn goframe.FrameConn) error {
	for {
		message, err := conn.ReadFrame()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := conn.WriteFrame(message); err != nil {
			return err
		}
	}
}

// The same program serves over both, and each speaks with the other.
func TestGoframe(t *testing.T) {
	conns := []func(net.Conn) goframe.FrameConn{goframeConn, copyConn}
	for _, theirs := range conns {
		for _, ours := range conns {
			a, b := loopback(t)
			done := make(chan error, 1)
			go func() { done <- echoFrameConn(theirs(b)) }()
			conn := ours(a)
			for _, m := range []string{"one", "two", "three"} {
				require.NoError(t, conn.WriteFrame([]byte(m)))
				got, err := conn.ReadFrame()
				require.NoError(t, err)
				assert.Equal(t, m, string(got))
			}
			require.NoError(t, conn.Close())
			require.NoError(t, <-done)
		}
	}
}

// A fixed size is that of one message: several are written one by one.
func TestGoframe_Fixed(t *testing.T) {
	f, err := fixed.New(4)
	require.NoError(t, err)
	a, _ := loopback(t)
	conn := framing.NewConn(a, f)
	var refused *framing.PayloadError
	assert.ErrorAs(t, conn.WriteFrame([]byte("one.two.")), &refused)
	assert.NoError(t, conn.WriteFrames([]byte("one."), []byte("two.")))
}

// The adjustments of encoder and decoder become one, the decoder's.
func TestGoframe_Adjustment(t *testing.T) {
	f, err := lengthprefix.New(lengthprefix.Config{Width: 2, IncludesHeader: true})
	require.NoError(t, err)
	a, b := loopback(t)
	theirs := goframe.NewLengthFieldBasedFrameConn(
		goframe.EncoderConfig{ByteOrder: binary.BigEndian, LengthFieldLength: 2, LengthIncludesLengthFieldLength: true},
		goframe.DecoderConfig{ByteOrder: binary.BigEndian, LengthFieldLength: 2, LengthAdjustment: -2, InitialBytesToStrip: 2}, b)
	ours := framing.NewConn(a, f)
	require.NoError(t, ours.WriteFrame([]byte("hello")))
	message, err := theirs.ReadFrame()
	require.NoError(t, err)
	require.NoError(t, theirs.WriteFrame(message))
	message, err = ours.ReadFrame()
	require.NoError(t, err)
	assert.Equal(t, "hello", string(message))
}
