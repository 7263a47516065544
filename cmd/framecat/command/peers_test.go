package command

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/server"
)

// A server is who -tls-ca trusts, or who it says it is to -tls-insecure.
func TestChat_TLS(t *testing.T) {
	t.Parallel()
	addr, ca := echoTLS(t)
	for _, test := range []struct {
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{[]string{"-tls", "-tls-ca", ca}, 0, "hello\n", ""},
		{[]string{"-tls", "-tls-insecure"}, 0, "hello\n", ""},
		{[]string{"-tls"}, 1, "", "; -tls-ca FILE trusts other certificates, -tls-insecure all"},
		{[]string{"-tls", "-tls-ca", os.Args[0]}, 1, "", "there is no certificate in it"},
	} {
		code, stdout, stderr := finish(t, "hello\n", append(test.args, addr)...)
		assert.Equal(t, test.code, code, "%v: %s", test.args, stderr)
		assert.Equal(t, test.stdout, stdout, test.args)
		assert.Contains(t, stderr, test.stderr)
	}
}

// Where no host is given it is this one that is connected to, and verified.
func TestTLSConfig_NoHost(t *testing.T) {
	o, err := parse([]string{"-tls", ":8000"})
	require.NoError(t, err)
	config, err := o.tlsConfig("tcp", o.addr)
	require.NoError(t, err)
	assert.Equal(t, "localhost", config.ServerName)
}

// echoTLS is echo for lines, with TLS, and returns also a file with its
// certificate.
func echoTLS(t *testing.T) (addr, ca string) {
	t.Helper()
	ca, key := certificate(t)
	cert, err := tls.LoadX509KeyPair(ca, key)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server.Server{Framer: delimiter.Line(), Handler: server.Echo, Logger: slog.New(slog.DiscardHandler),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}}}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return l.Addr().String(), ca
}

// certificate makes a certificate for this machine, and returns the files of it and
// of its key.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "echo"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	public, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return file
	}
	return write("cert.pem", "CERTIFICATE", public), write("key.pem", "PRIVATE KEY", secret)
}

// A Unix domain socket is connected to as echo listens on it.
func TestUnix(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "framecat") // t.TempDir may be longer than the address of a socket
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "socket")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	serve(t, l, "length")
	code, stdout, stderr := finish(t, "hello\n", "-framing=length", "unix:"+path)
	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, "hello\n", stdout)
	code, stdout, stderr = finish(t, "", "-load", "-for=500ms", "-conns=2", "-framing=length", "unix:"+path)
	assert.Equal(t, 0, code, stderr)
	assert.Contains(t, stdout, "errors: none\n")
	code, _, stderr = finish(t, "hello\n", "unix:"+path+".none")
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, path+".none")
	assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
}

// A server that takes nothing does not hold the command forever.
func TestChat_NeverReads(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close() // a connection waits in its backlog forever
	line := strings.Repeat("x", 1<<20-1) + "\n"
	code, _, stderr := finish(t, strings.Repeat(line, 32), "-timeout=1s", l.Addr().String())
	assert.Equal(t, 1, code)
	assert.Equal(t, "framecat: the server has taken nothing for 1s\n", stderr)
}

// That a server ends before the input does is an error.
func TestChat_EndedEarly(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			c.Close()
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], l.Addr().String())
	cmd.Env = append(os.Environ(), asCommand+"=1")
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	defer stdin.Close()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	cmd.Run()
	assert.Equal(t, 1, cmd.ProcessState.ExitCode())
	assert.Equal(t, "framecat: the server ended the connection before the input had ended\n", stderr.String())
}

// Between two writes -delay passes: nothing is sent earlier.
func TestChat_Delay(t *testing.T) {
	t.Parallel()
	const delay = 20 * time.Millisecond
	begin := time.Now()
	code, _, _ := finish(t, "hello\n", "-chop=1", "-delay="+delay.String(), echo(t, "line"))
	assert.Equal(t, 0, code)
	assert.GreaterOrEqual(t, time.Since(begin), 5*delay)
}
