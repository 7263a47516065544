package operations

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A load is clients that come and go, and clients that stay, until it is stopped.
type load struct {
	dial    func() (net.Conn, error)
	pause   time.Duration // between clients that come; zero: none come
	staying int
	stopped atomic.Bool
	clients sync.WaitGroup

	answered atomic.Int64 // clients that came with one line, and got it back
	lines    atomic.Int64 // that those who stay got back
	ends     atomic.Int64 // connections of theirs that the server has ended
	refused  atomic.Int64 // of all
	failed   atomic.Int64 // resets, ends without the answer, wrong answers

	mu  sync.Mutex
	why error // the first failure
}

// begin lets a client come after each pause, if that is not zero, and others stay.
func begin(pause time.Duration, staying int, dial func() (net.Conn, error)) *load {
	l := &load{dial: dial, pause: pause, staying: staying}
	l.clients.Go(func() {
		for pause > 0 && !l.stopped.Load() {
			time.Sleep(pause)
			l.clients.Go(l.once)
		}
	})
	for range staying {
		l.clients.Go(func() {
			for !l.stopped.Load() {
				l.stay()
			}
		})
	}
	return l
}

func tcp(addr string) func() (net.Conn, error) {
	return func() (net.Conn, error) { return net.Dial("tcp", addr) }
}

// connect dials, and counts a failure.
func (l *load) connect() net.Conn {
	nc, err := l.dial()
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		l.refused.Add(1)
		return nil
	case err != nil:
		l.fail(err)
		return nil
	}
	nc.SetDeadline(time.Now().Add(patient))
	return nc
}

func (l *load) fail(err error) {
	l.failed.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.why == nil {
		l.why = err
	}
}

// once is a client with one line.
func (l *load) once() {
	nc := l.connect()
	if nc == nil {
		return
	}
	defer nc.Close()
	_, writeErr := io.WriteString(nc, "hello\n")
	got, err := bufio.NewReader(nc).ReadString('\n')
	if got != "hello\n" {
		l.fail(fmt.Errorf("one line: %q, %w, written: %v", got, err, writeErr))
		return
	}
	l.answered.Add(1)
}

// stay sends numbers, some ahead of the answers, until the server ends the
// connection or the load is stopped. The answers must be all numbers up to the last,
// and the end must be one of the stream.
func (l *load) stay() {
	nc := l.connect()
	if nc == nil {
		time.Sleep(10 * time.Millisecond)
		return
	}
	defer nc.Close()
	ahead, done := make(chan struct{}, 16), make(chan struct{})
	var sending sync.WaitGroup
	defer sending.Wait()
	defer close(done)
	sending.Go(func() {
		for i := 0; !l.stopped.Load(); i++ {
			if _, err := io.WriteString(nc, strconv.Itoa(i)+"\n"); err != nil {
				return // reading tells why
			}
			select {
			case ahead <- struct{}{}:
			case <-done:
				return
			}
		}
		if c, ok := nc.(interface{ CloseWrite() error }); ok {
			c.CloseWrite()
		}
	})
	r := bufio.NewReader(nc)
	for i := 0; ; i++ {
		if i%1000 == 0 {
			nc.SetDeadline(time.Now().Add(patient))
		}
		line, err := r.ReadString('\n')
		switch {
		case err == io.EOF && line == "":
			l.ends.Add(1)
			return
		case err != nil:
			l.fail(fmt.Errorf("a client that stays, at %d: %q, %w", i, line, err))
			return
		case strings.TrimSuffix(line, "\n") != strconv.Itoa(i):
			l.fail(fmt.Errorf("a client that stays, at %d: %q", i, line))
			return
		}
		l.lines.Add(1)
		<-ahead
	}
}

// end stops the clients, and checks that each was answered.
func (l *load) end(t *testing.T, what string) {
	t.Helper()
	l.stopped.Store(true)
	l.clients.Wait()
	text := fmt.Sprintf("%s: %d clients with one line answered; %d lines of those who stay, %d ends of their connections; %d refused, %d failed",
		what, l.answered.Load(), l.lines.Load(), l.ends.Load(), l.refused.Load(), l.failed.Load())
	if l.pause > 0 && l.answered.Load() == 0 || l.staying > 0 && l.lines.Load() == 0 || l.refused.Load() > 0 || l.failed.Load() > 0 {
		t.Errorf("%s; want some answered, 0 refused, 0 failed: %v", text, l.why)
	}
	t.Log(text)
}
