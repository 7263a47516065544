package interop

import (
	"bytes"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/octetcounting"
	"github.com/leodido/go-syslog/v4/rfc5424"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/octetcount"
)

// parse returns the text of a message.
func parse(t *testing.T, message []byte) string {
	t.Helper()
	m, err := rfc5424.NewParser().Parse(message)
	require.NoError(t, err)
	return *m.(*rfc5424.SyslogMessage).Message
}

// TestLogger reads what logger sends over TCP: each line of its input is a
// message.
func TestLogger(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	require.NoError(t, l.(*net.TCPListener).SetDeadline(time.Now().Add(time.Minute)))
	host, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)

	texts := []string{"a", "16 <13>1 - - - - - x", "grüße, 世界", strings.Repeat("x", 900), strings.Repeat("y", 7000), "last"}
	logger := exec.Command("logger", "--tcp", "--octet-count", "--rfc5424", "--size", "8KiB", "--server", host, "--port", port)
	logger.Stdin = strings.NewReader(strings.Join(texts, "\n") + "\n")
	var said bytes.Buffer
	logger.Stderr = &said
	require.NoError(t, logger.Start())
	c, err := l.Accept()
	require.NoError(t, err)
	defer c.Close()

	r := framing.NewReader(c, octetcount.New())
	for _, want := range texts {
		message, err := r.ReadFrame()
		require.NoError(t, err)
		require.Equal(t, want, parse(t, message))
	}
	_, err = r.ReadFrame()
	require.Equal(t, io.EOF, err)
	require.NoError(t, logger.Wait(), said.String())
}

// TestSyslogParser has go-syslog read what is written here.
func TestSyslogParser(t *testing.T) {
	const head = "<165>1 2003-10-11T22:14:15.003Z host app - - - "
	texts := []string{"a", "two\nlines\n", "16 <13>1 - - - - - x", "grüße, 世界"}
	for _, size := range []int{9, 10, 99, 100, 999, 1000, octetcounting.DefaultMaxSize} { // of the message
		if size > len(head) {
			texts = append(texts, strings.Repeat("x", size-len(head)))
		}
	}
	var wire bytes.Buffer
	w := framing.NewWriter(&wire, octetcount.New())
	for _, text := range texts {
		require.NoError(t, w.WriteFrame([]byte(head+text)))
	}
	require.NoError(t, w.Flush())

	var have []string
	octetcounting.NewParser(syslog.WithListener(func(r *syslog.Result) {
		require.NoError(t, r.Error)
		have = append(have, *r.Message.(*rfc5424.SyslogMessage).Message)
	})).Parse(&wire)
	require.Equal(t, texts, have)
}
