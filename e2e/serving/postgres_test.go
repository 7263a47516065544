package serving

import (
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
)

func TestPostgres_Psql(t *testing.T) {
	p := start(t, 1, "postgres", withTLS()...)
	for mode, want := range map[string]string{
		"require": "gopher|true|select 1\ngopher|true|select 2\n",
		"prefer":  "gopher|true|select 1\ngopher|true|select 2\n",
		"disable": "gopher|false|select 1\ngopher|false|select 2\n",
	} {
		target := "host=127.0.0.1 user=gopher dbname=x port=" + p.port() + " sslmode=" + mode
		if got := client(t, "psql", target, "-XAt", "-c", "select 1", "-c", "select 2"); got != want {
			t.Errorf("psql with sslmode=%s prints %q; want %q", mode, got, want)
		}
	}
	p.terminate()
	p.ends()
}

// A server without a certificate refuses TLS in the protocol's words.
func TestPostgres_WithoutTLS(t *testing.T) {
	p := start(t, 1, "postgres")
	target := "host=127.0.0.1 user=gopher dbname=x sslmode=prefer port=" + p.port()
	if got, want := client(t, "psql", target, "-XAt", "-c", "select 1"), "gopher|false|select 1\n"; got != want {
		t.Errorf("psql prints %q; want %q", got, want)
	}
	p.terminate()
	p.ends()
}

// A query that has arrived is answered, then the session hears why it ends.
func TestPostgres_Goodbye(t *testing.T) {
	p := start(t, 1, "postgres")
	c := framing.NewConn(p.dial(), parse(t, "postgres"))
	c.SetWriteFramer(parse(t, "postgres-startup"))
	if err := c.WriteFrame([]byte("\x00\x03\x00\x00user\x00gopher\x00\x00")); err != nil {
		t.Fatal(err)
	}
	readFrames(t, c, 4)
	p.terminate()
	if got, want := readFrames(t, c, 1)[0], "E\x00\x00\x00\x2bSFATAL\x00C57P01\x00Mterminating connection\x00\x00"; got != want {
		t.Errorf("the last message is %q; want %q", got, want)
	}
	readEnd(t, c)
	p.ends()
}

func parse(t *testing.T, text string) framing.Framer {
	t.Helper()
	f, err := spec.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
