package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// finish runs the command to its end.
func finish(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := command(t, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Run()
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

func TestUsage(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	for _, test := range []struct {
		args []string
		says string
	}{
		{[]string{"-nosuch"}, "-nosuch"},
		{[]string{"stray"}, `"stray"`},
		{[]string{"-v", "--", "stray"}, `"stray"`},
		{[]string{"-max-payload", "1MB"}, `"1MB"`},
		{[]string{"-max-payload", "1.5MiB"}, `"1.5MiB"`},
		{[]string{"-max-payload", "99999999999GiB"}, "too large"},
		{[]string{"-max-conns", "many"}, "-max-conns"},
		{[]string{"-grace", "10"}, "for flag -grace: a duration needs a unit: write 10s"},
		{[]string{"-idle-timeout"}, "-idle-timeout"},
		{[]string{"-framing", "nosuch"}, ", such as kafka; -framing=help lists all"},
		{[]string{"-framing", ""}, "want one of line, crlf"},
		{[]string{"-framing", "length,wdith=2"}, "width"},
		{[]string{"-framing", "length,width=9"}, "width"},
		{[]string{"-framing", "fixed"}, "fixed,size=16"},
		{[]string{"-framing", "fixed,size=1025", "-max-payload", "1KiB"}, "-max-payload 1KiB"},
		{[]string{"-framing", "fixed,size=2MiB"}, "-max-payload 1MiB"},
		{[]string{"-tls-cert", cert}, "-tls-key"},
		{[]string{"-tls-key", key}, "-tls-cert"},
		{[]string{"-pprof"}, "-metrics-addr"},
		{[]string{"-proxy-from", "10.0.0.0/33"}, "want networks or addresses"},
		{[]string{"-proxy-from", "balancer"}, "want networks or addresses"},
		{[]string{"-proxy-from", ""}, "want networks or addresses"},
		{[]string{"-proxy-from", "fe80::1%eth0"}, "want networks or addresses"},
		{[]string{"-max-conns-per-addr", "few"}, "-max-conns-per-addr"},
		{[]string{"-drain-delay", "-1s"}, "must not be negative"},
		{[]string{"-tls-client-ca", cert}, "needs -tls-cert"},
		{[]string{"-tls-min-version", "1.1"}, "want 1.2 or 1.3"},
		{[]string{"-addr", "systemd:"}, "want systemd:NAME"},
		{[]string{"-addr", "unix:s", "-reuse-port"}, "want HOST:PORT"},
		{[]string{"-log-format", "xml"}, `"xml"`},
		{[]string{"-addr", "unix:"}, "want unix:/path"},
		{[]string{"-socket-mode", "0660"}, "want -addr unix:/path"},
		{[]string{"-addr", "unix:s", "-socket-mode", "0888"}, "want an octal number"},
		{[]string{"-addr", "unix:s", "-socket-mode", "01777"}, "want an octal number"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := finish(t, test.args...)
			assert.Equal(t, 2, code)
			assert.Empty(t, stdout)
			lines := strings.SplitAfter(stderr, "\n")
			require.Len(t, lines, 3, stderr)
			assert.Regexp(t, `^echo: .`, lines[0])
			assert.Contains(t, lines[0], test.says)
			assert.Equal(t, "Run 'echo -h' for help.\n", lines[1])
			assert.Empty(t, lines[2])
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"-h", "-help", "--help"} {
		code, stdout, stderr := finish(t, arg)
		require.Equal(t, 0, code)
		require.Empty(t, stderr)
		flags := regexp.MustCompile(`(?m)^  -([a-z-]+)(.*)(?:\n    \t(.*))?`).FindAllStringSubmatch(stdout, -1)
		var names []string
		for _, f := range flags {
			names = append(names, f[1])
			if value := strings.TrimSpace(f[2]); value == "duration" && f[1] != "drain-delay" || value == "N" || value == "SIZE" {
				assert.Regexp(t, `\(0 means .+, negative means .+\)`, f[3], f[1])
			}
		}
		assert.ElementsMatch(t, names, []string{"addr", "framing", "max-payload", "max-conns", "idle-timeout",
			"frame-timeout", "write-timeout", "grace", "tls-cert", "tls-key", "metrics-addr", "pprof", "log-format", "socket-mode", "v",
			"reuse-port", "drain-delay", "max-conns-per-addr", "max-age", "proxy-from", "log-connections", "tls-client-ca", "tls-min-version", "version"})
	}
}

func TestHelp_Framings(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-framing=help"}, {"-framing", "help"}} {
		code, stdout, stderr := finish(t, args...)
		require.Equal(t, 0, code)
		require.Empty(t, stderr)
		for _, f := range spec.Framings() {
			assert.Contains(t, stdout, "\n"+f.Name+": ")
			assert.Contains(t, stdout, "    example: "+f.Example+"\n")
			for _, k := range f.Keys {
				assert.Regexp(t, `\n    `+regexp.QuoteMeta(k.String())+`\s`, stdout)
			}
		}
	}
}

func TestCannotStart(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	cert, key := certificate(t)
	_, otherKey := certificate(t)
	empty := filepath.Join(t.TempDir(), "empty.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	missing := filepath.Join(t.TempDir(), "missing.pem")
	directory := t.TempDir()
	for _, test := range []struct {
		name string
		args []string
		says string
	}{
		{"port in use", []string{"-addr", taken.Addr().String()}, taken.Addr().String()},
		{"metrics port in use", []string{"-metrics-addr", taken.Addr().String()}, "-metrics-addr: "},
		{"no metrics port", []string{"-metrics-addr", "127.0.0.1"}, "missing port"},
		{"no port", []string{"-addr", "127.0.0.1"}, "missing port"},
		{"no certificate", []string{"-tls-cert", missing, "-tls-key", key}, missing},
		{"no key", []string{"-tls-cert", cert, "-tls-key", missing}, missing},
		{"empty certificate", []string{"-tls-cert", empty, "-tls-key", key}, "certificate: "},
		{"unreadable certificate", []string{"-tls-cert", directory, "-tls-key", key}, directory},
		{"no authority", []string{"-tls-cert", cert, "-tls-key", key, "-tls-client-ca", missing}, "-tls-client-ca: "},
		{"empty authority", []string{"-tls-cert", cert, "-tls-key", key, "-tls-client-ca", empty}, "has no certificate; want PEM"},
		{"another's key", []string{"-tls-cert", cert, "-tls-key", otherKey}, "certificate: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, stdout, stderr := finish(t, append([]string{"-addr", "127.0.0.1:0"}, test.args...)...)
			assert.Equal(t, 1, code)
			assert.Empty(t, stdout)
			assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
			assert.Regexp(t, `^echo: .*\n$`, stderr)
			assert.Contains(t, stderr, test.says)
		})
	}
}

func TestListening(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ framing, canonical string }{
		{"line", "line"},
		{"length", "length"},
		{"length,order=little,width=02", `"length,width=2,order=little"`},
		{"fixed,size=1KiB", `"fixed,size=1024"`},
	} {
		p := serve(t, "-framing", test.framing)
		assert.Regexp(t, `^time=\S+ level=INFO msg=listening addr=127\.0\.0\.1:[1-9]\d* framing=`+test.canonical+`\n$`, p.stderr.text())
	}
}

func TestLog_JSON(t *testing.T) {
	t.Parallel()
	p := serve(t, "-log-format", "json", "-v")
	c := p.dial()
	converse(t, c, "half", "")
	p.await("broke the framing")
	for line := range strings.Lines(p.stderr.text()) {
		var record struct{ Time, Level, Msg string }
		require.NoError(t, json.Unmarshal([]byte(line), &record), line)
		assert.NotEmpty(t, record.Time)
		assert.NotEmpty(t, record.Level)
		assert.NotEmpty(t, record.Msg)
	}
}

func TestLog_Verbose(t *testing.T) {
	t.Parallel()
	verbose, quiet := serve(t, "-v"), serve(t)
	for _, p := range []*process{verbose, quiet} {
		c := p.dial()
		converse(t, c, "hello\n", "hello\n")
		c = p.dial() // served after the other has ended, and what it breaks is logged after that
		converse(t, c, "half", "")
		p.await("broke the framing")
	}
	verbose.await(`level=DEBUG msg="connection ended" remote=127\.0\.0\.1:\d+ reason=peer why=EOF`)
	assert.NotContains(t, quiet.stderr.text(), "level=DEBUG")
}

// converse sends text and the end of the stream, and wants the answer and the
// end of the stream back.
func converse(t *testing.T, c interface {
	net.Conn
	CloseWrite() error
}, text, answer string) {
	t.Helper()
	_, err := io.WriteString(c, text)
	require.NoError(t, err)
	require.NoError(t, c.CloseWrite())
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	require.Equal(t, answer, string(got))
}

// roundTrip sends text and wants it back.
func roundTrip(t *testing.T, c net.Conn, text string) {
	t.Helper()
	_, err := io.WriteString(c, text)
	require.NoError(t, err)
	got := make([]byte, len(text))
	_, err = io.ReadFull(c, got)
	require.NoError(t, err)
	require.Equal(t, text, string(got))
}

// message returns a message with text in it that framing takes; most take any text.
func message(framing, text string) []byte {
	switch framing {
	case "dot":
		text += "\r\n"
	case "text-head":
		text = fmt.Sprintf("PUB a %d\r\n%s\r\n", len(text), text)
	case "json":
		text = `"` + text + `"`
	case "resp":
		text = "+" + text + "\r\n"
	}
	return []byte(text)
}

// Every framing with its example: many messages in one write, and one byte in
// each.
func TestEcho(t *testing.T) {
	t.Parallel()
	for _, f := range spec.Framings() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			framer, err := spec.Parse(f.Example)
			require.NoError(t, err)
			var wire []byte
			for i := range 100 {
				wire, err = framer.Append(wire, message(f.Name, fmt.Sprintf("message %08d", i)))
				require.NoError(t, err)
			}
			p := serve(t, "-framing", f.Example)
			converse(t, p.dial(), string(wire), string(wire))

			c := p.dial()
			for i := range wire {
				_, err := c.Write(wire[i : i+1])
				require.NoError(t, err)
			}
			converse(t, c, "", string(wire))
		})
	}
}

// What is on the wire, byte for byte: what is sent, and what comes back before
// the stream ends.
func TestEcho_Wire(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ framing, sent, back string }{
		{"line", "a\nb\r\n\nhalf", "a\nb\n\n"},
		{"line,keep", "a\nb\r\nhalf", "a\nb\r\n"},
		{"crlf", "a\nb\r\nhalf\n", "a\nb\r\n"},
		{"length", "\x00\x00\x00\x05hello\x00\x00\x00\x00\x00\x00", "\x00\x00\x00\x05hello\x00\x00\x00\x00"},
		{"length,width=3,offset=2,keep", "xy\x00\x00\x05hello", "xy\x00\x00\x05hello"},
		{"fixed,size=4", "aaaabbbbcc", "aaaabbbb"},
		{"fixed,size=4,pad=00", "a\x00\x00\x00bbbb", "a\x00\x00\x00bbbb"},
	} {
		t.Run(test.framing, func(t *testing.T) {
			p := serve(t, "-framing", test.framing)
			converse(t, p.dial(), test.sent, test.back)
		})
	}
}

// A header of five bytes comes in three pieces. Between them another connection
// is answered, so that the server has time to read each alone.
func TestEcho_HeaderInPieces(t *testing.T) {
	t.Parallel()
	p := serve(t, "-framing", "length,width=3,offset=2")
	c, other := p.dial(), p.dial()
	for _, piece := range []string{"\x00", "\x00\x00\x00", "\x05", "he", "llo\x00"} {
		_, err := io.WriteString(c, piece)
		require.NoError(t, err)
		roundTrip(t, other, "\x00\x00\x00\x00\x05other")
	}
	converse(t, c, "", "\x00\x00\x00\x00\x05hello")
}

// A connection that breaks the framing gets its answers and the end of the
// stream, and is in the log once; nobody else notices.
func TestEcho_BrokenFraming(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("\x1b\xff\n", 100)
	for _, test := range []struct {
		name, framing, good, bad string
		bytes                    string // in the log
	}{
		{"too large, announced", "length", "\x00\x00\x00\x05hello", "\x00\x01\x00\x01" + long, `\\x00\\x01\\x00\\x01\\x1b\\xff\\n`},
		{"too large, not announced", "line", "hello\n", strings.Repeat("\x1b", 65<<10) + "\nx\n", `\\x1b\\x1b`},
		{"malformed", "netstring", "5:hello,", "5:hello\x1b\n" + long, `5:hello\\x1b\\n`},
		{"ended inside a message", "fixed,size=5", "hello", "\x1b\xff\n", `\\x1b\\xff\\n`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, "-framing", test.framing, "-max-payload", "64KiB")
			other := p.dial()
			roundTrip(t, other, test.good)
			converse(t, p.dial(), test.good+test.good+test.bad, test.good+test.good)
			roundTrip(t, other, test.good)

			quoted := p.await(`level=WARN msg="connection broke the framing" remote=127\.0\.0\.1:\d+ err="?framing: .+ bytes="(.*)"\n`)[1]
			// The bytes are quoted, and slog quotes that once more.
			assert.Regexp(t, `^\\"`+strings.ReplaceAll(test.bytes, `\`, `\\`), quoted)
			assert.LessOrEqual(t, len(quoted), 64*len(`\\xff`)+2*len(`\"`))
			converse(t, other, test.good, test.good)
			log := p.stderr.text()
			assert.Equal(t, 1, strings.Count(log, "level=WARN"), log)
			assert.NotContains(t, log, "\x1b")
		})
	}
}

func TestEcho_TLS(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	p := serve(t, "-tls-cert", cert, "-tls-key", key)
	text, err := os.ReadFile(cert)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(text))
	c := tls.Client(p.dial(), &tls.Config{RootCAs: roots, ServerName: "localhost"})
	roundTrip(t, c, "hello\n")
	converse(t, c, "world\nhalf", "world\n")
}

// certificate writes a certificate for localhost, and its key.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "localhost"},
		DNSNames:     []string{"localhost"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	public, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return path
	}
	return write("cert.pem", "CERTIFICATE", public), write("key.pem", "PRIVATE KEY", secret)
}

func TestMaxPayload(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		flag            string
		largest, refuse int
	}{
		{"-max-payload=64KiB", 64 << 10, 64<<10 + 1},
		{"-max-payload=0", framing.DefaultMaxPayload, framing.DefaultMaxPayload + 1},
		{"-max-payload=-1", framing.DefaultMaxPayload + 1, 0},
	} {
		p := serve(t, test.flag)
		line := strings.Repeat("x", test.largest) + "\n"
		converse(t, p.dial(), line, line)
		if test.refuse > 0 {
			converse(t, p.dial(), strings.Repeat("x", test.refuse)+"\n", "")
		}
	}
}
