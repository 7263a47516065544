package main

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

// A conn is a connection whose sending side can be ended alone.
type conn interface {
	net.Conn
	CloseWrite() error
}

// dialer returns what connects to the server.
func (o *options) dialer() (dial func(context.Context) (conn, error), err error) {
	network, addr := "tcp", o.addr
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		network, addr = "unix", path
	}
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
		if config == nil {
			return c.(conn), nil
		}
		t := tls.Client(c, config)
		if err := t.HandshakeContext(ctx); err != nil {
			c.Close()
			if errors.Is(err, context.DeadlineExceeded) {
				err = fmt.Errorf("no answer for %v", o.timeout)
			}
			return nil, fmt.Errorf("TLS with %s: %w", o.addr, err)
		}
		return t, nil
	}, nil
}

// limit returns ctx, cancelled when the timeout has passed.
func (o *options) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if o.timeout < 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, time.Duration(o.timeout))
}

// patience returns the deadline of a wait that begins now.
func (o *options) patience() time.Time {
	if o.timeout < 0 {
		return time.Time{}
	}
	return time.Now().Add(time.Duration(o.timeout))
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
