package restart

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/client"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

var restarts = flag.Int("restarts", 10, "number of restarts in each test")

const callers = 64

// Servers that drain: no call fails, and no request is handled twice.
func TestSIGTERM(t *testing.T) {
	servers := newProcesses(t, false)
	c := &client.Client{Addrs: addrs(servers), TrustFIN: true}
	run(t, c, servers, syscall.SIGTERM, false)
}

// Servers that are killed: no request is handled twice, and a call that fails says that
// its request may have been handled. There is one request on each connection, for a
// kernel that holds unread bytes sends RST in any case.
func TestSIGKILL(t *testing.T) {
	servers := newProcesses(t, false)
	c := &client.Client{Addrs: addrs(servers), TrustFIN: true, MaxInFlight: 1, MaxConns: 16}
	run(t, c, servers, syscall.SIGKILL, false)
}

// The same through HAProxy, where FIN is not trusted and a goodbye is.
func TestHAProxy_SIGTERM(t *testing.T) {
	servers := newProcesses(t, true)
	run(t, newProxiedClient(t, servers), servers, syscall.SIGTERM, true)
}

func TestHAProxy_SIGKILL(t *testing.T) {
	servers := newProcesses(t, true)
	run(t, newProxiedClient(t, servers), servers, syscall.SIGKILL, true)
}

// newProcesses starts three servers, which say goodbye if polite is set.
func newProcesses(t *testing.T, polite bool) (servers []*process) {
	for range 3 {
		servers = append(servers, newProcess(t, polite))
	}
	return servers
}

func addrs(servers []*process) (addrs []string) {
	for _, p := range servers {
		addrs = append(addrs, p.addr)
	}
	return addrs
}

// newProxiedClient returns a Client whose connections go through HAProxy.
func newProxiedClient(t *testing.T, servers []*process) *client.Client {
	return &client.Client{
		Addrs:    []string{haproxy(t, servers)},
		MaxConns: 3, MaxInFlight: callers / 3,
		Goodbye: func(payload []byte) bool { return string(payload) == goodbye },
	}
}

// run ends the servers in turn with signal and starts them again, while callers call.
func run(t *testing.T, c *client.Client, servers []*process, signal syscall.Signal, proxied bool) {
	c.Framer, c.Resend = lengthprefix.Uint32(), true
	var stop atomic.Bool
	var mu sync.Mutex
	answered := map[string]bool{}
	failed := map[string]bool{}
	var calling sync.WaitGroup
	for caller := range callers {
		calling.Go(func() {
			for n := 0; !stop.Load(); n++ {
				id := fmt.Sprintf("%d-%d", caller, n)
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				reply, err := c.Call(ctx, []byte(id))
				cancel()
				var e *client.CallError
				mu.Lock()
				switch {
				case err == nil && string(reply) == id:
					answered[id] = true
				case signal == syscall.SIGKILL && errors.As(err, &e) && e.Outcome == client.Unknown && !errors.Is(err, context.DeadlineExceeded):
					failed[id] = true
				default:
					t.Errorf("Call(%q) = %q, %v; want the request, nil", id, reply, err)
				}
				mu.Unlock()
			}
		})
	}
	awaitCalls := func(n int) {
		mu.Lock()
		n += len(answered)
		mu.Unlock()
		for end := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
			mu.Lock()
			enough := len(answered) >= n
			mu.Unlock()
			if enough {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("no 100 calls were answered within 30 s")
			}
		}
	}
	for i := range *restarts {
		p := servers[i%len(servers)]
		p.end(t, signal)
		p.start(t)
		if proxied {
			awaitCalls(100)
		} else {
			p.awaitRequest(t)
		}
	}
	stop.Store(true)
	calling.Wait()
	if err := c.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown() = %v; want nil", err)
	}
	handled := map[string]int{}
	for _, p := range servers {
		p.end(t, syscall.SIGTERM)
		p.handled(t, handled)
	}
	for id, n := range handled {
		switch {
		case n > 1:
			t.Errorf("request %s was handled %d times", id, n)
		case !answered[id] && !failed[id]:
			t.Errorf("request %s was handled, and its call failed otherwise", id)
		}
	}
	for id := range answered {
		if handled[id] == 0 {
			t.Errorf("request %s was answered, and not handled", id)
		}
	}
	s := c.Stats()
	t.Logf("%d restarts: %d calls answered, %d unknown, %d sent again, %d connections",
		*restarts, len(answered), len(failed), s.Resent, s.Dialed)
	if signal == syscall.SIGTERM && s.Resent == 0 || signal == syscall.SIGKILL && len(failed) == 0 {
		t.Errorf("no server was ended under a request")
	}
	if !proxied && s.Dialed < uint64(*restarts) {
		t.Errorf("%d connections; want one for each restart", s.Dialed)
	}
}
