package operations

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

var (
	changes = flag.Int("operations.changes", 3, "change the certificate this many `times`")
	flood   = flag.Int("operations.flood", 1000, "open this many `connections` from one address")
	soak    = flag.Duration("operations.soak", 5*time.Second, "run the soak with an age limit for this `time`")
)

// writeCertificate writes a certificate with a serial number, and its key, to the
// files, the key first.
func writeCertificate(t *testing.T, cert, key string, serial int64) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		name  string
		block pem.Block
	}{{key, pem.Block{Type: "PRIVATE KEY", Bytes: secret}}, {cert, pem.Block{Type: "CERTIFICATE", Bytes: der}}} {
		if err := os.WriteFile(f.name, pem.EncodeToMemory(&f.block), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond) // for a moment the files do not match
	}
}

// Certificates that change under load fail no handshake, though their files do not
// match for a moment, and the last one is served in the end.
func TestCertificates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificate(t, cert, key, 1)
	e := serve(t, "-tls-cert", cert, "-tls-key", key)
	var latest atomic.Int64
	clients := begin(5*time.Millisecond, 4, func() (net.Conn, error) {
		c, err := tls.Dial("tcp", e.addr, &tls.Config{InsecureSkipVerify: true})
		if err == nil {
			latest.Store(c.ConnectionState().PeerCertificates[0].SerialNumber.Int64())
		}
		return c, err
	})
	for i := range *changes {
		serial := int64(i + 2)
		writeCertificate(t, cert, key, serial)
		e.await(fmt.Sprintf(`msg="certificate changed" serial=%x `, serial))
		for end := time.Now().Add(patient); latest.Load() != serial; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("certificate %d is not served", serial)
			}
		}
	}
	clients.end(t, fmt.Sprintf("%d certificates", *changes))
}

// Many connections from one address are held to its limit; others are served
// meanwhile, all of them.
func TestOneAddress(t *testing.T) {
	t.Parallel()
	const limit = 100
	e := serve(t, "-max-conns-per-addr", fmt.Sprint(limit))
	others := begin(2*time.Millisecond, 4, tcp(e.addr))
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}}
	var served, reset atomic.Int64
	var clients sync.WaitGroup
	room := make(chan struct{}, limit+50) // descriptors, not more than which are open here
	done := make(chan struct{})
	for range *flood {
		room <- struct{}{}
		clients.Go(func() {
			defer func() { <-room }()
			nc, err := from.Dial("tcp", e.addr)
			if err == nil {
				defer nc.Close()
				nc.SetDeadline(time.Now().Add(patient))
				_, told := io.WriteString(nc, "hello\n") // a reset is told once
				if _, err = io.ReadFull(nc, make([]byte, 6)); err != nil {
					err = errors.Join(err, told)
				}
			}
			switch {
			case err == nil:
				served.Add(1)
				<-done // it holds its connection
			case errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE):
				reset.Add(1)
			default:
				reset.Add(1)
				t.Errorf("%v; want an answer or a reset", err)
			}
		})
	}
	for end := time.Now().Add(patient); served.Load()+reset.Load() < int64(*flood) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	close(done)
	clients.Wait()
	others.end(t, fmt.Sprintf("%d connections from one address: %d served, %d reset; others", *flood, served.Load(), reset.Load()))
	if served.Load() != limit || reset.Load() != int64(*flood)-limit {
		t.Errorf("%d served, %d reset; want %d, %d", served.Load(), reset.Load(), limit, *flood-limit)
	}
}

// Connections that end by their age are torn nowhere: each client that stays sees
// all its answers up to the end of the stream, and never a reset.
func TestAge(t *testing.T) {
	t.Parallel()
	e := serve(t, "-max-age", "300ms")
	clients := begin(0, 16, tcp(e.addr)) // one who comes and waits for too long gets no answer
	time.Sleep(*soak)
	clients.end(t, fmt.Sprintf("%v with an age of 300 ms", *soak))
	if n := clients.ends.Load(); n < int64(*soak/(330*time.Millisecond)) {
		t.Errorf("%d connections have ended; want more", n)
	}
	e.terminate()
}
