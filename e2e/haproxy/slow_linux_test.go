package haproxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// framesIn returns how many messages the server has handled.
func (e *echo) framesIn() int {
	e.t.Helper()
	r, err := http.Get("http://" + e.metrics + "/metrics")
	if err != nil {
		e.t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	n := 0
	_, rest, _ := strings.Cut(string(text), "\nwholeframe_frames_total{direction=\"in\"} ")
	fmt.Sscanf(rest, "%d", &n)
	return n
}

// C4: clients that read 2 MiB a second, and send a message each 150 ms while the
// server closes, get every answer that the server has given: closing while they
// still send would reset HAProxy's connections, and HAProxy would drop what it
// holds for the clients.
func TestC4_SlowReaders(t *testing.T) {
	const clients = 4
	e := newEcho(t, build(t), "127.0.0.2")
	socket := startProxy(t, e)
	before := e.framesIn()
	var (
		sent, read sync.WaitGroup
		all        [clients]net.Conn
	)
	for i := range all {
		c, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(time.Minute))
		all[i] = c
		sent.Go(func() {
			for i := range frames {
				io.WriteString(c, line(i))
			}
		})
	}
	sent.Wait()
	handled := 0
	for end := time.Now().Add(time.Minute); handled < clients*frames && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		handled = e.framesIn() - before
	}
	if handled != clients*frames {
		t.Fatalf("%d messages handled; want %d", handled, clients*frames)
	}
	e.signal()
	for i, c := range all {
		read.Go(func() {
			if n, err := readSlowly(c); n < frames {
				t.Errorf("client %d: %d of %d answers, then %v", i, n, frames, err)
			}
		})
	}
	read.Wait()
	e.end()
}

const size, frames = 1 << 10, 4 << 10

// line returns the message with number i.
func line(i int) string { return fmt.Sprintf("%*d\n", size-1, i) }

// readSlowly reads the answers to the end, and sends more messages meanwhile. It
// returns how many answers were right.
func readSlowly(c net.Conn) (n int, err error) {
	done := make(chan struct{})
	defer close(done)
	go func() {
		tick := time.NewTicker(150 * time.Millisecond)
		defer tick.Stop()
		for i := frames; ; i++ {
			select {
			case <-tick.C:
				io.WriteString(c, line(i))
			case <-done:
				return
			}
		}
	}()
	r := bufio.NewReader(c)
	for ; ; n++ {
		if n%64 == 0 {
			time.Sleep(time.Second / 32) // 2 MiB a second
		}
		switch got, err := r.ReadString('\n'); {
		case err != nil:
			return n, err
		case got != line(n):
			return n, fmt.Errorf("%.20q", strings.TrimSpace(got))
		}
	}
}
