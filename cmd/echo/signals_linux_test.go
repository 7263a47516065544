package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Clients pipeline numbered lines and the process gets SIGTERM in the middle:
// every line that a client's system says had arrived comes back, whole and in
// order, and then the end of the stream.
func TestSignal_C1_Pipelined(t *testing.T) {
	t.Parallel()
	const rounds, clients = 4, 4
	var answered, arrived int64
	for range rounds {
		p := serve(t, "-grace", "1m") // a busy machine may need more than the default
		var ready, done sync.WaitGroup
		ready.Add(clients)
		var all [clients]*pipeliner
		for i := range all {
			c := &pipeliner{TCPConn: p.dial()}
			all[i] = c
			warm := rand.Int64N(10_000)
			done.Go(func() { c.run(warm, ready.Done) })
		}
		ready.Wait()
		var before [clients]int64
		for i, c := range all {
			before[i] = c.arrived(t)
		}
		p.signal(syscall.SIGTERM)
		done.Wait()
		for i, c := range all {
			require.NoError(t, c.err)
			assert.GreaterOrEqual(t, c.answered, before[i], "lines that had arrived")
			answered, arrived = answered+c.answered, arrived+before[i]
		}
		assert.Equal(t, 0, p.exit())
	}
	assert.Positive(t, arrived)
	t.Logf("%d lines were answered, %d of them known to have arrived before the signal", answered, arrived)
}

// SIGPIPE is caught and not ignored, for that would be inherited by what the
// process executes.
func TestSignal_C24_NotIgnored(t *testing.T) {
	t.Parallel()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", serve(t).cmd.Process.Pid))
	require.NoError(t, err)
	m := regexp.MustCompile(`(?m)^SigIgn:\s*([0-9a-f]+)$`).FindSubmatch(status)
	require.NotNil(t, m)
	ignored, err := strconv.ParseUint(string(m[1]), 16, 64)
	require.NoError(t, err)
	assert.Zero(t, ignored&(1<<(syscall.SIGPIPE-1)))
}

// A pipeliner is a client that writes numbered lines until the answers end.
type pipeliner struct {
	*net.TCPConn
	sent     atomic.Int64 // bytes
	answered int64        // lines
	err      error        // why its answers are wrong, or their end is not the end of the stream
}

// number is the line with number i, of numberSize bytes.
func number(dst []byte, i int64) []byte { return fmt.Appendf(dst, "%015d\n", i) }

const numberSize = 16

// run writes and reads until the answers end. The kernel reports a reset once, to
// whichever call comes first: after a write that was told, reading ends with EOF.
func (c *pipeliner) run(n int64, warm func()) {
	wrote := make(chan error, 1)
	go func() { wrote <- c.write() }()
	c.read(n, warm)
	c.Close()
	// EPIPE comes after the end of the stream, ErrClosed from Close.
	err := <-wrote
	if c.err == nil && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, net.ErrClosed) {
		c.err = fmt.Errorf("after %d lines and the end of the stream, writing: %w", c.answered, err)
	}
}

// write writes until it fails.
func (c *pipeliner) write() error {
	var b []byte
	for i := int64(0); ; {
		b = b[:0]
		for range 64 {
			b = number(b, i)
			i++
		}
		n, err := c.Write(b)
		c.sent.Add(int64(n))
		if err != nil {
			return err
		}
	}
}

// read checks the answers up to the end of the stream, and calls warm when it
// has n of them.
func (c *pipeliner) read(n int64, warm func()) {
	warmed := sync.OnceFunc(warm)
	defer warmed()
	r := bufio.NewReader(c)
	for {
		got, err := r.ReadSlice('\n')
		switch {
		case err == io.EOF && len(got) == 0:
			if c.answered < n {
				c.err = errors.New("the stream ended before the signal")
			}
			return
		case err != nil:
			c.err = fmt.Errorf("after %d lines and %q: %w", c.answered, got, err)
			return
		case string(got) != string(number(nil, c.answered)):
			c.err = fmt.Errorf("after %d lines: %q", c.answered, got)
			return
		}
		if c.answered++; c.answered > n {
			warmed()
		}
	}
}

// arrived returns how many lines the other side has acknowledged, at least.
func (c *pipeliner) arrived(t *testing.T) int64 {
	t.Helper()
	sent := c.sent.Load() // first: what is written meanwhile makes the result smaller
	raw, err := c.SyscallConn()
	require.NoError(t, err)
	var queued int
	require.NoError(t, raw.Control(func(fd uintptr) { queued, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) }))
	require.NoError(t, err)
	return max(0, sent-int64(queued)) / numberSize
}
