package attack

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// frame returns payload after its length.
func frame(payload string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))), payload...)
}

// ask sends a frame and wants it back.
func ask(c net.Conn, f []byte) error {
	c.SetDeadline(time.Now().Add(patient))
	if _, err := c.Write(f); err != nil {
		return err
	}
	got := make([]byte, len(f))
	if _, err := io.ReadFull(c, got); err != nil {
		return err
	}
	if !bytes.Equal(got, f) {
		return fmt.Errorf("%q came back for %q", got, f)
	}
	return nil
}

// wantEnd wants the end of the stream, or a reset, and nothing before it.
func wantEnd(t *testing.T, c net.Conn) {
	t.Helper()
	if n, err := io.Copy(io.Discard, c); n != 0 || isTimeout(err) {
		t.Fatalf("%d bytes, %v", n, err)
	}
}

func isTimeout(err error) bool {
	e, ok := err.(net.Error)
	return ok && e.Timeout()
}

// p99 returns the 99th percentile of the round trips of good clients, one on
// each of all, which send so many messages, or as many as a few seconds allow.
func p99(t *testing.T, all []net.Conn, messages int) time.Duration {
	t.Helper()
	const few, enough = 10, 3 * time.Second
	var (
		clients sync.WaitGroup
		mu      sync.Mutex
		took    []time.Duration
	)
	begin := time.Now()
	for _, c := range all {
		clients.Go(func() {
			var mine []time.Duration
			for i := range messages {
				if i >= few && time.Since(begin) > enough {
					break
				}
				start := time.Now()
				if err := ask(c, frame(fmt.Sprintf("message %08d", i))); err != nil {
					t.Errorf("a good client, message %d: %v", i, err)
					break
				}
				mine = append(mine, time.Since(start))
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	clients.Wait()
	if t.Failed() {
		t.FailNow()
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}

// A comparison is the 99th percentile of good clients before and in an attack.
type comparison struct{ quiet, attacked time.Duration }

func (c comparison) String() string {
	return fmt.Sprintf("good client p99 quiet %.2f ms, attacked %.2f ms, ratio %.1f", ms(c.quiet), ms(c.attacked), float64(c.attacked)/float64(c.quiet))
}

// far reports whether the attack did what no busy machine does. A quiet phase
// may be lucky, and the next one not: less than a millisecond is not compared
// with.
func (c comparison) far() bool { return c.attacked > 20*max(c.quiet, time.Millisecond) }

// beside measures good clients, which send so many messages each, before and in
// the attack. Each message must be answered.
func (s *target) beside(clients, messages int, attack func()) (c comparison) {
	s.t.Helper()
	all := make([]net.Conn, clients)
	for i := range all {
		all[i] = s.dial()
		if s.tls != nil {
			all[i] = tls.Client(all[i], s.tls)
		}
	}
	c.quiet = p99(s.t, all, messages)
	attack()
	c.attacked = p99(s.t, all, messages)
	return c
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// asAttacker is the variable that makes the test binary an attacker. Clients
// that send as fast as they can run in a process of their own: beside the good
// client they would keep its goroutines, not the server, from running.
const asAttacker = "WHOLEFRAME_ATTACKER"

// An attacker is a process of clients that send message in pieces.
type attacker struct {
	conns   int // so many
	message []byte
	piece   int  // bytes
	times   int  // so often, each; 0: forever
	deaf    bool // they do not read, or else want back what they send
}

// command returns the process, to be started.
func (a *attacker) command(s *target) *exec.Cmd {
	cmd := exec.CommandContext(s.t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %d %d %t", asAttacker, s.addr, a.conns, a.piece, a.times, a.deaf))
	cmd.Stdin = bytes.NewReader(a.message)
	cmd.Stderr = &strings.Builder{}
	return cmd
}

// attack is what the process does. Its exit code is 0 when all clients got what
// they wanted, or, being deaf, were closed.
func attack() {
	var a attacker
	var addr string
	_, err := fmt.Sscan(os.Getenv(asAttacker), &addr, &a.conns, &a.piece, &a.times, &a.deaf)
	if err == nil {
		a.message, err = io.ReadAll(os.Stdin)
	}
	failed := make(chan error, a.conns)
	for range a.conns {
		go func() { failed <- a.client(addr) }()
	}
	for range a.conns {
		if err == nil {
			err = <-failed
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func (a *attacker) client(addr string) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if a.deaf {
		a.send(c)
		return nil
	}
	go a.send(c)
	got := make([]byte, len(a.message))
	for i := 0; a.times == 0 || i < a.times; i++ {
		if _, err := io.ReadFull(c, got); err != nil {
			return fmt.Errorf("after %d messages: %w", i, err)
		}
		if !bytes.Equal(got, a.message) {
			return fmt.Errorf("message %d came back wrong", i)
		}
	}
	return nil
}

// send sends until the connection ends, if not before.
func (a *attacker) send(c net.Conn) {
	for i := 0; a.times == 0 || i < a.times; i++ {
		for p := range slices.Chunk(a.message, a.piece) {
			if _, err := c.Write(p); err != nil {
				return
			}
		}
	}
}
