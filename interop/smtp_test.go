package interop

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/textproto"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/dot"
)

// mails are texts with lines that begin with dots.
var mails = []string{"", "\n", "hello\n", ".\n", ".\n..\n...hello\n.\n", "\n.\n\n", strings.Repeat(".x\n", 30_000)}

// TestSMTP receives mails from swaks.
func TestSMTP(t *testing.T) {
	for _, mail := range mails {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		_, port, err := net.SplitHostPort(l.Addr().String())
		require.NoError(t, err)
		// swaks takes a single dot at the end for that of the text, and ends the last line.
		data := "Subject: x\r\n\r\n" + strings.ReplaceAll(mail, "\n", "\r\n") + "end"
		start(t, exec.Command("swaks", "--server", "127.0.0.1", "--port", port, "--to", "a@example.com", "--from", "b@example.com",
			"--helo", "example.com", "--data", data))
		c, err := l.Accept()
		require.NoError(t, err)
		conn := framing.NewConn(c, delimiter.CRLF())
		defer conn.Close()
		require.NoError(t, conn.WriteFrame([]byte("220 example.com")))
		for quit := false; !quit; {
			line, err := conn.ReadFrame()
			require.NoError(t, err)
			switch command := string(line); command {
			case "EHLO example.com", "MAIL FROM:<b@example.com>", "RCPT TO:<a@example.com>":
				require.NoError(t, conn.WriteFrame([]byte("250 ok")))
			case "DATA":
				require.NoError(t, conn.WriteFrame([]byte("354 go ahead")))
				require.NoError(t, conn.SetReadFramer(dot.New()))
				text, err := conn.ReadFrame()
				require.NoError(t, err)
				require.Equal(t, data+"\r\n", string(text))
				require.NoError(t, conn.SetReadFramer(delimiter.CRLF()))
				require.NoError(t, conn.WriteFrame([]byte("250 ok")))
			case "QUIT":
				require.NoError(t, conn.WriteFrame([]byte("221 bye")))
				quit = true
			default:
				require.Fail(t, command)
			}
		}
	}
}

// TestDot has net/textproto read what is written here, and write.
func TestDot(t *testing.T) {
	var ours, theirs bytes.Buffer
	w := framing.NewWriter(&ours, dot.New())
	theirReader, theirWriter := textproto.NewReader(bufio.NewReader(&ours)), textproto.NewWriter(bufio.NewWriter(&theirs))
	r := framing.NewReader(&theirs, dot.New())
	for _, mail := range mails {
		text := strings.ReplaceAll(mail, "\n", "\r\n")
		require.NoError(t, w.WriteFrame([]byte(text)))
		require.NoError(t, w.Flush())
		have, err := theirReader.ReadDotBytes()
		require.NoError(t, err)
		require.Equal(t, mail, string(have))

		if mail == "" {
			continue // textproto writes an empty line
		}
		d := theirWriter.DotWriter()
		_, err = io.WriteString(d, mail)
		require.NoError(t, err)
		require.NoError(t, d.Close())
		have, err = r.ReadFrame()
		require.NoError(t, err)
		require.Equal(t, text, string(have))
	}
}
