package client_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/client"
	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// listen serves connections on a real socket until the test ends.
func listen(t testing.TB, serve func(*net.TCPConn)) (addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { serve(nc.(*net.TCPConn)) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		serving.Wait()
	})
	return l.Addr().String()
}

func newClient(t testing.TB, addrs ...string) *client.Client {
	c := &client.Client{Addrs: addrs, Framer: lengthprefix.Uint32()}
	t.Cleanup(func() {
		if err := c.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown() = %v; want nil", err)
		}
	})
	return c
}

// On a real socket, FIN and RST are told apart.
func TestTCP_Outcome(t *testing.T) {
	for _, test := range []struct {
		name    string
		end     func(*net.TCPConn)
		trust   bool
		outcome client.Outcome
		reason  error
	}{
		{"FIN", func(nc *net.TCPConn) { nc.Close() }, false, client.Unknown, io.EOF},
		{"FIN, trusted", func(nc *net.TCPConn) { nc.Close() }, true, client.NotHandled, io.EOF},
		{"half close, trusted", func(nc *net.TCPConn) { nc.CloseWrite(); io.Copy(io.Discard, nc); nc.Close() }, true, client.NotHandled, io.EOF},
		{"RST", func(nc *net.TCPConn) { nc.SetLinger(0); nc.Close() }, true, client.Unknown, syscall.ECONNRESET},
		{"half a reply and FIN", func(nc *net.TCPConn) { nc.Write([]byte("\x00\x00\x00\x05h")); nc.Close() }, true, client.Unknown, io.ErrUnexpectedEOF},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newClient(t, listen(t, func(nc *net.TCPConn) {
				framing.NewConn(nc, lengthprefix.Uint32()).ReadFrame()
				test.end(nc)
			}))
			c.TrustFIN = test.trust
			_, err := c.Call(t.Context(), []byte("request"))
			wantError(t, err, test.outcome, test.reason)
		})
	}
}

// wrappedConn hides the type of a net.Conn.
type wrappedConn struct{ net.Conn }

// A Unix socket ends in the same way whether the server is killed or not, so its end is
// not trusted.
func TestUnix_FINUntrusted(t *testing.T) {
	for _, wrapped := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "socket")
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		var serving sync.WaitGroup
		serving.Go(func() {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			framing.NewConn(nc, lengthprefix.Uint32()).ReadFrame()
			nc.Close()
		})
		t.Cleanup(func() {
			l.Close()
			serving.Wait()
		})
		c := newClient(t, path)
		c.Network, c.TrustFIN = "unix", true
		if wrapped {
			c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
				nc, err := new(net.Dialer).DialContext(ctx, network, addr)
				return wrappedConn{nc}, err
			}
		}
		_, err = c.Call(t.Context(), []byte("request"))
		wantError(t, err, client.Unknown, io.EOF)
	}
}

// A connection that is reset under many callers never makes a request that was handled
// look as if it was not.
func TestTCP_Resets(t *testing.T) {
	var mu sync.Mutex
	handled := map[string]int{}
	serve := func(nc *net.TCPConn) {
		nc.SetLinger(0)
		defer nc.Close()
		conn := framing.NewConn(nc, lengthprefix.Uint32())
		for range 100 {
			request, err := conn.ReadFrame()
			if err != nil {
				return
			}
			mu.Lock()
			handled[string(request)]++
			mu.Unlock()
			if conn.WriteFrame(request) != nil {
				return
			}
		}
		conn.ReadFrame()
	}
	c := newClient(t, listen(t, serve), listen(t, serve))
	c.Resend, c.TrustFIN, c.MaxBackoff = true, true, time.Millisecond
	var failed, answered atomic.Int64
	var callers sync.WaitGroup
	for i := range 64 {
		callers.Go(func() {
			for j := range 100 {
				id := fmt.Sprint(i, " ", j)
				reply, err := c.Call(t.Context(), []byte(id))
				var e *client.CallError
				switch {
				case err == nil && string(reply) == id:
					answered.Add(1)
				case errors.As(err, &e) && e.Outcome == client.Unknown:
					failed.Add(1)
				default:
					t.Errorf("Call(%q) = %q, %v; want the request, or an unknown outcome", id, reply, err)
				}
			}
		})
	}
	callers.Wait()
	for id, n := range handled {
		if n > 1 {
			t.Errorf("request %s was handled %d times; want once", id, n)
		}
	}
	t.Logf("%d answered, %d unknown, %d sent again", answered.Load(), failed.Load(), c.Stats().Resent)
}

// Servers that are drained one after the other, under many callers: no call fails, and
// no request is handled twice.
func TestTCP_RollingRestart(t *testing.T) {
	var mu sync.Mutex
	handled := map[string]int{}
	serve := func(nc *net.TCPConn) {
		defer nc.Close()
		conn := framing.NewConn(nc, lengthprefix.Uint32())
		for range 50 {
			request, err := conn.ReadFrame()
			if err != nil {
				return
			}
			mu.Lock()
			handled[string(request)]++
			mu.Unlock()
			if conn.WriteFrame(request) != nil {
				return
			}
		}
		// As a server that drains: what comes now is not handled.
		conn.CloseWrite()
		io.Copy(io.Discard, nc)
	}
	c := newClient(t, listen(t, serve), listen(t, serve), listen(t, serve))
	c.Resend, c.TrustFIN, c.MaxBackoff = true, true, time.Millisecond
	var callers sync.WaitGroup
	for i := range 64 {
		callers.Go(func() {
			for j := range 100 {
				id := fmt.Sprint(i, " ", j)
				if reply, err := c.Call(t.Context(), []byte(id)); err != nil || string(reply) != id {
					t.Errorf("Call(%q) = %q, %v; want the request, nil", id, reply, err)
				}
			}
		})
	}
	callers.Wait()
	for id, n := range handled {
		if n != 1 {
			t.Errorf("request %s was handled %d times; want once", id, n)
		}
	}
	if len(handled) != 6400 {
		t.Errorf("%d requests were handled; want 6400", len(handled))
	}
	t.Logf("%d connections, %d sent again", c.Stats().Dialed, c.Stats().Resent)
}

// Under TLS, FIN is trusted only after close_notify.
func TestTLS(t *testing.T) {
	config, roots := tlsConfig(t)
	for _, test := range []struct {
		name    string
		end     func(*tls.Conn)
		outcome client.Outcome
	}{
		{"close_notify and FIN", func(tc *tls.Conn) { tc.Close() }, client.NotHandled},
		{"close_notify", func(tc *tls.Conn) { tc.CloseWrite(); io.Copy(io.Discard, tc.NetConn()) }, client.NotHandled},
		{"FIN alone", func(tc *tls.Conn) { tc.NetConn().Close() }, client.Unknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newClient(t, listen(t, func(nc *net.TCPConn) {
				defer nc.Close()
				tc := tls.Server(nc, config)
				conn := framing.NewConn(tc, lengthprefix.Uint32())
				request, err := conn.ReadFrame()
				if err != nil {
					t.Error(err)
				}
				conn.WriteFrame(request)
				conn.ReadFrame()
				test.end(tc)
			}))
			c.TLSConfig = &tls.Config{RootCAs: roots}
			c.TrustFIN = true
			mustCall(t, c, "request", "request")
			_, err := c.Call(t.Context(), []byte("request"))
			wantError(t, err, test.outcome, io.EOF)
		})
	}
}

// A failed handshake is a failure to reach the address.
func TestTLS_Handshake(t *testing.T) {
	config, _ := tlsConfig(t)
	c := newClient(t, listen(t, func(nc *net.TCPConn) {
		tls.Server(nc, config).Handshake()
		nc.Close()
	}))
	c.TLSConfig = &tls.Config{RootCAs: x509.NewCertPool()}
	_, err := c.Call(t.Context(), []byte("request"))
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		t.Errorf("error %v; want an x509.UnknownAuthorityError", err)
	}
}

// tlsConfig returns the configuration of a server at 127.0.0.1, and whom to trust.
func tlsConfig(t *testing.T) (*tls.Config, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, roots
}
