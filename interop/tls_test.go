package interop

import (
	"crypto/tls"
	"io"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTLS has s_client of OpenSSL send 100,000 bytes to crypto/tls, and back.
func TestTLS(t *testing.T) {
	https := httptest.NewTLSServer(nil)
	https.Close()
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: https.TLS.Certificates})
		require.NoError(t, err)
		defer l.Close()
		r := newRelay(t, "tcp", l.Addr().String(), []string{"tls"}, []string{"tls"})
		text := strings.Repeat("0123456789abcde\n", 100_000/16)
		done := make(chan struct{})
		go func() {
			defer close(done)
			c, err := l.Accept()
			if !assert.NoError(t, err) {
				return
			}
			defer c.Close()
			have := make([]byte, len(text))
			_, err = io.ReadFull(c, have)
			assert.NoError(t, err)
			assert.True(t, text == string(have))
			_, err = c.Write(have)
			assert.NoError(t, err)
		}()
		have := run(t, text, exec.Command("openssl", "s_client", "-connect", r.addr, version, "-quiet", "-verify_quiet"))
		require.True(t, strings.Contains(have, text), "%.500s", have)
		<-done
		// A record carries at most 16 KiB.
		require.GreaterOrEqual(t, r.requests.Load(), int64(100_000/16_384))
		require.GreaterOrEqual(t, r.replies.Load(), int64(100_000/16_384))
	}
}
