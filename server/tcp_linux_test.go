package server_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/wholeframe/wholeframe/server"
)

// C1, C2 and C3 on real sockets: clients send lines without waiting, Shutdown
// is called at some time, and the kernel of each client says what the server's
// had received by then. All of that comes back, and what comes back is what was
// sent, from the first line on, with nothing missing, and then the end of the
// stream.
func TestC1AllReceivedIsAnswered(t *testing.T) {
	const clients, rounds = 16, 3
	for _, network := range []string{"tcp", "tls", "unix"} {
		for name, handler := range map[string]server.Handler{
			"fast": server.Echo,
			"slow": slowly(100 * time.Microsecond),
		} {
			t.Run(network+" "+name, func(t *testing.T) {
				t.Parallel()
				for range rounds {
					var handled atomic.Int64
					s := &server.Server{Framer: lines, Logger: new(log).logger(), Handler: func(c *server.Conn, m []byte) error {
						handled.Add(1)
						return handler(c, m)
					}}
					if network == "tls" {
						s.TLSConfig = serverTLS
					}
					l, served := listen(t, network, s)
					var (
						ready, done sync.WaitGroup
						pipeliners  [clients]pipeliner
					)
					for i := range pipeliners {
						p := &pipeliners[i]
						p.window = 1 << rand.IntN(9)
						p.dial(t, network, l.Addr().String())
						ready.Add(1)
						done.Go(func() { p.run(ready.Done) })
					}
					ready.Wait()
					time.Sleep(rand.N(10 * ms))

					for i := range pipeliners {
						pipeliners[i].sample()
					}
					require.NoError(t, s.Shutdown(background))
					assert.ErrorIs(t, <-served, server.ErrServerClosed)
					done.Wait()
					echoed := 0
					for i := range pipeliners {
						p := &pipeliners[i]
						require.NoError(t, p.err, "client %d, after %d of %d lines", i, p.echoed, p.received)
						require.GreaterOrEqual(t, p.echoed, p.received, "client %d has lost answers", i)
						echoed += p.echoed
					}
					assert.EqualValues(t, handled.Load(), echoed, "handled and answered")
				}
			})
		}
	}
}

// A pipeliner sends numbered lines, of which at most window wait for their
// echo, until it reads the end of the stream.
type pipeliner struct {
	window int
	raw    *countedConn
	conn   net.Conn

	mu    sync.Mutex
	marks []int64 // bytes of raw that the first i+1 writes have taken
	lines []int   // lines that they hold

	received int   // lines, when sample was called
	echoed   int   // lines, in the end
	err      error // what was wrong with them
}

// A countedConn knows how many bytes it has written.
type countedConn struct {
	net.Conn
	written atomic.Int64
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

func (p *pipeliner) dial(t *testing.T, network, addr string) {
	t.Helper()
	p.raw = &countedConn{Conn: dial(t, strings.Replace(network, "tls", "tcp", 1), addr)}
	p.conn = p.raw
	if network == "tls" {
		c := tls.Client(p.raw, clientTLS)
		require.NoError(t, c.Handshake())
		p.conn = c
	}
}

// sample notes how many lines have arrived at the server.
func (p *pipeliner) sample() {
	arrived := p.raw.written.Load()
	if c, ok := p.raw.Conn.(*net.TCPConn); ok {
		arrived -= int64(outq(c)) // for it acknowledges at once
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, mark := range p.marks {
		if mark <= arrived {
			p.received = p.lines[i]
		}
	}
}

// outq returns how many bytes c has sent and the peer's kernel has not
// acknowledged.
func outq(c *net.TCPConn) (n int) {
	raw, err := c.SyscallConn()
	if err == nil {
		raw.Control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) })
	}
	return n
}

func (p *pipeliner) run(ready func()) {
	var writer sync.WaitGroup
	defer writer.Wait()
	defer p.raw.Close()
	room := make(chan struct{}, p.window)
	stop := make(chan struct{})
	defer close(stop)
	writer.Go(func() {
		for next := 0; ; {
			var batch []byte
			for range 1 + rand.IntN(min(8, p.window)) {
				select {
				case room <- struct{}{}:
				case <-stop:
					return
				}
				batch = append(batch, numbered(next)...)
				next++
			}
			if _, err := p.conn.Write(batch); err != nil {
				return
			}
			p.mu.Lock()
			p.marks = append(p.marks, p.raw.written.Load())
			p.lines = append(p.lines, next)
			p.mu.Unlock()
		}
	})
	lines := bufio.NewReader(p.conn)
	for ; ; p.echoed++ {
		line, err := lines.ReadString('\n')
		if p.echoed == 0 {
			ready()
		}
		if err == io.EOF && line == "" {
			return
		}
		if want := numbered(p.echoed); err != nil || line != want {
			p.err = fmt.Errorf("got %q and %v, want %q", line, err, want)
			return
		}
		<-room
	}
}

// numbered returns a line with a number, a text whose length depends on it, and
// their checksum.
func numbered(n int) string {
	text := fmt.Sprintf("%d %s", n, strings.Repeat("x", n*7%300))
	return fmt.Sprintf("%s %08x\n", text, crc32.ChecksumIEEE([]byte(text)))
}

// listen serves s on a loopback socket, or a Unix socket, of its own.
func listen(t *testing.T, network string, s *server.Server) (net.Listener, <-chan error) {
	t.Helper()
	addr := "127.0.0.1:0"
	if network == "unix" {
		addr = filepath.Join(t.TempDir(), "s")
	} else {
		network = "tcp"
	}
	l, err := net.Listen(network, addr)
	require.NoError(t, err)
	return l, serve(t, s, l)
}
