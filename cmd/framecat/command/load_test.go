package command

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
)

// acceptEach starts a server that serves each connection with handle, one after the other.
func acceptEach(t *testing.T, handle func(n int, c *net.TCPConn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			handle(n, c.(*net.TCPConn))
			c.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return l.Addr().String()
}

// sends is a handle that answers the first byte with bytes, and ends.
func sends(bytes string) func(int, *net.TCPConn) {
	return func(_ int, c *net.TCPConn) {
		io.ReadFull(c, make([]byte, 1))
		io.WriteString(c, bytes)
		c.CloseWrite()
		io.Copy(io.Discard, c)
	}
}

// loadJSON runs a load, and returns what it prints.
func loadJSON(t *testing.T, args ...string) (m measured, stderr string, code int) {
	t.Helper()
	code, stdout, stderr := finish(t, "", append([]string{"-load", "-json", "-framing=length"}, args...)...)
	require.NoError(t, json.Unmarshal([]byte(stdout), &m), "%s%s", stdout, stderr)
	return m, stderr, code
}

// file writes a file, and returns its name.
func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

// A server that echoes is measured; one that lies is found out.
func TestLoad(t *testing.T) {
	t.Parallel()
	args := []string{"-load", "-framing=length", "-conns=2", "-depth=3", "-size=100", "-for=500ms"}
	code, stdout, stderr := finish(t, "", append(args, echo(t, "length"))...)
	assert.Equal(t, 0, code, stderr)
	assert.Regexp(t, `^2 connections, 3 messages of 100 bytes .* framing length\n[1-9]\d* messages echoed in .*, every byte checked\nlatency: 50% .*\nerrors: none\n$`, stdout)
	assert.Empty(t, stderr)
	for _, test := range []struct{ sends, says string }{
		{"\x00\x00\x00\x01x", "a reply is not the message that was sent"},
		{"", "before it had answered all messages"},
		{"\x00\x00\x00\x64abc", "unexpected EOF"},
	} {
		code, stdout, stderr := finish(t, "", append(args, "-conns=1", "-timeout=30s", acceptEach(t, sends(test.sends)))...)
		assert.Equal(t, 1, code)
		assert.Regexp(t, `\n0 messages echoed in .*, every byte checked\nerrors: 1 of 1 connections\n$`, stdout)
		assert.Contains(t, stderr, test.says)
	}
	code, _, stderr = finish(t, "", append(args, "-framing=fixed,size=3", echo(t, "length"))...)
	assert.Equal(t, 1, code)
	assert.Regexp(t, "-size 100: framing: payload of 100 bytes refused: .*; -send FILE sends messages of your own\n$", stderr)
}

// Who does not connect before -for is over is not forgotten.
func TestLoad_NotConnected(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	code, stdout, stderr := finish(t, "", "-load", "-tls", "-conns=3", "-for=500ms", l.Addr().String())
	assert.Equal(t, 1, code)
	assert.Contains(t, stdout, "errors: 3 of 3 connections\n")
	assert.Equal(t, "framecat: 3 of 3 connections: not connected before -for was over\n", stderr)
}

// Errors of many connections are one where only their addresses differ.
func TestLoad_ErrorsByKind(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.ReadFull(c, make([]byte, 1))
			c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}
	}()
	code, _, stderr := finish(t, "", "-load", "-conns=5", "-for=1s", l.Addr().String())
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "framecat: 5 of 5 connections: read: ")
	assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
}

// What is sent, and what is expected, come from files.
func TestLoad_SendExpect(t *testing.T) {
	t.Parallel()
	hello := file(t, "hello\nworld\n")
	digits := file(t, "68 65 6c 6c 6f\n00ff\n")
	frames := file(t, "\x00\x00\x00\x02a\n\x00\x00\x00\x00")
	swapped := file(t, "world\nhello\n")
	for _, test := range []struct {
		args string
		code int
		says string
	}{
		{"-send " + hello, 0, ""},
		{"-send " + hello + " -expect echo", 0, ""},
		{"-send " + hello + " -expect " + hello, 0, ""},
		{"-send " + digits + " -hex -expect echo", 0, ""},
		{"-send " + digits + " -hex -expect " + digits, 0, ""},
		{"-send " + frames + " -framed -expect echo", 0, ""},
		{"-send " + frames + " -framed -expect " + frames, 0, ""},
		{"-send " + hello + " -expect any", 0, ""},
		{"-send " + hello + " -expect " + swapped, 1, "a reply is not the one that -expect has"},
		{"-send " + hello + " -expect none", 1, "a reply came, and -expect is none"},
		{"-send " + hello + " -hex", 1, "-send " + hello + ": line 1: not pairs of hexadecimal digits"},
		{"-send " + hello + " -framed", 1, "-send " + hello + ": message 1: longer than -max-payload 1MiB allows"},
		{"-send " + hello + ".none", 1, "-send: open "},
		{"-expect " + hello + ".none", 1, "-expect: open "},
		{"-send " + file(t, ""), 1, "it has no message"},
		{"-send " + hello + " -max-payload=3", 1, "longer than -max-payload 3 allows"},
		{"-send " + hello + " -framing=fixed,size=3", 1, "line 1: framing: payload of 5 bytes refused"},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"-load", "-framing=length", "-conns=2", "-for=1s", "-size=1", "-timeout=20s"}, strings.Fields(test.args)...)
			code, stdout, stderr := finish(t, "", append(args, echo(t, "length"))...)
			assert.Equal(t, test.code, code, "%s%s", stdout, stderr)
			assert.Contains(t, stderr, test.says)
			if test.code == 0 {
				assert.Contains(t, stdout, "errors: none\n")
			}
		})
	}
	// A server that says nothing is loaded too.
	silent := acceptEach(t, func(_ int, c *net.TCPConn) { io.Copy(io.Discard, c) })
	m, stderr, code := loadJSON(t, "-expect=none", "-conns=1", "-for=1s", silent)
	assert.Equal(t, 0, code, stderr)
	assert.Positive(t, m.Sent)
	assert.Empty(t, m.Latency)
}

// With -rate a message is due at its time: if the server stops for a while, those that
// were due meanwhile are late, and their latency says so. Without it there is one such
// message for each that may be on its way.
func TestLoad_Rate(t *testing.T) {
	t.Parallel()
	const stall = 500 * time.Millisecond
	stalls := func(_ int, c *net.TCPConn) {
		conn := framing.NewConn(c, lengthprefix.Uint32())
		for i := 0; ; i++ {
			payload, err := conn.ReadFrame()
			if err != nil {
				return
			}
			if i == 5 {
				time.Sleep(stall)
			}
			if conn.WriteFrame(payload) != nil {
				return
			}
		}
	}
	m, stderr, code := loadJSON(t, "-conns=1", "-depth=4", "-rate=500", "-for=1s", acceptEach(t, stalls))
	assert.Equal(t, 0, code, stderr)
	assert.GreaterOrEqual(t, m.Latency["90%"], stall.Seconds()/2, "those of the first half of the stall are 25%% of all")
	assert.LessOrEqual(t, m.Sent, int64(500), "what is due later is not sent, however late the end is noticed")
	m, stderr, code = loadJSON(t, "-conns=1", "-depth=4", "-for=1s", acceptEach(t, stalls))
	assert.Equal(t, 0, code, stderr)
	assert.Less(t, m.Latency["50%"], m.Latency["max"], "few are late")
	assert.GreaterOrEqual(t, m.Latency["max"], stall.Seconds()*0.99)
}

// What was due and could not be sent is said.
func TestLoad_Unsent(t *testing.T) {
	t.Parallel()
	stuck := acceptEach(t, func(_ int, c *net.TCPConn) {
		io.ReadFull(c, make([]byte, 1))
		time.Sleep(500 * time.Millisecond)
	})
	m, stderr, code := loadJSON(t, "-conns=1", "-depth=2", "-rate=100", "-for=300ms", stuck)
	assert.Equal(t, 1, code, stderr)
	assert.LessOrEqual(t, m.Sent, int64(2))
	assert.GreaterOrEqual(t, m.Unsent, int64(25))
}

// With -reconnect a server that is restarted in order loses nothing: what it has ended
// without an answer is sent again. A reset loses what was on its way.
func TestLoad_Reconnect(t *testing.T) {
	t.Parallel()
	l, err := server.Listen("tcp", "127.0.0.1:0") // another would reset who connects while it closes
	require.NoError(t, err)
	addr := l.Addr().String()
	stop, restarts := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		for ; ; n++ {
			s := &server.Server{Framer: lengthprefix.Uint32(), Handler: server.Echo, Logger: slog.New(slog.DiscardHandler)}
			go s.Serve(l)
			for s.Stats().FramesIn == 0 {
				select {
				case <-stop:
					s.Close()
					restarts <- n
					return
				case <-time.After(100 * time.Millisecond):
				}
			}
			ctx, cancel := context.WithTimeout(context.Background(), patient)
			assert.NoError(t, s.Shutdown(ctx))
			cancel()
			for l, err = server.Listen("tcp", addr); err != nil; l, err = server.Listen("tcp", addr) {
				time.Sleep(time.Millisecond)
			}
		}
	}()
	m, stderr, code := loadJSON(t, "-reconnect", "-conns=4", "-for=2s", addr)
	close(stop)
	n := <-restarts
	assert.Equal(t, 0, code, stderr)
	assert.Positive(t, n)
	assert.Zero(t, m.Lost)
	assert.Equal(t, m.Sent, m.Replies, "each message was sent once, and answered")
	assert.NotEmpty(t, m.Ends)

	resets := acceptEach(t, func(n int, c *net.TCPConn) {
		io.ReadFull(c, make([]byte, 1))
		c.SetLinger(0)
	})
	m, stderr, code = loadJSON(t, "-reconnect", "-conns=2", "-for=1s", resets)
	assert.Equal(t, 1, code)
	assert.Positive(t, m.Lost)
	assert.Contains(t, stderr, "lost: a connection failed before the reply")
	// A server that answers wrongly is not connected to again.
	m, stderr, code = loadJSON(t, "-reconnect", "-conns=1", "-for=-1s", acceptEach(t, sends("\x00\x00\x00\x01x")))
	assert.Equal(t, 1, code)
	assert.Equal(t, map[string]int{errNotEcho.Error(): 1}, m.Ends)
	assert.Contains(t, stderr, errNotEcho.Error())
	// Nobody to connect to is an error, at the end.
	m, stderr, code = loadJSON(t, "-reconnect", "-conns=1", "-for=100ms", "127.0.0.1:1")
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "nothing was sent")
	assert.Positive(t, m.Ends["dial: connect: connection refused"])
}
