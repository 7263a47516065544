package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

var chatMode = &mode{
	examples: []example{
		{"-framing=length HOST:PORT", "send lines, print replies"},
		{"-x -framing=kafka HOST:PORT", "show what each byte is"},
	},
	groups: []*group{messageFlags, outputFlags, hexFlags, showFlags, inputFlags, framedFlags, recordFlags, chatFlags, troubleFlags, connectFlags},
	check:  func(o *options) error { return o.chat.check() },
	run:    chat,
}

type chatOptions struct {
	replies  int // negative: as many as messages
	keepOpen bool
}

var chatFlags = &group{"The end of a session", func(f *flag.FlagSet, o *options) {
	f.IntVar(&o.chat.replies, "n", -1, "wait for `N` replies before ending this side (negative means as many as messages were sent)")
	f.BoolVar(&o.chat.keepOpen, "keep-open", false, "do not end this side when the input has ended: print what comes until the peer ends the connection")
}}

func (c *chatOptions) check() error {
	if c.keepOpen && c.replies >= 0 {
		return errors.New("-keep-open and -n contradict each other: this side ends or it does not")
	}
	return nil
}

// A session is one connection: what the input holds is sent, and what comes back
// is shown.
type session struct {
	*job
	conn     conn
	display  *display
	sent     *track
	received *track
	out      *view // of what is sent; nil, unless the wire is shown
	in       *view
	first    []byte // the first bytes received

	mu      sync.Mutex
	written int  // messages sent
	replies int  // received
	want    int  // replies, before this side of the connection is closed
	ended   bool // the input has
	closed  bool // this side of the connection is
}

// chat sends messages and shows the replies until the server ends the
// connection.
func chat(ctx context.Context, j *job) error {
	dial, err := j.dialer(j.addr, j.timeout)
	if err != nil {
		return err
	}
	c, err := dial(ctx)
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return err
	}
	return j.converse(ctx, c, byClient)
}

// converse runs a session on c, in which framecat is a client or a server.
func (j *job) converse(ctx context.Context, c conn, who side) error {
	defer c.Close()
	return j.withDisplay(func(d *display) error {
		s := &session{job: j, conn: c, display: d}
		s.sent = &track{d: d, from: who}
		s.received = &track{d: d, from: who.other(), print: true}
		if j.wire {
			s.out = j.view(j.framing.Framer, who.arrow()+" ", "write")
			s.in = j.view(j.framing.Framer, who.other().arrow()+" ", "read")
		}
		return s.run(ctx)
	})
}

// run sends and receives until nothing more can be received.
func (s *session) run(ctx context.Context) (err error) {
	sent, received := make(chan error, 1), make(chan error, 1)
	go func() {
		err := s.send(ctx)
		sent <- err
		if err != nil {
			s.conn.SetReadDeadline(s.patience()) // what was sent may still be answered
		}
	}()
	go func() { received <- s.receive() }()
	select {
	case <-ctx.Done():
		return errInterrupted
	case err = <-received:
	}
	if ctx.Err() != nil {
		return errInterrupted
	}
	return s.verdict(err, sent)
}

// aMoment is how long the sending side has to notice the end of the input.
const aMoment = 100 * time.Millisecond

// verdict says whether a session was complete, when nothing more can be
// received.
func (s *session) verdict(received error, sent chan error) error {
	if err := s.display.flush(); err != nil {
		return err
	}
	var failed error
	select {
	case failed = <-sent:
	case <-time.After(aMoment): // the end of the input is known by then, if there is one
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !errors.Is(received, os.ErrDeadlineExceeded) && s.isRejectedByTLS() {
		return errors.New("the server speaks TLS: use -tls")
	}
	peer := s.received.from
	switch {
	case errors.Is(failed, os.ErrDeadlineExceeded):
		return fmt.Errorf("the %v has taken nothing for %v", peer, s.timeout)
	case failed != nil && received == nil:
		return fmt.Errorf("the %v ended the connection and did not take all messages: %w", peer, failed)
	case received == nil && !s.ended:
		return fmt.Errorf("the %v ended the connection before the input had ended", peer)
	}
	s.compare()
	if errors.Is(received, os.ErrDeadlineExceeded) {
		return fmt.Errorf("the %v has sent nothing for %v and does not end the connection", peer, s.timeout)
	}
	return received
}

// compare reports that replies and messages differ in number: fewer replies than
// messages are an error, for they may have been lost.
func (s *session) compare() {
	text := fmt.Sprintf("%s, %s", count(s.written, "message"), count(s.replies, "reply"))
	switch {
	case !s.ended || s.keepOpen():
	case s.replies < s.want && s.chat.replies >= 0:
		s.problems.report(fmt.Errorf("%s, -n %d", text, s.want))
	case s.replies < s.want:
		s.problems.report(errors.New(text))
	case s.replies > s.want && s.chat.replies < 0:
		s.problems.note("%s", text)
	}
}

func (s *session) keepOpen() bool { return s.chat.keepOpen }

// isRejectedByTLS reports whether the connection has ended, or was answered,
// as a server ends or answers one that should be TLS and is not.
func (s *session) isRejectedByTLS() bool {
	if s.tls || s.sent.from == byServer || s.replies > 0 {
		return false
	}
	if len(s.first) > 0 {
		const alert, handshake = 0x15, 0x16
		return len(s.first) >= 2 && (s.first[0] == alert || s.first[0] == handshake) && s.first[1] == 3
	}
	return s.written > 0 && !s.closed && s.speaksTLS()
}

// send sends all messages and, when they are answered, the end of the stream. It
// reports what is wrong with the input, and returns what is wrong with the
// connection.
func (s *session) send(ctx context.Context) error {
	w := s.sender(writeTap{s})
	if err := s.sendAll(ctx, w); err != nil {
		return err
	}
	if err := w.end(ctx); err != nil {
		return err
	}
	if s.out != nil {
		s.out.end()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	if s.keepOpen() {
		return nil
	}
	s.want = s.written
	if s.half && s.want > 0 {
		s.want--
	}
	if s.chat.replies >= 0 {
		s.want = s.chat.replies
	}
	return s.advance()
}

// advance ends this side of the connection, if all replies have come, and waits
// for more if they have not. s.mu is held.
func (s *session) advance() error {
	if !s.ended || s.closed || s.keepOpen() {
		return nil
	}
	if s.replies >= s.want {
		return s.close()
	}
	return s.conn.SetReadDeadline(s.patience())
}

// close ends this side of the connection. s.mu is held.
func (s *session) close() error {
	s.closed = true
	if err := s.conn.SetReadDeadline(s.patience()); err != nil {
		return err
	}
	return s.conn.CloseWrite()
}

// sendAll sends messages up to the end of the input, or the first that is wrong:
// what came before it is answered.
func (s *session) sendAll(ctx context.Context, w *sender) error {
	var frame []byte
	for m, err := range s.messages(s.stdin) {
		if err == nil {
			frame, err = s.frame(frame[:0], m)
		}
		if err != nil {
			s.problems.report(err)
			return nil
		}
		s.checkTyped(m)
		if err := s.sent.message(m.payload); err != nil {
			return err
		}
		s.mu.Lock()
		s.written++
		s.mu.Unlock()
		if err := w.send(ctx, frame); err != nil {
			return err
		}
	}
	return nil
}

// longestTyped is how many bytes of a line a terminal passes on; the rest is lost.
const longestTyped = 4095

func (s *session) checkTyped(m message) {
	f, ok := s.stdin.(*os.File)
	if ok && s.file == "" && m.size >= longestTyped && term.IsTerminal(int(f.Fd())) {
		s.problems.note("%s has %d bytes: a terminal takes no longer lines, so its end may be lost; use -file or a pipe", m.source, m.size)
	}
}

// frame appends the frame that carries a message.
func (o *options) frame(dst []byte, m message) ([]byte, error) {
	if limit := int(o.maxPayload); limit >= 0 && len(m.payload) > limit {
		return dst, fmt.Errorf("%s: larger than -max-payload %v", m.source, o.maxPayload)
	}
	dst, err := o.framing.Framer.Append(dst, m.payload)
	if err != nil {
		return dst, fmt.Errorf("%s: %w", m.source, err)
	}
	return dst, nil
}

// receive shows all replies up to the end of the stream.
func (s *session) receive() error {
	err := s.received.read(readTap{s}, s.framing.Framer, func([]byte) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.replies++
		return s.advance()
	})
	if s.in != nil {
		s.in.end()
	}
	return err
}

// A readTap reads from the connection, and shows what each read has brought.
type readTap struct{ *session }

func (s readTap) Read(p []byte) (int, error) {
	if err := s.display.flush(); err != nil {
		return 0, err
	}
	n, err := s.conn.Read(p)
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && s.endLate() {
		n, err = s.conn.Read(p)
	}
	if n > 0 {
		s.first = append(s.first, p[:min(n, 2-min(2, len(s.first)))]...)
		if s.in != nil {
			s.in.arrived(p[:n])
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended && !s.keepOpen() && err == nil {
		err = s.conn.SetReadDeadline(s.patience())
	}
	return n, err
}

// endLate ends this side of the connection although replies are missing, because
// none has come for a long time: the server may wait for the end. It reports
// whether it is worth waiting again.
func (s *session) endLate() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended || s.closed {
		return false
	}
	s.problems.note("no reply for %v: ending this side (-n 0 does so at once)", s.timeout)
	return s.close() == nil
}

// A writeTap writes to the connection, and shows what each write is given:
// before, so that the answer is not shown first.
type writeTap struct{ *session }

func (s writeTap) Write(p []byte) (int, error) {
	if s.out != nil {
		s.out.arrived(p)
		if err := s.display.flush(); err != nil {
			s.conn.Close() // no reply can be shown
			return 0, err
		}
	}
	return s.conn.Write(p)
}
