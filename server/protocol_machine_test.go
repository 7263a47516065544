package server_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// A step is one command of a client, and how long it waits before.
type step struct {
	Wait time.Duration
	Do   string
	Arg  int // milliseconds, or bytes
}

// A talk is what several clients say, and when the server closes.
type talk struct {
	Clients [][]step
	Kick    time.Duration // when the first client is kicked; zero if it is not
	T0      time.Duration
	Grace   time.Duration
}

func drawTalk(t *rapid.T) talk {
	waits := rapid.SampledFrom([]time.Duration{0, 0, ms, 7 * ms, 40 * ms, 600 * ms})
	steps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		return step{
			Wait: waits.Draw(t, "wait"),
			Do:   rapid.SampledFrom([]string{"now", "later", "push", "raw", "tls", "end"}).Draw(t, "do"),
			Arg:  rapid.SampledFrom([]int{0, 1, 17, 30, 200}).Draw(t, "arg"),
		}
	}), 0, 12)
	return talk{
		Clients: rapid.SliceOfN(steps, 1, 3).Draw(t, "clients"),
		Kick:    rapid.SampledFrom([]time.Duration{0, 0, 3 * ms, 50 * ms}).Draw(t, "kick"),
		T0:      rapid.SampledFrom([]time.Duration{0, ms, 8 * ms, 45 * ms, 100 * ms, 700 * ms, 3 * time.Second}).Draw(t, "t0"),
		Grace:   rapid.SampledFrom([]time.Duration{20 * ms, 10 * time.Second}).Draw(t, "grace"),
	}
}

// C25: whatever protocols do, at whatever moment of closing: a command is answered
// once or not at all, after a closing without loss each that was handled or had
// arrived is, the last word is the server's, and everything ends.
func TestC25_AnyMoment(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := drawTalk(rt)
		var wrong []string
		synctest.Test(t, func(t *testing.T) { wrong = p.play() })
		if len(wrong) > 0 {
			rt.Fatalf("%+v:\n%s", p, strings.Join(wrong, "\n"))
		}
	})
}

// A host serves a talk.
type host struct {
	mu       sync.Mutex
	sessions map[*server.Conn]*chatter
	handled  map[string]bool // ids whose answers the server has taken
}

// A chatter is the session of a client.
type chatter struct {
	h  *host
	id string // of the raw frame that follows
}

func (h *host) open(c *server.Conn) (server.Handler, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	v := &chatter{h: h}
	h.sessions[c] = v
	return v.command, c.Reply([]byte("hello"))
}

// note notes that the answer to a command was taken.
func (h *host) note(id string, err error) error {
	if err == nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.handled[id] = true
	}
	return err
}

// command handles a line: what to do, a number and an id, which is the answer.
func (v *chatter) command(c *server.Conn, line []byte) error {
	var do, id string
	var arg int
	fmt.Sscan(string(line), &do, &arg, &id)
	switch do {
	case "later":
		return c.Go([]byte(id), func(id []byte) error {
			time.Sleep(time.Duration(arg) * ms)
			return v.h.note(string(id), c.WriteFrame(id))
		})
	case "push":
		return v.h.note(id, c.Push([]byte(id)))
	case "tls":
		err := c.StartTLS([]byte(id), serverTLS)
		if errors.Is(err, server.ErrDraining) {
			return c.Reply([]byte("refused"))
		}
		return v.h.note(id, err)
	case "raw":
		v.id = id
		c.SetHandler(v.raw)
		return c.SetReadFramer(lengthprefix.Uint8())
	}
	return v.h.note(id, c.Reply([]byte(id)))
}

// raw handles the frame that follows a command, or has been read as a stream.
func (v *chatter) raw(c *server.Conn, _ []byte) error {
	c.SetHandler(v.command)
	if err := c.SetReadFramer(lines); err != nil {
		return err
	}
	return v.h.note(v.id, c.Reply([]byte(v.id)))
}

func (h *host) stream(c *server.Conn, size int64, payload io.Reader) error {
	if _, err := io.Copy(io.Discard, payload); err != nil {
		return err
	}
	h.mu.Lock()
	v := h.sessions[c]
	h.mu.Unlock()
	return v.raw(c, nil)
}

func (p *talk) play() (wrong []string) {
	h := &host{sessions: make(map[*server.Conn]*chatter), handled: make(map[string]bool)}
	l := fakenet.Listen()
	s := &server.Server{
		Framer: lines, MaxPayload: 100, Grace: p.Grace, Logger: new(log).logger(), Open: h.open, Stream: h.stream,
		Goodbye: func(c *server.Conn, reason server.CloseReason, _ error) { c.Reply([]byte("bye")) },
	}
	served := make(chan error)
	go func() { served <- s.Serve(l) }()
	var clients []*talker
	var speaking sync.WaitGroup
	for i, steps := range p.Clients {
		nc, err := l.Dial()
		if err != nil {
			return []string{err.Error()}
		}
		c := &talker{Conn: nc, rw: nc, name: fmt.Sprint(i), steps: steps, change: make(chan struct{}, 1), done: make(chan struct{})}
		clients = append(clients, c)
		go c.read()
		speaking.Go(c.say)
	}
	if p.Kick > 0 {
		time.AfterFunc(p.Kick, func() {
			for conn := range s.Conns() {
				if conn.RemoteAddr().String() == clients[0].LocalAddr().String() {
					conn.Close(nil)
				}
			}
		})
	}
	time.Sleep(p.T0 + ms/2)
	due := make([]int, len(clients))
	for i, c := range clients {
		c.mu.Lock()
		due[i] = len(c.sent)
		c.mu.Unlock()
	}
	loss := s.Shutdown(background)
	for _, c := range clients {
		<-c.done
	}
	speaking.Wait()
	for i, c := range clients {
		if i == 0 && p.Kick > 0 {
			due[i] = 0
		}
		wrong = append(wrong, c.judge(h, due[i], loss == nil, p.Grace > time.Second)...)
		c.Close()
	}
	if err := <-served; !errors.Is(err, server.ErrServerClosed) {
		wrong = append(wrong, err.Error())
	}
	if n := s.Stats().Pending; n != 0 {
		wrong = append(wrong, fmt.Sprint(n, " answers are pending"))
	}
	return wrong
}

// A talker says its part of a talk.
type talker struct {
	*fakenet.Conn
	name  string
	steps []step

	mu     sync.Mutex
	rw     io.ReadWriter // the connection, or TLS on it
	sent   []string      // ids of the commands that were sent
	ended  bool          // its side
	got    []string
	err    error         // why reading has ended
	change chan struct{} // something was received
	done   chan struct{}
}

// read reads lines to the end, and takes part in the handshake.
func (c *talker) read() {
	defer close(c.done)
	in := bufio.NewReader(c.Conn)
	for {
		line, err := in.ReadString('\n')
		c.mu.Lock()
		switch {
		case err != nil:
			c.err = err
			if line != "" {
				c.got = append(c.got, "torn: "+line)
			}
		default:
			line = strings.TrimSuffix(line, "\n")
			c.got = append(c.got, line)
			if strings.HasPrefix(line, "secure") {
				secure := tls.Client(c.Conn, clientTLS)
				secure.Handshake() // the next read reports its error
				c.rw, in = secure, bufio.NewReader(secure)
			}
		}
		select {
		case c.change <- struct{}{}:
		default:
		}
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// await waits until n lines were received, and reports whether they were.
func (c *talker) await(n int) bool {
	for {
		c.mu.Lock()
		have, over := len(c.got), c.err != nil
		c.mu.Unlock()
		if have >= n || over {
			return have >= n
		}
		<-c.change
	}
}

func (c *talker) write(text string) {
	c.mu.Lock()
	rw := c.rw
	c.mu.Unlock()
	io.WriteString(rw, text)
}

func (c *talker) say() {
	isSecure := false
	for i, s := range c.steps {
		time.Sleep(s.Wait)
		id := fmt.Sprintf("%s/%d", c.name, i)
		switch s.Do {
		case "end":
			c.end()
			return
		case "tls":
			if isSecure || !c.await(1+len(c.sent)) {
				continue // it must have all its answers
			}
			id = "secure" + id
		}
		c.write(fmt.Sprintf("%s %d %s\n", s.Do, s.Arg, id))
		if s.Do == "raw" {
			frame := string([]byte{byte(s.Arg)}) + strings.Repeat("x", s.Arg)
			c.write(frame[:len(frame)/2])
			time.Sleep(ms)
			c.write(frame[len(frame)/2:])
		}
		c.mu.Lock()
		c.sent = append(c.sent, id)
		c.mu.Unlock()
		if s.Do == "tls" {
			if !c.await(1 + len(c.sent)) {
				return
			}
			c.mu.Lock()
			isSecure = slices.Contains(c.got, id)
			c.mu.Unlock()
		}
	}
}

// end ends the client's side of the stream.
func (c *talker) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if secure, ok := c.rw.(*tls.Conn); ok {
		secure.CloseWrite()
	}
	c.ended = true
	c.CloseWrite()
}

// judge judges what c has received: the first due commands had arrived when the
// server was closed, without loss or with; unforced says that Grace was not over.
func (c *talker) judge(h *host, due int, clean, unforced bool) (wrong []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	blame := func(format string, args ...any) {
		wrong = append(wrong, fmt.Sprintf(format, args...)+fmt.Sprintf("; client %s sent %q, got %q, %v, FIN %v, RST %v", c.name, c.sent, c.got, c.err, c.FIN(), c.RST()))
	}
	got := make(map[string]bool)
	for i, line := range c.got {
		switch {
		case i == 0 && line == "hello", line == "refused":
		case line == "bye" && i == len(c.got)-1:
		case got[line]:
			blame("%q came twice", line)
		case !h.handled[line]:
			blame("%q came, and was not handled", line)
		}
		got[line] = true
	}
	if !clean {
		return wrong
	}
	if c.err != io.EOF {
		blame("the stream has not ended in order")
	}
	for i, id := range c.sent {
		if isAnswered := got[id] || strings.HasPrefix(id, "secure") && got["refused"]; !isAnswered && (i < due || h.handled[id]) {
			blame("%q was not answered", id)
		}
	}
	if c.got[len(c.got)-1] != "bye" && !c.ended && unforced {
		blame("no goodbye")
	}
	return wrong
}
