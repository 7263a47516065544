package serving

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// outstanding is how many queries of a client wait for their answers.
const outstanding = 200

func TestDNS_DigAndKdig(t *testing.T) {
	p := start(t, 2, "dns", append(withTLS(), "-tls-addr", "127.0.0.1:0")...)
	if got := client(t, "dig", "+tcp", "+short", "-p", p.port(), "@127.0.0.1", "h7.test"); got != "10.0.0.7\n" {
		t.Errorf("dig prints %q", got)
	}
	contains(t, client(t, "dig", "+tcp", "-p", p.port(), "@127.0.0.1", "unknown.test"), "status: NXDOMAIN")
	contains(t, client(t, "dig", "+tcp", "-p", p.port(), "@127.0.0.1", "h7.test", "AAAA"), "status: NOERROR", "ANSWER: 0")
	_, tlsPort, _ := strings.Cut(p.addrs[true], ":")
	if got := client(t, "kdig", "+tls-ca="+built+"/cert.pem", "+short", "-p", tlsPort, "@127.0.0.1", "h8.slow.test"); got != "10.0.0.8\n" {
		t.Errorf("kdig prints %q", got)
	}
	p.terminate()
	p.ends()
}

func TestDNS_Dnsperf(t *testing.T) {
	p := start(t, 2, "dns", append(withTLS(), "-tls-addr", "127.0.0.1:0")...)
	var queries strings.Builder
	for i := range outstanding {
		name := "test"
		if i%10 == 0 {
			name = "slow.test"
		}
		fmt.Fprintf(&queries, "h%d.%s A\n", i, name)
	}
	file := filepath.Join(t.TempDir(), "queries")
	if err := os.WriteFile(file, []byte(queries.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for isTLS, mode := range map[bool]string{false: "tcp", true: "dot"} {
		host, port, _ := strings.Cut(p.addrs[isTLS], ":")
		out := client(t, "dnsperf", "-m", mode, "-s", host, "-p", port, "-d", file, "-c", "1", "-T", "1", "-q", fmt.Sprint(outstanding), "-n", "5")
		m := regexp.MustCompile(`Queries completed: +([0-9]+) \(100.00%\)`).FindStringSubmatch(out)
		if m == nil || m[1] != fmt.Sprint(5*outstanding) {
			t.Errorf("with -m %s dnsperf prints\n%s", mode, out)
		}
		contains(t, out, fmt.Sprintf("NOERROR %d (100.00%%)", 5*outstanding))
	}
	p.terminate()
	p.ends()
}

// askMany sends queries, of which the last is answered before most others, and waits
// for one answer: then all have arrived.
func askMany(t *testing.T, p *program) (c *framing.Conn, first string) {
	c = framing.NewConn(p.dial(), lengthprefix.Uint16())
	var queries [][]byte
	for id := range outstanding {
		name := "\x04slow\x04test\x00"
		if id%10 == 9 {
			name = "\x04test\x00"
		}
		q := append(binary.BigEndian.AppendUint16(nil, uint16(id)), "\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x02h7"+name+"\x00\x01\x00\x01"...)
		queries = append(queries, q)
	}
	if err := c.WriteFrames(queries...); err != nil {
		t.Fatal(err)
	}
	return c, readFrames(t, c, 1)[0]
}

// readAnswers reads the answers to the other queries, and the end of the stream.
func readAnswers(t *testing.T, c *framing.Conn, first string) {
	t.Helper()
	got := make(map[uint16]bool)
	last, isOrdered := -1, true
	for _, a := range append([]string{first}, readFrames(t, c, outstanding-1)...) {
		id := binary.BigEndian.Uint16([]byte(a))
		if got[id] || id >= outstanding || !strings.HasSuffix(a, "\x0a\x00\x00\x07") {
			t.Errorf("answer %q", a)
		}
		got[id] = true
		isOrdered = isOrdered && int(id) > last
		last = int(id)
	}
	if isOrdered {
		t.Error("no answer has overtaken another")
	}
	readEnd(t, c)
}

// Answers that are promised come after a half-close.
func TestDNS_HalfClose(t *testing.T) {
	p := start(t, 1, "dns")
	c, first := askMany(t, p)
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	readAnswers(t, c, first)
	p.terminate()
	p.ends()
}

// They come when the server closes, also those to queries that had arrived and
// waited for MaxPending.
func TestDNS_SIGTERM(t *testing.T) {
	p := start(t, 1, "dns")
	c, first := askMany(t, p)
	p.terminate()
	readAnswers(t, c, first)
	p.ends()
}
