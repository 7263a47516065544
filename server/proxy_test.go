package server_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

const (
	proxyLine   = "PROXY TCP4 192.0.2.7 198.51.100.9 12345 443\r\n"
	proxyBinary = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc6\x33\x64\x09\x30\x39\x01\xbb" // the same
	proxyLocal  = "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
)

// fakeProxies are where the clients of a fake network come from.
var fakeProxies = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}

// whoAmI answers with the addresses of the connection.
func whoAmI(c *server.Conn, _ []byte) error {
	return c.Reply([]byte(c.RemoteAddr().String() + " " + c.LocalAddr().String()))
}

// The client is whom the header names, for the handler, hooks and the log, and the
// frames that follow it are answered, however it is cut, with TLS and without.
func TestProxy_Client(t *testing.T) {
	const client, proxy = "192.0.2.7:12345 198.51.100.9:443", "198.51.100.1:50000 192.0.2.1:7"
	for _, test := range []struct{ name, header, want string }{
		{"v1", proxyLine, client},
		{"v1 UNKNOWN", "PROXY UNKNOWN\r\n", proxy},
		{"v2", proxyBinary, client},
		{"v2 LOCAL", proxyLocal, proxy},
	} {
		for _, secure := range []bool{false, true} {
			for cut := range test.header {
				var seen []string
				see := func(c net.Conn) { seen = append(seen, c.RemoteAddr().String()+" "+c.LocalAddr().String()) }
				s := &server.Server{
					ProxyFrom:      fakeProxies,
					Handler:        whoAmI,
					Admit:          func(c net.Conn) error { see(c); return nil },
					ConnContext:    func(ctx context.Context, c net.Conn) context.Context { see(c); return ctx },
					ConnState:      func(c net.Conn, _ server.State) { see(c) },
					LogConnections: true,
				}
				if secure {
					s.TLSConfig = serverTLS
				}
				onFake(t, s, func(f *fake) {
					raw := f.dial(test.header[:cut])
					time.Sleep(time.Second)
					f.send(raw, test.header[cut:])
					var c net.Conn = raw
					if secure {
						c = tls.Client(raw, clientTLS)
					}
					io.WriteString(c, "who?\n")
					got, err := bufio.NewReader(c).ReadString('\n')
					require.NoError(t, err)
					require.Equal(t, test.want+"\n", got)
					raw.Close()
					time.Sleep(time.Second)
					require.Contains(t, f.log.String(), `level=INFO msg=connection remote=`+strings.Fields(test.want)[0]+` reason=`)
				})
				for _, addrs := range seen {
					require.Equal(t, test.want, addrs)
				}
				require.GreaterOrEqual(t, len(seen), 5)
			}
		}
	}
}

// A hook gets at the connection to the proxy.
func TestProxy_NetConn(t *testing.T) {
	var raw net.Conn
	s := &server.Server{ProxyFrom: fakeProxies, ConnState: func(c net.Conn, _ server.State) {
		raw = c.(interface{ NetConn() net.Conn }).NetConn()
	}}
	onFake(t, s, func(f *fake) {
		f.dial(proxyLine)
		assert.IsType(t, &fakenet.Conn{}, raw)
		assert.Equal(t, "198.51.100.1:50000", raw.RemoteAddr().String())
	})
}

// A header that is malformed, cut or missing ends its connection with a reset and
// one line in the log, as soon as that is known; nobody else notices.
func TestProxy_Refused(t *testing.T) {
	for name, test := range map[string]struct{ sent, says string }{
		"no header":       {"hello\n", "the connection does not begin with one"},
		"control byte":    {"PROXY TCP4 \x1b[31m", "byte 11 is 0x1b; want printable text"},
		"4 KiB of a line": {"PROXY UNKNOWN " + strings.Repeat("f", 4<<10), "the line has more than 107 bytes"},
		"4 KiB of fields": {"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x0f\xf0" + strings.Repeat("x", 4<<10-16), "4080 bytes follow its first 16; want at most 2048"},
		"wrong length":    {"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0b" + strings.Repeat("x", 11), "11 bytes follow its first 16; want 12 or more"},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				s := &server.Server{ProxyFrom: fakeProxies}
				if secure {
					s.TLSConfig = serverTLS
				}
				onFake(t, s, func(f *fake) {
					f.wantRST(f.dial(test.sent), "", 0)
					log := f.log.String()
					assert.Equal(t, 1, strings.Count(log, "\n"), log)
					assert.Contains(t, log, `level=WARN msg="no PROXY header accepted" remote=198.51.100.1:50000 err="PROXY header: `+test.says)
					assert.EqualValues(t, 1, s.Stats().Closed[server.CloseProxyHeader])
				})
			})
		}
	}
}

// A header has its own time, to its last byte. Who leaves before has done nothing
// wrong: the health check of a proxy does.
func TestProxy_Timeout(t *testing.T) {
	s := &server.Server{ProxyFrom: fakeProxies, HandshakeTimeout: 3 * time.Second, IdleTimeout: time.Second, FrameTimeout: time.Second}
	onFake(t, s, func(f *fake) {
		silent, half, drip, check, late := f.dial(""), f.dial(proxyBinary[:20]), f.dial("PROXY UNKNOWN "), f.dial(""), f.dial("")
		for i := range 80 {
			f.sendLater(time.Duration(i)*50*ms, drip, "x")
		}
		f.sendLater(2*time.Second, late, proxyLine)
		check.Close()
		time.Sleep(time.Minute)
		for _, c := range []*fakenet.Conn{silent, half, drip} {
			assert.Equal(t, 3*time.Second, f.at(c.RST()))
		}
		assert.Equal(t, 3*time.Second, f.at(late.FIN()), "its wait for a frame begins after the header")
		st := s.Stats()
		assert.EqualValues(t, 3, st.Closed[server.CloseProxyHeader])
		assert.EqualValues(t, 1, st.Closed[server.ClosePeer])
		assert.Equal(t, 3, strings.Count(f.log.String(), "\n"), f.log)
	})
}

// Nobody is believed who is not trusted: with lines, with which version 1 could be
// taken for a frame, and with lengths. The log has a hint.
func TestProxy_Unexpected(t *testing.T) {
	elsewhere := []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	for _, from := range [][]netip.Prefix{nil, elsewhere} {
		for _, header := range []string{proxyLine, proxyBinary, proxyLocal} {
			s := &server.Server{ProxyFrom: from}
			onFake(t, s, func(f *fake) {
				f.wantFIN(f.dial(header+"hello\n"), "", 0)
				time.Sleep(time.Second)
				assert.Contains(t, f.log.String(), `msg="no PROXY header accepted" remote=198.51.100.1:50000 err="PROXY header: not expected from this address; see ProxyFrom"`)
				c := f.dial("hello\n" + header)
				c.CloseWrite()
				got, err := io.ReadAll(c)
				assert.NoError(t, err)
				assert.Equal(t, "hello\n", string(got[:6]), "it is no header where none can be")
			})
			s = &server.Server{ProxyFrom: from, Framer: lengthprefix.Uint32()}
			onFake(t, s, func(f *fake) {
				f.wantFIN(f.dial(header), "", 0)
				time.Sleep(time.Second)
				assert.Contains(t, f.log.String(), "not expected from this address")
			})
		}
	}
	onFake(t, new(server.Server), func(f *fake) {
		c := f.dial("PROXY \nPROXY TCP4 me\n")
		c.CloseWrite()
		f.wantFIN(c, "PROXY \nPROXY TCP4 me\n", 0)
	})
}

// The bytes of a header are no part of what had arrived at T0: what follows it is
// answered, and nothing is waited for, whether it had arrived before its connection
// was accepted, or comes in time.
func TestProxy_C1Snapshot(t *testing.T) {
	for _, header := range []string{proxyLine, proxyBinary} {
		s := &server.Server{ProxyFrom: fakeProxies, MaxConns: 1}
		onFake(t, s, func(f *fake) {
			first := f.dial(header + "first\n")
			queued := f.dial(header + "queued\n")
			time.Sleep(time.Second)
			require.NoError(t, s.Shutdown(background))
			f.wantFIN(first, "first\n", time.Second)
			f.wantFIN(queued, "queued\n", time.Second)
		})
		s = &server.Server{ProxyFrom: fakeProxies}
		onFake(t, s, func(f *fake) {
			c, never := f.dial(header[:10]), f.dial("")
			f.sendLater(2*time.Second, c, header[10:]+"a\nb\n")
			f.sendLater(2*time.Second+100*ms, c, "late\n")
			time.Sleep(time.Second)
			require.NoError(t, s.Shutdown(background))
			f.wantFIN(c, "a\nb\n", 2*time.Second)
			assert.Equal(t, 5*time.Second, f.at(never.RST()))
		})
	}
}

// With TLS the snapshot is taken after both the header and the handshake.
func TestProxy_C1SnapshotTLS(t *testing.T) {
	s := &server.Server{ProxyFrom: fakeProxies, TLSConfig: serverTLS, MaxConns: 1}
	onFake(t, s, func(f *fake) {
		f.dial("")
		raw := f.dial(proxyBinary)
		c := tls.Client(raw, clientTLS)
		done := make(chan string)
		go func() {
			io.WriteString(c, "hello\n")
			got, _ := io.ReadAll(c)
			done <- string(got)
		}()
		time.Sleep(time.Second)
		closed := make(chan error)
		go func() { closed <- s.Shutdown(background) }()
		assert.Equal(t, "hello\n", <-done)
		raw.Close()
		assert.NoError(t, <-closed)
		assert.Less(t, f.now(), 6*time.Second)
	})
}

// Through a Unix socket the header is read too: its file decides who may connect.
func TestProxy_Unix(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	s := &server.Server{Framer: lines, ProxyFrom: fakeProxies, Handler: whoAmI}
	serve(t, s, l)
	c := dial(t, "unix", l.Addr().String())
	_, err = io.WriteString(c, proxyBinary+"who?\n")
	require.NoError(t, err)
	got, err := bufio.NewReader(c).ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "192.0.2.7:12345 198.51.100.9:443\n", got)
}

// Real sockets: IPv4 addresses in IPv6 ones are the same, and many clients whose
// header and frames come in one segment at T0 are answered.
func TestProxy_TCP(t *testing.T) {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	require.NoError(t, err)
	s := &server.Server{Framer: lines, Handler: whoAmI, ProxyFrom: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}}
	serve(t, s, l)
	var all []net.Conn
	for range 50 {
		c := dial(t, "tcp", l.Addr().String())
		_, err := io.WriteString(c, proxyLine+"a\nb\n")
		require.NoError(t, err)
		all = append(all, c)
	}
	require.NoError(t, s.Shutdown(background))
	for _, c := range all {
		got, err := io.ReadAll(c)
		require.NoError(t, err)
		assert.Equal(t, strings.Repeat("192.0.2.7:12345 198.51.100.9:443\n", 2), string(got))
	}
}

func TestProxy_Config(t *testing.T) {
	s := &server.Server{Framer: lines, Handler: server.Echo, ProxyFrom: make([]netip.Prefix, 1)}
	var config *server.ConfigError
	require.ErrorAs(t, s.Serve(fakenet.Listen()), &config)
	assert.Equal(t, "ProxyFrom", config.Field)
}
