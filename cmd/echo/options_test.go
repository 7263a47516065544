package main

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/spec"
)

func TestParse(t *testing.T) {
	defaults := options{
		addr:         "127.0.0.1:8000",
		framing:      spec.Value{Framer: delimiter.Line()},
		maxPayload:   1 << 20,
		idleTimeout:  2 * time.Minute,
		frameTimeout: 10 * time.Second,
		writeTimeout: 10 * time.Second,
		grace:        10 * time.Second,
		tlsMin:       "1.2",
		logFormat:    "text",
	}
	for _, test := range []struct {
		args []string
		set  func(o *options) // what differs from the defaults
	}{
		{nil, func(o *options) {}},
		{[]string{"-addr", "unix:/run/echo"}, func(o *options) { o.addr = "unix:/run/echo" }},
		{[]string{"-addr=unix:s", "-socket-mode=0660"}, func(o *options) { o.addr, o.socketMode = "unix:s", 0o660 }},
		{[]string{"-framing=length"}, func(o *options) { o.framing.Framer = lengthprefix.Uint32() }},
		{[]string{"-max-payload=512"}, func(o *options) { o.maxPayload = 512 }},
		{[]string{"-max-payload=64KiB"}, func(o *options) { o.maxPayload = 64 << 10 }},
		{[]string{"-max-payload=0"}, func(o *options) { o.maxPayload = 0 }},
		{[]string{"-max-payload=-1"}, func(o *options) { o.maxPayload = -1 }},
		{[]string{"-max-conns=5"}, func(o *options) { o.maxConns = 5 }},
		{[]string{"-idle-timeout=-1s"}, func(o *options) { o.idleTimeout = -time.Second }},
		{[]string{"-frame-timeout=0"}, func(o *options) { o.frameTimeout = 0 }},
		{[]string{"-write-timeout=1m"}, func(o *options) { o.writeTimeout = time.Minute }},
		{[]string{"-grace=1500ms"}, func(o *options) { o.grace = 1500 * time.Millisecond }},
		{[]string{"-tls-cert=c", "-tls-key=k"}, func(o *options) { o.tlsCert, o.tlsKey = "c", "k" }},
		{[]string{"-metrics-addr=:9100", "-pprof"}, func(o *options) { o.metricsAddr, o.pprof = ":9100", true }},
		{[]string{"-addr=systemd:echo"}, func(o *options) { o.addr = "systemd:echo" }},
		{[]string{"-max-conns-per-addr=8", "-max-age=1h", "-log-connections"}, func(o *options) {
			o.maxPerAddr, o.maxAge, o.logConns = 8, time.Hour, true
		}},
		{[]string{"-proxy-from=10.0.0.0/8,192.0.2.1", "-proxy-from=::1"}, func(o *options) {
			o.proxyFrom = prefixes{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("::1/128")}
		}},
		{[]string{"-reuse-port"}, func(o *options) { o.reusePort = true }},
		{[]string{"-drain-delay=5s"}, func(o *options) { o.drainDelay = 5 * time.Second }},
		{[]string{"-tls-cert=c", "-tls-key=k", "-tls-client-ca=a", "-tls-min-version=1.3"}, func(o *options) {
			o.tlsCert, o.tlsKey, o.tlsClientCA, o.tlsMin = "c", "k", "a", "1.3"
		}},
		{[]string{"-log-format=json"}, func(o *options) { o.logFormat = "json" }},
		{[]string{"-v"}, func(o *options) { o.verbose = true }},
	} {
		want := defaults
		test.set(&want)
		got, err := parse(test.args)
		require.NoError(t, err, test.args)
		assert.Equal(t, &want, got, test.args)
	}
}

// A message of the largest size that the limit allows is served with, a byte
// more is refused: no message could come through.
func TestParse_FixedAndMaxPayload(t *testing.T) {
	for _, test := range []struct {
		framing, maxPayload string
		ok                  bool
	}{
		{"fixed,size=1MiB", "1MiB", true},
		{"fixed,size=1048577", "1MiB", false},
		{"fixed,size=1MiB", "0", true}, // the default
		{"fixed,size=1048577", "0", false},
		{"fixed,size=2GiB", "-1", true},
		{"fixed,size=64KiB,pad=00", "1KiB", true}, // shorter ones can
		{"length", "1", true},
	} {
		_, err := parse([]string{"-framing", test.framing, "-max-payload", test.maxPayload})
		assert.Equal(t, test.ok, err == nil, "%s with -max-payload %s: %v", test.framing, test.maxPayload, err)
	}
}

func TestParse_Help(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"-help"}, {"-framing=help"}, {"-log-format=xml", "-framing=help"}} {
		o, err := parse(args)
		var help helpText
		assert.True(t, errors.As(err, &help), "%s: %v", args, err)
		assert.NotEmpty(t, string(help))
		assert.Nil(t, o)
	}
}
