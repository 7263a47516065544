package main

import (
	"bytes"
	"errors"
	"net"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/wholeframe/wholeframe/framing"
)

const (
	clientPause = 50 * time.Millisecond // between two pieces of an answer
	clientLate  = time.Second
	badAnswer   = 2 // the message of a connection that is answered badly, from 1
)

// A clientRun is what a client did against a server that answers in some manner.
type clientRun struct {
	printed  string
	state    string
	ok       bool // exit code 0
	messages int  // that it sent
	most     int  // of them on one connection
	wrong    string
}

// client runs the client against a server that answers in the manner of the step, and
// compares what it does with what it does when answers come whole.
func (p *play) client(s *step) *verdict {
	if p.t.whole == nil {
		run, v := p.runClient("whole", new(transcript))
		if v != nil {
			return v
		}
		p.t.whole = run
	}
	got, want := p.t.whole, p.t.whole
	if s.Pieces != "whole" || s.Result != "same" {
		var v *verdict
		if got, v = p.runClient(s.Pieces, p.log); v != nil {
			return v
		}
	}
	p.log.add("the client sends %d messages, prints %s, and ends: %s", got.messages, quote([]byte(got.printed)), got.state)
	switch {
	case got.wrong != "":
		return failed("the client sends %s", got.wrong)
	case got.messages == 0:
		return failed("the client sends no message")
	case s.Result == "same" && !got.ok:
		return failed("the client ends with %s", got.state)
	case s.Result == "same" && got.printed != want.printed:
		return failed("the client prints %s, not %s", quote([]byte(got.printed)), quote([]byte(want.printed)))
	case s.Result == "error" && want.most < badAnswer:
		return inapplicable("it needs a client that sends %d messages on a connection", badAnswer)
	case s.Result == "error" && got.ok:
		return failed("the client ends with exit code 0")
	case s.Result == "error" && !strings.HasPrefix(want.printed, got.printed):
		return failed("the client prints %s, of which %s is not the beginning", quote([]byte(want.printed)), quote([]byte(got.printed)))
	}
	return nil
}

// runClient starts the client, serves it in a manner, and waits until it has ended.
func (p *play) runClient(manner string, log *transcript) (*clientRun, *verdict) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, failed("%v", err)
	}
	s := &answering{p: p, manner: manner, run: new(clientRun), conns: map[net.Conn]bool{}, over: make(chan struct{})}
	var serving sync.WaitGroup
	serving.Go(func() { s.accept(l, &serving) })
	defer serving.Wait()
	defer s.closeAll()
	defer l.Close()
	c, err := p.t.o.cmd(l.Addr().String())
	if err != nil {
		return nil, failed("%v", err)
	}
	var stdout bytes.Buffer
	said := new(tail)
	c.Stdout, c.Stderr = &stdout, said
	c.WaitDelay = time.Second
	ownGroup(c)
	if err := c.Start(); err != nil {
		return nil, failed("cannot start the client: %v", err)
	}
	log.add("the client is started; its answers come: %s", manner)
	if v := p.await(c); v != nil {
		if text := said.String(); text != "" {
			log.add("the client says: %s", text)
		}
		return nil, v
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run.printed, s.run.state, s.run.ok = stdout.String(), c.ProcessState.String(), c.ProcessState.Success()
	if text := said.String(); text != "" {
		log.add("the client says: %s", text)
	}
	return s.run, nil
}

// await waits until the client has ended.
func (p *play) await(c *exec.Cmd) *verdict {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.Wait() // its ProcessState tells
	}()
	bound := time.NewTimer(p.t.o.grace)
	defer bound.Stop()
	select {
	case <-ended:
		return nil
	case <-p.ctx.Done():
	case <-bound.C:
	}
	killGroup(c)
	<-ended
	if p.ctx.Err() != nil {
		return inapplicable("interrupted")
	}
	return failed("the client has not ended within the bound of %v", p.t.o.grace)
}

// An answering is a server that answers in a manner.
type answering struct {
	p      *play
	manner string

	mu    sync.Mutex
	run   *clientRun
	conns map[net.Conn]bool
	over  chan struct{} // closed when the client has ended
}

func (s *answering) accept(l net.Listener, serving *sync.WaitGroup) {
	for {
		c, err := l.Accept()
		if err != nil {
			return // it is closed
		}
		s.mu.Lock()
		s.conns[c] = true
		s.mu.Unlock()
		serving.Go(func() {
			defer c.Close()
			s.serve(c.(*net.TCPConn))
		})
	}
}

func (s *answering) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.over)
	for c := range s.conns {
		c.Close()
	}
}

// serve answers what comes on a connection.
func (s *answering) serve(c *net.TCPConn) {
	r := framing.NewReader(c, s.p.t.messages.framer)
	r.SetMaxPayload(-1)
	var held []byte // answers, or the end of one, that are sent later
	flush := func() {
		_, _ = c.Write(held) // the client may be gone
		held = nil
	}
	for n := 1; ; n++ {
		if s.manner == "together" {
			_ = c.SetReadDeadline(time.Now().Add(5 * clientPause)) // closed: reading tells
		}
		payload, err := r.ReadFrame()
		if isTimeout(err) {
			flush()
			n--
			continue
		}
		if err != nil {
			flush()
			s.sent(n, err)
			return
		}
		s.sent(n, nil)
		answer, err := s.p.t.messages.framer.Append(nil, payload)
		if err != nil {
			return // what was read can be written
		}
		if n == badAnswer && s.bad(c, answer) {
			return
		}
		switch s.manner {
		case "bytes":
			for i := range answer {
				_, _ = c.Write(answer[i : i+1])
				time.Sleep(300 * time.Microsecond)
			}
		case "halves":
			_, _ = c.Write(answer[:len(answer)/2])
			time.Sleep(clientPause)
			_, _ = c.Write(answer[len(answer)/2:])
			time.Sleep(clientPause)
		case "together":
			held = append(held, answer...)
		case "straddle":
			_, _ = c.Write(append(held, answer[:len(answer)/2]...))
			held = append([]byte(nil), answer[len(answer)/2:]...)
			time.Sleep(clientPause)
		case "late":
			if n == badAnswer {
				time.Sleep(clientLate)
			}
			fallthrough
		default:
			_, _ = c.Write(answer)
			time.Sleep(clientPause) // it arrives alone
		}
	}
}

// sent notes the n-th message on a connection, or how the stream ended in its place.
func (s *answering) sent(n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var short *framing.UnexpectedEOFError
	var format *framing.FormatError
	switch {
	case err == nil:
		s.run.messages++
		s.run.most = max(s.run.most, n)
	case errors.As(err, &short), errors.As(err, &format):
		s.run.wrong = err.Error()
	}
}

// bad answers badly if that is the manner, and reports whether it has.
func (s *answering) bad(c *net.TCPConn, answer []byte) bool {
	time.Sleep(clientPause) // what was answered before arrives
	switch s.manner {
	case "half":
		_, _ = c.Write(answer[:max(1, len(answer)/2)])
	case "end":
	case "reset":
		_ = c.SetLinger(0)
		return true
	case "malformed":
		_, _ = c.Write(s.p.bad)
	case "announce":
		_, _ = c.Write(append(s.p.t.messages.announce(s.p.values["n"]), "abcdefgh"...))
		<-s.over // the connection stays open
		return true
	default:
		return false
	}
	_ = c.CloseWrite()
	s.drain(c)
	return true
}

// drain reads until the client closes, so that nothing that was sent is lost by a reset.
func (s *answering) drain(c *net.TCPConn) {
	_ = c.SetReadDeadline(time.Now().Add(s.p.t.o.grace))
	b := make([]byte, 4096)
	for {
		if _, err := c.Read(b); err != nil {
			return
		}
	}
}

// isTimeout reports whether a read waited in vain.
func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}
