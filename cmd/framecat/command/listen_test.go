package command

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A listener is a running framecat -listen.
type listener struct {
	t      *testing.T
	cmd    *exec.Cmd
	addr   string
	stdout strings.Builder
	stderr lines
	ended  bool
}

// lines keeps what is written, and says when the first line is there.
type lines struct {
	mu    sync.Mutex
	text  strings.Builder
	first chan string
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := strings.Contains(l.text.String(), "\n")
	l.text.Write(p)
	if line, _, ok := strings.Cut(l.text.String(), "\n"); ok && !before {
		l.first <- line
	}
	return len(p), nil
}

// listenOn starts framecat -listen on a free port.
func listenOn(t *testing.T, stdin string, args ...string) *listener {
	t.Helper()
	return startListener(t, nil, stdin, args...)
}

// startListener is listenOn with another standard output, if that is not nil.
func startListener(t *testing.T, stdout *os.File, stdin string, args ...string) *listener {
	t.Helper()
	l := &listener{t: t, stderr: lines{first: make(chan string, 1)}}
	l.cmd = exec.Command(os.Args[0], append([]string{"-listen", "127.0.0.1:0"}, args...)...)
	l.cmd.Env = append(os.Environ(), asCommand+"=1")
	l.cmd.Stdin, l.cmd.Stdout, l.cmd.Stderr = strings.NewReader(stdin), &l.stdout, &l.stderr
	if stdout != nil {
		l.cmd.Stdout = stdout
	}
	require.NoError(t, l.cmd.Start())
	t.Cleanup(func() {
		if !l.ended {
			l.cmd.Process.Kill()
			l.cmd.Wait()
		}
	})
	select {
	case line := <-l.stderr.first:
		addr, ok := strings.CutPrefix(line, "framecat: listening on ")
		require.True(t, ok, line)
		l.addr = addr
	case <-time.After(patient):
		t.Fatal("it does not listen")
	}
	return l
}

// end waits for the end of the program, and returns what it has printed.
func (l *listener) end() (code int, stdout, stderr string) {
	l.t.Helper()
	l.ended = true
	l.cmd.Wait()
	_, stderr, _ = strings.Cut(l.stderr.text.String(), "\n")
	return l.cmd.ProcessState.ExitCode(), l.stdout.String(), stderr
}

// stop ends the program with SIGTERM, and returns what it has printed.
func (l *listener) stop() (code int, stdout, stderr string) {
	l.t.Helper()
	require.NoError(l.t, l.cmd.Process.Signal(syscall.SIGTERM))
	return l.end()
}

// dial connects to a server of a test.
func dial(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(patient)))
	return c.(*net.TCPConn)
}

// accept returns the next connection of l.
func accept(t *testing.T, l net.Listener) *net.TCPConn {
	t.Helper()
	c, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(patient)))
	return c.(*net.TCPConn)
}

func listenTCP(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// untimed takes the times from lines with labels.
func untimed(text string) string {
	return regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d\.\d{3} `).ReplaceAllString(text, "")
}

// A listener prints what clients send, and answers as it is told.
func TestListen_Answers(t *testing.T) {
	t.Parallel()
	reply := filepath.Join(t.TempDir(), "reply")
	require.NoError(t, os.WriteFile(reply, []byte("a\nb"), 0o600))
	for _, test := range []struct {
		args    []string
		replies string
		stdout  string
	}{
		{nil, "", "#1 -> 1, 5 bytes: hello\n#1 -> 2, 1 byte: \"\\x1b\"\n"},
		{[]string{"-echo"}, "hello\n\"\\x1b\"\n",
			"#1 -> 1, 5 bytes: hello\n#1 <- 1, 5 bytes: hello\n#1 -> 2, 1 byte: \"\\x1b\"\n#1 <- 2, 1 byte: \"\\x1b\"\n"},
		{[]string{"-reply", reply, "-hex"}, "\"a\\nb\"\n\"a\\nb\"\n",
			"#1 -> 1, 5 bytes: 68656c6c6f\n#1 <- 1, 3 bytes: 610a62\n#1 -> 2, 1 byte: 1b\n#1 <- 2, 3 bytes: 610a62\n"},
		{[]string{"-echo", "-raw"}, "hello\n\"\\x1b\"\n", "hellohello\x1b\x1b"},
		{[]string{"-echo", "-quiet", "-chop=1", "-delay=1ms"}, "hello\n\"\\x1b\"\n", ""},
	} {
		l := listenOn(t, "", append(test.args, "-framing=length")...)
		n := strings.Count(test.replies, "\n")
		_, replies, _ := finish(t, "hello\n\x1b\n", "-framing=length", "-n", strings.Repeat("2", min(n, 1))+strings.Repeat("0", 1-min(n, 1)), l.addr)
		assert.Equal(t, test.replies, replies, test.args)
		code, stdout, stderr := l.stop()
		assert.Equal(t, 0, code, test.args)
		assert.Equal(t, test.stdout, untimed(stdout), test.args)
		assert.Regexp(t, `^(framecat: #1: connected from 127.0.0.1:\d+\n)?$`, stderr)
	}
}

// The wire of a server is shown as that of a client, and with -once it ends with
// its client.
func TestListen_WireOnce(t *testing.T) {
	t.Parallel()
	l := listenOn(t, "", "-once", "-echo", "-x", "-framing=length")
	code, _, stderr := finish(t, "hi\n", "-framing=length", l.addr)
	assert.Equal(t, 0, code, stderr)
	code, stdout, _ := l.end()
	assert.Equal(t, 0, code)
	assert.Equal(t, `-> message 1: header 4, payload 2
   00000000  00 00 00 02 68 69                                 ....hi
   -------- read of 6 bytes ended here
<- message 1: header 4, payload 2
   00000000  00 00 00 02 68 69                                 ....hi
   -------- write of 6 bytes ended here
`, stdout)
}

// What breaks the framing is reported, and is the exit code.
func TestListen_Malformed(t *testing.T) {
	t.Parallel()
	l := listenOn(t, "", "-echo", "-framing=netstring")
	c := dial(t, l.addr)
	_, err := io.WriteString(c, "2:hi,x\x1b")
	require.NoError(t, err)
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Equal(t, "2:hi,", string(got))
	code, _, stderr := l.stop()
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "malformed length")
	assert.NotContains(t, stderr, "\x1b")
}

// With -once and nothing else, lines are sent to the client.
func TestListen_Talk(t *testing.T) {
	t.Parallel()
	l := listenOn(t, "ping\n", "-once", "-framing=length")
	code, stdout, stderr := finish(t, "pong\n", "-framing=length", l.addr)
	assert.Equal(t, "ping\n", stdout)
	assert.Equal(t, 0, code, stderr)
	code, stdout, stderr = l.end()
	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, "pong\n", stdout)
}

// Messages in both directions are numbered and printed in their order, and passed
// on.
func TestProxy(t *testing.T) {
	t.Parallel()
	record := filepath.Join(t.TempDir(), "record")
	l := listenOn(t, "", "-to", echo(t, "length"), "-framing=length", "-record", record)
	for range 2 {
		code, stdout, _ := finish(t, "hello\n\x1b[31m\n", "-framing=length", l.addr)
		assert.Equal(t, 0, code)
		assert.Equal(t, "hello\n\"\\x1b[31m\"\n", stdout)
	}
	code, stdout, stderr := l.stop()
	assert.Equal(t, 0, code, stderr)
	for _, lines := range []string{
		"#1 -> 1, 5 bytes: hello\n#1 -> 2, 5 bytes: \"\\x1b[31m\"\n", "#2 -> 1, 5 bytes: hello\n#2 -> 2, 5 bytes: \"\\x1b[31m\"\n",
	} {
		up, down := strings.Split(lines, "\n"), strings.Split(strings.ReplaceAll(lines, "->", "<-"), "\n")
		for i := range 2 {
			assert.Less(t, strings.Index(untimed(stdout), up[i]+"\n"), strings.Index(untimed(stdout), down[i]+"\n"), stdout)
		}
	}
	assert.Regexp(t, `^framecat: #1: connected from .*\nframecat: #2: connected from .*\n$`, stderr)

	// What was recorded can be replayed.
	code, stdout, stderr = finish(t, "", "-replay", record, "-framing=length", echo(t, "length"))
	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, "4 messages on 2 connections: 4 replies as recorded, 0 different, 0 missing\n", stdout)
}

// A long message is one line that is not long.
func TestProxy_LongMessage(t *testing.T) {
	t.Parallel()
	l := listenOn(t, "", "-to", echo(t, "line"))
	code, _, _ := finish(t, strings.Repeat("m", 1<<16)+"\n", l.addr)
	assert.Equal(t, 0, code)
	_, stdout, _ := l.stop()
	long := "65536 bytes: " + strings.Repeat("m", lineBytes) + " ... and 64536 bytes more\n"
	assert.Equal(t, "#1 -> 1, "+long+"#1 <- 1, "+long, untimed(stdout))
}

// Bytes that break the framing are reported, and passed on as they are.
func TestProxy_Malformed(t *testing.T) {
	t.Parallel()
	upstream := listenTCP(t)
	l := listenOn(t, "", "-to", upstream.Addr().String(), "-framing=netstring", "-max-payload=4")
	client := dial(t, l.addr)
	server := accept(t, upstream)
	const wire = "2:hi,8:too long,2:ok,x\x1b]0;title\a broken"
	_, err := io.WriteString(client, wire)
	require.NoError(t, err)
	require.NoError(t, client.CloseWrite())
	got, err := io.ReadAll(server)
	require.NoError(t, err)
	assert.Equal(t, wire, string(got))
	require.NoError(t, server.Close())
	_, err = io.ReadAll(client)
	require.NoError(t, err)
	code, stdout, stderr := l.stop()
	assert.Equal(t, 1, code)
	assert.Equal(t, "#1 -> 1, 2 bytes: hi\n#1 -> 2, 2 bytes: ok\n", untimed(stdout))
	assert.Contains(t, stderr, "framecat: #1 -> framing: frame at offset 5: payload of 8 bytes exceeds the limit of 4 bytes\n")
	assert.Contains(t, stderr, "framecat: #1 -> framing: frame at offset 21: malformed length")
	assert.NotContains(t, stderr, "\x1b")
}

// A message that its sender does not finish is passed on as far as it came.
func TestProxy_Unfinished(t *testing.T) {
	t.Parallel()
	upstream := listenTCP(t)
	l := listenOn(t, "", "-to", upstream.Addr().String(), "-framing=netstring")
	client := dial(t, l.addr)
	server := accept(t, upstream)
	_, err := io.WriteString(client, "2:hi,5:hel")
	require.NoError(t, err)
	require.NoError(t, client.CloseWrite())
	got, err := io.ReadAll(server)
	require.NoError(t, err)
	assert.Equal(t, "2:hi,5:hel", string(got))
	require.NoError(t, server.Close())
	code, _, stderr := l.stop()
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "#1 -> framing: frame at offset 5: unexpected EOF after 5 of 8 bytes\n")
}

// A half-close is passed on each way, and the other direction continues.
func TestProxy_HalfClose(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-framing=line"}, {"-framing=line", "-to-framing=netstring"}} {
		upstream := listenTCP(t)
		l := listenOn(t, "", append(args, "-to", upstream.Addr().String())...)
		up, down := "1\n", "2\n"
		if len(args) > 1 {
			up, down = "1:1,", "1:2,"
		}
		pass := func(from io.Writer, to io.Reader, sends, want string) {
			t.Helper()
			_, err := io.WriteString(from, sends)
			require.NoError(t, err)
			got := make([]byte, len(want))
			_, err = io.ReadFull(to, got)
			require.NoError(t, err)
			assert.Equal(t, want, string(got))
		}
		atEnd := func(c net.Conn) {
			t.Helper()
			_, err := c.Read(make([]byte, 1))
			assert.Equal(t, io.EOF, err)
		}
		client := dial(t, l.addr)
		server := accept(t, upstream)
		pass(client, server, "1\n", up)
		require.NoError(t, client.CloseWrite())
		atEnd(server)
		pass(server, client, down, "2\n")
		require.NoError(t, server.CloseWrite())
		atEnd(client)

		client, server = dial(t, l.addr), accept(t, upstream)
		require.NoError(t, server.CloseWrite())
		atEnd(client)
		pass(client, server, "1\n", up)
		require.NoError(t, client.CloseWrite())
		atEnd(server)
		code, _, stderr := l.stop()
		assert.Equal(t, 0, code, stderr)
	}
}

// Trouble is made for the side that was named, or both.
func TestProxy_Trouble(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ args, up, down string }{
		{"-half", "6:bridge,3:h", "6:broken,3:h"},
		{"-half -trouble=server", "6:bridge,3:h", "6:broken,3:hey,"},
		{"-half -trouble=client -chop=2 -delay=1ms", "6:bridge,3:hey,", "6:broken,3:h"},
		{"-chop=1", "6:bridge,3:hey,", "6:broken,3:hey,"},
	} {
		upstream := listenTCP(t)
		l := listenOn(t, "", append(strings.Fields(test.args), "-to", upstream.Addr().String(), "-framing=netstring")...)
		client := dial(t, l.addr)
		server := accept(t, upstream)
		_, err := io.WriteString(client, "6:bridge,3:hey,")
		require.NoError(t, err)
		require.NoError(t, client.CloseWrite())
		got, err := io.ReadAll(server)
		require.NoError(t, err)
		assert.Equal(t, test.up, string(got), test.args)
		_, err = io.WriteString(server, "6:broken,3:hey,")
		require.NoError(t, err)
		require.NoError(t, server.Close())
		got, err = io.ReadAll(client)
		require.NoError(t, err)
		assert.Equal(t, test.down, string(got), test.args)
		code, _, stderr := l.stop()
		assert.Equal(t, 0, code, stderr)
	}
}

// The wire of each direction is shown with its connection.
func TestProxy_Wire(t *testing.T) {
	t.Parallel()
	l := listenOn(t, "", "-x", "-to", echo(t, "length"), "-framing=length")
	code, _, _ := finish(t, "hi\n", "-framing=length", l.addr)
	assert.Equal(t, 0, code)
	_, stdout, _ := l.stop()
	const rows = ` message 1: header 4, payload 2
   00000000  00 00 00 02 68 69                                 ....hi
   -------- read of 6 bytes ended here
`
	assert.Equal(t, "#1 ->"+rows+"#1 <-"+rows, stdout)
}

// TLS on either side, and in the middle the messages.
func TestProxy_TLS(t *testing.T) {
	t.Parallel()
	server, ca := echoTLS(t)
	cert, key := certificate(t)
	for _, mode := range [][]string{{"-framing=line"}, {"-framing=line", "-to-framing=line"}} {
		l := listenOn(t, "", append(mode, "-to", server, "-tls", "-tls-ca", ca, "-tls-cert", cert, "-tls-key", key)...)
		code, stdout, stderr := finish(t, "hello\n", "-tls", "-tls-ca", cert, l.addr)
		assert.Equal(t, 0, code, stderr)
		assert.Equal(t, "hello\n", stdout)
		code, stdout, stderr = l.stop()
		assert.Equal(t, 0, code, stderr)
		assert.Equal(t, "#1 -> 1, 5 bytes: hello\n#1 <- 1, 5 bytes: hello\n", untimed(stdout))
	}
}

// A client whose server cannot be connected to is told with a reset or an end, and
// the next client is served.
func TestProxy_NoServer(t *testing.T) {
	t.Parallel()
	gone := listenTCP(t)
	gone.Close()
	l := listenOn(t, "", "-to", gone.Addr().String())
	for range 2 {
		code, _, _ := finish(t, "", l.addr)
		assert.Equal(t, 1, code)
	}
	code, _, stderr := l.stop()
	assert.Equal(t, 1, code)
	assert.Equal(t, 2, strings.Count(stderr, "connection refused"), stderr)
}

// A Unix socket is listened on, and connected to.
func TestProxy_Unix(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "framecat") // t.TempDir may be longer than the address of a socket
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	back := listenOn(t, "", "-listen", "unix:"+dir+"/back", "-echo")
	require.Equal(t, "unix:"+dir+"/back", back.addr)
	front := listenOn(t, "", "-listen", "unix:"+dir+"/front", "-to", back.addr)
	code, stdout, stderr := finish(t, "hello\n", front.addr)
	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, "hello\n", stdout)
	for _, l := range []*listener{front, back} {
		code, stdout, stderr := l.stop()
		assert.Equal(t, 0, code, stderr)
		assert.Equal(t, "#1 -> 1, 5 bytes: hello\n#1 <- 1, 5 bytes: hello\n", untimed(stdout))
	}
}

// With -once a proxy ends with its client.
func TestProxy_Once(t *testing.T) {
	t.Parallel()
	l := listenOn(t, "", "-once", "-to", echo(t, "line"))
	code, _, _ := finish(t, "hello\n", l.addr)
	assert.Equal(t, 0, code)
	code, stdout, stderr := l.end()
	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, "#1 -> 1, 5 bytes: hello\n#1 <- 1, 5 bytes: hello\n", untimed(stdout))
}

// A bridge passes on messages in both directions; one that the other framing cannot
// carry, and one that is too large, are reported and cost no other.
func TestBridge(t *testing.T) {
	t.Parallel()
	l := listenOn(t, "", "-framing=netstring", "-max-payload=5", "-to", echo(t, "line"), "-to-framing=line")
	c := dial(t, l.addr)
	_, err := io.WriteString(c, "5:hello,3:a\nb,6:longer,0:,2:ok,")
	require.NoError(t, err)
	require.NoError(t, c.CloseWrite())
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Equal(t, "5:hello,0:,2:ok,", string(got))
	code, stdout, stderr := l.stop()
	assert.Equal(t, 1, code)
	assert.Contains(t, untimed(stdout), "#1 <- 3, 2 bytes: ok\n")
	assert.Contains(t, stderr, "framecat: #1 -> message 2: framing: payload of 3 bytes refused")
	assert.Contains(t, stderr, "framecat: #1 -> framing: frame at offset 14: payload of 6 bytes exceeds the limit of 5 bytes")
}

// A stream that cannot be followed ends there; what came before is answered.
func TestBridge_Malformed(t *testing.T) {
	t.Parallel()
	l := listenOn(t, "", "-framing=netstring", "-to", echo(t, "length"), "-to-framing=length")
	c := dial(t, l.addr)
	_, err := io.WriteString(c, "5:hello,x"+strings.Repeat("y", 1<<16))
	require.NoError(t, err)
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Equal(t, "5:hello,", string(got))
	code, _, stderr := l.stop()
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "malformed length")
}

// The wire of a bridge is that of both framings.
func TestBridge_Wire(t *testing.T) {
	t.Parallel()
	l := listenOn(t, "", "-x", "-framing=line", "-to", echo(t, "netstring"), "-to-framing=netstring")
	code, _, _ := finish(t, "hi\n", l.addr)
	assert.Equal(t, 0, code)
	_, stdout, _ := l.stop()
	assert.Equal(t, `#1 -> message 1: payload 2, trailer 1
   00000000  68 69 0a                                          hi.
   -------- read of 3 bytes ended here
#1 <- message 1: header 2, payload 2, trailer 1
   00000000  32 3a 68 69 2c                                    2:hi,
   -------- read of 5 bytes ended here
`, stdout)
}
