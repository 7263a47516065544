package migrate

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

func receive(r *bufio.Reader) ([]byte, error) {
	var header [4]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(header[:])
	if size > 1<<20 {
		return nil, fmt.Errorf("a message of %d bytes", size)
	}
	message := make([]byte, size)
	_, err := io.ReadFull(r, message)
	return message, err
}

func send(w io.Writer, message []byte) error {
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(message)))
	_, err := w.Write(append(frame, message...))
	return err
}

func echoByHand(c net.Conn) error {
	r := bufio.NewReader(c)
	for {
		message, err := receive(r)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := send(c, message); err != nil {
			return err
		}
	}
}

func echoFrames(c net.Conn) error {
	conn := framing.NewConn(c, lengthprefix.Uint32())
	for message, err := range conn.Frames() { // valid until the next one
		if err != nil {
			return err
		}
		if err := conn.WriteFrame(message); err != nil {
			return err
		}
	}
	return nil
}

// loopback returns the two ends of a connection.
func loopback(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	client, err = net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { client.Close() })
	server, err = l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { server.Close() })
	for _, c := range []net.Conn{client, server} {
		c.SetDeadline(time.Now().Add(time.Minute))
	}
	return client, server
}

// answers returns what echo, on the other end of a connection, answers to wire
// and the end of the stream, and the error that it returns.
func answers(t *testing.T, echo func(net.Conn) error, wire string) (string, error) {
	t.Helper()
	client, server := loopback(t)
	done := make(chan error, 1)
	go func() {
		done <- echo(server)
		server.Close()
	}()
	_, err := io.WriteString(client, wire)
	require.NoError(t, err)
	require.NoError(t, client.(*net.TCPConn).CloseWrite())
	got, err := io.ReadAll(client)
	require.NoError(t, err)
	return string(got), <-done
}

func TestReadFull(t *testing.T) {
	const stream = "\x00\x00\x00\x03one\x00\x00\x00\x00\x00\x00\x00\x03two"
	for _, echo := range []func(net.Conn) error{echoByHand, echoFrames} {
		got, err := answers(t, echo, stream)
		require.NoError(t, err)
		assert.Equal(t, stream, got)
		_, err = answers(t, echo, stream[:len(stream)-1])
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	}
}

// A stream that ends directly after a header ends inside a message.
func TestReadFull_HeaderOnly(t *testing.T) {
	_, err := answers(t, echoFrames, "\x00\x00\x00\x03")
	assert.EqualError(t, err, "framing: frame at offset 0: unexpected EOF after 4 of 7 bytes")
}

// A timeout in mid-frame loses nothing.
func TestReadFull_Timeout(t *testing.T) {
	client, server := loopback(t)
	conn := framing.NewConn(server, lengthprefix.Uint32())
	_, err := io.WriteString(client, "\x00\x00\x00\x05hel")
	require.NoError(t, err)
	server.SetReadDeadline(time.Now())
	_, err = conn.ReadFrame()
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	server.SetReadDeadline(time.Now().Add(time.Minute))
	_, err = io.WriteString(client, "lo")
	require.NoError(t, err)
	message, err := conn.ReadFrame()
	require.NoError(t, err)
	assert.Equal(t, "hello", string(message))
}
