package server_test

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
)

// These tests run on real sockets, for what only kernels know.

// serve serves s on l until the test ends.
func serve(t *testing.T, s *server.Server, l net.Listener) <-chan error {
	if s.Logger == nil {
		s.Logger = new(log).logger()
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() { s.Close() })
	return served
}

func listenTCP(t *testing.T, s *server.Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	serve(t, s, l)
	return l.Addr().String()
}

func dial(t *testing.T, network, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial(network, addr)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

func lengthFrame(payload []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))), payload...)
}

// C4: whatever arrives that the server will not answer, the client gets all
// answers and the end of the stream. Closing with bytes unread would reset the
// connection, and the reset would throw away answers that are on their way.
func TestC4AnswersSurviveUnread(t *testing.T) {
	const frames = 40
	frame := lengthFrame(bytes.Repeat([]byte("x"), 16<<10))
	garbage := bytes.Repeat([]byte("\xff"), 64<<10)
	for _, unread := range []int{0, 7, 64 << 10} {
		for _, writes := range []bool{false, true} {
			for _, late := range []bool{false, true} {
				for _, secure := range []bool{false, true} {
					t.Run(fmt.Sprintf("unread=%d/writes=%t/late=%t/tls=%t", unread, writes, late, secure), func(t *testing.T) {
						t.Parallel()
						last, release := make(chan struct{}), make(chan struct{})
						n := 0
						s := &server.Server{Framer: lengthprefix.Uint32(), Handler: func(c *server.Conn, m []byte) error {
							if n++; n == frames {
								close(last)
								<-release
							}
							return server.Echo(c, m)
						}}
						if secure {
							s.TLSConfig = serverTLS
						}
						addr := listenTCP(t, s)
						c, idle := dial(t, "tcp", addr), dial(t, "tcp", addr)
						if secure {
							c, idle = tls.Client(c, clientTLS), tls.Client(idle, clientTLS)
							require.NoError(t, idle.(*tls.Conn).Handshake())
						}
						_, err := c.Write(bytes.Repeat(frame, frames))
						require.NoError(t, err)
						<-last // everything is read

						closing := make(chan error)
						go func() { closing <- s.Shutdown(background) }()
						_, err = io.ReadAll(idle) // until Shutdown has begun
						require.NoError(t, err)
						idle.Close()
						_, err = c.Write(garbage[:unread])
						require.NoError(t, err)
						close(release)
						var writer sync.WaitGroup
						wrote := make(chan struct{})
						writer.Go(func() {
							defer close(wrote)
							for end := time.Now().Add(300 * ms); writes && time.Now().Before(end); time.Sleep(3 * ms) {
								c.Write(garbage[:100])
							}
						})
						if late {
							<-wrote
						}
						got, err := io.ReadAll(c)
						assert.NoError(t, err)
						assert.Equal(t, frames*len(frame), len(got))
						writer.Wait()
						c.Close()
						assert.NoError(t, <-closing)
					})
				}
			}
		}
	}
}

// C7: those in the accept queue are answered, beyond MaxConns; then nobody can
// connect.
func TestC7AcceptQueue(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	s := &server.Server{Framer: lines, MaxConns: 1, Handler: func(c *server.Conn, m []byte) error {
		if string(m) == "first" {
			close(entered)
			<-release
		}
		return server.Echo(c, m)
	}}
	addr := listenTCP(t, s)
	first := dial(t, "tcp", addr)
	io.WriteString(first, "first\n")
	<-entered
	var queued []net.Conn
	for i := range 50 {
		c := dial(t, "tcp", addr)
		fmt.Fprintf(c, "%d\n", i)
		queued = append(queued, c)
	}
	closing := make(chan error)
	go func() { closing <- s.Shutdown(background) }()
	for i, c := range queued {
		got, err := io.ReadAll(c)
		assert.NoError(t, err)
		assert.Equal(t, fmt.Sprintln(i), string(got))
		c.Close()
	}
	close(release)
	got, err := io.ReadAll(first)
	assert.NoError(t, err)
	assert.Equal(t, "first\n", string(got))
	first.Close()
	assert.NoError(t, <-closing)
	_, err = net.Dial("tcp", addr)
	assert.Error(t, err)
}

// C16: a client that ends its side gets all its answers, and then the end of
// the stream.
func TestC16HalfClose(t *testing.T) {
	text := strings.Repeat("a line to answer\n", 10_000)
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls=%t", secure), func(t *testing.T) {
			t.Parallel()
			log := new(log)
			s := &server.Server{Framer: lines, Handler: server.Echo, Logger: log.logger()}
			if secure {
				s.TLSConfig = serverTLS
			}
			c := dial(t, "tcp", listenTCP(t, s)).(interface {
				net.Conn
				CloseWrite() error
			})
			if secure {
				c = tls.Client(c, clientTLS)
			}
			go func() {
				io.WriteString(c, text)
				c.CloseWrite()
			}()
			got, err := io.ReadAll(c)
			assert.NoError(t, err)
			assert.Equal(t, text, string(got))
			c.Close()
			require.NoError(t, s.Close())
			assert.Empty(t, log.String())
		})
	}
}

// An answer that WriteTimeout tears ends in a reset, also when Send is torn:
// the client can't take what it has got for all.
func TestC2TornReply(t *testing.T) {
	for name, reply := range map[string]func(c *server.Conn, m []byte) error{
		"Reply":      (*server.Conn).Reply,
		"WriteFrame": (*server.Conn).WriteFrame,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			torn := make(chan error, 1)
			s := &server.Server{Framer: lengthprefix.Uint32(), MaxPayload: 64 << 20, WriteTimeout: 200 * ms, Handler: func(c *server.Conn, m []byte) error {
				torn <- reply(c, make([]byte, 32<<20))
				return c.Reply([]byte("after"))
			}}
			c := dial(t, "tcp", listenTCP(t, s))
			_, err := c.Write(lengthFrame([]byte("q")))
			require.NoError(t, err)
			assert.ErrorContains(t, <-torn, "write timeout")
			n, err := io.Copy(io.Discard, c)
			assert.Error(t, err, "after %d bytes of one frame", n)
			assert.Less(t, n, int64(32<<20))
		})
	}
}
