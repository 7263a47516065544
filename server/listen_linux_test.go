package server_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/server"
)

// outcomes counts how it went with clients that connect, send a line at once, and
// read to the end.
type outcomes struct {
	mu    sync.Mutex
	count map[string]int
}

func (o *outcomes) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return fmt.Sprint(o.count)
}

func (o *outcomes) of(what string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.count[what]
}

// victims returns what happened to clients but for what may.
func (o *outcomes) victims() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	v := maps.Clone(o.count)
	delete(v, "answered")
	delete(v, "refused")
	delete(v, "late")
	return v
}

// visit is what a client does, once.
func (o *outcomes) visit(network, addr string) {
	what := visit(network, addr)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.count == nil {
		o.count = make(map[string]int)
	}
	o.count[what]++
}

// visit connects and sends at once. A busy machine may keep it from sending until the
// server does not wait for its first byte any longer: then it is late.
func visit(network, addr string) string {
	begin := time.Now()
	// A SYN that was dropped is sent again after a second.
	c, err := net.DialTimeout(network, addr, 20*time.Second)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT) && network == "unix":
		return "refused"
	case err != nil:
		return err.Error()
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	_, failed := io.WriteString(c, "hello\n")
	late := time.Since(begin) > 400*ms
	got, err := io.ReadAll(c)
	switch {
	case late && len(got) == 0:
		return "late"
	case string(got) == "hello\n" && failed == nil && err == nil:
		return "answered"
	case failed != nil || err != nil:
		return fmt.Sprintf("%d bytes, %v, %v", len(got), failed, err)
	}
	return fmt.Sprintf("empty end after %d bytes", len(got))
}

// hangUp answers a line and ends the connection.
func hangUp(c *server.Conn, m []byte) error {
	c.WriteFrame(m)
	return io.EOF
}

// C18: a client that connects at any moment around T0, and sends at once, is
// answered or refused. Nobody is reset, and nobody gets a clean end without an
// answer.
func TestC18_ClientsAroundT0(t *testing.T) {
	const rounds = 4
	for _, network := range []string{"tcp", "unix"} {
		for round := range rounds {
			t.Run(fmt.Sprintf("%s %d", network, round), func(t *testing.T) {
				t.Parallel()
				addr := "127.0.0.1:0"
				if network == "unix" {
					addr = filepath.Join(t.TempDir(), "s")
				}
				l, err := server.Listen(network, addr)
				require.NoError(t, err)
				s := &server.Server{Framer: lines, Handler: hangUp, Logger: new(log).logger()}
				served := serve(t, s, l)
				var (
					o       outcomes
					clients sync.WaitGroup
					done    = make(chan struct{})
				)
				clients.Go(func() {
					tick := time.NewTicker(ms)
					defer tick.Stop()
					for range tick.C {
						select {
						case <-done:
							return
						default:
							clients.Go(func() { o.visit(network, l.Addr().String()) })
						}
					}
				})
				for o.of("answered") == 0 {
					time.Sleep(ms)
				}
				time.Sleep(100*ms + rand.N(50*ms))
				require.NoError(t, s.Shutdown(background))
				assert.Equal(t, server.ErrServerClosed, <-served)
				time.Sleep(200 * ms)
				for o.of("refused") == 0 {
					time.Sleep(ms)
				}
				close(done)
				clients.Wait()
				assert.Empty(t, o.victims(), o.String())
				t.Log(o.String())
			})
		}
	}
}

// C18: from T0 on nobody new is taken in, or those who keep coming would keep the
// listener open. Each client here waits for its end, so that one that comes after
// it finds the door shut. Another listener is open until its queue is empty, which
// a quick client can delay a little.
func TestC18_NobodyNew(t *testing.T) {
	for name, test := range map[string]struct {
		listen func(network, addr string) (net.Listener, error)
		most   int
	}{
		"ours":    {server.Listen, 2},
		"another": {net.Listen, 50},
	} {
		for _, network := range []string{"tcp", "unix"} {
			t.Run(name+" "+network, func(t *testing.T) {
				t.Parallel()
				addr := "127.0.0.1:0"
				if network == "unix" {
					addr = filepath.Join(t.TempDir(), "s")
				}
				l, err := test.listen(network, addr)
				require.NoError(t, err)
				s := &server.Server{Framer: lines, Handler: hangUp, Logger: new(log).logger()}
				serve(t, s, l)
				require.Equal(t, "answered", visit(network, l.Addr().String()))
				go s.Shutdown(background)
				for !s.Stats().Draining {
					runtime.Gosched()
				}
				taken := 0
				for visit(network, l.Addr().String()) != "refused" {
					taken++
				}
				assert.LessOrEqual(t, taken, test.most)
			})
		}
	}
}

// C18: a listener on a Unix socket that cannot keep new clients away, for want of
// a file or of the lock, is open until its queue is empty, and no longer.
func TestC18_NothingToRemove(t *testing.T) {
	for _, name := range []string{"abstract", "locked"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			addr := filepath.Join(dir, "s")
			if name == "abstract" {
				addr = "@" + addr
			}
			l, err := server.Listen("unix", addr)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, ".s.wholeframe-lock"), []byte("no lock"), 0o600))
			s := &server.Server{Framer: lines, Handler: hangUp, Logger: new(log).logger()}
			serve(t, s, l)
			go s.Shutdown(background)
			for !s.Stats().Draining {
				runtime.Gosched()
			}
			taken := 0
			for visit("unix", addr) == "answered" {
				taken++
			}
			assert.LessOrEqual(t, taken, 50)
		})
	}
}

// C18: those whose handshakes are under way at T0 are let in. A machine that
// stalls for longer than the server waits for a handshake shows nothing: then
// there is another try.
func TestC18_HandshakesUnderWay(t *testing.T) {
	t.Parallel()
	const clients = 5
	answered := 0
	for try := 0; answered < clients && try < 5; try++ {
		answered = finishHandshakes(t, clients)
	}
	assert.Equal(t, clients, answered)
}

// finishHandshakes returns how many of n clients are answered that finish their
// handshakes after T0. TCP_DEFER_ACCEPT leaves a handshake open, on the side of
// the server, until the first byte; a client sends it when the one before has its
// answer.
func finishHandshakes(t *testing.T, n int) (answered int) {
	t.Helper()
	l, err := server.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	raw, err := l.(syscall.Conn).SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 10)
	}))
	require.NoError(t, err)
	s := &server.Server{Framer: lines, Handler: hangUp, Logger: new(log).logger()}
	served := serve(t, s, l)
	var all []net.Conn
	for range n {
		c := dial(t, "tcp", l.Addr().String())
		defer c.Close()
		all = append(all, c)
	}
	require.Zero(t, s.Stats().Accepted)
	go s.Shutdown(background)
	for !s.Stats().Draining {
		runtime.Gosched()
	}
	for _, c := range all {
		io.WriteString(c, "hello\n")
		if got, err := io.ReadAll(c); err != nil || string(got) != "hello\n" {
			break
		}
		c.Close()
		answered++
	}
	assert.Equal(t, server.ErrServerClosed, <-served)
	return answered
}

// C23: each server hands its socket over to the next one while clients come. A
// filter on it, or a look into its queue, would cost some of them.
func TestC23_HandOvers(t *testing.T) {
	t.Parallel()
	const handOvers = 100
	l, err := server.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	socket, err := l.(interface{ File() (*os.File, error) }).File()
	require.NoError(t, err)
	defer socket.Close()
	var (
		o       outcomes
		clients sync.WaitGroup
		done    = make(chan struct{})
		addr    = l.Addr().String()
	)
	clients.Go(func() {
		tick := time.NewTicker(ms)
		defer tick.Stop()
		for range tick.C {
			select {
			case <-done:
				return
			default:
				clients.Go(func() { o.visit("tcp", addr) })
			}
		}
	})
	for range handOvers {
		s := &server.Server{Framer: lines, Handler: hangUp, Logger: new(log).logger()}
		served := serve(t, s, server.Shared(l))
		time.Sleep(rand.N(10 * ms))
		require.NoError(t, s.Shutdown(background))
		assert.Equal(t, server.ErrServerClosed, <-served)
		l, err = net.FileListener(socket)
		require.NoError(t, err)
	}
	close(done)
	serve(t, &server.Server{Framer: lines, Handler: hangUp}, l)
	clients.Wait()
	assert.Positive(t, o.of("answered"), o.String())
	assert.Zero(t, o.of("refused"), o.String())
	assert.Empty(t, o.victims(), o.String())
	t.Log(o.String())
}

// Two listeners have one port if both want that. One that leaves hands its clients
// to the other: nobody is refused.
func TestListen_ReusePort(t *testing.T) {
	config := server.ListenConfig{ReusePort: true}
	old, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer old.Close()
	addr := old.Addr().String()
	_, err = server.Listen("tcp", addr)
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	next, err := config.Listen(t.Context(), "tcp", addr)
	require.NoError(t, err)
	var servers [2]*server.Server
	var served [2]chan error
	for i, l := range []net.Listener{old, next} {
		servers[i], served[i] = &server.Server{Framer: delimiter.Line(), Handler: server.Echo}, make(chan error, 1)
		go func() { served[i] <- servers[i].Serve(l) }()
	}
	require.NoError(t, servers[0].Shutdown(t.Context()))
	require.ErrorIs(t, <-served[0], server.ErrServerClosed)
	for range 20 {
		c, err := net.Dial("tcp", addr)
		require.NoError(t, err)
		_, err = io.WriteString(c, "hello\n")
		require.NoError(t, err)
		_, err = io.ReadFull(c, make([]byte, 6))
		require.NoError(t, err)
		c.Close()
	}
	require.NoError(t, servers[1].Shutdown(t.Context()))
}
