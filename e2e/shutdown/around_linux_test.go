package shutdown

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"
)

var (
	aroundFlag   = flag.Int("shutdown.around", 3, "connect clients around T0 in this many `runs`")
	restartsFlag = flag.Int("shutdown.restarts", 6, "restart the servers of HAProxy this many `times`")
)

// An outcome is what became of a client that connects and sends a message at
// once.
type outcome uint8

const (
	answered outcome = iota
	refused          // to connect
	empty            // the end of the stream in place of the answer
	broken           // a reset, or another failure
	outcomes
)

// once sends a message over a new connection, and waits for the answer.
func once(addr string) outcome {
	nc, err := net.Dial("tcp", addr)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return refused
	case err != nil:
		return broken
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(endless))
	const message = "hello\n"
	_, writeErr := io.WriteString(nc, message)
	answer := make([]byte, len(message))
	_, err = io.ReadFull(nc, answer)
	switch {
	case err == nil && string(answer) == message:
		return answered
	case err == io.EOF && writeErr == nil:
		return empty
	}
	return broken
}

// A crowd are clients that connect one after the other.
type crowd struct {
	mu    sync.Mutex
	count [outcomes]int
}

// come lets a client connect after every pause, until done is closed, and waits
// for all of them.
func (c *crowd) come(addr string, done <-chan struct{}, pause func() time.Duration) {
	var clients sync.WaitGroup
	defer clients.Wait()
	for {
		select {
		case <-done:
			return
		case <-time.After(pause()):
		}
		clients.Go(func() {
			o := once(addr)
			c.mu.Lock()
			defer c.mu.Unlock()
			c.count[o]++
		})
	}
}

func (c *crowd) String() string {
	return fmt.Sprintf("%d answered, %d refused, %d ended without an answer, %d reset", c.count[answered], c.count[refused], c.count[empty], c.count[broken])
}

// C18: who connects at any moment around T0 is answered or refused.
func TestC18NewClients(t *testing.T) {
	t.Parallel()
	const around = time.Second // before T0, and after the end
	command := buildEcho(t)
	var all crowd
	for range *aroundFlag {
		process, err := command.start("tcp", "line")
		if err != nil {
			t.Fatal(err)
		}
		done, come := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(come)
			all.come(process.at.String(), done, func() time.Duration { return time.Millisecond + rand.N(14*time.Millisecond) })
		}()
		time.Sleep(around)
		process.cmd.Process.Signal(syscall.SIGTERM)
		if err := process.end(); err != nil {
			t.Error(err)
		}
		time.Sleep(around)
		close(done)
		<-come
	}
	t.Log(&all)
	if all.count[answered] == 0 || all.count[refused] == 0 || all.count[empty] > 0 || all.count[broken] > 0 {
		t.Errorf("%v; want some answered, some refused, 0 ended without an answer, 0 reset", &all)
	}
}

// C18: servers that are restarted one after the other, with HAProxy before them
// and its default checks, fail no client.
func TestC18RollingRestart(t *testing.T) {
	t.Parallel()
	const pause = 500 * time.Millisecond
	command := buildEcho(t)
	var servers [2]*process
	for i := range servers {
		var err error
		if servers[i], err = command.start("tcp", "line"); err != nil {
			t.Fatal(err)
		}
		defer func() { servers[i].kill() }()
	}
	proxy, err := startHAProxy(t, fmt.Sprintf(`	balance roundrobin
	option redispatch
	retries 3
	timeout connect 3s
	server 0 %s check
	server 1 %s check
`, servers[0].at, servers[1].at))
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.close()

	var all crowd
	done, come := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(come)
		all.come(proxy.at.String(), done, func() time.Duration { return 2500 * time.Microsecond })
	}()
	for n := range *restartsFlag {
		time.Sleep(pause)
		i := n % len(servers)
		addr := servers[i].at.String()
		servers[i].cmd.Process.Signal(syscall.SIGTERM)
		if err := servers[i].end(); err != nil {
			t.Error(err)
		}
		restarted, err := command.start("tcp", "line", "-addr", addr)
		if err != nil {
			t.Fatal(err)
		}
		servers[i] = restarted
	}
	close(done)
	<-come
	t.Logf("%d restarts: %v", *restartsFlag, &all)
	if all.count[answered] == 0 || all.count[refused]+all.count[empty]+all.count[broken] > 0 {
		t.Errorf("%v; want all answered", &all)
	}
}
