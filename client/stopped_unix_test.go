//go:build unix

package client_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/client"
	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// Replies that have come while the process was stopped are no timeouts, although
// ReplyTimeout is over.
func TestStopped(t *testing.T) {
	const (
		child   = "WHOLEFRAME_CLIENT_CHILD"
		timeout = 2 * time.Second
		conns   = 30 // on some of them the timer is faster than the reply
	)
	if addr := os.Getenv(child); addr != "" {
		c := &client.Client{Addrs: []string{addr}, Framer: lengthprefix.Uint32(), ReplyTimeout: timeout, MaxConns: conns, MaxInFlight: 1}
		var callers sync.WaitGroup
		for range conns {
			callers.Go(func() {
				if _, err := c.Call(context.Background(), []byte("request")); err != nil {
					fmt.Println(err)
				}
			})
		}
		callers.Wait()
		c.Close()
		return
	}
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestStopped$")
	cmd.Env = append(os.Environ(), child+"="+l.Addr().String())
	var out strings.Builder
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	var replies []func()
	for range conns {
		nc, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		conn := framing.NewConn(nc, lengthprefix.Uint32())
		request, err := conn.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		replies = append(replies, func() { conn.WriteFrame(request) })
	}
	cmd.Process.Signal(syscall.SIGSTOP)
	for _, reply := range replies {
		reply()
	}
	time.Sleep(2 * timeout) // it is over
	cmd.Process.Signal(syscall.SIGCONT)
	if err := cmd.Wait(); err != nil || strings.Contains(out.String(), "client: ") {
		t.Errorf("the client ended with %v and\n%s", err, out.String())
	}
}
