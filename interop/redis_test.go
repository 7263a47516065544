package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/client"
	"github.com/wholeframe/wholeframe/framing"
)

// respFramer frames the values of RESP 2, the protocol of Redis. A payload is a whole
// value as it is on the wire.
type respFramer struct{}

// Split keeps in r the position of the next element, and how many are missing less one.
func (respFramer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	for {
		end := bytes.Index(data[r.Pos:], []byte("\r\n"))
		if end < 0 {
			return framing.Frame{}, r, nil
		}
		line, next := data[r.Pos:][:end], r.Pos+end+2
		switch n, err := strconv.Atoi(string(line[1:])); {
		case line[0] == '+' || line[0] == '-' || line[0] == ':':
		case err != nil || line[0] != '$' && line[0] != '*':
			return framing.Frame{}, r, fmt.Errorf("invalid RESP line %q", line)
		case line[0] == '$' && n >= 0:
			next += n + 2
		case line[0] == '*' && n > 0:
			r.State += uint64(n)
		}
		if next > len(data) {
			return framing.Frame{}, r, nil
		}
		if r.State == 0 {
			return framing.Frame{Size: next, End: next}, r, nil
		}
		r.Pos, r.State = next, r.State-1
	}
}

func (respFramer) Append(dst, payload []byte) ([]byte, error) { return append(dst, payload...), nil }
func (respFramer) MaxEncodedLen(n int) int                    { return n }

// command returns a request of Redis.
func command(words ...string) []byte {
	request := fmt.Appendf(nil, "*%d\r\n", len(words))
	for _, word := range words {
		request = fmt.Appendf(request, "$%d\r\n%s\r\n", len(word), word)
	}
	return request
}

// startRedis starts a server on a Unix socket, and returns how to end it.
func startRedis(t *testing.T, socket string) (kill func()) {
	cmd := exec.Command("redis-server", "--port", "0", "--unixsocket", socket, "--requirepass", "secret",
		"--save", "", "--dir", t.TempDir())
	require.NoError(t, cmd.Start())
	var once sync.Once
	kill = func() {
		once.Do(func() {
			cmd.Process.Signal(syscall.SIGKILL)
			cmd.Wait()
		})
	}
	t.Cleanup(kill)
	return kill
}

func newRedis(t *testing.T, socket string) *client.Client {
	c := &client.Client{
		Network: "unix", Addrs: []string{socket}, Framer: respFramer{},
		Resend: true,
		Open: func(_ context.Context, conn *framing.Conn) error {
			if err := conn.WriteFrame(command("AUTH", "secret")); err != nil {
				return err
			}
			reply, err := conn.ReadFrame()
			if err == nil && string(reply) != "+OK\r\n" {
				err = errors.New(string(reply))
			}
			return err
		},
		Repeatable: func(request []byte) bool { return bytes.Contains(request, []byte("\r\nECHO\r\n")) },
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Redis answers in order: 64 callers share a connection that has logged in.
func TestRedis(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "redis")
	startRedis(t, socket)
	c := newRedis(t, socket)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var callers sync.WaitGroup
	for i := range 64 {
		callers.Go(func() {
			for n := range 100 {
				reply, err := c.Call(ctx, command("INCR", fmt.Sprint("key", i)))
				if want := fmt.Sprintf(":%d\r\n", n+1); string(reply) != want || err != nil {
					t.Errorf("INCR: %q, %v; want %q, nil", reply, err, want)
				}
			}
			reply, err := c.Call(ctx, command("MGET", fmt.Sprint("key", i), "none"))
			if want := "*2\r\n$3\r\n100\r\n$-1\r\n"; string(reply) != want || err != nil {
				t.Errorf("MGET: %q, %v; want %q, nil", reply, err, want)
			}
		})
	}
	callers.Wait()
	if s := c.Stats(); s.Dialed != 1 || s.Unmatched != 0 {
		t.Errorf("Stats() = %+v; want 1 dialed, none unmatched", s)
	}
}

// Redis is killed and started again: requests that may be repeated do not fail.
func TestRedis_Restart(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "redis")
	kill := startRedis(t, socket)
	c := newRedis(t, socket)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stop := make(chan struct{})
	var callers sync.WaitGroup
	for i := range 64 {
		callers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				word := fmt.Sprint(i, "-", n)
				reply, err := c.Call(ctx, command("ECHO", word))
				if want := fmt.Sprintf("$%d\r\n%s\r\n", len(word), word); string(reply) != want || err != nil {
					t.Errorf("ECHO: %q, %v; want %q, nil", reply, err, want)
				}
			}
		})
	}
	for range 5 {
		_, err := c.Call(ctx, command("ECHO", "before"))
		require.NoError(t, err)
		kill()
		kill = startRedis(t, socket)
		_, err = c.Call(ctx, command("ECHO", "after"))
		require.NoError(t, err)
	}
	close(stop)
	callers.Wait()
	t.Logf("%+v", c.Stats())
}
