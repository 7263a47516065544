//go:build unix

package main

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// During the delay the server is not ready, alive, and serves on, new clients
// too. A later signal ends the delay.
func TestDrainDelay(t *testing.T) {
	t.Parallel()
	p := serve(t, "-metrics-addr", "127.0.0.1:0", "-drain-delay", "1h")
	old := p.dial()
	roundTrip(t, old, "hello\n")
	p.signal(syscall.SIGTERM)
	status, text := p.get("/readyz")
	for end := time.Now().Add(10 * time.Second); status == 200 && time.Now().Before(end); { // until the signal has come
		status, text = p.get("/readyz")
	}
	require.Equal(t, 503, status)
	assert.Equal(t, "draining\n", text)
	status, text = p.get("/livez")
	assert.Equal(t, 200, status)
	assert.Equal(t, "ok\n", text)
	assert.Equal(t, "0", seriesIn(second(p.get("/metrics")))["wholeframe_draining"])
	roundTrip(t, old, "hello\n")
	roundTrip(t, p.dial(), "hello\n")
	time.Sleep(sameRequest)
	p.signal(syscall.SIGTERM)
	assert.Equal(t, 0, p.exit())
}

// A delay that is over is followed by Shutdown.
func TestDrainDelay_Over(t *testing.T) {
	t.Parallel()
	p := serve(t, "-drain-delay", "10ms")
	c := p.dial()
	roundTrip(t, c, "hello\n")
	p.signal(syscall.SIGTERM)
	assert.Equal(t, 0, p.exit())
	converse(t, c, "", "")
}

func TestVersion(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := finish(t, "-version")
	assert.Equal(t, 0, code)
	assert.Empty(t, stderr)
	assert.Regexp(t, `^wholeframe echo \S+ go1\.\S+ \w+/\w+\n$`, stdout)
}

// serial returns the serial number of the certificate that p shows.
func (p *process) serial(t *testing.T, config *tls.Config) string {
	t.Helper()
	c := tls.Client(p.dial(), config)
	defer c.Close()
	require.NoError(t, c.HandshakeContext(t.Context()))
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Text(16)
}

// A new certificate is served when its key is there too; until then, and if it is
// bad, the old one stays, with one line in the log. Connections live on.
func TestTLS_Reload(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	p := serve(t, "-tls-cert", cert, "-tls-key", key)
	config := &tls.Config{InsecureSkipVerify: true}
	old := tls.Client(p.dial(), config)
	roundTrip(t, old, "hello\n")
	before := p.serial(t, config)

	newCert, newKey := certificate(t)
	replace := func(file, by string) {
		text, err := os.ReadFile(by)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file+".new", text, 0o600))
		require.NoError(t, os.Rename(file+".new", file))
	}
	replace(cert, newCert)
	p.await(`level=WARN msg="the old certificate stays" err=".*private key does not match public key"\n`)
	assert.Equal(t, before, p.serial(t, config))
	replace(key, newKey)
	after := p.await(`level=INFO msg="certificate changed" serial=(\w+) expires=\S+\n`)[1]
	assert.NotEqual(t, before, after)
	assert.Equal(t, after, p.serial(t, config))
	require.NoError(t, os.Remove(key))
	p.await(`level=WARN msg="the old certificate stays" err="open .*: no such file or directory"\n`)
	require.NoError(t, os.WriteFile(cert, []byte("garbage"), 0o600))
	replace(key, newKey)
	p.await(`level=WARN msg="the old certificate stays" err=".*failed to find any PEM data in certificate input"\n`)
	assert.Equal(t, after, p.serial(t, config))
	roundTrip(t, old, "hello\n")
	assert.Len(t, regexp.MustCompile("level=WARN").FindAllString(p.stderr.text(), -1), 3, p.stderr.text())
}

// A client without a certificate of the authority, or with an old version, is
// refused with a line in the log.
func TestTLS_Clients(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	ca, caKey := certificate(t)
	p := serve(t, "-tls-cert", cert, "-tls-key", key, "-tls-client-ca", ca, "-tls-min-version", "1.3")
	text, err := os.ReadFile(cert)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(text))
	known, err := tls.LoadX509KeyPair(ca, caKey)
	require.NoError(t, err)
	unknown, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(t, err)
	config := &tls.Config{RootCAs: roots, ServerName: "localhost", Certificates: []tls.Certificate{known}}
	roundTrip(t, tls.Client(p.dial(), config), "hello\n")

	for _, test := range []struct {
		change func(*tls.Config)
		says   string
	}{
		{func(c *tls.Config) { c.Certificates = nil }, "client didn't provide a certificate"},
		{func(c *tls.Config) {
			c.Certificates, c.GetClientCertificate = nil, func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &unknown, nil }
		}, "failed to verify certificate"},
		{func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, "client offered only unsupported versions"},
	} {
		bad := config.Clone()
		test.change(bad)
		c := tls.Client(p.dial(), bad)
		if c.HandshakeContext(t.Context()) == nil { // TLS 1.3 tells the client later
			_, err = c.Read(make([]byte, 1))
			assert.Error(t, err)
		}
		p.await(`level=WARN msg="TLS handshake failed" remote=\S+ err="tls: ` + test.says)
	}
}

// The header of a trusted proxy names the client, in the log too; without the flag
// it is an error with a hint.
func TestProxyFrom(t *testing.T) {
	t.Parallel()
	const header = "PROXY TCP4 192.0.2.7 198.51.100.9 12345 443\r\n"
	trusting, other := serve(t, "-proxy-from", "127.0.0.1", "-log-connections"), serve(t)
	converse(t, trusting.dial(), header+"hello\n", "hello\n")
	trusting.await(`level=INFO msg=connection remote=192\.0\.2\.7:12345 reason=peer duration=\S+ frames_in=1 frames_out=1 bytes_in=51 bytes_out=6\n`)
	converse(t, other.dial(), header+"hello\n", "")
	other.await(`level=WARN msg="no PROXY header accepted" remote=127\.0\.0\.1:\d+ err="PROXY header: not expected from this address; see ProxyFrom"`)
}
