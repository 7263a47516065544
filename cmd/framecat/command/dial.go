package command

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// A dialFunc connects to a server.
type dialFunc func(context.Context) (conn, error)

// dialer returns what connects to the server at an address of the command line. A
// write to it fails when it makes no progress for limit, unless that is negative.
func (o *options) dialer(target string, limit time.Duration) (dialFunc, error) {
	network, addr := network(target)
	config, err := o.tlsConfig(network, addr)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (conn, error) {
		ctx, cancel := o.limit(ctx)
		defer cancel()
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		below := &steadyConn{c.(conn), limit}
		if config == nil {
			return below, nil
		}
		t := tls.Client(below, config)
		if err := t.HandshakeContext(ctx); err != nil {
			c.Close()
			if errors.Is(err, context.DeadlineExceeded) {
				err = fmt.Errorf("no answer for %v", o.timeout)
			}
			if plain := (tls.RecordHeaderError{}); errors.As(err, &plain) {
				err = errors.New("the server does not speak TLS: use no -tls")
			}
			if refused := (*tls.CertificateVerificationError)(nil); errors.As(err, &refused) {
				err = fmt.Errorf("%w; -tls-ca FILE trusts other certificates, -tls-insecure all", err)
			}
			return nil, fmt.Errorf("TLS with %s: %w", target, err)
		}
		return &tlsConn{t, below}, nil
	}, nil
}

// network splits an address of the command line.
func network(addr string) (network, rest string) {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		return "unix", path
	}
	return "tcp", addr
}

// isAddress reports whether addr is HOST:PORT or unix:/path.
func isAddress(addr string) bool {
	network, rest := network(addr)
	if network == "unix" {
		return rest != ""
	}
	_, _, err := net.SplitHostPort(rest)
	return err == nil
}

// speaksTLS reports whether the server at o.addr answers a TLS handshake.
func (o *options) speaksTLS() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	network, addr := network(o.addr)
	c, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return false
	}
	defer c.Close()
	// Whom it talks to does not matter: nothing is sent.
	err = tls.Client(c, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(ctx)
	var alert tls.AlertError
	return err == nil || errors.As(err, &alert)
}

// limit returns ctx, cancelled when the timeout has passed.
func (o *options) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if o.timeout < 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, o.timeout)
}

// patience returns the deadline of a wait that begins now.
func (o *options) patience() time.Time {
	if o.timeout < 0 {
		return time.Time{}
	}
	return time.Now().Add(o.timeout)
}

// tlsConfig returns the TLS configuration, or nil for plain connections.
func (o *options) tlsConfig(network, addr string) (*tls.Config, error) {
	if !o.tls {
		return nil, nil
	}
	config := &tls.Config{InsecureSkipVerify: o.tlsInsecure, ServerName: "localhost"}
	if network == "tcp" {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		config.ServerName = cmp.Or(host, config.ServerName)
	}
	if o.tlsCA != "" {
		pem, err := os.ReadFile(o.tlsCA)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("-tls-ca %s: there is no certificate in it", o.tlsCA)
		}
	}
	return config, nil
}
