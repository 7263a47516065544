package command

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// once runs serve for the first connection to the returned address.
func once(t *testing.T, serve func(*net.TCPConn)) (addr string) {
	t.Helper()
	l := listenTCP(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		serve(c.(*net.TCPConn))
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

// A server that does not know half-close, and drops what it has not sent when it
// sees one, has sent everything by then.
func TestSession_WaitsForReplies(t *testing.T) {
	t.Parallel()
	const messages = 3000
	addr := once(t, func(c *net.TCPConn) {
		ended := make(chan bool)
		go func() {
			n, _ := io.Copy(io.Discard, c)
			ended <- n == 2*messages
		}()
		for range messages {
			select {
			case <-ended:
				return
			default:
				io.WriteString(c, "x\n")
			}
		}
		<-ended
	})
	code, stdout, stderr := finish(t, strings.Repeat("x\n", messages), addr)
	assert.Equal(t, 0, code)
	assert.Equal(t, strings.Repeat("x\n", messages), stdout)
	assert.Empty(t, stderr)
}

// Replies and messages that differ in number are said; fewer replies, or fewer than
// -n, are an error.
func TestSession_Numbers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args, sends string
		code        int
		stderr      string
	}{
		{"", "1\n2\n", 0, ""},
		{"", "1\n", 1, "framecat: 2 messages, 1 reply\n"},
		{"", "", 1, "framecat: 2 messages, 0 replies\n"},
		{"", "1\n2\n3\n", 0, "framecat: 2 messages, 3 replies\n"},
		{"-n 3", "1\n2\n3\n", 0, ""},
		{"-n 3", "1\n2\n", 1, "framecat: 2 messages, 2 replies, -n 3\n"},
		{"-n 0", "", 0, ""},
		{"-n 0", "1\n", 0, ""},
		{"-half", "1\n", 0, ""},
		{"-keep-open", "1\n", 0, ""},
	} {
		addr := once(t, func(c *net.TCPConn) {
			const input = "a\nb\n"
			io.ReadFull(c, make([]byte, len(input)-strings.Count(test.args, "-half")))
			io.WriteString(c, test.sends)
			c.CloseWrite()
			io.Copy(io.Discard, c)
		})
		code, _, stderr := finish(t, "a\nb\n", append(strings.Fields(test.args), addr)...)
		assert.Equal(t, test.code, code, test)
		assert.Equal(t, test.stderr, stderr, test)
	}
}

// With -keep-open this side does not end before the other.
func TestSession_KeepOpen(t *testing.T) {
	t.Parallel()
	open := make(chan bool, 1)
	addr := once(t, func(c *net.TCPConn) {
		io.ReadFull(c, make([]byte, 2))
		c.SetReadDeadline(time.Now().Add(time.Second))
		_, err := c.Read(make([]byte, 1))
		open <- os.IsTimeout(err)
		io.WriteString(c, "news\n")
	})
	code, stdout, stderr := finish(t, "a\n", "-keep-open", "-timeout=300ms", addr)
	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, "news\n", stdout)
	assert.True(t, <-open, "it has ended its side")
}

// -n 0 ends this side at once, for a server that reads to the end before it answers.
func TestSession_AtOnce(t *testing.T) {
	t.Parallel()
	addr := once(t, func(c *net.TCPConn) {
		got, _ := io.ReadAll(c)
		c.Write(got)
	})
	code, stdout, _ := finish(t, "a\nb\n", "-n=0", "-timeout=-1s", addr)
	assert.Equal(t, 0, code)
	assert.Equal(t, "a\nb\n", stdout)
}

// A write may take longer than the timeout, as long as it makes progress.
func TestSession_SlowReader(t *testing.T) {
	t.Parallel()
	const timeout, size = 300 * time.Millisecond, 8 << 20
	file := filepath.Join(t.TempDir(), "message")
	require.NoError(t, os.WriteFile(file, bytes.Repeat([]byte("m"), size), 0o600))
	addr := once(t, func(c *net.TCPConn) {
		c.SetReadBuffer(64 << 10)
		tick := time.NewTicker(timeout / 6)
		defer tick.Stop()
		for range 12 {
			<-tick.C
			io.CopyN(io.Discard, c, 256<<10)
		}
		io.Copy(io.Discard, c)
		io.WriteString(c, "done\n")
	})
	begin := time.Now()
	code, stdout, stderr := finish(t, "", "-file", file, "-max-payload=-1", "-n=0", "-timeout", timeout.String(), addr)
	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, "done\n", stdout)
	assert.Greater(t, time.Since(begin), timeout)
}

// -raw adds nothing: what a file sends is what comes back.
func TestSession_RawFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "message")
	message := "no end of line\x00\r\n\xff"
	require.NoError(t, os.WriteFile(file, []byte(message), 0o600))
	code, stdout, _ := finish(t, "", "-raw", "-file", file, "-framing=length", echo(t, "length"))
	assert.Equal(t, 0, code)
	assert.Equal(t, message, stdout)
}

// Lines that are typed fit a framing that delivers them with their end, and only
// such a framing.
func TestSession_KeepsLineEnd(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ framing, stdin, stdout, stderr string }{
		{"line,keep", "hello\n\nlast", "hello\n\nlast\n", ""},
		{"crlf,keep", "hello\n\nlast", "hello\r\n\r\nlast\r\n", ""},
		{"redis", "PING\nGET a\r\n:1\n", "PING\r\nGET a\r\n:1\r\n", ""},
		{"memcached", "version\nget a\n", "version\r\nget a\r\n", ""},
		{"nats", "PING\n", "PING\r\n", ""},
		{"dot", "hello\n\n.\n", "hello\r\n.\r\n", ""},
		{"fixed,size=5", "hello\n\nlast", "hello", "line 2: framing: payload of 0 bytes refused"},
		{"fixed,size=6", "last\n", "", "line 1: framing: payload of 4 bytes refused"},
		{"fixed,size=2", "\n", "", "line 1: framing: payload of 0 bytes refused"},
	} {
		_, stdout, stderr := finish(t, test.stdin, "-raw", "-framing="+test.framing, echo(t, test.framing))
		assert.Equal(t, test.stdout, stdout, test)
		assert.Contains(t, stderr, test.stderr, test)
		assert.Equal(t, test.stderr == "", stderr == "", stderr)
	}
}

// A line that begins a message of several lines is refused, with what takes such
// messages; one that begins none is refused without.
func TestSession_BeginningOfMessage(t *testing.T) {
	t.Parallel()
	const advice = "; a message of several lines needs -framed, one of other bytes -hex\n"
	for _, test := range []struct {
		framing, line string
		advised       bool
	}{
		{"memcached", "set greeting 0 0 5", true},
		{"sip", "OPTIONS sip:b SIP/2.0", true},
		{"redis", "*1", true},
		{"redis", "{}", false},
		{"json", "PING", false},
	} {
		code, _, stderr := finish(t, test.line+"\n", "-framing="+test.framing, echo(t, test.framing))
		assert.Equal(t, 1, code, test)
		assert.Regexp(t, "^framecat: line 1: framing: payload of .* refused: ", stderr, test)
		assert.Equal(t, test.advised, strings.HasSuffix(stderr, advice), stderr)
	}
}

// With -framed the input is frames, of stdin or of a file, and an invalid one is an
// error; what came before it is answered.
func TestSession_Framed(t *testing.T) {
	t.Parallel()
	frames := file(t, "1:a,2:b\n,")
	for _, test := range []struct{ args, stdin, stdout, stderr string }{
		{"-framing=memcached", "set a 0 0 5\r\nhello\r\nget a\r\n", "set a 0 0 5\r\nhello\r\nget a\r\n", ""},
		{"-framing=redis", "*1\r\n$4\r\nPING\r\n:1\r\n", "*1\r\n$4\r\nPING\r\n:1\r\n", ""},
		{"-framing=dot", "a\r\n..b\r\n.\r\n", "a\r\n.b\r\n", ""},
		{"-framing=netstring -file=" + frames, "", "ab\n", ""},
		{"-framing=json", "[1]2", "[1]2", ""},
		{"-framing=nats", "PING\r\nPUB a 5\r\nhel", "PING\r\n", "framecat: message 2: framing: frame at offset 6: unexpected EOF after 12 of 16 bytes\n"},
		{"-framing=netstring", "1:a,?", "a", "framecat: message 2: framing: frame at offset 4: malformed length: "},
		{"-framing=netstring -max-payload=2", "2:ab,3:abc,", "ab", "framecat: message 2: longer than -max-payload 2 allows\n"},
		{"-framing=netstring -file=" + frames + ".none", "", "", "framecat: open "},
	} {
		args := strings.Fields(test.args)
		code, stdout, stderr := finish(t, test.stdin, append(args, "-framed", "-raw", echo(t, strings.TrimPrefix(args[0], "-framing=")))...)
		assert.Equal(t, test.stderr != "", code == 1, test)
		assert.Equal(t, test.stdout, stdout, test)
		assert.Contains(t, stderr, test.stderr, test)
		assert.Equal(t, test.stderr == "", stderr == "", stderr)
	}
}

// A server that wants TLS is known, whether it ends, resets or answers the plain
// connection; and so is one that does not know TLS.
func TestSession_WrongTLS(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	pair, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(t, err)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	require.NoError(t, err)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.(*tls.Conn).Handshake()
			c.Close()
		}
	}()
	for _, addr := range []string{l.Addr().String(), answer(t, "\x15\x03\x03\x00\x02\x02\x46")} {
		args := []string{"-n=0", addr}
		if addr == l.Addr().String() {
			args = args[1:]
		}
		code, stdout, stderr := finish(t, "hello, world\n", args...)
		assert.Equal(t, 1, code)
		assert.Empty(t, stdout)
		assert.Equal(t, "framecat: the server speaks TLS: use -tls\n", stderr)
	}
	plain := once(t, func(c *net.TCPConn) {
		io.WriteString(c, "220 ready\n")
		io.Copy(io.Discard, c)
	})
	code, _, stderr := finish(t, "hello\n", "-tls", plain)
	assert.Equal(t, 1, code)
	assert.Equal(t, "framecat: TLS with "+plain+": the server does not speak TLS: use no -tls\n", stderr)
}

// What was printed before an error comes before it.
func TestSession_OutputBeforeError(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0], "-decode", "-framing=netstring", "-max-payload=2")
	cmd.Env = append(os.Environ(), asCommand+"=1")
	cmd.Stdin = strings.NewReader("2:hi,4:long,2:ho,x")
	both, _ := cmd.CombinedOutput()
	assert.Regexp(t, `^hi\nframecat: .*exceeds the limit.*\nho\nframecat: .*malformed length.*\n$`, string(both))
}

// A deadline that has passed is not believed before the socket was looked at.
func TestSteadyConn_Read(t *testing.T) {
	t.Parallel()
	l := listenTCP(t)
	sender := dial(t, l.Addr().String())
	c := &steadyConn{conn: accept(t, l)}
	_, err := io.WriteString(sender, "answer")
	require.NoError(t, err)
	require.NoError(t, c.SetReadDeadline(time.Unix(1, 0)))
	got := make([]byte, 10)
	n, err := c.Read(got)
	require.NoError(t, err)
	assert.Equal(t, "answer", string(got[:n]))
	require.NoError(t, c.SetReadDeadline(time.Unix(1, 0)))
	_, err = c.Read(got)
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

// A host and a port may be two arguments.
func TestSession_HostPort(t *testing.T) {
	t.Parallel()
	host, port, err := net.SplitHostPort(echo(t, "line"))
	require.NoError(t, err)
	code, stdout, _ := finish(t, "hello\n", host, port)
	assert.Equal(t, 0, code)
	assert.Equal(t, "hello\n", stdout)
}

// Replies as JSON, for programs.
func TestSession_JSON(t *testing.T) {
	t.Parallel()
	code, stdout, _ := finish(t, "hello\n\u009b2J\n", "-json", echo(t, "line"))
	assert.Equal(t, 0, code)
	assert.Regexp(t, `^\{"time":"2[^"]*","from":"server","n":1,"size":5,"text":"hello"\}
\{"time":"2[^"]*","from":"server","n":2,"size":4,"text":"\\u009b2J"\}
$`, stdout)
	code, stdout, _ = finish(t, "2:\xff\x00,0:,", "-decode", "-json", "-framing=netstring")
	assert.Equal(t, 0, code)
	assert.Equal(t, `{"n":1,"size":2,"hex":"ff00"}`+"\n"+`{"n":2,"size":0,"text":""}`+"\n", stdout)
	_, stdout, _ = finish(t, "2:hi,", "-decode", "-json", "-count", "-framing=netstring")
	assert.Equal(t, `{"bytes":2,"messages":1}`+"\n", stdout)
}
