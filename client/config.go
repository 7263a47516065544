package client

import (
	"context"
	"math"
	"slices"
	"time"
)

// never is the time of a limit that does not exist.
const never = time.Duration(math.MaxInt64)

// limits are the limits of a Client, with the defaults filled in.
type limits struct {
	payload, conns, inFlight                     int
	dial, reply, write, idle, ping, pause, check time.Duration // check is the least of them
}

// start validates the fields of c and prepares what is not exported, once.
func (c *Client) start() error {
	if c.started {
		return nil
	}
	switch {
	case c.Framer == nil:
		return &ConfigError{"Framer", "it must be set"}
	case len(c.Addrs) == 0:
		return &ConfigError{"Addrs", "there must be an address"}
	case slices.Contains(c.Addrs, ""):
		return &ConfigError{"Addrs", "an address is empty"}
	case c.RequestKey != nil && c.ReplyKey == nil:
		return &ConfigError{"ReplyKey", "it must be set with RequestKey"}
	}
	if c.RequestKey != nil && c.Ping != nil {
		key, ok := c.RequestKey(c.Ping)
		if !ok {
			return &ConfigError{"Ping", "RequestKey must find a key in it"}
		}
		c.pingKey = key
	}
	l := &c.limits
	l.payload = or(c.MaxPayload, 1<<20, math.MaxInt)
	l.conns = or(c.MaxConns, 1, math.MaxInt)
	l.inFlight = or(c.MaxInFlight, 256, math.MaxInt)
	l.dial = or(c.DialTimeout, 5*time.Second, never)
	l.reply = or(c.ReplyTimeout, time.Minute, never)
	l.write = or(c.WriteTimeout, 10*time.Second, never)
	l.idle = or(c.IdleTimeout, 90*time.Second, never)
	l.ping = or(c.PingInterval, 30*time.Second, never)
	if c.Ping == nil {
		l.ping = never
	}
	l.pause = or(c.MaxBackoff, 5*time.Second, 0)
	l.check = min(l.reply, l.write, l.idle, l.ping)
	for _, name := range c.Addrs {
		c.addrs = append(c.addrs, &address{name: name})
	}
	c.cold = len(c.addrs)
	c.conns = make(map[*conn]struct{})
	c.epoch = time.Now()
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.started = true
	return nil
}

// or returns limit, or def if it is zero, or none if it is negative.
func or[T int | time.Duration](limit, def, none T) T {
	switch {
	case limit > 0:
		return limit
	case limit == 0:
		return def
	}
	return none
}
