package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/client"
	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/resp"
)

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
		Network: "unix", Addrs: []string{socket}, Framer: resp.New(),
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

// TestRESP has redis-cli and redis-benchmark talk to redis-server. In RESP2 and RESP3,
// redis-cli reads through the relay what it reads without: maps, nested arrays, errors,
// null, a large value, and what is pushed to it.
func TestRESP(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "redis")
	startRedis(t, socket)
	await(t, "unix", socket)
	r := newRelay(t, "unix", socket, []string{"redis"}, []string{"redis"})

	commands := strings.Join([]string{
		"flushall",
		"hset h k 1 l 2",
		"hgetall h",
		"eval \"return {1, {'a', {}, {2}}}\" 0",
		`set s "two\r\nlines"`,
		"get s",
		"setrange large 100000 x",
		"get large",
		"get none",
		"object",
		"client tracking on",
		"get s",
		"set s 1", // pushes an invalidation in RESP3
		"",
	}, "\n")
	for _, protocol := range []string{"-2", "-3"} {
		args := []string{"-a", "secret", "--no-auth-warning", protocol}
		want := run(t, commands, exec.Command("redis-cli", append(args, "-s", socket)...))
		require.Greater(t, len(want), 100_000)
		require.Equal(t, want, run(t, commands, exec.Command("redis-cli", append(args, "-p", r.port)...)))
	}
	have := run(t, "", exec.Command("redis-benchmark", "-p", r.port, "-a", "secret", "-n", "1000", "-c", "10", "-P", "16", "--csv",
		"-t", "ping,set,get,incr,lpush,lpop,sadd,hset,lrange_100,mset"))
	require.Contains(t, have, "\"PING_INLINE\"")
	require.Contains(t, have, "\"MSET (10 keys)\"")
	require.NotContains(t, have, "rror")
	require.GreaterOrEqual(t, r.requests.Load(), int64(11_000))
	require.GreaterOrEqual(t, r.replies.Load(), int64(11_000))
}
