package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/spec"
	"github.com/wholeframe/wholeframe/server"
)

// serve starts a server of the framing length and returns its address.
func serve(t *testing.T, h server.Handler) string {
	t.Helper()
	return serveIn(t, "length", h)
}

// serveIn starts a server of a framing and returns its address.
func serveIn(t *testing.T, framing string, h server.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	framer, err := spec.Parse(framing)
	require.NoError(t, err)
	s := &server.Server{Framer: framer, Handler: h, Logger: slog.New(slog.DiscardHandler)}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		_ = s.Close() // what clients have not read is lost
		assert.ErrorIs(t, <-served, server.ErrServerClosed)
	})
	return l.Addr().String()
}

// framecheck runs framecheck and returns what it prints.
func framecheck(t *testing.T, code int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	assert.Equal(t, code, run(args, &out, &errs), "%s%s", &out, &errs)
	return out.String(), errs.String()
}

func TestUsage(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", "missing server: want HOST:PORT, or -- COMMAND"},
		{"a:1 b", `unexpected argument "b"; a command comes after --`},
		{"-- server", "the command has no {addr} or {port}"},
		{"nowhere", `"nowhere": want HOST:PORT`},
		{"example.com:80", "example.com:80 is not this machine; add -remote"},
		{"192.0.2.1:80", "192.0.2.1:80 is not this machine; add -remote"},
		{"-framing=lines 127.0.0.1:1", "perhaps line or syslog-tcp"},
		{"-patience=5 127.0.0.1:1", "for flag -patience: a duration needs a unit: write 5s"},
		{"-mode=loud 127.0.0.1:1", `-mode "loud": want echo, sink, script or client`},
		{"-reply=two 127.0.0.1:1", `-reply "two": want same or one`},
		{"-reply=one -mode=sink 127.0.0.1:1", "a server answers or does not"},
		{"-mode=script 127.0.0.1:1", "-mode script and -cases go together"},
		{"-cases=x 127.0.0.1:1", "-mode script and -cases go together"},
		{"-rounds=0 127.0.0.1:1", "-rounds 0: it must be 1 to 10000"},
		{"-max-payload=-1 127.0.0.1:1", "-max-payload -1: it must be 0 to 64MiB"},
		{"-max-payload=65MiB 127.0.0.1:1", "-max-payload 65MiB: it must be 0 to 64MiB"},
		{"-max-conns=-1 127.0.0.1:1", "-max-conns -1: it must be 0 to 10000"},
		{"-idle-timeout=2m 127.0.0.1:1", "-idle-timeout 2m0s: it must be 0 to 1m"},
		{"-patience=0 127.0.0.1:1", "-patience 0s: it must be more than 0"},
		{"-merge a.json", "-merge needs -html FILE"},
		{"-merge -html=-", "-merge needs -html FILE"},
		{"-list x", `unexpected argument "x" with -list`},
		{"-mode=client 127.0.0.1:1", "-mode client needs the command of the client, after --"},
		{"-mode=client -tls -- x {addr}", "-mode client: -tls and -message are for servers"},
		{"-json=- -html=- 127.0.0.1:1", "only one report can be standard output"},
		{"-only=99 127.0.0.1:1", "-only 99: there is no such case or group"},
		{"-only=9.4,9.99 127.0.0.1:1", "-only 9.99: there is no such case or group"},
		{"-only=closing,opening -list", "-only opening: there is no such case or group"},
		{"-unknown", "flag provided but not defined: -unknown"},
	} {
		stdout, stderr := framecheck(t, exitUsage, strings.Fields(c.args)...)
		assert.Contains(t, stderr, c.want, c.args)
		assert.Equal(t, 2, strings.Count(stderr, "\n"), stderr)
		assert.Empty(t, stdout)
	}
}

func TestHelp(t *testing.T) {
	stdout, _ := framecheck(t, exitPassed, "-h")
	assert.Contains(t, stdout, "Exit codes: 0 no case failed")
	stdout, _ = framecheck(t, exitPassed, "-framing=help")
	assert.Contains(t, stdout, "netstring")
	stdout, _ = framecheck(t, exitPassed, "-list", "-only=9.1,closing")
	assert.Contains(t, stdout, "9.1   At SIGTERM idle clients get the end of the stream.\n")
}

func TestUnable(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.json")
	require.NoError(t, os.WriteFile(broken, []byte(`{"framecheck": 7}`), 0o600))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-patience=50ms", silent.Addr().String()}, "a message on a new connection is not answered"},
		{[]string{"-only=11", silent.Addr().String()}, "no such case is played with -mode echo"},
		{[]string{"-message=" + dir + "/none", silent.Addr().String()}, "-message: open"},
		{[]string{"-framing=stomp", silent.Addr().String()}, "with -message FILE"},
		{[]string{"-framing=fixed,size=4", "-message=" + broken, silent.Addr().String()}, "-message: framing: payload of 17 bytes refused"},
		{[]string{"-max-payload=1", "-message=" + broken, silent.Addr().String()}, "-message: a message of 17 bytes is larger than -max-payload 1"},
		{[]string{"-mode=script", "-cases=" + broken, silent.Addr().String()}, "broken.json: json: unknown field"},
		{[]string{"-merge", "-html=-", broken}, "broken.json: not a report of framecheck, or of format 7; want 1"},
		{[]string{"-merge", "-html=-", dir + "/none"}, "no such file"},
		{[]string{"--", dir + "/none", "{addr}"}, "cannot start the server"},
	} {
		_, stderr := framecheck(t, exitUnable, c.args...)
		assert.Contains(t, stderr, c.want)
		assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
	}
}

// A run in which no case applies has judged nothing, and its report tells why.
func TestNothingApplies(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.json")
	stdout, stderr := framecheck(t, exitUnable, "-framing=length", "-only=9.1,9.4", "-json="+file, serve(t, server.Echo))
	assert.Contains(t, stdout, "9.4   does not apply ")
	assert.Equal(t, "framecheck: nothing could be judged: no case applies\n", stderr)
	assert.FileExists(t, file)
}

// The first six groups need no more than an address.
func TestAddress(t *testing.T) {
	stdout, _ := framecheck(t, exitPassed, "-framing=length", "-only=1.2,5,9.1", serve(t, server.Echo))
	assert.Contains(t, stdout, "1.2   pass ")
	assert.Contains(t, stdout, "9.1   does not apply ")
	assert.Contains(t, stdout, "length: 8 pass, 0 fail, 0 not strict, 0 informational, 3 do not apply\n")
}

// An echo of bytes passes most of what an echo of frames does.
func TestEchoOfBytes(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c) // the client may be gone
			}()
		}
	}()
	stdout, _ := framecheck(t, exitFailed, "-framing=length", "-only=1.1,1.2,1.7,5.2", l.Addr().String())
	assert.Contains(t, stdout, "1.7   fail ")
	assert.Contains(t, stdout, "n=8: bytes of an answer to no whole message")
	assert.Contains(t, stdout, "| framecat -x -hex -framing=fixed,size=11 ")
	assert.Contains(t, stdout, "3 pass, 1 fail")
}

// Few servers echo: what needs an echo is left out.
func TestReplyOne(t *testing.T) {
	t.Parallel()
	addr := serve(t, func(c *server.Conn, payload []byte) error { return c.Reply([]byte("OK")) })
	stdout, _ := framecheck(t, exitPassed, "-framing=length", "-reply=one", "-only=1.2,1.7,5.2,6.1", addr)
	assert.Contains(t, stdout, "6.1   does not apply ")
	assert.Contains(t, stdout, "3 pass, 0 fail")
	framecheck(t, exitUnable, "-framing=length", "-only=1.2", addr)
}

// With -message the server gets nothing that is not the user's, also where random bytes
// would be messages.
func TestMessage(t *testing.T) {
	allowed := map[string]bool{"first": true, "the second": true}
	var args []string
	for text := range allowed {
		file := filepath.Join(t.TempDir(), "message")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		args = append(args, "-message="+file)
	}
	for _, framing := range []string{"length", "line"} {
		var others atomic.Int64
		addr := serveIn(t, framing, func(c *server.Conn, payload []byte) error {
			if !allowed[string(payload)] {
				others.Add(1)
			}
			return c.Reply(payload)
		})
		stdout, _ := framecheck(t, exitPassed, append(args, "-framing="+framing, "-max-payload=1MiB", "-only=1,2,3,4,5,6", addr)...)
		assert.Contains(t, stdout, "1.2   pass ")
		assert.Contains(t, stdout, "2.2   does not apply ")
		assert.Contains(t, stdout, "4.6   does not apply ")
		assert.Zero(t, others.Load(), framing)
	}
}

// A server that answers nothing is judged by how connections end.
func TestSink(t *testing.T) {
	silent := serve(t, func(*server.Conn, []byte) error { return nil })
	stdout, _ := framecheck(t, exitPassed, "-framing=length", "-mode=sink", "-only=1,5", silent)
	assert.Contains(t, stdout, "5.3   pass ")
	assert.Contains(t, stdout, "1.2   does not apply ")
	stdout, _ = framecheck(t, exitFailed, "-framing=length", "-mode=sink", "-only=5.2", serve(t, server.Echo))
	assert.Contains(t, stdout, "an answer to nothing")
}

// The worst of several rounds is reported.
func TestRounds(t *testing.T) {
	var messages atomic.Int64
	addr := serve(t, func(c *server.Conn, payload []byte) error {
		if string(payload) == "again and again" && messages.Add(1) == 6 {
			payload[0] ^= 1
		}
		return c.Reply(payload)
	})
	file := filepath.Join(t.TempDir(), "report.json")
	framecheck(t, exitPassed, "-framing=length", "-only=2.6", "-rounds=2", addr)
	framecheck(t, exitFailed, "-framing=length", "-only=2.6", "-rounds=4", "-json="+file, addr)
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	r, err := readReport(f)
	require.NoError(t, err)
	assert.Equal(t, map[level]int{pass: 3, fail: 1}, r.Cases[0].Rounds)
	assert.Equal(t, fail, r.Cases[0].Verdict)
	assert.Contains(t, r.Cases[0].Reason, `is "`+string([]byte{'a' ^ 1})+`gain and again"`)
}

// A round for which this machine was too busy does not end the others.
func TestRoundsAfterBusy(t *testing.T) {
	var messages atomic.Int64
	addr := serve(t, func(c *server.Conn, payload []byte) error {
		if string(payload) != "PING" {
			return c.Reply(payload)
		}
		messages.Add(1)
		return c.Reply([]byte("wrong"))
	})
	file := filepath.Join(t.TempDir(), "mine.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"group": 1, "name": "mine", "cases": [
		{"number": "1.1", "rule": "PING is answered.", "means": "It is not.", "needs": ["idle-timeout"],
		 "steps": [{"do": "send", "items": [{"text": "PING"}]}, {"do": "pause", "pause": 1}, {"do": "answers"}]},
		{"number": "1.2", "rule": "PONG is answered.", "means": "It is not.",
		 "steps": [{"do": "send", "items": [{"text": "PONG"}]}, {"do": "answers"}]}]}`), 0o600))
	// Each pause is longer than such a time allows.
	stdout, _ := framecheck(t, exitPassed, "-framing=length", "-mode=script", "-cases="+file, "-idle-timeout=1ns", "-rounds=3", addr)
	assert.Contains(t, stdout, "1.1   does not apply")
	assert.EqualValues(t, 3, messages.Load())
}

// The cases of a user are played as the built-in ones are.
func TestScript(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"group": 1, "name": "mine", "cases": [
		{"number": "1.1", "rule": "PING is answered.", "means": "It is not.",
		 "steps": [{"do": "send", "items": [{"text": "PING"}]}, {"do": "answers"}]}]}`), 0o600))
	stdout, _ := framecheck(t, exitPassed, "-framing=length", "-mode=script", "-cases="+file, serve(t, server.Echo))
	assert.Contains(t, stdout, "1.1   pass           PING is answered.\n")
}

// The reports say the same in every form.
func TestReports(t *testing.T) {
	dir := t.TempDir()
	addr := serve(t, func(c *server.Conn, payload []byte) error {
		if len(payload) == 0 {
			return nil
		}
		return c.Reply(payload)
	})
	args := []string{"-patience=1s", "-framing=length", "-name=<b>mine</b>", "-only=1.2,2.1,4.1"}
	stdout, _ := framecheck(t, exitFailed, append(args, "-json="+dir+"/r.json", "-junit="+dir+"/r.xml", "-html="+dir+"/r.html", addr)...)
	assert.Contains(t, stdout, "<b>mine</b>, length: 1 pass, 1 fail, 0 not strict, 0 informational, 1 do not apply\n")

	text, err := os.ReadFile(dir + "/r.json")
	require.NoError(t, err)
	var r report
	require.NoError(t, json.Unmarshal(text, &r))
	require.Len(t, r.Cases, 3)
	failed := r.Cases[1]
	assert.Equal(t, "2.1", failed.Number)
	assert.Equal(t, fail, failed.Verdict)
	assert.Contains(t, failed.Means, "Empty messages disappear")
	assert.Contains(t, strings.Join(failed.Seen, "\n"), "a sends 22 bytes: 00000005")
	assert.Contains(t, failed.Framecat, "framecat -x -hex -stick -framing='length' "+addr)

	text, err = os.ReadFile(dir + "/r.xml")
	require.NoError(t, err)
	var suites junitSuites
	require.NoError(t, xml.Unmarshal(text, &suites))
	require.Len(t, suites.Suites, 3)
	assert.Equal(t, "<b>mine</b>: payloads", suites.Suites[1].Name)
	assert.Equal(t, 1, suites.Suites[1].Failures)
	assert.Equal(t, failed.Reason, suites.Suites[1].Cases[0].Failure.Message)
	assert.Equal(t, 1, suites.Suites[2].Skipped)

	text, err = os.ReadFile(dir + "/r.html")
	require.NoError(t, err)
	assert.Contains(t, string(text), "&lt;b&gt;mine&lt;/b&gt;")
	assert.NotContains(t, string(text), "<b>mine</b>")

	merged, _ := framecheck(t, exitPassed, "-merge", "-html=-", dir+"/r.json", dir+"/r.json")
	assert.Contains(t, merged, "2 servers")
	assert.Equal(t, 2, strings.Count(merged, `aria-label="fail: case 2.1"`))

	onStdout, _ := framecheck(t, exitFailed, append(args, "-json=-", addr)...)
	assert.True(t, json.Valid([]byte(onStdout)), "standard output has the report and nothing else")
}

// What a server prints does not control the terminal.
func TestServerOutputIsPrintable(t *testing.T) {
	var said tail
	fmt.Fprint(&said, "\x1b]0;title\aone\n\u202etwo\x00")
	assert.Equal(t, "?]0;title?one ?two?", said.String())
}

// mortal starts an echo of bytes that closes its listener when it is told to die, and
// returns its address.
func mortal(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() }) // it may be closed
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // it is closed
			}
			go func() {
				defer c.Close()
				b := make([]byte, 100)
				for {
					n, err := c.Read(b)
					if err != nil {
						return
					}
					if strings.Contains(string(b[:n]), "die") {
						_ = l.Close() // once
						return
					}
					_, _ = c.Write(b[:n]) // the client may be gone
				}
			}()
		}
	}()
	return l.Addr().String()
}

// mortalCases returns a file of cases of which the first tells the server to die.
func mortalCases(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "cases.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"group": 1, "name": "mine", "cases": [
		{"number": "1.1", "rule": "r", "means": "m", "steps": [{"do": "send", "items": [{"text": "die"}]}, {"do": "answers"}]},
		{"number": "1.2", "rule": "r", "means": "m", "steps": [{"do": "send", "items": [{"text": "live"}]}, {"do": "answers"}]}]}`), 0o600))
	return file
}

// When a server that framecheck has not started is gone, the cases that were judged are
// reported, and those after them do not fail.
func TestServerGone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.json")
	stdout, stderr := framecheck(t, exitUnable, "-framing=line", "-patience=500ms", "-mode=script", "-cases="+mortalCases(t), "-json="+file, mortal(t))
	assert.Contains(t, stdout, "1.1   fail ")
	assert.NotContains(t, stdout, "1.2 ")
	assert.Contains(t, stdout, " 1 fail, ")
	assert.Contains(t, stderr, "framecheck: before case 1.2: dial tcp ")
	assert.FileExists(t, file)
}

// A round before which the server is gone does not hide the rounds before it.
func TestServerGoneAfterRound(t *testing.T) {
	stdout, stderr := framecheck(t, exitUnable, "-framing=line", "-patience=500ms", "-mode=script", "-cases="+mortalCases(t), "-only=1.1", "-rounds=3", mortal(t))
	assert.Contains(t, stdout, "1.1   fail ")
	assert.Contains(t, stdout, " 1 fail, ")
	assert.Contains(t, stderr, "framecheck: before case 1.1: dial tcp ")
}
