package client

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/wholeframe/wholeframe/framing"
)

const minPause = 50 * time.Millisecond // after a first failure

// An address is one of Client.Addrs. Its fields, except name, are guarded by
// Client.mu.
type address struct {
	name       string
	conns      int  // open connections
	dialing    bool // a goroutine runs dial
	attempting bool // and does not pause
	failures   int  // in a row
	notBefore  time.Duration
	failedAt   time.Duration
	err        error // of the last failure
}

// failed notes that the server cannot be reached, or has ended a connection early. What
// happens during a pause is not a further failure: a server may end many connections.
func (a *address) failed(c *Client, err error) {
	a.err, a.failedAt = err, c.now()
	if a.failedAt < a.notBefore {
		return
	}
	pause := c.limits.pause
	if a.failures < 30 {
		pause = min(pause, minPause<<a.failures)
	}
	a.failures++
	a.notBefore = a.failedAt + pause/2 + rand.N(pause/2+1)
}

// reached notes that the server works.
func (a *address) reached() { a.failures, a.err, a.notBefore = 0, nil, 0 }

// dialAll starts to dial every address without a connection.
func (c *Client) dialAll() {
	for _, a := range c.addrs {
		if a.conns == 0 {
			c.startDial(a)
		}
	}
}

// grow starts to dial one more connection for the calls that wait, if MaxConns allows.
func (c *Client) grow() {
	var best *address
	for _, a := range c.addrs {
		if !a.dialing && a.conns < c.limits.conns && (best == nil || a.conns < best.conns) {
			best = a
		}
	}
	if best != nil {
		c.startDial(best)
	}
}

func (c *Client) startDial(a *address) {
	if a.dialing || c.closed {
		return
	}
	a.dialing, a.attempting = true, a.notBefore <= c.now()
	c.recount()
	c.spawn(func() { c.dial(a) })
}

// recount sets cold.
func (c *Client) recount() {
	c.cold = 0
	for _, a := range c.addrs {
		if a.conns == 0 && !a.dialing {
			c.cold++
		}
	}
}

// dial connects to a. It tries again while calls wait.
func (c *Client) dial(a *address) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if pause := a.notBefore - c.now(); pause > 0 {
			c.mu.Unlock()
			select {
			case <-time.After(pause):
			case <-c.ctx.Done():
			}
			c.mu.Lock()
		}
		if c.closed {
			break
		}
		a.attempting = true
		c.mu.Unlock()
		cn, err := c.connect(a)
		c.mu.Lock()
		a.attempting = false
		if err == nil {
			c.add(cn)
			break
		}
		c.stats.Failed++
		a.failed(c, err)
		c.failFast()
		if c.waiting.first == nil {
			break
		}
	}
	a.dialing, a.attempting = false, false
	c.recount()
	if c.waiting.first != nil {
		c.grow()
	}
}

// connect returns a new connection to a that is ready for calls. c.mu must not be
// held.
func (c *Client) connect(a *address) (*conn, error) {
	ctx := c.ctx
	if c.limits.dial != never {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.limits.dial)
		defer cancel()
	}
	network, dial := c.Network, c.Dial
	if network == "" {
		network = "tcp"
	}
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	raw, err := dial(ctx, network, a.name)
	if err != nil {
		return nil, err
	}
	cn := &conn{client: c, addr: a, raw: raw, nc: raw}
	if c.TLSConfig != nil {
		config := c.TLSConfig
		if host, _, err := net.SplitHostPort(a.name); err == nil && config.ServerName == "" {
			config = config.Clone()
			config.ServerName = host
		}
		cn.end = &endConn{Conn: raw}
		t := tls.Client(cn.end, config)
		if err := t.HandshakeContext(ctx); err != nil {
			raw.Close()
			return nil, fmt.Errorf("TLS handshake with %s: %w", a.name, err)
		}
		cn.nc = t
	}
	cn.fc = framing.NewConn(readConn{cn.nc, cn}, c.Framer)
	cn.fc.SetMaxPayload(c.limits.payload)
	if c.Open != nil {
		stop := context.AfterFunc(ctx, func() { raw.Close() })
		err := c.Open(ctx, cn.fc)
		if !stop() {
			err = context.Cause(ctx)
		}
		if err != nil {
			raw.Close()
			return nil, fmt.Errorf("opening a connection to %s: %w", a.name, err)
		}
	}
	return cn, nil
}
