package serving

import (
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
)

func TestSMTP_Swaks(t *testing.T) {
	p := start(t, 1, "smtp", withTLS()...)
	for _, c := range []struct{ flags, want string }{
		{"", "TLS false"},
		{"--tls", "TLS true"},
		{"--tls --pipeline", "TLS true"},
	} {
		args := []string{"--server", p.addr(), "--helo", "me", "--from", "a@example.org", "--to", "b@example.org,c@example.org", "--body", ".\n..\nhello"}
		out := client(t, "swaks", append(args, strings.Fields(c.flags)...)...)
		contains(t, out, "250 accepted", "221 goodbye")
		m := p.lines.wait(`^"FROM:<a@example.org>" to \["TO:<b@example.org>" "TO:<c@example.org>"\], [0-9]+ bytes, (.*)$`)
		if m[1] != c.want {
			t.Errorf("swaks %s: %s; want %s", c.flags, m[1], c.want)
		}
	}
	p.terminate()
	p.ends()
}

// OpenSSL verifies the certificate.
func TestSMTP_OpenSSL(t *testing.T) {
	p := start(t, 1, "smtp", withTLS()...)
	cmd := exec.Command("openssl", "s_client", "-starttls", "smtp", "-connect", p.addr(), "-CAfile", built+"/cert.pem", "-verify_return_error", "-quiet", "-ign_eof")
	cmd.Stdin = strings.NewReader("EHLO me\r\nQUIT\r\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	contains(t, string(out), "250-PIPELINING", "221 goodbye")
	if strings.Contains(string(out), "250-STARTTLS") {
		t.Errorf("STARTTLS is offered with TLS:\n%s", out)
	}
	p.terminate()
	p.ends()
}

// What follows STARTTLS in plaintext may be another's: it is not obeyed, neither
// before the handshake nor after it.
func TestSMTP_PlaintextAfterSTARTTLS(t *testing.T) {
	p := start(t, 1, "smtp", withTLS()...)
	c := p.dial()
	if _, err := io.WriteString(c, "EHLO me\r\nSTARTTLS\r\nRSET\r\n"); err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(c)
	if err != nil {
		t.Error(err)
	}
	const want = "220 mail.example\r\n250-mail.example\r\n250-STARTTLS\r\n250-PIPELINING\r\n250 SIZE 10485760\r\n554 commands must not follow STARTTLS\r\n"
	if string(out) != want {
		t.Errorf("got %q; want %q", out, want)
	}
	p.terminate()
	p.ends()
}

// A client in the middle of a session is told when the server closes.
func TestSMTP_Goodbye(t *testing.T) {
	p := start(t, 1, "smtp")
	c := framing.NewConn(p.dial(), delimiter.CRLF())
	readFrames(t, c, 1)
	if err := c.WriteFrame([]byte("NOOP")); err != nil {
		t.Fatal(err)
	}
	readFrames(t, c, 1)
	p.terminate()
	if got := readFrames(t, c, 1)[0]; got != "421 closing: drained" {
		t.Errorf("the last reply is %q", got)
	}
	readEnd(t, c)
	p.ends()
}
