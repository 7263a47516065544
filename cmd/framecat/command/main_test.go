package command

import (
	"bytes"
	"context"
	"flag"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/spec"
	"github.com/wholeframe/wholeframe/server"
)

// asCommand is the variable that makes the test binary the command.
const asCommand = "WHOLEFRAME_FRAMECAT"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		Main()
	}
	flag.Parse()
	flag.Set("test.parallel", "4") // the tests wait most of the time
	os.Exit(m.Run())
}

// patient is when a test that waits gives up, and fails.
const patient = time.Minute

// finish runs the command to its end.
func finish(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	cmd.Run()
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// echo starts a server that echoes, and returns where it listens.
func echo(t *testing.T, framing string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	serve(t, l, framing)
	return l.Addr().String()
}

// serve starts a server that echoes to those who connect to l.
func serve(t *testing.T, l net.Listener, framing string) {
	t.Helper()
	f, err := spec.Parse(framing)
	require.NoError(t, err)
	s := &server.Server{Framer: f, Handler: server.Echo, Logger: slog.New(slog.DiscardHandler)}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		assert.ErrorIs(t, <-served, server.ErrServerClosed)
	})
}

// answer starts a server that reads a connection to its end and sends bytes.
func answer(t *testing.T, bytes string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		io.Copy(io.Discard, c)
		io.WriteString(c, bytes)
	}()
	return l.Addr().String()
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ args, says string }{
		{"-nosuch x:1", "-nosuch"},
		{"", "HOST:PORT"},
		{"x:1 y:2", `invalid port "y:2"`},
		{"x 65536", "with a port of 0 to 65535"},
		{"localhost", `invalid address "localhost": want HOST:PORT, HOST PORT or unix:/path`},
		{"::1:80", `invalid address "::1:80"`},
		{"unix:", `invalid address "unix:"`},
		{"x 1 y", `"y"`},
		{"x:1 -x", "flags come before x:1"},
		{"-delay 10 x:1", "write 10s"},
		{"-timeout soon x:1", "want a duration, such as"},
		{"-framing nosuch x:1", ", such as kafka; -framing=help lists all"},
		{"-decode file", `"file": -decode reads standard input, or -file FILE`},
		{"-guess file", `"file": -guess reads standard input, or -file FILE`},
		{"-decode -load", "contradict each other"},
		{"-count x:1", "-count: want it with -decode"},
		{"-decode -chop 3", "-chop: want it without"},
		{"-decode -tls", "-tls: want it without -decode"},
		{"-load -x x:1", "-x: want it"},
		{"-color red x:1", `"red"`},
		{"-raw -hex x:1", "-hex"},
		{"-listen :0 x:1", "-listen takes no address here"},
		{"-listen= ", "want HOST:PORT"},
		{"-listen unix: -echo", "want HOST:PORT"},
		{"-listen 8000 -echo", `-listen "8000": want HOST:PORT or unix:/path`},
		{"-listen :0 -to localhost", `-to "localhost": want HOST:PORT or unix:/path`},
		{"-listen :0 -echo -reply f", "contradict"},
		{"-listen :0 -to x:1 -echo", "contradict"},
		{"-listen :0 -to-framing length", "needs -to"},
		{"-listen :0 -to x:1 -to-framing nosuch", "-to-framing=help lists all"},
		{"-listen :0 -tls", "-tls-cert"},
		{"-listen :0 -stick", "-stick"},
		{"-listen :0 -half", "-half"},
		{"-listen :0 -file f", "-once"},
		{"-listen :0 -n 1", "-once"},
		{"-listen :0 -framed", "-once"},
		{"-load -framed x:1", "-framed needs -send"},
		{"-decode -framed", "-framed: want it without -replay, -decode, -guess"},
		{"-framed -hex x:1", "frames or digits"},
		{"-listen :0 -to x:1 -trouble all", "client, server or both"},
		{"-listen :0 -trouble client", "needs -to"},
		{"-listen :0 -max-conns 0", "-max-conns"},
		{"-listen :0 -tls-cert f", "-tls-key"},
		{"-to x:1", "-to: want it with -listen"},
		{"-replay= x:1", "-record"},
		{"-replay f -speed 0 x:1", "a number over 0, or max"},
		{"-replay f -speed NaN x:1", "a number over 0, or max"},
		{"-json -x x:1", "-json"},
		{"-keep-open -n 1 x:1", "-keep-open"},
		{"-chop -1 x:1", "-chop"},
		{"-delay -1s x:1", "-delay"},
		{"-decode -count -x", "-x"},
		{"-raw -x x:1", "-x"},
		{"-decode -pcap f", "-pcap needs the -port"},
		{"-decode -pcap f -port 65536", "1 to 65535"},
		{"-decode -port 80", "-port needs -pcap"},
		{"-decode -pcap f -port 80 -file g", "-pcap and -file"},
		{"-guess -framing=line", "-framing: want it"},
		{"-load -rate -1 x:1", "-rate -1: it must be 0 to 1000000000"},
		{"-load -rate NaN x:1", "-rate NaN"},
		{"-load -conns 0 x:1", "-conns"},
		{"-load -depth 0 x:1", "-depth"},
		{"-load -conns 1048577 x:1", "it must be 1 to 1048576"},
		{"-load -depth 2147483647 x:1", "it must be 1 to 1048576"},
		{"-load -size -1 x:1", "-size"},
		{"-load -size 1025KiB x:1", "larger than -max-payload 1MiB"},
		{"-tls-insecure x:1", "-tls"},
		{"-tls -tls-insecure -tls-ca f x:1", "verified or not"},
	} {
		code, stdout, stderr := finish(t, "", strings.Fields(test.args)...)
		assert.Equal(t, 2, code, test.args)
		assert.Empty(t, stdout, test.args)
		assert.Contains(t, stderr, test.says)
		assert.Regexp(t, "^framecat: .*\nRun 'framecat -h' for help.\n$", stderr)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := finish(t, "", "-h")
	assert.Equal(t, 0, code)
	assert.Empty(t, stderr)
	lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
	assert.LessOrEqual(t, len(lines), 24)
	for _, line := range lines {
		assert.LessOrEqual(t, len(line), 80, line)
	}
	code, stdout, _ = finish(t, "", "-flags")
	assert.Equal(t, 0, code)
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	register(flags, &options{})
	flags.VisitAll(func(f *flag.Flag) {
		assert.Equal(t, 1, strings.Count(stdout, "\n  -"+f.Name+" ")+strings.Count(stdout, "\n  -"+f.Name+"\n"), f.Name)
	})
	code, stdout, _ = finish(t, "", "-framing=help")
	assert.Equal(t, 0, code)
	assert.Equal(t, spec.Help(), stdout)
}

// What is sent comes back, as it is printed.
func TestChat(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ framing, args, stdin, stdout string }{
		{"line", "", "hello\nworld", "hello\nworld\n"},
		{"length", "", "\n\"a\"\na\tb\n\u202ehi\n\xff\n", "\n\"\\\"a\\\"\"\n\"a\\tb\"\n\"\\u202ehi\"\n\"\\xff\"\n"},
		{"length", "-raw", "a\tb\x1b[31m\nc\n", "a\tb\x1b[31mc"},
		{"length", "-hex", "00 ff\n0a\n", "00ff\n0a\n"},
		{"length", "-chop=1", "hello\nworld\n", "hello\nworld\n"},
		{"length", "-stick", "hello\nworld\n", "hello\nworld\n"},
		{"length", "-stick -chop=5", "hello\nworld\n", "hello\nworld\n"},
		{"length", "-delay=1ms", "hello\nworld\n", "hello\nworld\n"},
		{"length", "-half", "hello\nworld\n", "hello\n"},
		{"length", "-stick -half", "hello\nworld\n", "hello\n"},
		{"slip", "-color=always", "a\n", "a\n"},
	} {
		args := append(strings.Fields(test.args), "-framing="+test.framing, echo(t, test.framing))
		code, stdout, stderr := finish(t, test.stdin, args...)
		assert.Equal(t, 0, code, args)
		assert.Equal(t, test.stdout, stdout, args)
		assert.Empty(t, stderr, args)
	}
}

func TestChat_File(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "message")
	require.NoError(t, os.WriteFile(file, []byte("a\nb"), 0o600))
	code, stdout, _ := finish(t, "not this", "-file", file, "-framing=length", echo(t, "length"))
	assert.Equal(t, 0, code)
	assert.Equal(t, "\"a\\nb\"\n", stdout)
	code, _, stderr := finish(t, "", "-file", file, "-framing=length", "-max-payload=2", echo(t, "length"))
	assert.Equal(t, 1, code)
	assert.Equal(t, "framecat: "+file+": larger than -max-payload 2\n", stderr)
}

// The largest limit is one, too.
func TestChat_FileLargestLimit(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "message")
	require.NoError(t, os.WriteFile(file, []byte("hello"), 0o600))
	code, stdout, stderr := finish(t, "", "-file", file, "-max-payload", strconv.Itoa(math.MaxInt), "-framing=length", echo(t, "length"))
	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, "hello\n", stdout)
}

// What is refused is one error with its line; what stood before it is answered.
func TestChat_Refused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ framing, args, stdin, stdout, stderr string }{
		{"stx", "", "ok\na\x02b\nnever\n", "ok\n", "line 2: framing: payload of 3 bytes refused: it contains the mark \"\\x02\""},
		{"length", "-hex", "00\nxx\n", "00\n", "line 2: not pairs"},
		{"length", "-max-payload=3", "abc\nabcd\n", "abc\n", "line 2: longer than -max-payload 3"},
		{"length", "-hex -max-payload=2", "61 62\n616263\n", "6162\n", "line 2: larger than -max-payload 2"},
	} {
		args := append(strings.Fields(test.args), "-framing="+test.framing, echo(t, test.framing))
		code, stdout, stderr := finish(t, test.stdin, args...)
		assert.Equal(t, 1, code, args)
		assert.Equal(t, test.stdout, stdout, args)
		assert.Contains(t, stderr, "framecat: "+test.stderr)
		assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
	}
}

// A server that breaks the framing, or off, is an error.
func TestChat_BadServer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ framing, sends, stdout, stderr string }{
		{"length", "\x00\x00\x00\x02hi\x00\x00\x00\x05he", "hi\n", "frame at offset 6: unexpected EOF after 6 of 9 bytes"},
		{"netstring", "2:hi,x\x1b", "hi\n", "frame at offset 5: malformed length"},
		{"slip", "a\xdbx\xc0b\xc0", "b\n", "malformed escape"},
	} {
		code, stdout, stderr := finish(t, "x\n", "-n=0", "-framing="+test.framing, answer(t, test.sends))
		assert.Equal(t, 1, code, test.framing)
		assert.Equal(t, test.stdout, stdout)
		assert.Contains(t, stderr, test.stderr)
		assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
	}
}

func TestChat_CannotConnect(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close() // a connection waits in its backlog forever
	code, _, stderr := finish(t, "x\n", "-timeout=500ms", l.Addr().String())
	assert.Equal(t, 1, code)
	assert.Equal(t, "framecat: no reply for 500ms: ending this side (-n 0 does so at once)\n"+
		"framecat: 1 message, 0 replies\n"+
		"framecat: the server has sent nothing for 500ms and does not end the connection\n", stderr)
	code, _, stderr = finish(t, "x\n", "-timeout=500ms", "-tls", l.Addr().String())
	assert.Equal(t, 1, code)
	assert.Equal(t, "framecat: TLS with "+l.Addr().String()+": no answer for 500ms\n", stderr)
	code, _, stderr = finish(t, "", "-framing=line", "unix:"+t.TempDir()+"/none")
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "/none: connect: ")
}

const wire = `-> message 1: header 4, payload 5
   00000000  00 00 00 05 68 65 6c 6c  6f                       ....hello
-> message 2: header 4, payload 5
   00000009  00 00 00                                          ...
   -------- write of 12 bytes ended here
   0000000c  05 77 6f 72 6c 64                                 .world
   -------- write of 6 bytes ended here
<- message 1: header 4, payload 2
   00000000  00 00 00 02 68 69                                 ....hi
<- message 2: header 4, payload 1
   00000006  00 00 00 01 1b                                    .....
   -------- read of 11 bytes ended here
`

// The wire of both directions, where it was cut, and colours where asked for.
func TestWire(t *testing.T) {
	t.Parallel()
	const sends = "\x00\x00\x00\x02hi\x00\x00\x00\x01\x1b"
	args := []string{"-x", "-n=0", "-stick", "-chop=12", "-framing=length"}
	code, stdout, stderr := finish(t, "hello\nworld\n", append(args, answer(t, sends))...)
	assert.Equal(t, 0, code)
	assert.Equal(t, wire, stdout)
	assert.Empty(t, stderr)
	code, stdout, _ = finish(t, "hello\nworld\n", append(args, "-color=always", answer(t, sends))...)
	assert.Equal(t, 0, code)
	assert.Contains(t, stdout, "  \x1b[36m05\x1b[0m \x1b[32m77\x1b[0m ")
	for _, color := range append(colors[:], "0") {
		stdout = strings.ReplaceAll(stdout, "\x1b["+color+"m", "")
	}
	assert.Equal(t, wire, stdout)
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args, stdin, stdout, stderr string
	}{
		{"-framing=netstring", "2:hi,1:\n,", "hi\n\"\\n\"\n", ""},
		{"-framing=netstring -hex", "2:hi,", "6869\n", ""},
		{"-framing=netstring -count", "2:hi,5:hello,", "2 messages, 7 bytes of payload\n", ""},
		{"-framing=netstring -count", "2:hi,5:hell", "1 message, 2 bytes of payload\n", "frame at offset 5: unexpected EOF after 6 of 8 bytes"},
		{"-framing=netstring", "2:hi,?", "hi\n", "frame at offset 5: malformed length"},
		{"-framing=line -max-payload=3", "abcd\nabc\n", "abc\n", "frame at offset 0: payload of 4 bytes exceeds the limit of 3 bytes"},
		{"-framing=slip -x", "h\xdb\xdci\xc0\xc0", "message 1: payload 2, stuffing 2, trailer 1\n   00000000  68 db dc 69 c0                                    h..i.\n1 byte: fill 1\n   00000005  c0                                                .\n", ""},
	} {
		code, stdout, stderr := finish(t, test.stdin, append([]string{"-decode"}, strings.Fields(test.args)...)...)
		assert.Equal(t, test.stdout, stdout, test.args)
		if test.stderr == "" {
			assert.Equal(t, 0, code, test.args)
			assert.Empty(t, stderr, test.args)
			continue
		}
		assert.Equal(t, 1, code, test.args)
		assert.Contains(t, stderr, test.stderr)
	}
}

func TestClean(t *testing.T) {
	for text, want := range map[string]string{"plain é": "plain é", "\x1b[31m\xff\u202e\"": `\x1b[31m\xff\u202e"`} {
		assert.Equal(t, want, clean(text))
	}
}
