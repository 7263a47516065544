package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// lookAgain is how often the files of a certificate are looked at.
const lookAgain = time.Second

// A keyPair is a certificate with its key. It is read again when its files change.
type keyPair struct {
	certFile, keyFile string
	current           atomic.Pointer[tls.Certificate]
	tried             string // the contents of the files, or why they cannot be read
}

// loadKeyPair reads the certificate (chain) and its key.
func loadKeyPair(certFile, keyFile string) (*keyPair, error) {
	k := &keyPair{certFile: certFile, keyFile: keyFile}
	if _, err := k.load(); err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return k, nil
}

// load reads the files, and reports whether there is a new certificate. What was
// tried before is not tried again. After an error the certificate stays as it was.
func (k *keyPair) load() (isNew bool, err error) {
	cert, err := os.ReadFile(k.certFile)
	var key []byte
	if err == nil {
		key, err = os.ReadFile(k.keyFile)
	}
	tried := string(cert) + string(key)
	if err != nil {
		tried = err.Error()
	}
	if tried == k.tried {
		return false, nil
	}
	k.tried = tried
	if err != nil {
		return false, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return false, fmt.Errorf("%s with the key %s: %w", k.certFile, k.keyFile, err)
	}
	k.current.Store(&pair)
	return true, nil
}

// get is the GetCertificate of a [tls.Config].
func (k *keyPair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return k.current.Load(), nil
}

// watch looks at the files until ctx ends.
func (k *keyPair) watch(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		switch isNew, err := k.load(); {
		case err != nil:
			log.Warn("the old certificate stays", "err", err)
		case isNew:
			log.Info("certificate changed", "serial", k.current.Load().Leaf.SerialNumber.Text(16), "expires", k.current.Load().Leaf.NotAfter)
		}
	}
}

// readCAs reads the certificates of authorities from a PEM file.
func readCAs(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate; want PEM", file)
	}
	return pool, nil
}
