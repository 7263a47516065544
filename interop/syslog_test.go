package interop

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gosyslog "github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/octetcounting"
	"github.com/leodido/go-syslog/v4/rfc5424"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/octetcount"
	"github.com/wholeframe/wholeframe/framing/syslog"
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
	octetcounting.NewParser(gosyslog.WithListener(func(r *gosyslog.Result) {
		require.NoError(t, r.Error)
		have = append(have, *r.Message.(*rfc5424.SyslogMessage).Message)
	})).Parse(&wire)
	require.Equal(t, texts, have)
}

// TestSyslog sends messages to rsyslog, octet-counted and as lines, and rsyslog sends them
// back in both ways, to one port. So does logger.
func TestSyslog(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	require.NoError(t, l.(*net.TCPListener).SetDeadline(time.Now().Add(time.Minute)))
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	addr, inPort := freeAddr(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "rsyslog.conf")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `
global(workDirectory=%q parser.escapeControlCharactersOnReceive="off")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port=%q)
template(name="raw" type="string" string="%%rawmsg%%")
action(type="omfwd" target="127.0.0.1" port=%[3]q protocol="tcp" TCP_Framing="octet-counted" template="raw")
action(type="omfwd" target="127.0.0.1" port=%[3]q protocol="tcp" TCP_Framing="traditional" template="raw")
`, dir, inPort, port), 0o600))
	start(t, exec.Command("rsyslogd", "-n", "-f", file, "-i", filepath.Join(dir, "pid")))

	const head = "<13>1 2003-10-11T22:14:15.003Z host app - - - "
	texts := []string{"hello", "54 <1 minute elapsed", strings.Repeat("x", 7000), "last"}
	out := framing.NewConn(dial(t, "tcp", addr), syslog.New())
	defer out.Close()
	var counted, lines []string // what is to be sent back
	for _, text := range append([]string{"two\n<13>lines"}, texts...) {
		require.NoError(t, out.WriteFrame([]byte(head+text)))
		counted = append(counted, head+text)
	}
	out.SetWriteFramer(syslog.New().WriteLines())
	for _, text := range texts {
		require.NoError(t, out.WriteFrame([]byte(head+text)))
		counted = append(counted, head+text)
	}
	for _, message := range counted {
		lines = append(lines, strings.Split(message, "\n")...)
	}

	// receive returns the messages of a connection, up to the second that ends in "last".
	receive := func() (have []string) {
		c, err := l.Accept()
		require.NoError(t, err)
		defer c.Close()
		r := framing.NewReader(c, syslog.New())
		for last := 0; last < 2; {
			message, err := r.ReadFrame()
			require.NoError(t, err)
			have = append(have, string(message))
			if strings.HasSuffix(string(message), " last") {
				last++
			}
		}
		return have
	}
	first, second := receive(), receive()
	if len(first) > len(second) {
		first, second = second, first
	}
	require.Equal(t, counted, first)
	require.Equal(t, lines, second)

	for _, kind := range [][]string{{}, {"--octet-count"}} {
		logger := exec.Command("logger", append(kind, "--tcp", "--rfc5424", "--size", "8KiB", "--server", "127.0.0.1", "--port", port)...)
		logger.Stdin = strings.NewReader(strings.Join(append(texts, texts...), "\n") + "\n")
		start(t, logger)
		var have []string
		for _, message := range receive() {
			have = append(have, parse(t, []byte(message)))
		}
		require.Equal(t, append(texts, texts...), have)
	}
}
