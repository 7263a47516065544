//go:build linux

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/wholeframe/wholeframe/server"
)

// A fault is how a server breaks one rule. What it looks for, a size or a number, is
// what its case sends, so that only this case meets it.
type fault struct {
	about   string
	handler server.Handler
	config  func(*server.Server)

	accept      func(*conn) bool // false: it is closed
	acceptError func(error)
	read        func(c *conn, p []byte) (int, error) // p has arrived
	readError   func(*conn, error) bool              // true: read again
	write       func(c *conn, p []byte) (int, error)
	writeError  func(*conn)
	patient     func(*conn) bool // true: writes have no deadline
	closeWrite  func(*conn) bool // true: it is done
	close       func(*conn)

	signal       func(*world, <-chan os.Signal)
	deafToInt    bool
	keepsAddress bool
	exitCode     int
}

// wraps reports whether connections are changed.
func (f *fault) wraps() bool {
	return f.accept != nil || f.acceptError != nil || f.read != nil || f.readError != nil || f.write != nil || f.writeError != nil ||
		f.patient != nil || f.closeWrite != nil || f.close != nil || f.signal != nil
}

// spoils is the fault that damages what has arrived when it is as is says.
func spoils(about string, is func(*conn) bool) fault {
	return fault{about: about, read: func(c *conn, p []byte) (int, error) {
		if is(c) {
			return c.spoil(p)
		}
		return len(p), nil
	}}
}

// does is the fault that does something when what has arrived is as is says.
func does(about string, is func(*conn) bool, what func(*conn)) fault {
	return fault{about: about, read: func(c *conn, p []byte) (int, error) {
		if is(c) {
			what(c)
		}
		return len(p), nil
	}}
}

// onEnd is the fault that does something when reading has failed as is says.
func onEnd(about string, is func(*conn, error) bool, what func(*conn)) fault {
	return fault{about: about, readError: func(c *conn, err error) bool {
		if is(c, err) {
			what(c)
		}
		return false
	}}
}

// answers is the fault of a handler that answers with something else; nil: not at all.
func answers(about string, other func(payload []byte) (answer []byte, differs bool)) fault {
	return fault{about: about, handler: func(c *server.Conn, payload []byte) error {
		answer, differs := other(payload)
		switch {
		case !differs:
			return c.Reply(payload)
		case answer == nil:
			return nil
		}
		return c.Reply(answer)
	}}
}

// endless is the fault that has no timeout for connections that are as is says.
func endless(about string, is func(*conn) bool) fault {
	return fault{about: about, readError: func(c *conn, err error) bool {
		if !isLate(err) || !is(c) || c.w.closing.Load() {
			return false
		}
		_ = c.SetReadDeadline(time.Time{}) // it may be closed: the next read tells
		return true
	}}
}

// hangs is the fault of a process that does not end if a connection is as is says when
// the signal comes.
func hangs(about string, least int, is func(*conn) bool) fault {
	return fault{about: about, signal: func(w *world, _ <-chan os.Signal) {
		if w.those(is) >= least {
			w.stuck.Store(true)
		}
	}}
}

// afterSignal reports whether the signal has come, or does so in a moment: when a frozen
// process continues, it may see the messages first.
func (c *conn) afterSignal() bool {
	for range 30 {
		if c.w.closing.Load() {
			return true
		}
		time.Sleep(time.Millisecond)
	}
	return false
}

// loses is the fault that takes an early end for the end after the signal.
func loses(about string, is func(*conn) bool) fault {
	return fault{about: about, read: func(c *conn, p []byte) (int, error) {
		if is(c) && c.afterSignal() {
			return 0, io.EOF
		}
		return len(p), nil
	}}
}

// resets is the fault that resets connections after the signal.
func resets(about string, is func(*conn) bool) fault {
	return does(about, func(c *conn) bool { return is(c) && c.afterSignal() }, (*conn).abort)
}

func crash(*conn)     { os.Exit(2) }
func leakOne(c *conn) { leak() }

// Kinds of TLS records.
const (
	alertRecord     = 21
	handshakeRecord = 22
)

// memory is what a handler remembers of its connections.
type memory struct {
	mu   sync.Mutex
	last map[*server.Conn][]byte
}

// swap remembers a payload and returns the one before it.
func (m *memory) swap(c *server.Conn, payload []byte) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.last[c]
	m.last[c] = bytes.Clone(payload)
	return before
}

var remembered = memory{last: map[*server.Conn][]byte{}}

// faults are named after the case that finds them, if there is one.
var faults = map[string]fault{
	"1.1": spoils("a connection is good for 99 messages", func(c *conn) bool { return c.alone == 100 }),
	"1.2": spoils("a header that is cut after two bytes is misread", func(c *conn) bool { return c.pending == 2 && c.chunk >= 10 && c.total <= 32 }),
	"1.3": spoils("many reads of one byte lose one", func(c *conn) bool { return c.singles > 100 }),
	"1.4": spoils("many small reads lose one", func(c *conn) bool { return c.middling > 300 }),
	"1.5": spoils("a burst of small messages loses one", func(c *conn) bool { return c.run >= 600 && c.size == 60 }),
	"1.6": {about: "an answer waits for the rest of the next message", write: holdAnswer, read: releaseAnswer},
	"1.7": {about: "bytes are echoed, not messages", read: echoEarly, write: notAgain},
	"1.8": spoils("headers that come apart from their payloads are misread", func(c *conn) bool { return c.often(c.pending == 4 && c.chunk == 54, 5) }),
	"1.9": spoils("reads that end inside messages lose a byte", func(c *conn) bool { return c.often(c.pending == 42 && c.chunk == 84, 5) }),
	"1.10": spoils("a pause inside a message loses a byte", func(c *conn) bool {
		return c.frames == 1 && c.reads > 1 && time.Since(c.last) > 700*time.Millisecond && c.pending == 0 && c.total == 44
	}),
	"1.11": spoils("connections share a buffer", func(c *conn) bool {
		return c.singles > 20 && c.w.those(func(o *conn) bool { return o.singles > 20 && o.pending > 0 }) > 1
	}),

	"2.1": answers("empty messages are dropped", func(p []byte) ([]byte, bool) { return nil, len(p) == 0 }),
	"2.2": answers("carriage returns become newlines", func(p []byte) ([]byte, bool) { return []byte("x\ny"), string(p) == "x\ry" }),
	"2.3": answers("bytes that are not UTF-8 are replaced", func(p []byte) ([]byte, bool) { return []byte("x\ufffdy"), string(p) == "x\xffy" }),
	"2.4": answers("a payload that is a line end is cut off", func(p []byte) ([]byte, bool) { return []byte{}, string(p) == "\r\n" }),
	"2.5": answers("a message that fills a buffer loses its last byte", func(p []byte) ([]byte, bool) { return p[:max(1, len(p))-1], len(p) == 4096 }),
	"2.6": {about: "a repeated message is dropped", handler: func(c *server.Conn, p []byte) error {
		if bytes.Equal(remembered.swap(c, p), p) && len(p) == 15 {
			return nil
		}
		return c.Reply(p)
	}},
	"2.7": spoils("large messages among small ones lose a byte", func(c *conn) bool {
		return c.total > 2<<20 && c.frames > 150 && c.frames < 400 && c.chunk > 3500 && c.run < 9
	}),
	"2.8": answers("a payload of zeros is taken for an empty one", func(p []byte) ([]byte, bool) {
		return []byte{}, len(p) == 5000 && bytes.Count(p, []byte{0}) == len(p)
	}),
	"2.9": {about: "a small message overtakes a larger one", handler: func(c *server.Conn, p []byte) error {
		before := remembered.swap(c, p)
		switch {
		case len(p) == 6000:
			return nil
		case len(p) == 900 && len(before) == 6000:
			if err := c.Reply(p); err != nil {
				return err
			}
			return c.Reply(before)
		}
		return c.Reply(p)
	}},
	"2.10": does("fill is answered", func(c *conn) bool { return c.total == 43 && c.frames == 2 && c.size == 10 }, (*conn).answer),

	"3.1": {about: "the message after one of the limit is lost", handler: func(c *server.Conn, p []byte) error {
		if before := remembered.swap(c, p); len(before) == 1<<20 && len(p) == 10 {
			return nil
		}
		return c.Reply(p)
	}},
	"3.2": {about: "the limit is one byte too high", config: func(s *server.Server) { s.MaxPayload++ }},
	"3.3": does("a message that is too large costs those before it", func(c *conn) bool { return c.tooLarge() == c.w.limit+2000 && c.frames == 50 }, (*conn).abort),
	"3.4": {about: "a header that announces too much is ignored", read: ignoreHeader(500)},
	"3.5": {about: "the body of a message that is too large is taken for messages", read: ignoreHeader(1024)},
	"3.6": does("an announced size is allocated", func(c *conn) bool { return c.tooLarge() == 2147483647 }, crash),
	"3.7": does("an announced size takes memory", func(c *conn) bool { return c.chunk == 5 && c.pending == 5 && c.frames == 1 }, func(c *conn) { c.keep(bytes.Repeat([]byte{1}, c.w.limit)) }),
	"3.8": {about: "a message without an end is kept", read: func(c *conn, p []byte) (int, error) {
		if c.total > 4<<20 && c.frames == 0 {
			c.keep(bytes.Repeat(p, 2))
		}
		return len(p), nil
	}},
	"3.9": does("a message that is too large costs a descriptor", func(c *conn) bool { return c.tooLarge() == c.w.limit+7 }, leakOne),

	"4.1": does("malformed bytes are answered", func(c *conn) bool { return c.malformed() && c.frames == 0 && c.total == c.chunk && c.total < 500 }, (*conn).answer),
	"4.2": does("malformed bytes cost the messages before them", func(c *conn) bool { return c.malformed() && c.frames == 20 }, (*conn).abort),
	"4.3": does("malformed bytes that come one by one are answered", func(c *conn) bool { return c.malformed() && c.frames == 1 && c.chunk == 1 }, (*conn).answer),
	"4.4": does("malformed bytes cost a descriptor", func(c *conn) bool { return c.malformed() && c.frames == 2 }, leakOne),
	"4.5": does("malformed bytes cost the connections that are in the middle of a message", func(c *conn) bool { return c.malformed() && c.frames == 3 }, abortOthers),
	"4.6": does("garbage ends the process", func(c *conn) bool { return c.malformed() && c.frames == 0 && c.total >= 500 }, crash),
	"4.7": {about: "the end of a frame is not verified", read: func(c *conn, p []byte) (int, error) {
		if c.malformed() && c.frames == 5 {
			p[len(p)-1] = ','
		}
		return len(p), nil
	}},

	"5.1": onEnd("an empty stream is reset", func(c *conn, err error) bool { return isEnd(err) && c.total == 0 }, (*conn).abort),
	"5.2": onBuffered("an end costs the answers", func(c *conn) bool { return c.frames == 20 && c.size == 60 && c.run == 20 }),
	"5.3": {about: "half a message at the end is taken for a whole one", readError: func(c *conn, err error) bool {
		if !isEnd(err) || c.frames != 3 || c.pending < 4 || c.pending >= 12 {
			return false
		}
		c.padded = 12 - c.pending
		c.pending = 0
		return true
	}},
	"5.4": onEnd("a client that reads late is reset", func(c *conn, err error) bool { return isEnd(err) && c.frames == 500 && c.size == 8000 }, (*conn).abort),
	"5.5": onEnd("a reset inside a message ends the process", func(c *conn, err error) bool { return isReset(err) && c.frames == 0 && c.pending > 0 && c.pending < 12 }, crash),
	"5.6": onEnd("a connection without a message costs a descriptor", func(c *conn, err error) bool { return isEnd(err) && c.total == 0 }, leakOne),
	"5.7": onEnd("a reset at the beginning ends the process", func(c *conn, err error) bool { return isReset(err) && c.total == 0 }, crash),
	"5.8": {about: "a client that is gone ends the process",
		readError: func(c *conn, err error) bool {
			if isReset(err) && c.size == 300 {
				crash(c)
			}
			return false
		},
		writeError: func(c *conn) {
			if c.size == 300 {
				crash(c)
			}
		}},
	"5.9": onEnd("an end in order costs a descriptor", func(c *conn, err error) bool { return isEnd(err) && c.frames == 1 && c.size == 31 }, leakOne),

	"6.1": {about: "a write that has to wait ends the connection", write: func(c *conn, p []byte) (int, error) {
		if c.size != 8100 {
			return c.TCPConn.Write(p)
		}
		late := time.AfterFunc(100*time.Millisecond, c.abort)
		defer late.Stop()
		return c.TCPConn.Write(p)
	}},
	"6.2": {about: "writes wait for each other", write: func(c *conn, p []byte) (int, error) {
		if c.size == 8200 || c.w.those(func(o *conn) bool { return o.size == 8200 }) > 0 {
			c.w.turn.Lock()
			defer c.w.turn.Unlock()
		}
		return c.TCPConn.Write(p)
	}},
	"6.3": {about: "answers wait in a queue without a bound", write: func(c *conn, p []byte) (int, error) {
		if c.size != 9000 {
			return c.TCPConn.Write(p)
		}
		c.keep(bytes.Clone(p))
		return len(p), nil
	}},
	"6.4": {about: "a client that is reset while it is written to costs a descriptor", writeError: func(c *conn) {
		if c.size == 7500 {
			leak()
		}
	}},
	"6.5": spoils("a long burst loses a message", func(c *conn) bool { return c.frames > 40000 }),
	"6.6": spoils("several messages of the limit lose one", func(c *conn) bool { return c.size == c.w.limit && c.frames == 7 }),
	"6.7": {about: "a connection is closed when its answers are written", closeWrite: func(c *conn) bool {
		if c.frames != 25 || c.size != 8000 {
			return false
		}
		_ = c.SetLinger(-1) // the kernel delivers the rest
		_ = c.TCPConn.Close()
		return true
	}},

	"7.1": endless("half a message may take forever", func(c *conn) bool { return c.frames == 3 && c.pending > 0 }),
	"7.2": {about: "each byte begins the time for a message again", readError: func(c *conn, err error) bool {
		again := c.last.Add(c.w.server.FrameTimeout)
		if !isLate(err) || c.frames > 0 || c.singles < 5 || c.w.closing.Load() || time.Now().After(again) {
			return false
		}
		_ = c.SetReadDeadline(again) // it may be closed: the next read tells
		return true
	}},
	"7.3": spoils("half of the time is too long", func(c *conn) bool { return c.frames == 2 && c.total == 60 && time.Since(c.last) > 300*time.Millisecond }),
	"7.4": endless("an idle connection stays", func(c *conn) bool { return c.frames == 1 && c.size == 20 && c.pending == 0 }),
	"7.5": endless("a connection without a message stays", func(c *conn) bool { return c.total == 0 }),
	"7.6": spoils("the idle time begins with the connection", func(c *conn) bool { return c.frames == 3 && time.Since(c.begun) > c.w.server.IdleTimeout }),
	"7.7": {about: "a client that reads nothing stays", patient: func(c *conn) bool { return c.size == 8000 }},
	"7.8": {about: "a write has a time, with or without progress", write: func(c *conn, p []byte) (int, error) {
		if c.size == 7000 && time.Since(c.begun) > 11*c.w.server.WriteTimeout/10 {
			c.abort()
		}
		return c.TCPConn.Write(p)
	}},
	"7.9": spoils("a pause of the process counts as idle", func(c *conn) bool { return c.frames == 2 && time.Since(c.last) > c.w.server.IdleTimeout }),

	"8.1": spoils("many connections lose a message", func(c *conn) bool {
		return c.frames == 10 && c.size == 100 && c.w.those(func(*conn) bool { return true }) > 150
	}),
	"8.2": {about: "connections in the middle of a message count for all", read: func(c *conn, p []byte) (int, error) { return len(p), nil }, accept: func(c *conn) bool {
		return c.w.those(func(o *conn) bool { return o.pending > 400 && o.frames == 0 }) < 150
	}},
	"8.3": spoils("after many connections one loses a message", func(c *conn) bool { return c.frames == 1 && c.size == 33 && c.w.count.Add(1) > 150 }),
	"8.4": onEnd("closed connections cost a descriptor", func(c *conn, err error) bool { return c.frames == 3 && c.size == 21 }, leakOne),
	"8.6": {about: "there is no limit of connections", config: func(s *server.Server) { s.MaxConns = -1 }},
	"8.7": {about: "no free descriptor ends the process", acceptError: func(err error) {
		if !isLate(err) {
			crash(nil)
		}
	}},
	"8.8": {about: "who is accepted has to say something first", accept: func(c *conn) bool { c.peek(1, 300*time.Millisecond); return true }},

	"9.1": {about: "idle clients are reset", signal: func(w *world, _ <-chan os.Signal) {
		if idle := func(c *conn) bool { return c.frames == 1 && c.size == 10 }; w.those(idle) > 15 {
			w.those(func(c *conn) bool {
				if idle(c) {
					c.abort()
				}
				return false
			})
		}
	}},
	"9.2":  {about: "the exit code is 1", exitCode: 1},
	"9.3":  {about: "SIGINT is ignored", deafToInt: true},
	"9.4":  loses("what was not read before the signal is lost", func(c *conn) bool { return c.size == 150 && c.frames > 100 }),
	"9.5":  resets("who was not accepted before the signal is reset", func(c *conn) bool { return c.size == 100 && c.frames == 5 && c.total == c.chunk }),
	"9.6":  {about: "half a message that is left costs the answers", write: resetHalf},
	"9.7":  {about: "half a message is dropped at the signal", read: dropHalf},
	"9.8":  hangs("half a message holds the process", 1, func(c *conn) bool { return c.frames == 1 && c.pending == 152 }),
	"9.9":  hangs("a client that does not read holds the process", 3, func(c *conn) bool { return c.frames > 50 && c.size == 8000 }),
	"9.10": hangs("many connections hold the process", 150, func(c *conn) bool { return true }),
	"9.11": resets("clients that have ended their side are reset", func(c *conn) bool { return c.size == 100 && c.run == 30 && c.halfClosed() }),
	"9.12": does("slow clients are reset after the signal", func(c *conn) bool { return c.size == 500 && c.afterSignal() }, func(c *conn) { time.AfterFunc(200*time.Millisecond, c.abort) }),
	"9.13": resets("clients that send on are reset", func(c *conn) bool {
		if c.size != 200 || c.frames != 20 || !c.afterSignal() {
			return false
		}
		n, _ := c.peek(1, time.Second)
		return n > 0
	}),
	"9.14": loses("under load what was not read before the signal is lost", func(c *conn) bool {
		busy := c.size == 64 && c.frames > 100
		if busy {
			c.afterSignal() // so that more arrives
		}
		return busy
	}),
	"9.15": {about: "who comes after the signal is reset",
		signal: func(*world, <-chan os.Signal) { time.Sleep(100 * time.Millisecond) },
		read: func(c *conn, p []byte) (int, error) {
			if c.size == 20 && c.frames == 1 && c.w.closing.Load() {
				c.abort()
			}
			return len(p), nil
		}},
	"9.16": {about: "the address is kept for a while", keepsAddress: true},
	"9.17": {about: "a log line is waited for", close: func(c *conn) { _, _ = os.Stderr.Write(bytes.Repeat([]byte("closed "), 50)) }},
	"9.18": {about: "a second signal kills", signal: func(_ *world, more <-chan os.Signal) {
		go func() { <-more; os.Exit(1) }()
	}},
	"9.19": {about: "a helper is left", signal: func(*world, <-chan os.Signal) {
		if err := exec.Command("sleep", "20").Start(); err != nil {
			panic(err) // there is no sleep
		}
	}},

	// No rule of answers is broken, and the end comes when the clients have left.
	"patient": {about: "the end waits for the clients to leave", signal: func(w *world, _ <-chan os.Signal) {
		for w.those(func(*conn) bool { return true }) > 0 {
			time.Sleep(time.Millisecond)
		}
	}},

	"10.1": answers("messages of several records lose one", func(p []byte) ([]byte, bool) { return nil, len(p) == 50000 }),
	"10.2": {about: "there is no close_notify", write: func(c *conn, p []byte) (int, error) {
		if len(p) > 0 && p[0] == alertRecord && !c.w.closing.Load() {
			return len(p), nil
		}
		return c.TCPConn.Write(p)
	}},
	"10.3": {about: "who leaves out TLS is served", read: func(c *conn, p []byte) (int, error) {
		if c.reads == 1 && p[0] != handshakeRecord {
			_, _ = c.TCPConn.Write(p) // the client may be gone
		}
		return len(p), nil
	}},
	"10.4": {about: "a handshake is waited for", accept: func(c *conn) bool { c.peek(100, 100*time.Millisecond); return true }},
	"10.5": does("a handshake must come at once", func(c *conn) bool { return c.total == 1 }, (*conn).abort),
	"10.6": {about: "an end without close_notify costs the answers", write: func(c *conn, p []byte) (int, error) {
		if c.total > 500 && !c.notified {
			if _, ended := c.peek(1, 30*time.Millisecond); ended && c.halfClosed() {
				c.abort()
			}
		}
		return c.TCPConn.Write(p)
	}},
	"10.7": onEnd("a reset in the handshake ends the process", func(c *conn, err error) bool { return isReset(err) && c.total == 2 }, crash),
	"10.8": loses("over TLS the last record that had arrived before the signal is lost", func(c *conn) bool {
		if c.total < 45000 || c.total > 49800 { // 310 messages of 150 bytes
			return false
		}
		more, _ := c.peek(1, time.Millisecond)
		return more == 0
	}),
}

// often counts how often is is true, and reports whether that is more than n times.
func (c *conn) often(is bool, n int) bool {
	if is {
		c.times++
	}
	return is && c.times > n
}

// keep keeps memory.
func (c *conn) keep(b []byte) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.w.kept = append(c.w.kept, b)
}

func abortOthers(c *conn) {
	c.w.those(func(o *conn) bool {
		if o != c && o.pending > 0 && o.wrong == nil {
			o.abort()
		}
		return false
	})
}

// onBuffered is the fault that resets when the client has ended its side before its
// answers are written.
func onBuffered(about string, is func(*conn) bool) fault {
	return does(about, func(c *conn) bool {
		if !is(c) {
			return false
		}
		_, ended := c.peek(1, 50*time.Millisecond)
		return ended
	}, (*conn).abort)
}

func holdAnswer(c *conn, p []byte) (int, error) {
	if c.frames == 1 && c.size == 30 && c.pending > 0 {
		c.held = append(c.held, p...)
		return len(p), nil
	}
	return c.TCPConn.Write(p)
}

func releaseAnswer(c *conn, p []byte) (int, error) {
	if c.held != nil {
		_, _ = c.TCPConn.Write(c.held) // reading tells of an error
		c.held = nil
	}
	return len(p), nil
}

func echoEarly(c *conn, p []byte) (int, error) {
	if c.frames == 0 && c.pending == 3003 {
		c.skip, _ = c.TCPConn.Write(c.buf.Bytes())
	}
	return len(p), nil
}

func notAgain(c *conn, p []byte) (int, error) {
	n := min(c.skip, len(p))
	c.skip -= n
	written, err := c.TCPConn.Write(p[n:])
	return n + written, err
}

func ignoreHeader(beyond int) func(*conn, []byte) (int, error) {
	return func(c *conn, p []byte) (int, error) {
		if c.tooLarge() == c.w.limit+beyond && c.times == 0 {
			c.times++
			return c.withoutHeader(p)
		}
		return len(p), nil
	}
}

func resetHalf(c *conn, p []byte) (int, error) {
	if c.frames == 50 && c.size == 1000 && c.pending > 0 && c.afterSignal() {
		c.abort()
	}
	return c.TCPConn.Write(p)
}

func dropHalf(c *conn, p []byte) (int, error) {
	if c.w.closing.Load() && c.frames == 1 && c.size == 1000 && c.reads == 2 {
		return 0, io.EOF
	}
	return len(p), nil
}
