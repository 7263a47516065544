package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/wholeframe/wholeframe/framing"
)

// A command may take this long until its server listens, and from then until it answers.
const (
	listenBound = 10 * time.Minute // go run compiles it
	answerBound = time.Minute
)

// A target is the server that is judged: an address, and the command that starts it if
// there is one.
type target struct {
	o        *options
	messages *messages
	addr     string
	whole    *clientRun // of a client whose answers came whole; nil: not yet

	command *exec.Cmd // nil: it does not run
	output  *tail
	unread  *os.File      // the end of the pipe that nobody reads
	ended   chan struct{} // closed when command has ended
	found   []int         // the processes that listen, if they were asked for
}

// A tail keeps the last bytes of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-4096):]
	return len(p), nil
}

// String returns the last lines, without what could control a terminal.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if !strconv.IsPrint(r) {
			return '?'
		}
		return r
	}, string(t.text)))
}

// ready sees to it that the server runs and answers.
func (t *target) ready(ctx context.Context) error {
	if t.o.command == nil || t.command != nil && !t.hasEnded() {
		return t.awaitAnswer(ctx)
	}
	return t.start(ctx, "", false)
}

// mostStarts is how many free addresses are tried.
const mostStarts = 3

// start starts the command anew, at addr or a free address if that is empty, and waits
// until its server answers. If unread is set, nobody reads what it prints.
func (t *target) start(ctx context.Context, addr string, unread bool) error {
	for n := 1; ; n++ {
		err := t.startAt(ctx, addr, unread)
		// Until the command listens, another program may take a free address.
		if err == nil || addr != "" || n == mostStarts || t.command == nil || !t.hasEnded() {
			return err
		}
	}
}

func (t *target) startAt(ctx context.Context, addr string, unread bool) error {
	t.kill()
	if t.addr = addr; addr == "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		t.addr = l.Addr().String()
		if err := l.Close(); err != nil {
			return err
		}
	}
	c, err := t.o.cmd(t.addr)
	if err != nil {
		return err
	}
	t.output = new(tail)
	c.Stdout, c.Stderr = t.output, t.output
	if unread {
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		defer w.Close()
		shrink(w)
		t.unread = r
		c.Stdout, c.Stderr = w, w
	}
	c.WaitDelay = time.Second // for the pipe, if the command leaves others that have it
	ownGroup(c)
	if err := c.Start(); err != nil {
		return fmt.Errorf("cannot start the server: %w", err)
	}
	t.command, t.ended, t.found = c, make(chan struct{}), nil
	go func(ended chan struct{}) {
		_ = c.Wait() // its ProcessState tells
		close(ended)
	}(t.ended)
	return t.awaitAnswer(ctx)
}

// awaitAnswer waits until the server answers a message.
func (t *target) awaitAnswer(ctx context.Context) error {
	bound := answerBound
	if t.o.command == nil {
		bound = t.o.patience
	}
	began := time.Now()
	for listens := began; ; {
		err := t.probe(ctx)
		if err == nil {
			return nil
		}
		if t.o.command != nil && errors.Is(err, syscall.ECONNREFUSED) && time.Since(began) < listenBound {
			listens = time.Now() // not yet
		}
		var ended <-chan struct{} = t.ended
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ended:
			return fmt.Errorf("the server has ended (%v): %s", t.command.ProcessState, t.output)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Since(listens) > bound {
			if t.output != nil && t.output.String() != "" {
				return fmt.Errorf("%w; the server says: %s", err, t.output)
			}
			return err
		}
	}
}

func (t *target) hasEnded() bool {
	select {
	case <-t.ended:
		return true
	default:
		return false
	}
}

// kill ends the command and what it has started.
func (t *target) kill() {
	if t.command == nil {
		return
	}
	killGroup(t.command)
	<-t.ended
	if t.unread != nil {
		_ = t.unread.Close()
		t.unread = nil
	}
	t.command = nil
}

// dial returns a new connection, with TLS if the server has it.
func (t *target) dial(ctx context.Context, name string, log *transcript, s *step) (*peer, error) {
	ctx, cancel := context.WithTimeout(ctx, t.o.patience)
	defer cancel()
	var d net.Dialer
	if s.Small {
		d.Control = smallBuffer
	}
	began := time.Now()
	c, err := d.DialContext(ctx, "tcp", t.addr)
	if err != nil {
		return nil, err
	}
	p := t.peer(c.(*net.TCPConn), name, log)
	p.since = began
	if t.o.tls && !s.Plain {
		p.below = &watchedConn{Conn: c, drips: s.Do == "connect" && s.Pieces == "bytes"}
		secure := tls.Client(p.below, t.o.clientTLS())
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = c.Close()
			return nil, fmt.Errorf("TLS handshake: %w", err)
		}
		p.below.drips = false
		p.secure(secure, t)
	}
	return p, nil
}

// peer returns what judges a connection.
func (t *target) peer(c *net.TCPConn, name string, log *transcript) *peer {
	wrote := make(chan struct{})
	close(wrote)
	p := &peer{name: name, raw: c, wrote: wrote, log: log}
	p.secure(c, t)
	return p
}

// secure makes c, raw or TLS on it, the connection that is read and written.
func (p *peer) secure(c net.Conn, t *target) {
	p.conn, p.reader = c, framing.NewReader(c, t.messages.framer)
	p.reader.SetMaxPayload(-1)
}

// probe sends a message on a connection of its own, and reads its answer.
func (t *target) probe(ctx context.Context) error {
	p, err := t.dial(ctx, "probe", new(transcript), new(step))
	if err != nil {
		return err
	}
	defer p.close(false)
	payload := t.messages.payload(1, t.messages.allowed(8))
	wire, v := t.messages.frame(payload)
	if v != nil {
		return v
	}
	if err := p.write(wire, t.o.patience); err != nil {
		return err
	}
	if !t.o.expectsAnswers() {
		return nil
	}
	got, end := p.read(t.o.patience)
	switch {
	case end == silence:
		return errors.New("a message on a new connection is not answered")
	case end != "":
		return fmt.Errorf("a message on a new connection is answered with %s", end)
	case t.o.echoes() && !bytes.Equal(got, payload):
		return fmt.Errorf("a message on a new connection, %s, is answered with %s", quote(payload), quote(got))
	}
	return nil
}
